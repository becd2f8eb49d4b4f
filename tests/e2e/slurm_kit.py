"""Slurm on this machine alone: munged, slurmctld and slurmd in a folder of their
own, as root, without systemd, listening on loopback only."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

from conftest import PATIENCE, wait_until

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel"]
LOOPBACK = ("0100007F", "00000000000000000000000001000000")  # as /proc/net writes them

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def need_root_and_programs():
    """Skips only where Slurm can't be started at all."""
    if os.geteuid() != 0:
        pytest.skip("munge and Slurm are started as root, which this is not")
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    assert not missing, f"no {', '.join(missing)}: scripts/packages test"


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def listeners(port):
    """The addresses at which anybody listens on a port, as /proc/net has them."""
    found = []
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.append(address)
    return found


class Slurm:
    def __init__(self, folder):
        self.folder = folder
        self.host = socket.gethostname().partition(".")[0]
        self.ports = free_ports(2)
        self.env = dict(os.environ, SLURM_CONF=str(folder / "slurm.conf"))
        self.processes = []

    def start(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(CONF.format(
            host=self.host, folder=self.folder, control_port=self.ports[0], node_port=self.ports[1]))
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        self.spawn("munged", "--foreground", "--force", f"--key-file={key}", *(
            f"--{name}-file={self.folder}/munge.{name}" for name in ("pid", "log", "seed")),
            f"--socket={self.folder}/munge.socket")
        wait_until((self.folder / "munge.socket").exists, "munged")
        self.spawn("slurmctld", "-D", "-c")
        self.spawn("slurmd", "-D")
        wait_until(lambda: self.ask("sinfo", "-h", "-o", "%t") == "idle", self.logs)

    def spawn(self, name, *args):
        with open(self.folder / f"{name}.out", "wb") as out:
            self.processes.append(subprocess.Popen([name, *args], stdout=out, stderr=out, env=self.env))

    def ask(self, *words, **options):
        """What a command says; "" while it fails."""
        done = subprocess.run(words, capture_output=True, text=True, env=self.env, timeout=PATIENCE, **options)
        return done.stdout.strip() if done.returncode == 0 else ""

    def run_array(self, *words, cwd, path):
        """Submits a job array and waits until it is gone from the queue."""
        env = dict(self.env, PATH=f"{path}:{self.env['PATH']}")
        done = subprocess.run(["sbatch", "--parsable", *map(str, words)], capture_output=True, text=True, env=env,
                              cwd=cwd, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr + self.logs()
        wait_until(lambda: self.is_done(done.stdout.strip()), self.logs)

    def is_done(self, job):
        """Of `sbatch --wait` the return lags by its growing poll interval."""
        done = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%T", "-r", "-j", job], capture_output=True, text=True,
                              env=self.env, timeout=PATIENCE)
        states = done.stdout.split()
        return done.returncode == 0 and states and set(states) <= {"COMPLETED", "FAILED"}

    def logs(self):
        return "\n".join(f"-- {file.name}\n{file.read_text(errors='replace')[-3000:]}"
                         for file in sorted(self.folder.glob("*.out")))

    def stop(self):
        """The daemons in the order of who needs whom; by force if they don't."""
        self.ask("scancel", "--full", "--user=root")
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def running():
    """A short path: that of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        slurm = Slurm(pathlib.Path(folder))
        try:
            slurm.start()
            yield slurm
        finally:
            slurm.stop()
