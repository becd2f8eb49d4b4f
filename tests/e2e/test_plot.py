"""retryspec plot: figures with their data and scripts."""

import os
import re
import struct
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
FIGURES = {
    "backoff": ["backoff", "tinker-retry-handler", "openai-python", "--status", "500", "--samples", "2000"],
    "sums": ["backoff", "go-llmd", "--sum", "--samples", "2000"],
    "arrivals": ["arrivals", "aws-occ", "-p", "tinker-http", "--log"],
    "sweep": ["sweep", "sweep.jsonl", "--x", "backoff.cap", "--metric", "wait_p99_s"],
}


def run(*args, cwd=None, code=0, **environment):
    done = subprocess.run([RETRYSPEC, *map(str, args)], capture_output=True, text=True, timeout=100, cwd=cwd,
                          env=os.environ | environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def folder(tmp_path):
    run("explore", "metastable", "-p", "tinker-http", "--trials", 2, "--vary", "backoff.cap=1s..9s:3", "--vary",
        "jitter=none,full", "--vary", "for=5s", "--out", "sweep.jsonl", "-q", cwd=tmp_path)
    return tmp_path


def blocks(path):
    """The numbers of each block, as gnuplot's "index" counts them."""
    return [[[float(word) for word in line.split()] for line in block.splitlines() if line and line[0] != "#"]
            for block in path.read_text().split("\n\n\n")]


@pytest.mark.parametrize("name", FIGURES)
def test_all_formats_are_drawn_and_the_same_twice(folder, name):
    for ending in ("svg", "png", "pdf"):
        done = run("plot", *FIGURES[name], "--out", f"{name}.{ending}", cwd=folder)
        assert done.stdout == f"{name}.{ending}\n"
    svg = (folder / f"{name}.svg").read_bytes()
    png = (folder / f"{name}.png").read_bytes()
    assert svg.startswith(b"<?xml") and svg.count(b"<path") > 5
    assert b"retryspec plot" in svg  # the small print
    assert struct.unpack(">II", png[16:24]) == (1800, 1120) and len(png) > 15000
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    for ending, before in (("svg", svg), ("png", png)):
        run("plot", *FIGURES[name], "--out", f"{name}.{ending}", cwd=folder)
        assert (folder / f"{name}.{ending}").read_bytes() == before


def test_the_script_draws_it_again(folder):
    run("plot", *FIGURES["backoff"], "--out", "b.svg", cwd=folder)
    before = (folder / "b.svg").read_bytes()
    (folder / "b.svg").unlink()
    subprocess.run(["gnuplot", "-d", "b.gp"], cwd=folder, check=True, timeout=60)
    assert (folder / "b.svg").read_bytes() == before


# tinker 0.38.0: 0.5 s doubling to 10 s, 25 % to both sides, clipped: half of all delays at the cap are the cap.
def test_delays_are_those_of_the_law(folder):
    run("plot", "backoff", "tinker-retry-handler", "--status", "500", "--out", "b.svg", cwd=folder)
    outlines, numbers = blocks(folder / "b.dat")[:2]
    assert len(numbers) == 8
    for _, retry, samples, low, p5, p50, p95, high, atom, share in numbers:
        nominal = min(0.5 * 2 ** (retry - 1), 10)
        assert samples == 20000
        assert 0.75 * nominal <= low < p5 < p50 <= p95 <= high <= min(1.25 * nominal, 10)
        assert low < 0.751 * nominal and high > min(1.249 * nominal, 9.999)
        if nominal == 10:
            assert atom == 10 and 0.48 < share < 0.52
        else:
            assert (atom, share) == (-1, 0)
    # Nothing is drawn beyond what a delay may be.
    heights = [point[1] for point in outlines if point]
    assert min(heights) >= 0.375 and max(heights) <= 10


def test_arrivals_are_those_of_the_fleet(folder):
    run("plot", "arrivals", "outage-2min", "-p", "openai-python", "--out", "a.svg", cwd=folder)
    (rows, *_) = blocks(folder / "a.dat")
    assert sum(row[2] for row in rows) == 10000  # calls begun
    assert sum(row[1] for row in rows) == 30000  # 2 retries each, all in the outage
    assert sum(row[3] for row in rows) == 0
    assert "rectangle from 0.000,graph 0 to 120.000" in (folder / "a.gp").read_text()


def test_an_axis_of_words(folder):
    run("plot", "sweep", "sweep.jsonl", "--x", "jitter", "--out", "j.svg", cwd=folder)
    assert "set xtics ('none' 1, 'full' 2)\n" in (folder / "j.gp").read_text()
    lines = blocks(folder / "j.dat")
    assert [[row[0] for row in block] for block in lines if block] == 3 * [[1, 2]]


def test_without_gnuplot_the_package_is_named(folder):
    empty = folder / "empty"
    empty.mkdir()
    done = run("plot", *FIGURES["backoff"], cwd=folder, code=3, PATH=str(empty))
    assert done.stderr == "no figure: gnuplot was not found. The Debian package gnuplot-nox brings it.\n"
    assert (folder / "backoff.gp").exists()


def test_titles_are_text_and_never_run(folder):
    title = "it's `touch x` \\n \"$(touch y)\" @touch"
    run("plot", *FIGURES["backoff"], "--title", title, "--out", "b.svg", cwd=folder)
    text = re.sub("<[^>]*>", "", (folder / "b.svg").read_text())
    assert "it&#39;s `touch x`" in text or "it's `touch x`" in text
    assert not (folder / "x").exists() and not (folder / "y").exists()


@pytest.mark.parametrize("args,code,said", [
    (["backoff"], 2, "retryspec plot: what, and of what?"),
    (["nothing", "x"], 2, 'retryspec plot: there is no figure "nothing"'),
    (["backoff", "tinker-http", "--out", "x.jpg"], 2,
     'can\'t draw "x.jpg": expected a name that ends in .svg, .png or .pdf\n'),
    (["backoff", "tinker-http", "--status", "400"], 2, "tinker-http does not retry 400: choose another --status\n"),
    (["backoff", "tinker-htp"], 2, 'there is no profile "tinker-htp"\n'),
    (["arrivals", "outage-2min"], 2, "arrivals are of one world and of profiles, each after -p\n"),
    (["sweep", "sweep.jsonl"], 2, "a sweep is one file, and --x names its axis\n"),
    (["sweep", "sweep.jsonl", "--x", "cap"], 2, 'the sweep has no axis "cap"\n'),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--metric", "p99"], 2, 'the sweep has no metric "p99"\n'),
    (["backoff", "tinker-http", "--out", "no/where.svg"], 3, "can't write no/where.dat: No such file or directory\n"),
])
def test_what_is_wrong_is_said(folder, args, code, said):
    done = run("plot", *args, cwd=folder, code=code)
    assert done.stderr.startswith(said), done.stderr
