"""retryspec diff: how two policies differ, as text, as JSON and as an exit code."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "scenarios/schema/diff.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def diff(*arguments, **options):
    return subprocess.run([RETRYSPEC, "diff", *map(str, arguments)], text=True,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL, **options)


def as_json(*arguments):
    done = diff(*arguments, "--json")
    assert done.stderr == ""
    value = json.loads(done.stdout)
    VALIDATOR.validate(value)
    assert done.returncode == (1 if value["same"] < value["rows"] else 0)
    return value


def rows_of(value, request=0):
    return {row["id"]: row for row in value["requests"][request]["rows"]}


def counted(value):
    return [row for request in value["requests"] for row in request["rows"]
            if row["verdict"] not in ("detail", "neither")]


def write_profile(folder, name, **layer):
    profile = {"retryspec": 1, "profile": name, "title": name, "source": "test",
               "layers": [{"name": "l", **layer}]}
    file = folder / f"{name}.jsonc"
    file.write_text(json.dumps(profile))
    return file


RETRY = {"on": {"status": ["503"]}, "do": "retry",
         "backoff": {"schedule": "constant", "base": "1s"}}


def test_the_score_is_counted():  # S1-103
    value = as_json("go-llmd", "curl-retry")
    rows = counted(value)
    assert value["rows"] == len(rows) > value["same"] > 0
    assert value["same"] == sum(row["verdict"] == "same" for row in rows)
    assert value["score"] == pytest.approx(100 * value["same"] / value["rows"])


def test_the_text_is_short_and_aligned():
    done = diff("go-llmd", "tinkex-http")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and len(lines) <= 60
    assert max(map(len, lines)) <= 100
    assert not any(line.endswith(" ") for line in lines)
    assert "\033" not in done.stdout
    rows = [line for line in done.stdout.partition("\nsame: ")[0].splitlines() if line[:2] == "  " != line[1:3]]
    assert len(rows) > 10
    assert all(line[33] == " " != line[34] for line in rows)


def test_all_rows():
    short, full = diff("go-llmd", "tinkex-http"), diff("go-llmd", "tinkex-http", "--all")
    assert "a detail of what only one has" in full.stdout
    assert "429, Retry-After: 1.5" in full.stdout and "429, Retry-After: 1.5" not in short.stdout


def test_swapped_sides():
    mirror = {"only-a": "only-b", "only-b": "only-a"}
    one, other = (rows_of(as_json(*names)) for names in
                  (("go-llmd", "tinkex-http"), ("tinkex-http", "go-llmd")))
    for ident, row in one.items():
        assert (row["a"], row["b"]) == (other[ident]["b"], other[ident]["a"])
        assert other[ident]["verdict"] == mirror.get(row["verdict"], row["verdict"])
        assert row["severity"] == other[ident]["severity"]


def test_nested_loops_multiply(tmp_path):  # S0-74
    profile = {"retryspec": 1, "profile": "nested", "title": "t", "source": "test",
               "layers": [{"name": name, "budget": {"attempts": 4}, "rules": [RETRY]}
                          for name in ("outer", "inner")]}
    nested = tmp_path / "nested.jsonc"
    nested.write_text(json.dumps(profile))
    flat = write_profile(tmp_path, "flat", budget={"attempts": 4}, rules=[RETRY])
    rows = rows_of(as_json(flat, nested))
    assert (rows["attempts"]["a"], rows["attempts"]["b"]) == ("4", "16")
    assert (rows["nested"]["a"], rows["nested"]["b"]) == ("1", "2")
    assert rows["attempts"]["severity"] == "critical"


def test_time_to_fail():  # S4-74
    row = rows_of(as_json("go-llmd", "tinkex-http"))["give-up-503"]
    assert row["a"] == "4 attempts, 6.3 to 7.7 s"


def test_routes(tmp_path):
    """One part for each way in which the layers of both cover a request."""
    value = as_json("tinker-wire", "tinker-submit")
    paths = [request["path"] for request in value["requests"]]
    assert len(paths) == len(set(paths)) >= 3 and "/retrieve_future" in paths
    one = as_json("tinker-wire", "tinker-submit", "--request", "POST /api/v1/retrieve_future")
    assert [request["path"] for request in one["requests"]] == ["/api/v1/retrieve_future"]


@pytest.mark.parametrize("arguments, words", [
    ([], "two profiles, not 0"),
    (["go-llmd"], "two profiles, not 1"),
    (["go-llmd", "curl-retry", "openai-python"], "two profiles, not 3"),
    (["go-llmd", "curl-retri"], 'did you mean "curl-retry"?'),
    (["go-llmd", "/nowhere.jsonc"], "/nowhere.jsonc"),
    (["go-llmd", "curl-retry", "--request", "nonsense"], 'no request such as "POST /v1/echo"'),
    (["tinker-wire", "curl-retry", "--request", "GET /x"], "must cover it"),
])
def test_bad_input(arguments, words):
    done = diff(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_no_common_request(tmp_path):
    a = write_profile(tmp_path, "a", routes=["GET /a"], rules=[RETRY])
    b = write_profile(tmp_path, "b", routes=["GET /b"], rules=[RETRY])
    done = diff(a, b)
    assert done.returncode == 2 and "must cover it" in done.stderr


def test_the_page_shows_a_real_output():
    """But for the scenarios, which become more."""
    page = (ROOT / "docs/diff.md").read_text()
    shown = re.search(r"^\$ retryspec (diff tinker.*)\n((?:.*\n)*?)```", page, re.M)
    done = diff(*shown.group(1).split()[1:])
    rows, mark, scenarios = shown.group(2).partition("\nsame: ")
    assert mark and rows == done.stdout.partition(mark)[0]
    assert "scenarios show it" in scenarios and "scenarios show it" in done.stdout


def test_the_page_shows_a_real_matrix():
    page = (ROOT / "docs/diff.md").read_text()
    shown = re.search(r"^\$ retryspec (diff --gap-matrix .*)\n((?:.*\n)*?)```", page, re.M)
    done = diff(*shown.group(1).split()[1:])
    for piece in shown.group(2).split("...\n"):
        assert piece in done.stdout


# -- scenarios -----------------------------------------------------------------


def scenarios_of(*arguments):
    value = as_json(*arguments)["scenarios"]
    return value["played"], {line["scenario"]: (line["a_breaks"], line["b_breaks"]) for line in value["telling"]}


def test_scenarios_that_show_a_status(tmp_path):
    """408 is tried again by one, 409 by the other."""
    files = []
    for status in ("408", "409"):
        rule = {**RETRY, "on": {"status": [status, "503"]}}
        files.append(write_profile(tmp_path, f"p{status}", budget={"attempts": 5}, rules=[rule]))
    played, telling = scenarios_of(*files)
    assert played > 30
    assert set(telling) == {"status/408", "status/409"}
    assert telling["status/408"] == (["ST-2"], ["ST-1"])
    assert telling["status/409"] == (["ST-1"], ["ST-2"])


@pytest.mark.parametrize("profile", sorted(path.stem for path in (ROOT / "scenarios/profiles").glob("*.jsonc")))
def test_a_shipped_profile_and_itself(profile):
    """What a client breaks by its own policy, too, is no difference."""
    done = diff(profile, profile)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^(\d+) of \1 rows are the same: 100 %$", done.stdout, re.M)
    assert re.search(r"^0 of \d+ scenarios show it$", done.stdout, re.M) or "scenarios" not in done.stdout


def test_scenarios_by_pattern():
    played, telling = scenarios_of("go-llmd", "curl-retry", "--scenarios", "retry-after/429-s*",
                                   "--scenarios", "status/408")
    assert played == 2 and telling == {"retry-after/429-seconds": (["RA-1"], ["BO-2"]),
                                       "status/408": (["ST-1"], ["ST-2"])}
    assert "scenarios" not in as_json("go-llmd", "curl-retry", "--no-scenarios")
    done = diff("go-llmd", "curl-retry", "--scenarios", "nothing/*")
    assert done.returncode == 2 and "nothing/*" in done.stderr


def test_scenarios_that_neither_covers():
    """Played are those that ask for a sample or a future, and no others."""
    played, _ = scenarios_of("tinker-stack", "tinkex-stack")
    request = re.compile(r'"request": *"POST [^"]*/(asample|retrieve_future)"')
    asking = [path for path in (ROOT / "scenarios").glob("*/*.jsonc") if request.search(path.read_text())]
    assert played == len(asking) > 0


def test_scenarios_in_the_text():
    """Those that break the same rules stand in one line."""
    short, full = (diff("go-llmd", "curl-retry", *all_).stdout for all_ in ([], ["--all"]))
    assert re.search(r"^  \S+, \d+ more +TF-2 +TF-1$", short, re.M)
    assert not re.search(r" more +TF-2", full)
    assert len(re.findall(r"^  transport/\S+ +TF-2 +TF-1$", full, re.M)) >= 5
