"""examples/cluster: a sweep in shards on other people's engines gives the bytes
of one run."""
import os
import pathlib
import re
import subprocess

import kubernetes_validate
import pytest
import yaml

import slurm_kit

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples/cluster"
RETRYSPEC = pathlib.Path(os.environ["RETRYSPEC"]).resolve()
SHARDS = 3
# Braces and blanks are what shells and schedulers break.
SWEEP = ["outage-2min", "-p", "exponential", "--trials", "2", "--vary", "clients=20,40", "--vary", "jitter=none,full",
         "--vary", 'arrivals=at once,{ "closed": 2 }']


def run(*args, cwd, **env):
    done = subprocess.run([*map(str, args)], capture_output=True, text=True, timeout=100, cwd=cwd,
                          env={**os.environ, **env})
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def path(tmp_path):
    """A folder for PATH in which the program has its name."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "retryspec").symlink_to(RETRYSPEC)
    return folder


@pytest.fixture
def whole(tmp_path):
    """What one run leaves."""
    folder = tmp_path / "whole"
    folder.mkdir()
    run(RETRYSPEC, "explore", *SWEEP, "--out", "whole.jsonl", "--quiet", cwd=folder)
    return (folder / "whole.jsonl").read_bytes()


def merged(folder):
    shards = sorted(folder.glob("shard-*.jsonl"))
    assert len(shards) == SHARDS
    run(RETRYSPEC, "merge", *shards, "--out", folder / "merged.jsonl", cwd=folder)
    return (folder / "merged.jsonl").read_bytes()


def test_slurm_job_array(tmp_path, path, whole):
    slurm_kit.need_root_and_programs()
    with slurm_kit.running() as slurm:
        for port in slurm.ports:
            addresses = slurm_kit.listeners(port)
            assert addresses and set(addresses) <= set(slurm_kit.LOOPBACK), addresses
        slurm.run_array(f"--array=1-{SHARDS}", EXAMPLES / "slurm.sh", SHARDS, *SWEEP, cwd=tmp_path, path=path)
        assert merged(tmp_path) == whole, slurm.logs()
        # A task that was lost is run again alone.
        (tmp_path / "shard-2.jsonl").unlink()
        slurm.run_array("--array=2", EXAMPLES / "slurm.sh", SHARDS, *SWEEP, cwd=tmp_path, path=path)
        assert merged(tmp_path) == whole, slurm.logs()
    assert all(process.returncode is not None for process in slurm.processes)
    assert not any(slurm_kit.listeners(port) for port in slurm.ports)


def test_gnu_parallel(tmp_path, path, whole):
    run(EXAMPLES / "parallel.sh", SHARDS, *SWEEP, cwd=tmp_path, PATH=f"{path}:{os.environ['PATH']}", HOME=str(tmp_path))
    assert (tmp_path / "sweep.jsonl").read_bytes() == whole


def job():
    return yaml.safe_load((EXAMPLES / "kubernetes.yaml").read_text())


def test_kubernetes_manifest_is_one():
    kubernetes_validate.validate(job(), "1.37", strict=True)
    broken = job()
    broken["spec"]["completionsMode"] = broken["spec"].pop("completionMode")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def expanded(word, env):
    """As a kubelet replaces $(NAME): what is no variable stays as it is."""
    return re.sub(r"\$\(([^)]*)\)", lambda found: env.get(found[1], found[0]), word)


def test_kubernetes_indexed_job(tmp_path, path, whole):
    """Each index's command, with the sweep of the test in place of the example's."""
    spec = job()["spec"]
    container, = spec["template"]["spec"]["containers"]
    assert spec["completionMode"] == "Indexed"
    assert container["env"] == [{"name": "SHARDS", "value": str(spec["completions"])}]
    assert container["workingDir"] == container["volumeMounts"][0]["mountPath"]
    for index in range(SHARDS):
        env = {"SHARDS": str(SHARDS), "JOB_COMPLETION_INDEX": str(index)}
        run(*(expanded(word, env) for word in [*container["command"], *SWEEP]), cwd=tmp_path,
            PATH=f"{path}:{os.environ['PATH']}", **env)
    assert merged(tmp_path) == whole


def test_the_sweep_of_the_examples_is_one():
    """The one that all three name, without playing it: a shard that has no point."""
    sweep = job()["spec"]["template"]["spec"]["containers"][0]["args"]
    for name in ("slurm.sh", "parallel.sh"):
        assert " ".join(sweep) in (EXAMPLES / name).read_text()
    points = 100_000
    done = run(RETRYSPEC, "explore", *sweep, "--shard", f"{points}/{points}", "--out", "-", "--quiet", cwd=ROOT)
    assert len(done.stdout.splitlines()) == 1
