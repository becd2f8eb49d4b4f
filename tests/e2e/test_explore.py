"""retryspec explore and merge: sweeps over retry parameters."""

import csv
import json
import pathlib
import signal
import subprocess
import time

import pytest
from run_kit import RETRYSPEC, run

PROFILE = {
    "retryspec": 1, "profile": "p", "title": "t", "source": "s",
    "layers": [{"name": "client", "budget": {"attempts": 9}, "rules": [
        {"on": {"status": ["503"]}, "do": "retry",
         "backoff": {"schedule": "exponential", "base": "1s", "factor": 2, "cap": "8s"}}]}]}
WORLD = {
    "retryspec": 1, "world": "w", "title": "t", "clients": 20, "arrivals": {"uniform": "1s"},
    "network": "10ms", "ends": "10min",
    "server": {"limiter": {"per_second": 10}, "outages": [{"from": "0s", "to": "10s"}]}}
AXES = ["--vary", "jitter=none,full,sym:0.25", "--vary", "clients=20,40"]



@pytest.fixture
def files(tmp_path):
    (tmp_path / "p.jsonc").write_text("// a comment\n" + json.dumps(PROFILE))
    (tmp_path / "w.jsonc").write_text(json.dumps(WORLD))
    return tmp_path


def explore(folder, *args, code=0):
    return run("explore", "./w.jsonc", "-p", "./p.jsonc", "--trials", 3, *args, cwd=folder, code=code)


def rows_of(path):
    header, *rows = map(json.loads, path.read_text().splitlines())
    return header, rows


def test_every_point_has_its_values_and_metrics(files):
    explore(files, *AXES, "--out", "x.jsonl")
    header, rows = rows_of(files / "x.jsonl")
    assert (header["points"], header["trials"], header["seed"]) == (6, 3, "1")
    assert header["profile"] == PROFILE and header["world"] == WORLD
    assert [list(row["values"].values()) for row in rows] == [
        [jitter, clients] for jitter in ("none", "full", "sym:0.25") for clients in ("20", "40")]
    for row in rows:
        assert row["metrics"]["calls"]["mean"] == int(row["values"]["clients"])
        assert row["metrics"]["served_share"]["mean"] == 1
        assert row["metrics"]["attempts_per_success"]["trials"] == 3
    # Without jitter each client tries at 0, 1, 3, 7 and 15 s; the limiter then lets ten through at once.
    alone = rows[0]["metrics"]
    assert 5 < alone["attempts_per_success"]["mean"] < 7
    assert alone["peak_rate_before"]["mean"] >= 20
    assert rows[2]["metrics"]["herd"]["mean"] < alone["herd"]["mean"]


def test_the_same_command_gives_the_same_bytes(files):
    explore(files, *AXES, "--out", "a.jsonl", "--csv", "a.csv")
    explore(files, *AXES, "--out", "b.jsonl", "--csv", "b.csv")
    explore(files, *AXES, "--out", "c.jsonl", "--seed", 2)
    assert (files / "a.jsonl").read_bytes() == (files / "b.jsonl").read_bytes()
    assert (files / "a.csv").read_bytes() == (files / "b.csv").read_bytes()
    assert rows_of(files / "a.jsonl")[1] != rows_of(files / "c.jsonl")[1]


def test_the_header_runs_the_sweep_again(files):
    explore(files, *AXES, "--out", "a.jsonl")
    header, _ = rows_of(files / "a.jsonl")
    again = files / "again"
    again.mkdir()
    (again / "p.jsonc").write_text(json.dumps(header["profile"]))
    (again / "w.jsonc").write_text(json.dumps(header["world"]))
    axes = [word for vary in header["vary"] for word in ("--vary", vary)]
    run("explore", "./w.jsonc", "-p", "./p.jsonc", "--trials", header["trials"], "--seed", header["seed"], *axes,
        "--out", "a.jsonl", cwd=again)
    assert (again / "a.jsonl").read_bytes() == (files / "a.jsonl").read_bytes()


@pytest.mark.parametrize("left", [0, 1, 2.5, 4, 6.2])
def test_goes_on_where_it_was_cut_off(files, left):
    """So many whole lines, and a part of the next one."""
    explore(files, *AXES, "--out", "whole.jsonl")
    whole = (files / "whole.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    cut = b"".join(lines[:int(left)])
    if left % 1:
        cut += lines[int(left)][:int(len(lines[int(left)]) * (left % 1))]
    (files / "cut.jsonl").write_bytes(cut)
    explore(files, *AXES, "--out", "cut.jsonl")
    assert (files / "cut.jsonl").read_bytes() == whole


def test_an_interrupted_run_goes_on(files):
    argv = [RETRYSPEC, "explore", "./w.jsonc", "-p", "./p.jsonc", "--trials", "200", "--vary", "clients=1000..9000:40",
            "--out", "x.jsonl"]
    with subprocess.Popen(argv, cwd=files, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None and (not (files / "x.jsonl").exists()
                                        or (files / "x.jsonl").read_text().count("\n") < 3):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130 and "the same command goes on" in said
    _, rows = rows_of(files / "x.jsonl")
    assert 2 <= len(rows) < 40
    assert [row["point"] for row in rows] == list(range(len(rows)))


def test_another_sweep_is_not_mixed_in(files):
    explore(files, *AXES, "--out", "x.jsonl")
    before = (files / "x.jsonl").read_bytes()
    done = explore(files, *AXES, "--seed", 2, "--out", "x.jsonl", code=2)
    assert done.stderr.startswith("x.jsonl:1: these are not results of the same sweep as this command\n")
    assert (files / "x.jsonl").read_bytes() == before


@pytest.mark.parametrize("shards", [1, 2, 4, 7])
def test_shards_give_what_one_run_gives(files, shards):
    explore(files, *AXES, "--out", "whole.jsonl", "--csv", "whole.csv")
    parts = []
    for k in range(1, shards + 1):
        explore(files, *AXES, "--shard", f"{k}/{shards}", "--out", f"part-{k}.jsonl")
        parts.append(f"part-{k}.jsonl")
    run("merge", *reversed(parts), "--out", "merged.jsonl", "--csv", "merged.csv", cwd=files)
    assert (files / "merged.jsonl").read_bytes() == (files / "whole.jsonl").read_bytes()
    assert (files / "merged.csv").read_bytes() == (files / "whole.csv").read_bytes()


def test_merge_wants_the_whole_sweep(files):
    for k in (1, 2, 3):
        explore(files, *AXES, "--shard", f"{k}/3", "--out", f"{k}.jsonl")
    done = run("merge", "1.jsonl", "3.jsonl", cwd=files, code=2)
    assert done.stderr == ("2 of 6 points are missing, the first is 1: is a shard left out, or has one not ended?\n")
    done = run("merge", "1.jsonl", "2.jsonl", "3.jsonl", "1.jsonl", cwd=files, code=2)
    assert done.stderr == "1.jsonl:2: point 0 is in 1.jsonl already\n"
    explore(files, *AXES, "--seed", 3, "--shard", "3/3", "--out", "other.jsonl")
    done = run("merge", "1.jsonl", "2.jsonl", "other.jsonl", cwd=files, code=2)
    assert done.stderr.startswith("other.jsonl:1: these are not results of the same sweep as 1.jsonl\n")
    text = (files / "3.jsonl").read_text()
    (files / "3.jsonl").write_text(text.replace('"retryspec":"', '"retryspec":"9', 1))
    done = run("merge", "1.jsonl", "2.jsonl", "3.jsonl", cwd=files, code=2)
    assert "not results of the same sweep" in done.stderr and "version" in done.stderr
    (files / "3.jsonl").write_text(text[:-20])
    done = run("merge", "1.jsonl", "2.jsonl", "3.jsonl", cwd=files, code=2)
    assert done.stderr == "3.jsonl: the last line is cut off: that shard has not ended\n"
    (files / "3.jsonl").write_text("what?\n")
    done = run("merge", "3.jsonl", cwd=files, code=2)
    assert done.stderr == "3.jsonl:1: no results of retryspec explore: expected its header\n"


def test_csv_is_what_the_lines_say(files):
    explore(files, *AXES, "--vary", 'arrivals={"closed":2},at once', "--out", "x.jsonl", "--csv", "x.csv")
    header, rows = rows_of(files / "x.jsonl")
    with open(files / "x.csv", newline="") as file:
        comment = file.readline()
        table = list(csv.DictReader(file))
    assert json.loads(comment.removeprefix("# ")) == header
    assert len(table) == len(rows) == 12
    for line, row in zip(table, rows):
        assert int(line["point"]) == row["point"]
        assert {key: line[key] for key in row["values"]} == row["values"]
        for name, metric in row["metrics"].items():
            found = line[name] and float(line[name])
            assert found == ("" if metric is None else metric["mean"]), name


def test_a_table_for_people(files):
    done = explore(files, *AXES)
    heads, *lines = done.stdout.splitlines()
    assert heads.split()[:2] == ["jitter", "clients"] and "attempts/ok" in heads
    assert len(lines) == 7 and lines[-1].startswith("Means of the trials")
    assert explore(files, *AXES, "--quiet").stdout == ""
    lines = explore(files, *AXES, "--out", "-").stdout.splitlines()
    assert len(list(map(json.loads, lines))) == 7


@pytest.mark.parametrize("args,said", [
    (["--vary", "nowhere.x=1"], 'can\'t vary "nowhere.x": neither the profile nor the world has it\n'),
    (["--vary", "backoff.cap=9s..1s"], 'can\'t vary by "backoff.cap=9s..1s"\n'),
    (["--vary", "backoff.cap=10ms"], "./p.jsonc with backoff.cap=10ms:"),
    (["--vary", "clients=0"], "./w.jsonc with clients=0:"),
    (["--vary", "limiter.per_second=1..9:100", "--vary", "clients=1..1000:1000", "--vary", "ends=1s,2s",
      "--vary", "network=1s..2s:100"], "more than 1000000 points: vary less at a time\n"),
    (["--trials", "0"], 'retryspec explore: --trials "0" is no number from 1 to 1000000\n'),
    (["--shard", "3/2"], 'retryspec explore: --shard "3/2" is not K/N, such as 1/4\n'),
    (["--out", "no/such/folder"], "can't write no/such/folder: No such file or directory\n"),
    (["and", "another"], "retryspec explore: one world, not 3"),
])
def test_what_is_wrong_is_said_before_anything_is_played(files, args, said):
    done = explore(files, *args, code=3 if "--out" in args else 2)
    assert done.stderr.startswith(said), done.stderr
    assert done.stdout == ""


def test_shipped_worlds_play():
    for path in (pathlib.Path(__file__).resolve().parents[2] / "scenarios/worlds").glob("*.jsonc"):
        done = run("explore", path.stem, "-p", "tinker-http", "--trials", 1, "--vary", "clients=10")
        assert len(done.stdout.splitlines()) == 3
