"""The real releases of tinker, each a process in its own venv that answers questions (tinker_side.py)."""
import atexit
import functools
import json
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VERSIONS = [line.split("#")[0].strip().removeprefix("tinker==")
            for line in (HERE / "releases.txt").read_text().splitlines() if line.startswith("tinker==")]
NEWEST = VERSIONS[-1]


class Release:
    def __init__(self, version):
        self.version = version
        self.numbers = tuple(map(int, version.split(".")))
        python = ROOT / "build/releases" / version / "bin/python"
        assert python.exists(), f"no {python}: run scripts/venv"
        self.process = subprocess.Popen([python, HERE / "tinker_side.py"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)

    def ask(self, question, **arguments):
        self.process.stdin.write(json.dumps({"do": question, "with": arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"tinker {self.version} ended at {question}"
        answer = json.loads(line)
        assert "answer" in answer, f"tinker {self.version}, {question}:\n{answer['broken']}"
        return answer["answer"]


@functools.cache
def release_of(version):
    return Release(version)


def each_release(*versions):
    """Parametrises a test by `version`; what asks one release runs in one process."""
    return pytest.mark.parametrize(
        "version", [pytest.param(version, marks=pytest.mark.xdist_group(version)) for version in versions or VERSIONS])
