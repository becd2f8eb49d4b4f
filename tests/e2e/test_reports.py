"""Reports as independent readers take them: JUnit, TAP, Markdown, HTML, GitHub's
commands, a badge; with strings that would break each of them. The page is also
opened in a browser, where there is one."""
import functools
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import browser_kit
import html5lib
import jsonschema
import junitparser
import markdown_it
import pytest
import tap.parser

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILE = ROOT / "tests/clients/quick.jsonc"
FORMATS = {"json": "r.json", "junit": "r.xml", "tap": "r.tap", "markdown": "r.md", "github": "r.github",
           "badge": "r.badge", "html": "r.html", "text": "r.txt"}
HOSTILE = "a|b `c` <i>&amp; ]]> ::error::%0A #2 \\ \"q\" 'r' [l](x) \u202e \U0001f600"
STDERR = b"last | words `x` </script><b> ]]> ::error::%0A \x01\x1b[31m \xff\xfe @all\n"

pytestmark = pytest.mark.xdist_group("reports")  # they share two runs

# What the client does is in the name of the scenario.
ADAPTER = f'''
import json, os, sys, time, urllib.error, urllib.request
plan = json.loads(os.environ["RETRYSPEC_PLAN"])
name = os.environ["RETRYSPEC_SCENARIO"].split("/")[-1]
if name == "skips":
    sys.stderr.buffer.write({STDERR!r})
    sys.exit(77)
token, outcome = "rs-0-0", {{"call": "rs-0-0", "outcome": "error", "error": {HOSTILE!r}}}
def call():
    request = urllib.request.Request(os.environ["RETRYSPEC_BASE_URL"] + "/v1/echo", method="POST",
                                     data=json.dumps({{"token": token}}).encode())
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
status = call()
if name == "fine":
    while status != 200:
        time.sleep(0.13)
        status = call()
    outcome = {{"call": token, "outcome": "ok", "status": 200}}
if name == "crashes":
    sys.stderr.buffer.write({STDERR!r})
    sys.exit(3)
open(os.environ["RETRYSPEC_RESULTS"], "a").write(json.dumps(outcome) + "\\n")
'''


def scenario(folder, name, title="a title"):
    path = folder / f"scenarios/t/{name}.jsonc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "retryspec": 1, "id": f"t/{name}", "title": title, "takes": "1s", "tags": ["quick", "made-here"],
        "workload": {"request": "POST /v1/echo"},
        "server": [{"match": "POST /v1/echo", "per": "call", "after_last": "repeat",
                    "steps": [{"reply": 503, "text": "no"}, {"json": {"ok": True}}]}],
        "checks": ["OUT-1", "AT-1"]}))
    return path


def run(folder, *arguments, expect, env=None):
    done = subprocess.run([RETRYSPEC, *map(str, arguments)], cwd=folder, capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    assert done.returncode == expect, (done.stdout + done.stderr).decode(errors="replace")
    return done


def client(folder, text=ADAPTER):
    path = folder / "adapter.py"
    path.write_text(text)
    return ["--", sys.executable, path, b"\xff".decode(errors="surrogateescape")]


def reports(folder):
    return [word for form, name in FORMATS.items() for word in ("--report", f"{form}={folder / name}")]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """All formats of one run of clients that fail, crash, skip and conform."""
    folder = tmp_path_factory.mktemp("hostile")
    files = [scenario(folder, name, HOSTILE) for name in ("fails", "crashes", "skips", "fine")]
    (folder / "summary.md").write_text("before\n")
    done = run(folder, "run", "-p", PROFILE, "--skip-smoke", *files, *reports(folder), *client(folder), expect=1,
               env={"GITHUB_STEP_SUMMARY": str(folder / "summary.md")})
    return folder, done


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """All formats of scenarios in virtual time."""
    folder = tmp_path_factory.mktemp("large")
    run(folder, "sim", "outage/*", "transport/*", "limits/*", *reports(folder), "-q", expect=0)
    return folder


@pytest.fixture(params=["hostile", "large"])
def folder(request):
    value = request.getfixturevalue(request.param)
    return value[0] if request.param == "hostile" else value


def checks_of(folder):
    report = json.loads((folder / "r.json").read_text())
    return [(each["id"], verdict) for each in report["scenarios"] for verdict in each["verdicts"]]


# -- formats -----------------------------------------------------------------

def test_json_keeps_its_schema(folder):
    schema = json.loads((ROOT / "scenarios/schema/verdict.schema.json").read_text())
    report = json.loads((folder / "r.json").read_bytes().decode("utf-8"))
    jsonschema.validate(report, schema)


def test_junit_is_xml_whose_numbers_add_up(folder):
    suites = junitparser.JUnitXml.fromfile(str(folder / "r.xml"))
    claimed = suites.tests, suites.failures, suites.errors, suites.skipped
    cases = [case for suite in suites for case in suite]
    kinds = [type(result).__name__ for case in cases for result in case.result]
    assert claimed == (len(cases), kinds.count("Failure"), kinds.count("Error"), kinds.count("Skipped"))
    for suite in suites:
        before = suite.tests, suite.failures, suite.errors, suite.skipped
        suite.update_statistics()
        assert before == (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert len(cases) >= len(checks_of(folder))


def test_tap_is_read_point_by_point(folder):
    lines = list(tap.parser.Parser().parse_file(str(folder / "r.tap")))
    assert not [line for line in lines if line.category == "unknown"]
    points = [line for line in lines if line.category == "test"]
    plan = [line for line in lines if line.category == "plan"]
    assert len(plan) == 1 and plan[0].expected_tests == len(points)
    assert [point.number for point in points] == list(range(1, len(points) + 1))
    verdicts = [verdict for _, verdict in checks_of(folder)]
    judged = [point for point in points if "client under test" not in point.description]
    assert len(judged) == len(verdicts)
    for point, verdict in zip(judged, verdicts):
        assert verdict["rule"] in point.description
        assert point.ok == (verdict["verdict"] in ("pass", "n/a"))
        assert bool(point.skip) == (verdict["verdict"] == "n/a")
        if not point.ok and "observed" in verdict:
            assert point.yaml_block["observed"] == verdict["observed"]
            assert point.yaml_block["expected"] == verdict["expected"]


@pytest.mark.skipif(not shutil.which("prove"), reason="no prove")
def test_a_tap_harness_agrees(hostile, large):
    for folder, code in ((hostile[0], 1), (large, 0)):
        # Perl's harness knew version 13 for long; it reads all that we use of 14.
        old = folder / "r13.tap"
        old.write_text((folder / "r.tap").read_text().replace("TAP version 14", "TAP version 13", 1))
        done = subprocess.run(["prove", "-e", "cat", old], capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Parse errors" not in done.stdout


def tables(text):
    """Every table as rows of cells, as text."""
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    found = []
    for i, token in enumerate(tokens):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            cell = tokens[i + 1].children
            assert {child.type for child in cell} <= {"text", "text_special", "strong_open", "strong_close"}
            found[-1][-1].append("".join(child.content for child in cell))
    return found


def one_line(text):
    return "".join(c for c in re.sub(r"[\t\n\r\u2028\u2029]", " ", text)
                   if not (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e"))


def test_markdown_tables_hold_what_was_observed(hostile):
    found = tables((hostile[0] / "r.md").read_text())
    clients = [row for table in found if table[0][1] == "Client under test" for row in table[1:]]
    assert {row[0] for row in clients} == {"t/crashes", "t/skips"}
    assert all("last | words `x` </script><b> ]]> ::error::%0A" in row[2] for row in clients)
    assert all("@all" in row[2] for row in clients)
    rows = [row for table in found if "Observed" in table[0] for row in table[1:]]
    broken = [(name, verdict) for name, verdict in checks_of(hostile[0])
              if verdict["verdict"] not in ("pass", "n/a")]
    assert len(rows) == len(broken) > 0
    for row, (name, verdict) in zip(rows, broken):
        assert row[1:3] == [name, f"{verdict['rule']} {verdict['level'].upper()}"]
        assert row[4] == one_line(verdict.get("observed", ""))[:400].strip()


def test_the_step_summary_is_added_to_the_file(hostile):
    text = (hostile[0] / "summary.md").read_text()
    assert text.startswith("before\n### retryspec: ")
    assert text == "before\n" + (hostile[0] / "r.md").read_text()


def unescape(text):
    for code, byte in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, byte)
    return text


def test_commands_of_github_stay_commands(hostile):
    lines = (hostile[0] / "r.github").read_text().splitlines()
    assert lines
    messages = []
    for line in lines:
        match = re.fullmatch(r"::(error|warning) ((?:\w+=[^:,]*,?)+)::(.*)", line)
        assert match, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert pathlib.Path(unescape(properties["file"])).exists()
        messages.append(unescape(match[3]))
    assert any("::error::%0A" in message for message in messages)
    assert sum("the client under test crashed" in message for message in messages) == 1


def test_github_without_its_file_says_so(tmp_path):
    env = {"GITHUB_STEP_SUMMARY": ""}
    done = run(tmp_path, "sim", "status/400-final", "-q", "--report", "github", expect=0, env=env)
    assert b"GITHUB_STEP_SUMMARY is not set" in done.stderr


def test_the_badge_is_what_shields_reads(folder):
    badge = json.loads((folder / "r.badge").read_text())
    assert badge["schemaVersion"] == 1 and badge["label"] and badge["message"]
    assert badge["color"] in ("brightgreen", "red")
    assert set(badge) <= {"schemaVersion", "label", "message", "color", "isError"}


# -- the page ----------------------------------------------------------------

@functools.cache
def parse(path):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(path.read_bytes())


def test_the_page_is_html_and_needs_nothing_else(folder):
    page = parse(folder / "r.html")
    assert not list(page.iter("link")) and not list(page.iter("img")) and not list(page.iter("iframe"))
    for element in page.iter():
        if isinstance(element.tag, str):
            assert not {"src", "srcset", "onclick", "onload"} & set(element.attrib)
            assert not str(element.get("href", "#")).strip("#").count(":")
    assert len(list(page.iter("script"))) == 1
    text = (folder / "r.html").read_text()
    assert "http://" not in re.sub(r"http://www.w3.org/\S*", "", text.split("<main>")[0])
    ids = [element.get("id") for element in page.iter() if isinstance(element.tag, str) and element.get("id")]
    assert len(ids) == len(set(ids))


def test_the_page_tells_each_verdict(hostile):
    page = parse(hostile[0] / "r.html")
    shown = {each.get("id"): each for each in page.iter("details")}
    assert shown["t/fails"].get("data-end") == "fail"
    assert shown["t/crashes"].get("data-end") == "unjudged"
    assert shown["t/skips"].get("data-end") == "skip"
    assert "quick made-here" == shown["t/fine"].get("data-tags")
    text = "".join(shown["t/fails"].itertext())
    for name, verdict in checks_of(hostile[0]):
        if name == "t/fails" and verdict["verdict"] == "fail":
            assert one_line(verdict["observed"]) in one_line(text)
            assert verdict["expected"] in text
            assert f"explain {verdict['rule']}" in text
    assert "last | words `x` </script><b> ]]>" in "".join(shown["t/crashes"].itertext())
    assert one_line(HOSTILE) in text


@pytest.mark.skipif(not shutil.which("gnuplot"), reason="no gnuplot")
def test_plots_are_in_the_page(large):
    svg = "{http://www.w3.org/2000/svg}"
    page = parse(large / "r.html")
    for each in page.iter("details"):
        plots = list(each.iter(f"{svg}svg"))
        labels = [plot.get("aria-label") for plot in plots]
        assert labels[:1] == ["Attempts by time"], each.get("id")
    assert sum("law" in (plot.get("aria-label") or "") for plot in page.iter(f"{svg}svg")) >= 10
    assert "rgb(  1" not in (large / "r.html").read_text()


@pytest.mark.parametrize("what, text", [("none", "gnuplot was not found. The Debian package gnuplot-nox brings it"),
                                        ("broken", "gnuplot was there, but did not draw them")])
def test_without_gnuplot_the_page_says_how_to_get_it(tmp_path, what, text):
    folder = tmp_path / "bin"
    folder.mkdir()
    if what == "broken":
        (folder / "gnuplot").write_text("#!/bin/sh\nexit 1\n")
        (folder / "gnuplot").chmod(stat.S_IRWXU)
    run(tmp_path, "sim", "status/400-final", "-q", "--report", "html=r.html", expect=0, env={
        "PATH": str(folder), "TMPDIR": str(tmp_path)})
    assert text in (tmp_path / "r.html").read_text()
    parse(tmp_path / "r.html")
    assert not list(tmp_path.glob("retryspec-*"))


PROBE = """<script>const m=n=>getComputedStyle(document.body).getPropertyValue(n);
addEventListener('load',()=>{const f=document.querySelector('.filter'),seen=()=>
[...document.querySelectorAll('.scenario')].filter(s=>!s.hidden).map(s=>s.id);
const all=seen();f.elements.end.value='bad';f.dispatchEvent(new Event('input'));const bad=seen();
f.elements.rule.value='ST-1';f.dispatchEvent(new Event('input'));const rule=seen();
document.querySelectorAll('details').forEach(d=>d.open=true);f.reset();f.dispatchEvent(new Event('input'));
document.body.dataset.probe=JSON.stringify({all,bad,rule,paper:m('background-color'),
wide:document.documentElement.scrollWidth,room:innerWidth,hidden:f.hidden,count:f.elements.count.value})})</script>"""


def probe(folder, page, width, dark):
    """What the page is in a browser of that width."""
    return browser_kit.probe(folder, page.read_text().replace("</body>", PROBE + "</body>"), width, dark)


@pytest.mark.skipif(not browser_kit.browser(), reason="no Chromium here: the page is not opened in a browser")
def test_the_page_in_a_browser(hostile, tmp_path):
    page = hostile[0] / "r.html"
    phone = probe(tmp_path, page, 390, dark=False)
    assert phone["room"] <= 500 and phone["wide"] <= phone["room"]  # nothing sticks out
    assert phone["all"] == ["t/fails", "t/crashes", "t/skips", "t/fine"]
    assert phone["bad"] == ["t/fails", "t/crashes"]
    assert phone["rule"] == ["t/fails"]
    assert phone["hidden"] is False and phone["count"] == "4 of 4 scenarios"
    desk = probe(tmp_path, page, 1200, dark=True)
    assert desk["wide"] <= desk["room"]
    assert phone["paper"] == "rgb(255, 255, 255)" != desk["paper"]


# -- the command line --------------------------------------------------------

def test_formats_are_suggested(tmp_path):
    done = run(tmp_path, "sim", "--report", "markdwon", expect=2)
    assert b"did you mean markdown?" in done.stderr
    done = run(tmp_path, "sim", "--report", "html=", expect=2)
    assert b"the file's name is missing" in done.stderr


# -- baseline and repeats ----------------------------------------------------

@pytest.fixture
def failing(tmp_path):
    path = scenario(tmp_path, "fails")
    return ["run", "-p", PROFILE, "--skip-smoke", path], client(tmp_path)


def test_a_baseline_excuses_what_it_lists_until_it_is_stale(tmp_path, failing):
    start, command = failing
    list_file = tmp_path / "retryspec.baseline"
    run(tmp_path, *start, *command, expect=1)
    list_file.write_text("# our debts\nt/fails:OUT-1   wrong outcome, issue 7\n")
    done = run(tmp_path, *start, *command, expect=1)
    assert b"baseline retryspec.baseline: 1 known to fail" in done.stdout
    run(tmp_path, *start, "--baseline-update", *command, expect=0)
    text = list_file.read_text()
    assert text.startswith("# our debts\n") and "t/fails:ST-1" in text and "unexplained: " in text
    done = run(tmp_path, *start, *reports(tmp_path), *command, expect=0)
    assert b"KNOWN   t/fails:ST-1" in done.stdout
    known = [verdict for _, verdict in checks_of(tmp_path) if "baseline" in verdict]
    assert {each["baseline"]["is"] for each in known} == {"xfail"}
    assert junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml")).failures == 0
    fine = tmp_path / "fine.py"
    fine.write_text(ADAPTER.replace('"fine"', '"fails"'))
    done = run(tmp_path, *start, "--", sys.executable, fine, expect=1)
    assert b"STALE   t/fails:ST-1" in done.stdout
    assert b"exit 1: the baseline has lines that no longer hold" in done.stdout
    run(tmp_path, *start, "--baseline-update", "--", sys.executable, fine, expect=0)
    assert list_file.read_text() == "# our debts\n"


@pytest.mark.parametrize("line, message, hint", [
    ("t/fails:OUT-9  x", "known:2:9: there is no rule \"OUT-9\"", "did you mean \"OUT-1\"?"),
    ("t/fials:OUT-1  x", "known:2:1: \"t/fials\" matches no scenario", "did you mean \"t/fails\"?"),
    ("t/fails:OUT-1", "known:2:14: the reason is missing", "say why"),
    ("t/fails OUT-1", "known:2:1: expected SCENARIO:RULE", "a line reads: "),
    ("t/fails:OUT-1 x until=2027-13-01", "known:2:17: until= takes a day", "until=2027-01-31")])
def test_bad_baselines_are_told_by_place(tmp_path, failing, line, message, hint):
    start, command = failing
    (tmp_path / "known").write_text(f"# list\n{line}\n")
    done = run(tmp_path, *start, "--baseline", "known", *command, expect=2)
    assert message in done.stderr.decode() and hint in done.stderr.decode()


def test_a_baseline_that_is_not_there(tmp_path, failing):
    start, command = failing
    done = run(tmp_path, *start, "-b", "known", *command, expect=2)
    assert b"can't read the baseline known: No such file" in done.stderr


@pytest.mark.parametrize("make, what", [
    (os.mkfifo, "no regular file"), (os.mkdir, "no regular file"),
    (lambda path: path.symlink_to("elsewhere"), "a link")])
def test_only_a_file_is_replaced_by_a_new_baseline(tmp_path, failing, make, what):
    start, command = failing
    known = tmp_path / "known"
    make(known)
    kind = known.lstat().st_mode
    done = run(tmp_path, *start, "-b", "known", "--baseline-update", *command, expect=2)
    assert f"can't write the baseline known anew: it is {what}" in done.stderr.decode()
    assert known.lstat().st_mode == kind


def test_repeats_find_what_flips(tmp_path):
    path = scenario(tmp_path, "fine")
    count = tmp_path / "count"
    flip = ADAPTER.replace("status = call()\n", f"""status = call()
count = {str(count)!r}
open(count, "a").write("x")
if os.path.getsize(count) == 2:
    name = "fails"
""", 1)
    done = run(tmp_path, "run", "-p", PROFILE, "--skip-smoke", path, "--repeat", 3, *reports(tmp_path),
               *client(tmp_path, flip), expect=1)
    assert b"run 3 of 3" in done.stdout
    assert b"FAILED  t/fine:ST-1  flaky: failed in 1 of 3 runs" in done.stdout
    flips = {verdict["rule"]: verdict["runs"] for _, verdict in checks_of(tmp_path)
             if verdict["verdict"] == "fail"}
    assert flips["ST-1"] == {"all": 3, "bad": 1}
    assert (tmp_path / "retryspec-out/repeat-3/t/fine/trace.ndjson").exists()
    jsonschema.validate(json.loads((tmp_path / "r.json").read_text()),
                        json.loads((ROOT / "scenarios/schema/verdict.schema.json").read_text()))
    ElementTree.parse(tmp_path / "r.xml")
    done = run(tmp_path, "run", "-p", PROFILE, path, "--repeat", 0, *client(tmp_path), expect=2)
    assert b"--repeat 0: it is a number from 1 to 100" in done.stderr
