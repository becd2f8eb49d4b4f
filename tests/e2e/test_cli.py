"""The command line: help that is whole, suggestions for wrong words, and what
list, show, explain, schema, lint, init and judge print."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
COMMANDS = re.findall(r'X\(cmd_\w+,\s*"(\w+)"', (ROOT / "cli/cli.h").read_text())


def run(*arguments, cwd=None):
    return subprocess.run([RETRYSPEC, *map(str, arguments)], cwd=cwd, text=True,
                          capture_output=True, timeout=60, stdin=subprocess.DEVNULL)


def options_of(command):
    """Long options that the parser takes, with and without a value."""
    source = (ROOT / f"cli/cmd_{command}.c").read_text()
    for file in (ROOT / "cli").glob("*_options.c"):  # one may hold the tables of several commands
        table = rf"struct option ({command}_)?options\[\] = \{{.*?^\}};"
        own = file.name == f"{command}_options.c"
        for found in re.finditer(table, file.read_text(), re.M | re.S):
            source += found.group() if own or found.group(1) else ""
    return re.findall(r'\{\s*"([\w-]+)",\s*(no|required)_argument', source)


# -- help and usage ------------------------------------------------------------


def test_there_are_commands():
    assert len(COMMANDS) >= 11


def test_the_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.M), command
    assert done.stdout == run("-h").stdout == run("help").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command(command):
    """Exit code 0, an example that can be typed, and every option."""
    done = run(command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"Usage: retryspec {command}")
    assert re.search(rf"^  retryspec {command}\b", done.stdout, re.M), "no example"
    for name, value in options_of(command):
        ending = r"[ =][\w{\[]" if value == "required" else r"(?![\w-])"
        assert re.search(rf"--{name}{ending}", done.stdout), f"--{name}"
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert run(command, "-h").stdout == run("help", command).stdout == done.stdout


def test_profiles_of_the_examples_are_there():
    profiles = {path.stem for path in (SCENARIOS / "profiles").glob("*.jsonc")}
    for command in [[], *([command] for command in COMMANDS)]:
        named = re.findall(r"^  retryspec.* -p (\S+)", run(*command, "--help").stdout, re.M)
        assert {name for name in named if not name.endswith(".jsonc")} <= profiles


@pytest.mark.parametrize("command", COMMANDS)
def test_the_manual_says_the_same(command):
    """docs/cli.md has a section a command that names every option."""
    manual = (ROOT / "docs/cli.md").read_text()
    section = re.search(rf"^## {command}$(.*?)(^## |\Z)", manual, re.M | re.S)
    assert section, f"docs/cli.md has no section {command}"
    for name, _ in options_of(command):
        if name != "help":
            assert f"--{name}" in section.group(1), f"--{name}"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option(command):
    done = run(command, "--hepl")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"retryspec {command}: unknown option --hepl, did you mean --help?\n"
        f"Try: retryspec {command} --help\n")


@pytest.mark.parametrize("arguments, message", [
    ([], "retryspec: no command was given"),
    (["lst"], 'retryspec: unknown command "lst", did you mean "list"?'),
    (["zzzzzzzz"], 'retryspec: unknown command "zzzzzzzz"'),
    (["--versoin"], 'retryspec: unknown option "--versoin", did you mean "--version"?'),
    (["list", "-x"], "retryspec list: unknown option -x"),
    (["list", "--tag"], "retryspec list: option --tag needs a value"),
    (["list", "--json=x"], "retryspec list: option --json takes no value"),
    (["list", "--profiles", "--tag", "quick"],
     "retryspec list: --profiles takes no --tag or --edition"),
    (["show"], "retryspec show: which one?"),
    (["show", "a", "b"], "retryspec show: one at a time"),
    (["judge"], "retryspec judge: which trace?"),
    (["explain", "RA1"], 'retryspec explain: there is no rule "RA1", did you mean "RA-1"?'),
    (["schema", "verdit"],
     'retryspec schema: there is no format "verdit", did you mean "verdict"?'),
    (["schema", "verdict", "trace"], "retryspec schema: one format at a time, not 2"),
    (["init"], "retryspec init: --lang sh, python, node, go, rust, java or elixir?"),
    (["init", "--lang", "pyton"],
     'retryspec init: no adapter for "pyton", did you mean "python"?'),
    (["call", "--data", '{"a": 1} x', "http://127.0.0.1:9"],
     'retryspec call: --data is not JSON, from "x" on'),
    (["call", "--data", "a=1", "http://127.0.0.1:9"], 'retryspec call: --data is not JSON, from "a=1" on'),
    (["init", "adapter.py"], 'retryspec init: unexpected argument "adapter.py"'),
])
def test_wrong_usage(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == message
    assert re.fullmatch(r"Try: retryspec( \w+)? --help", done.stderr.splitlines()[1])


def test_version():
    version = re.search(r"VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text().split("project(")[1])
    assert run("--version").stdout == f"retryspec {version.group(1)}\n"


def test_lost_output_is_no_success():
    with open("/dev/full", "w") as full:
        done = subprocess.run([RETRYSPEC, "explain"], stdout=full, text=True,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 3
    assert done.stderr == "retryspec: standard output: No space left on device\n"


def test_lost_output_hides_no_finding():
    with open("/dev/full", "w") as full:
        done = subprocess.run([RETRYSPEC, "diff", "curl-retry", "go-llmd", "--no-scenarios"], stdout=full, text=True,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "retryspec: standard output: No space left on device\n"


# -- list ----------------------------------------------------------------------


def shipped_ids():
    """Every scenario file, by where it stands."""
    files = (path.relative_to(SCENARIOS) for path in SCENARIOS.rglob("*.jsonc"))
    return sorted(str(file)[:-6] for file in files
                  if file.parts[0] not in ("profiles", "worlds") and str(file) != "rules.jsonc")


def listed(*arguments, **options):
    done = run("list", "--json", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_list_is_whole():
    """A file with a matrix holds several: their ids stand below its own."""
    ids = [scenario["id"] for scenario in listed()]
    files = {id_ if (SCENARIOS / f"{id_}.jsonc").exists() else str(pathlib.Path(id_).parent) for id_ in ids}
    assert sorted(files) == shipped_ids()
    assert len(ids) == len(set(ids)) > len(files)


def test_list_for_people():
    done = run("list", "retry-after/429-seconds")
    assert done.returncode == 0
    head, line, total = done.stdout.splitlines()
    assert head.split() == ["id", "takes", "checks", "tags", "title"]
    assert re.match(r"retry-after/429-seconds +4s +\d+  \S*quick\S* +429 with Retry-After", line)
    assert total == "1 scenario, about 4s one after the other"


def test_list_by_pattern_tag_and_edition():
    family = [id for id in shipped_ids() if id.startswith("retry-after/")]
    assert sorted(scenario["id"] for scenario in listed("retry-after/*")) == family
    assert [s["id"] for s in listed("*/429-second?")] == ["retry-after/429-seconds"]
    for scenario in listed("--tag", "quick"):
        assert "quick" in scenario["tags"]
    assert listed("--edition", "2026.1")


def test_list_reads_patterns_from_a_file(tmp_path):
    (tmp_path / "wanted").write_text("# the first\n\n  retry-after/429-seconds  \n")
    assert len(listed("@wanted", cwd=tmp_path)) == 1


def test_list_takes_files(tmp_path):
    text = (SCENARIOS / "retry-after/429-seconds.jsonc").read_text()
    (tmp_path / "mine.jsonc").write_text(text.replace("retry-after/429-seconds", "my/own"))
    ids = [s["id"] for s in listed("mine.jsonc", "retry-after/429-seconds", cwd=tmp_path)]
    assert ids == ["retry-after/429-seconds", "my/own"]
    # An edition freezes what is shipped, not the files of the user.
    assert len(listed("mine.jsonc", "--edition", "2026.1", cwd=tmp_path)) == 1


@pytest.mark.parametrize("arguments, message, hint", [
    (["retry-after/429-second"],
     'pattern "retry-after/429-second" matches no scenario',
     'did you mean "retry-after/429-seconds"?'),
    (["429-seconds"], 'pattern "429-seconds" matches no scenario',
     'did you mean "retry-after/429-seconds"?'),
    (["retry-after"], 'pattern "retry-after" matches no scenario',
     'for the whole family: "retry-after/*"'),
    (["nothing-like-it*"], 'pattern "nothing-like-it*" matches no scenario',
     '"retryspec list" names them all'),
    (["--tag", "quack"], 'no scenario has the tag "quack"',
     '"retryspec list" shows the tags'),
    (["--edition", "1999.1"], 'there is no edition "1999.1"',
     'the newest in this program is "2026.3"'),
])
def test_what_matches_nothing_is_an_error(arguments, message, hint):
    done = run("list", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.strip() for line in done.stderr.splitlines()] == [message, hint]


def test_a_file_of_patterns_that_is_not_there():
    done = run("list", "@/nonexistent/file")
    assert done.returncode == 2
    assert done.stderr == ('can\'t read the patterns of "@/nonexistent/file": '
                           "No such file or directory\n")


def test_filters_that_leave_nothing(tmp_path):
    text = (SCENARIOS / "retry-after/429-seconds.jsonc").read_text()
    text = text.replace("retry-after/429-seconds", "my/own")
    text = re.sub(r'"tags": \[.*?\]', '"tags": ["mine"]', text)
    (tmp_path / "mine.jsonc").write_text(text)
    done = run("list", "mine.jsonc", "--tag", "quick", cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr == "retryspec list: no scenario is left after all filters\n"


def test_list_profiles():
    profiles = json.loads(run("list", "--profiles", "--json").stdout)
    files = sorted(path.stem for path in (SCENARIOS / "profiles").glob("*.jsonc"))
    assert sorted(profile["id"] for profile in profiles) == files
    text = run("list", "--profiles").stdout
    for profile in profiles:
        assert re.search(rf"^{re.escape(profile['id'])} +{profile['layers']}  ", text, re.M)
    assert text.endswith(f"\n{len(profiles)} profiles\n")
    assert max(map(len, text.splitlines())) <= 110


def test_list_profiles_shows_families_apart():
    lines = run("list", "--profiles").stdout.splitlines()[1:-1]
    families = [[line.split("-")[0] for line in block.split("\n")] for block in "\n".join(lines).split("\n\n")]
    assert {"tinker", "tinkex", "go"} < {family[0] for family in families}
    for family in families:
        assert len(set(family)) in (1, len(family)), family
    ids = [line.split()[0] for line in lines if line]
    assert ids == sorted(ids)


def test_the_page_of_profiles_says_what_the_files_say():
    page = (SCENARIOS.parent / "docs/profiles.md").read_text()
    found = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", page, re.M)
    files = json.loads(run("list", "--profiles", "--json").stdout)
    expected = {(each["id"], each["title"], each["source"]) for each in files}
    assert set(found) == expected and len(found) == len(expected)


@pytest.mark.parametrize("patterns, ids", [
    (["go-llmd"], ["go-llmd"]), (["curl-*", "http-gener?c"], ["curl-retry", "http-generic"])])
def test_list_some_profiles(patterns, ids):
    assert [each["id"] for each in json.loads(run("list", "--profiles", "--json", *patterns).stdout)] == ids


@pytest.mark.parametrize("pattern, hint", [
    ("tinker-htp", 'did you mean "tinker-http"?'), ("x*", '"retryspec list --profiles" names them all')])
def test_a_pattern_without_a_profile(pattern, hint):
    done = run("list", "--profiles", pattern)
    assert done.returncode == 2
    assert done.stderr == f'pattern "{pattern}" matches no profile\n    {hint}\n'


# -- show ----------------------------------------------------------------------


def test_show_a_scenario_as_it_was_written():
    text = (SCENARIOS / "retry-after/429-seconds.jsonc").read_text()
    assert run("show", "retry-after/429-seconds").stdout == text
    assert run("show", SCENARIOS / "retry-after/429-seconds.jsonc").stdout == text


def test_show_a_profile_with_its_meaning(tmp_path):
    """What is printed is still a profile, so that it can be redirected."""
    text = (SCENARIOS / "profiles/tinker-submit.jsonc").read_text()
    shown = run("show", "tinker-submit").stdout
    assert shown.startswith(text)
    meaning = shown[len(text):].splitlines()
    assert all(line.startswith("// ") for line in meaning)
    assert run("show", "--raw", "tinker-submit").stdout == text
    summary = run("show", "--summary", "tinker-submit").stdout.splitlines()
    assert ["// " + line for line in summary] == meaning
    (tmp_path / "copy.jsonc").write_text(shown)
    assert run("lint", tmp_path / "copy.jsonc").returncode == 0


LAYERS = """{
  "retryspec": 1, "profile": "two", "title": "Two layers", "source": "a book",
  "layers": [
    { "name": "outer",
      "slots": { "limit": 7, "scope": "session", "held": "call" },
      "progress": { "timeout": "120min", "clock": "handler", "aborts_attempt": true },
      "rules": [
        { "on": { "status": ["408", "429", "500-599"], "transport": ["any"] }, "do": "retry",
          "backoff": { "schedule": "exponential", "base": "500ms", "factor": 2,
                       "cap": "10s", "jitter": { "symmetric": 0.25 }, "clip": true },
          "retry_after": "ignored" }] },
    { "name": "inner",
      "budget": { "attempts": 3, "elapsed": "300s" },
      "attempt_timeout": { "limit": "90s", "kind": "total" },
      "rules": [
        { "on": { "status": ["429"] }, "do": "pass" },
        { "on": { "status": ["503"] }, "do": "retry",
          "backoff": { "schedule": "constant", "base": "1s" },
          "retry_after": "ignored" },
        { "on": { "transport": ["refused", "reset"] }, "do": "retry",
          "backoff": { "schedule": "constant", "base": "1s" },
          "retry_after": "ignored" }] }]
}
"""

MEANING = """\
two: Two layers
as in a book
2 layers, outermost first
  layer outer; no limit of attempts or time; 7 slots per session, held for the call; 120min without progress
    on 408 429 500-599 any transport fault: retry; Retry-After is ignored
      retry         min     nominal         max
          1     0.375 s     0.500 s     0.625 s
          2     0.750 s     1.000 s     1.250 s
          3     1.500 s     2.000 s     2.500 s
          4     3.000 s     4.000 s     5.000 s
          5     6.000 s     8.000 s    10.000 s
          6     7.500 s    10.000 s    10.000 s  and so on
  layer inner; at most 3 attempts; gives up after 5min; 90s per attempt
    on 429: left to the layer outside
    on 503: retry; Retry-After is ignored
      retry         min     nominal         max
          1     1.000 s     1.000 s     1.000 s  and so on
    on refused reset: retry; Retry-After is ignored
      delays as above
"""


def test_the_meaning_of_a_profile(tmp_path):
    """The delays are those of the law: 0.5 s doubling to 10 s, 25 % around,
    cut at the cap; and no more of them than there can be retries."""
    (tmp_path / "two.jsonc").write_text(LAYERS)
    done = run("show", "--summary", "two.jsonc", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == MEANING


WORDS = """{
  "retryspec": 1, "profile": "words", "title": "t", "source": "s",
  "follow_up": "POST /b", "queue_state": { "state": "/q", "reason": "/r", "debounce": "60s" }, "handler_cache": 9,
  "layers": [
    { "name": "out", "enabled": false,
      "budget": { "tokens": { "capacity": 100, "cost": 1, "timeout_cost": 2, "refund": 0.5, "per_call": 3,
                              "threshold": 50, "failures_cost": true },
                  "concurrent": { "share": 0.2, "least": 3 } },
      "throttle": { "k": 2, "window": "120s", "rejected": ["503"] },
      "slots": { "limit": 4, "scope": "url-and-key", "throttled": { "limit": 2, "window": "10s" },
                 "bytes": { "limit": 1024, "penalty": 20 }, "ask_again": { "schedule": "constant", "base": "2ms" } },
      "breaker": { "failures": 5, "reset": "30s", "checked": "call", "retryable": true } },
    { "name": "in",
      "rate_limiter": { "scope": "url-and-key", "poll": "100ms", "clears_on_success": true, "per_second": 2, "burst": 3 },
      "rules": [
        { "on": { "status": ["429"], "request_bytes": { "at_least": 5, "at_most": 9 } }, "do": "pass",
          "retry_after": { "read": [{ "body": "/ms", "as": ["ms"] }], "use": "between", "at_least": "1s",
                           "at_most": "2s", "default": "3s" }, "closes_limiter": true },
        { "on": { "status": ["402"], "request_bytes": { "at_most": 9 } }, "do": "poll", "within": "1h",
          "backoff": { "schedule": "constant", "base": "5s" } },
        { "on": { "status": ["400"], "body": { "pointer": "/c", "value": "v", "ignores_case": true } }, "do": "poll",
          "count": "streak", "limit": 3 },
        { "on": { "status": ["500"], "request_bytes": { "at_least": 5 } }, "do": "retry", "count": "iterations",
          "backoff": { "schedule": "exponential", "base": "1s", "overflow": "raise" }, "limit": 2 },
        { "on": { "status": ["503"] }, "do": "retry", "backoff": { "schedule": "none" } },
        { "on": { "status": ["410"] }, "do": "start-over" }] }]
}
"""

IN_WORDS = """\
words: t
as in s
2 layers, outermost first
  layer out; no limit of attempts or time; 100 retry tokens, 1 for a failure, 2 after a timeout, \
0.5 back by a success, 3 by each call, retries only above 50; \
retries at a time: 0.2 of the attempts in flight, at least 3; 4 slots per base URL and key, held for the call
    switched off: its rules and budget do nothing
    while its limiter is closed and for 10s after, one of 2 slots more
    1KiB of requests in flight, each counted 20 times in that window
    who waits for one asks again after 0.002 s, later 0.002 s
    circuit: open for 30s after 5 failures in a row, then 1 at a time; checked for each call; retried further out when open
    throttle: by chance, as far as more than 2 times the requests accepted in 2min are asked for; final when not sent
  layer in; no limit of attempts or time
    rate limiter per base URL and key, looked at every 100ms, opened by a success, 2 attempts a second, 3 at once
    on 429 if the request has 5 to 9 bytes: left to the layer outside; obeys body /ms between 1s and 2s, else 3s; \
closes the limiter for as long
    on 402 if the request has at most 9 bytes: ask again; for 60min
      retry         min     nominal         max
          1     5.000 s     5.000 s     5.000 s  and so on
    on 400 if body /c is v in any case: ask again at once; at most 3 in a row
    on 500 if the request has at least 5 bytes: retry; Retry-After is ignored; at most 2 retries and polls; \
an overflow ends the call
      retry         min     nominal         max
          1     1.000 s     1.000 s     1.000 s
          2     2.000 s     2.000 s     2.000 s
    on 503: retry; Retry-After is ignored
      at once
    on 410: start over with a new request at once
  then POST /b, through the layers that cover it
  tells of the queue by body /q and /r, once in 60s
  the last 9 handlers are kept
"""


def test_the_meaning_of_what_calls_share(tmp_path):
    (tmp_path / "words.jsonc").write_text(WORDS)
    done = run("show", "--summary", "words.jsonc", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == IN_WORDS


@pytest.mark.parametrize("path", sorted((SCENARIOS / "profiles").glob("*.jsonc")), ids=lambda path: path.stem)
def test_every_profile_can_be_shown(tmp_path, path):
    """What is shown reads as the same profile, and its meaning names each layer."""
    shown = run("show", path.stem)
    assert (shown.returncode, shown.stderr) == (0, "")
    copy = tmp_path / "copy.jsonc"
    copy.write_text(shown.stdout)
    meaning = run("show", "--summary", path.stem).stdout
    assert run("show", "--summary", copy).stdout == meaning
    assert "(null)" not in meaning
    assert [line.split()[1].rstrip(";") for line in meaning.splitlines() if line.startswith("  layer ")] == \
        re.findall(r'^      "name": "([^"]+)"', path.read_text(), re.M)


def test_show_where():
    assert run("show", "--path", "tinker-submit").stdout == (
        "scenarios/profiles/tinker-submit.jsonc (carried in this program)\n")


@pytest.mark.parametrize("name, message", [
    ("tinker-submt", 'there is no profile "tinker-submt"\n    did you mean "tinker-submit"?\n'),
    ("429-seconds",
     'there is no scenario "429-seconds"\n    did you mean "retry-after/429-seconds"?\n'),
    ("./x.jsonc", 'there is no file "./x.jsonc"\n'),
])
def test_show_what_is_not_there(name, message):
    done = run("show", name)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


# -- explain, schema -----------------------------------------------------------


def test_explain():
    done = run("explain", "ra-1")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "RA-1  MUST  wait at least Retry-After before the next attempt\n")
    assert "RFC 9110 10.2.3" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 79
    rules = json.loads(run("explain", "--json").stdout)
    listed_ids = [line.split()[0] for line in run("explain").stdout.splitlines()]
    assert [rule["id"] for rule in rules] == listed_ids
    assert all(rule["text"] and rule["source"] for rule in rules)


def test_every_rule_can_be_explained():
    for rule in json.loads(run("explain", "--json").stdout):
        told = run("explain", rule["id"]).stdout
        assert told.startswith(rule["id"] + "  ")
        assert ("\nallows " in told) == bool(rule["tolerances"])
        for tolerance in rule["tolerances"]:
            assert f"{tolerance['from']}: " in told


def test_tolerances_are_a_part_of_their_own():
    """What is granted stands there with its source, and no longer in the text of how the rule is computed."""
    rules = {rule["id"]: rule for rule in json.loads(run("explain", "--json").stdout)}
    assert [item["from"] for item in rules["BO-1"]["tolerances"]] == ["client-timer"]  # early is strict
    assert "measured-lag" in [item["from"] for item in rules["BO-2"]["tolerances"]]
    assert rules["ST-2"]["tolerances"] == []
    for rule in rules.values():
        assert "tolerance." not in rule["computed"] and "the lag" not in rule["computed"]
    assert "\nallows    client-timer: the gap may be shorter by tolerance.early;" in run("explain", "BO-1").stdout


def test_schemas():
    names = run("schema").stdout.split()
    files = (SCENARIOS / "schema").glob("*.schema.json")
    assert names == sorted(file.name[:-len(".schema.json")] for file in files)
    for name in names:
        text = run("schema", name).stdout
        assert "$schema" in json.loads(text)
        assert text == (SCENARIOS / f"schema/{name}.schema.json").read_text()


@pytest.mark.parametrize("name", ["scenario", "profile", "verdict", "trace", "rules"])
def test_every_format_has_a_schema(name):
    assert name in run("schema").stdout.split()


# -- lint ----------------------------------------------------------------------

SCENARIO = """// a comment
{
  "retryspec": 1,
  "id": "my/story",
  "title": "t",
  "tags": ["mine"],
  "takes": "1s",
  "workload": { "request": "POST /v1/x" },
  "server": [
    { "match": "POST /v1/x", "per": "call", "after_last": "repeat",
      "steps": [{ "reply": 200 }] }
  ],
  "checks": ["OUT-1"]
}
"""

PROFILE = """{
  "retryspec": 1,
  "profile": "my-profile",
  "title": "t",
  "source": "s",
  "layers": [{ "name": "a", "rules": [
    { "on": { "status": ["429"] }, "do": "retry",
      "backoff": { "schedule": "constant", "base": "1s" },
      "retry_after": "ignored" }] }]
}
"""


@pytest.mark.parametrize("before, after, expected", [
    ('"takes"', '"tkes"', ['mine.jsonc:7:3: unknown key "tkes"', 'did you mean "takes"?']),
    ('"1s"', "1", ["mine.jsonc:7:12: "]),
    ('["OUT-1"]', '["OUT-1", "RA-11"]',
     ['mine.jsonc:13:23: there is no rule "RA-11" (checks[1])', 'did you mean "RA-1"?']),
    ('["OUT-1"]', '[{ "rule": "OUTT-1" }]',
     ['mine.jsonc:13:24: there is no rule "OUTT-1" (checks[0].rule)', 'did you mean "OUT-1"?']),
    ('"title": "t",', '"title": "t", "title": "u",', ["mine.jsonc:5:17: "]),
    ("}\n", "", ["mine.jsonc:14:1: "]),
])
def test_lint_a_scenario(tmp_path, before, after, expected):
    """Each mistake is shown at its place; the one that is right has none."""
    (tmp_path / "mine.jsonc").write_text(SCENARIO)
    done = run("lint", "mine.jsonc", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file, no problem\n", "")
    head, _, tail = SCENARIO.rpartition(before)
    (tmp_path / "mine.jsonc").write_text(head + after + tail)
    done = run("lint", "mine.jsonc", cwd=tmp_path)
    assert done.returncode == 2
    for text in expected:
        assert text in done.stderr, done.stderr


@pytest.mark.parametrize("before, after, expected", [
    ('"1s"', "1", ["mine.jsonc:8:52: ", "(layers[0].rules[0].backoff.base)"]),
    ('"retry"', '"retri"', ['found "retri" (layers[0].rules[0].do)', 'did you mean "retry"?']),
    ('"s",', '"s", "not_applicable": [{ "rule": "RA-11", "reason": "r" }],',
     ['there is no rule "RA-11" (not_applicable[0].rule)', 'did you mean "RA-1"?']),
])
def test_lint_a_profile(tmp_path, before, after, expected):
    (tmp_path / "mine.jsonc").write_text(PROFILE)
    done = run("lint", "mine.jsonc", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file, no problem\n", "")
    (tmp_path / "mine.jsonc").write_text(PROFILE.replace(before, after))
    done = run("lint", "mine.jsonc", cwd=tmp_path)
    assert done.returncode == 2
    for text in expected:
        assert text in done.stderr, done.stderr


def test_lint_a_file_of_no_kind(tmp_path):
    (tmp_path / "x.jsonc").write_text("{}")
    done = run("lint", "x.jsonc", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "x.jsonc:1:1: neither a scenario, a profile, a world nor a rule catalogue\n"
        '    a scenario has "id" and "server", a profile "profile" and "layers", '
        'a world "world", a catalogue "rules"\n1 file, 1 problem\n')


def test_lint_what_cannot_be_read(tmp_path):
    done = run("lint", "nothing.jsonc", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        'can\'t read "nothing.jsonc": No such file or directory\n'
        f'can\'t read "{tmp_path}": Is a directory\n2 files, 2 problems\n')


def test_lint_does_not_wait_for_a_pipe(tmp_path):
    """What a shell makes of <(command) is one too, but has a writer."""
    os.mkfifo(tmp_path / "pipe")
    done = run("lint", str(tmp_path / "pipe"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "pipe\" is a named pipe\n    a file is wanted" in done.stderr
    done = subprocess.run(["bash", "-c", '"$0" lint <("$0" show smoke/ok)', RETRYSPEC], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "1 file, no problem\n"), done.stderr


@pytest.mark.parametrize("character", ["\x1b", "\x7f", "\x80", "\x9b", "\x9f"])
def test_no_text_moves_the_cursor(tmp_path, character):
    """A terminal may take the single character U+009B for ESC [."""
    path = tmp_path / "p.jsonc"
    profile = (SCENARIOS / "profiles/http-generic.jsonc").read_text()
    path.write_text(re.sub('"title": "', '"title": "' + character.replace("\x1b", "\\\\u001b"), profile, count=1))
    done = run("lint", str(path))
    assert done.returncode == 2
    assert "control " in done.stderr and "in a line of text (title)" in done.stderr


def test_lint_ids_that_are_taken(tmp_path):
    (tmp_path / "a.jsonc").write_text(SCENARIO)
    (tmp_path / "b.jsonc").write_text(SCENARIO)
    done = run("lint", "a.jsonc", "b.jsonc", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == ('b.jsonc: the id "my/story" is taken by a.jsonc\n'
                           "2 files, 1 problem\n")


def test_lint_json(tmp_path):
    (tmp_path / "good.jsonc").write_text(PROFILE)
    (tmp_path / "bad.jsonc").write_text(SCENARIO.replace('"takes"', '"tkes"'))
    done = run("lint", "--json", "good.jsonc", "bad.jsonc", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    report = json.loads(done.stdout)
    good, bad = report["files"]
    assert (good["kind"], good["id"], good["problems"]) == ("profile", "my-profile", [])
    assert (bad["kind"], bad["id"]) == ("scenario", None)
    problem = bad["problems"][0]
    assert (problem["line"], problem["column"]) == (7, 3)
    assert problem["message"] == 'unknown key "tkes"'
    assert problem["hint"] == 'did you mean "takes"?'
    assert report["problems"] == len(bad["problems"])


def test_all_that_is_shipped_is_right():
    done = run("lint")
    assert (done.returncode, done.stderr) == (0, "")
    others = [path for kind in ("profiles", "worlds") for path in (SCENARIOS / kind).glob("*.jsonc")]
    assert done.stdout.splitlines()[-1] == (
        f"{len(shipped_ids()) + len(others) + 1} files, no problem")


# -- init, judge ---------------------------------------------------------------


@pytest.mark.parametrize("language, file, build, command", [
    ("sh", "adapter.sh", "", "sh adapter.sh"), ("python", "adapter.py", "", "python3 adapter.py"),
    ("node", "adapter.mjs", "", "node adapter.mjs"), ("go", "adapter.go", "", "go run adapter.go"),
    ("rust", "adapter.rs", "rustc -O -o adapter adapter.rs && ", "./adapter"),
    ("java", "adapter.java", "", "java adapter.java"), ("elixir", "adapter.exs", "", "elixir adapter.exs")])
def test_init(tmp_path, language, file, build, command):
    done = run("init", "--lang", language, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"Next: {build}{RETRYSPEC} smoke -- {command}"
    text = (tmp_path / file).read_text()
    assert text == (ROOT / "adapters" / file).read_text()
    assert text.count("YOUR CLIENT") == 1


def test_init_names_all_its_languages():
    languages = "sh, python, node, go, rust, java or elixir"
    assert languages in run("init", "--help").stdout
    assert run("init", "--lang", "cobol").stderr.splitlines()[0] == (
        f'retryspec init: no adapter for "cobol": --lang {languages}? docs/adapters.md says what one does')


def test_init_never_overwrites(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("precious")
    done = run("init", "--lang", "python", "--out", "mine.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ('"mine.py" is there already\n'
                           "    name another with --out, or replace it with --force\n")
    assert mine.read_text() == "precious"
    done = run("init", "--lang", "python", "--out", "mine.py", "--force", cwd=tmp_path)
    assert done.returncode == 0
    assert "YOUR CLIENT" in mine.read_text()


def test_init_where_nothing_can_be_written():
    done = run("init", "--lang", "python", "--out", "/nonexistent/x.py")
    assert done.returncode == 3
    assert done.stderr == 'can\'t write "/nonexistent/x.py": No such file or directory\n'


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Folder of a run of one scenario by a client that obeys Retry-After."""
    out = tmp_path_factory.mktemp("out")
    done = run("run", "retry-after/429-seconds", "--out", out, "--",
               "sh", ROOT / "adapters/adapter.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "retry-after/429-seconds"


def verdicts(scenario):
    return {check["rule"]: check for check in scenario["verdicts"]}


def test_judge_says_what_the_run_said(recorded):
    done = run("judge", recorded / "trace.ndjson", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    live = json.loads((recorded / "verdict.json").read_text())
    assert verdicts(report["scenarios"][0]) == verdicts(live["scenarios"][0])
    assert report["command"] == []
    schema("verdict").validate(report)


def test_judge_by_another_profile(recorded, tmp_path):
    """A profile that waits 20 s sees the same trace as too early."""
    text = PROFILE.replace('"1s"', '"20s"')
    (tmp_path / "slow.jsonc").write_text(text)
    done = run("judge", recorded / "trace.ndjson", "-p", tmp_path / "slow.jsonc")
    assert done.returncode == 1
    assert "x  BO-1" in done.stdout
    assert "exit 1: " in done.stdout.splitlines()[-1]
    assert "ok RA-1" in run("judge", "-v", recorded / "trace.ndjson").stdout


def test_judge_a_client_that_crashed(recorded, tmp_path):
    """A stored trace says 3 where the run said 3."""
    lines = (recorded / "trace.ndjson").read_text().splitlines()
    crashed = [re.sub(r'"code":0', '"code":1', line) for line in lines
               if '"ev":"result"' not in line]
    (tmp_path / "trace").write_text("\n".join(crashed) + "\n")
    done = run("judge", tmp_path / "trace")
    assert done.returncode == 3
    assert "client crashed" in done.stdout


def test_judge_needs_a_profile_and_a_scenario(recorded, tmp_path):
    lines = (recorded / "trace.ndjson").read_text().splitlines()
    head = json.loads(lines[0])
    del head["profile"]
    (tmp_path / "trace").write_text("\n".join([json.dumps(head), *lines[1:]]) + "\n")
    done = run("judge", tmp_path / "trace")
    assert (done.returncode, done.stderr) == (
        2, "the trace names no profile; give one with --profile\n")
    done = run("judge", tmp_path / "trace", "-p", "http-generic", "--scenario", "nothing")
    assert done.returncode == 2
    assert done.stderr.startswith('there is no scenario "nothing"\n')


def schema(name):
    return jsonschema.Draft202012Validator(json.loads(run("schema", name).stdout))


def test_a_trace_keeps_its_schema(recorded):
    lines = (recorded / "trace.ndjson").read_text().splitlines()
    events = set()
    for line in map(json.loads, lines):
        schema("trace").validate(line)
        events.add(line["ev"])
    assert {"run", "spawn", "accept", "request", "response", "result", "end"} <= events
    line = json.loads(lines[0])
    assert not schema("trace").is_valid(line | {"seed": 1})


def test_the_rules_keep_their_schema():
    rules = json.loads(run("explain", "--json").stdout)
    schema("rules").validate({"retryspec": 1, "rules": rules})
    assert not schema("rules").is_valid({"retryspec": 1, "rules": [rules[0] | {"id": "x"}]})


def test_judge_what_is_no_trace(tmp_path):
    done = run("judge", "/nonexistent")
    assert (done.returncode, done.stderr) == (2, 'there is no file "/nonexistent"\n')
    (tmp_path / "trace").write_text("{\n")
    assert run("judge", "trace", cwd=tmp_path).returncode == 2
