"""Runs the program under test and holds it to its exit code."""
import os
import subprocess

RETRYSPEC = os.environ["RETRYSPEC"]


def run(*words, code=0, cwd=None, **environment):
    done = subprocess.run([RETRYSPEC, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env=os.environ | environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done
