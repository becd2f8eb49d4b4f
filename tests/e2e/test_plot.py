"""retryspec plot: figures with their data and scripts."""

import json
import re
import shutil
import subprocess

import browser_kit
import html5lib
import PIL.Image
import pytest
from run_kit import run

RETRY = ["--status", "500", "--samples", "2000"]
PAIR = ["tinker-retry-handler", "openai-python"]
TRACE = "out/herd/outage-2s/trace.ndjson"

# Of each kind: its arguments, and how many things gnuplot draws for it: a violin is an outline, bounds, bars, diamonds
# and their shares; a panel of a histogram is bars, atoms and their shares for each profile, and there is a key.
FIGURES = {
    "violin": (["backoff", *PAIR, *RETRY], 2 * 6),
    "histogram": (["backoff", *PAIR, *RETRY, "--as", "histogram"], 2 + 2 * 2 * 3 + 6 * 3),
    "ecdf": (["backoff", *PAIR, *RETRY, "--as", "ecdf"], 8 + 2),
    "sums": (["backoff", "go-llmd", "--sum", "--samples", "2000"], 6),
    "fixed": (["backoff", "fixed.jsonc", "--samples", "100"], 6),
    "arrivals": (["arrivals", "aws-occ", "-p", "tinker-http", "--log"], 1),
    "success": (["success", "metastable", "-p", "tinker-http", "-p", "exponential"], 2),
    "run": (["arrivals", TRACE, "--log"], 1),
    "run-success": (["success", TRACE], 1),
    "timeline": (["timeline", TRACE], 1 + 2 + 2),
    "gaps": (["gaps", TRACE], 2 * 3 + 1),
    "sweep": (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--metric", "wait_p99_s"], 2),
    "heat": (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--y", "jitter", "--log"], 4),
}



@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    run("explore", "metastable", "-p", "tinker-http", "--trials", 2, "--vary", "backoff.cap=1s..9s:3", "--vary",
        "jitter=none,full", "--vary", "for=5s", "--out", "sweep.jsonl", "-q", cwd=folder)
    run("sim", "herd/outage-2s", "-p", "tinker-http", "--out", "out", "-q", cwd=folder)
    law = {"schedule": "exponential", "base": "1s", "factor": 2, "cap": "30s", "jitter": "none"}
    (folder / "fixed.jsonc").write_text(json.dumps({
        "retryspec": 1, "profile": "fixed", "title": "no jitter", "source": "made here", "layers": [{
            "name": "http", "rules": [
                {"on": {"status": ["503"]}, "do": "retry", "backoff": law, "source": "made here"}], "budget": {"attempts": 4}}]}))
    return folder


@pytest.fixture
def folder(sources, tmp_path):
    shutil.copytree(sources, tmp_path, dirs_exist_ok=True)
    return tmp_path


def blocks(path):
    """The numbers of each block, as gnuplot's "index" counts them."""
    return [[[float(word) for word in line.split()] for line in block.splitlines() if line and line[0] != "#"]
            for block in path.read_text().split("\n\n\n")]


def colours(path):
    """How often the colours are between title and small print."""
    with PIL.Image.open(path) as picture:
        assert picture.size == (1800, 1120)
        part = picture.convert("RGB").crop((0, 100, 1800, 870))
    return {colour: count for count, colour in part.getcolors(maxcolors=1 << 24)}


@pytest.mark.parametrize("name", FIGURES)
def test_all_formats_are_drawn_and_the_same_twice(folder, name):
    arguments, series = FIGURES[name]
    for ending in ("svg", "png", "pdf"):
        done = run("plot", *arguments, "--out", f"{name}.{ending}", cwd=folder)
        assert done.stdout == f"{name}.{ending}\n"
    svg = (folder / f"{name}.svg").read_bytes()
    png = (folder / f"{name}.png").read_bytes()
    assert svg.startswith(b"<?xml") and svg.count(b"<path") > 5
    assert svg.count(b'id="gnuplot_plot_') == series
    text = re.sub("<[^>]*>", "", svg.decode())
    assert "retryspec plot " + arguments[0] in text and "seed 1" in text  # the small print
    seen = colours(folder / f"{name}.png")
    assert max(seen, key=seen.get) in ((255, 255, 255), (228, 228, 228))  # paper, outage
    assert sum(count for colour, count in seen.items() if max(colour) - min(colour) > 60) > 500  # of the series
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    for ending, before in (("svg", svg), ("png", png)):
        run("plot", *arguments, "--out", f"{name}.{ending}", cwd=folder)
        assert (folder / f"{name}.{ending}").read_bytes() == before


def test_the_script_draws_it_again(folder):
    run("plot", *FIGURES["violin"][0], "--out", "b.svg", cwd=folder)
    before = (folder / "b.svg").read_bytes()
    (folder / "b.svg").unlink()
    subprocess.run(["gnuplot", "-d", "b.gp"], cwd=folder, check=True, timeout=60)
    assert (folder / "b.svg").read_bytes() == before


# tinker 0.38.0: 0.5 s doubling to 10 s, 25 % to both sides, clipped: half of all delays at the cap are the cap.
def test_delays_are_those_of_the_law(folder):
    run("plot", "backoff", "tinker-retry-handler", "--status", "500", "--out", "b.svg", cwd=folder)
    outlines, numbers = blocks(folder / "b.dat")[:2]
    assert len(numbers) == 8
    for _, retry, samples, low, p5, p50, p95, high, atom, share, least, most, _ in numbers:
        nominal = min(0.5 * 2 ** (retry - 1), 10)
        assert samples == 20000
        assert least == pytest.approx(0.75 * nominal) and most == pytest.approx(min(1.25 * nominal, 10))
        assert 0.75 * nominal <= low < p5 < p50 <= p95 <= high <= min(1.25 * nominal, 10)
        assert low < 0.751 * nominal and high > min(1.249 * nominal, 9.999)
        if nominal == 10:
            assert atom == 10 and 0.48 < share < 0.52
        else:
            assert (atom, share) == (-1, 0)
    # Nothing is drawn beyond what a delay may be.
    heights = [point[1] for point in outlines if point]
    assert min(heights) >= 0.375 and max(heights) <= 10


# 12 gaps or more a retry: the share that was measured is never far from the law's (DKW: 0.75 apart in one of 10^5).
def test_gaps_follow_their_law(folder):
    run("plot", "gaps", TRACE, "--out", "g.svg", cwd=folder)
    found = blocks(folder / "g.dat")
    assert len([block for block in found if block]) == 6
    for measured, law in zip(found[0:6:2], found[1:6:2]):
        assert len(measured) >= 2 * 12 and law[0][1] == 0 and law[-1][1] == 1
        assert [point[1] for point in law] == sorted(point[1] for point in law)
        assert law[0][0] <= measured[0][0] <= measured[-1][0] <= law[-1][0] + 0.01  # and two ways of 0.5 ms
        for at, share in measured:
            expected = [point[1] for point in law if point[0] <= at] or [0]
            assert abs(share - expected[-1]) < 0.4


def test_gaps_beyond_the_profile_are_left_out_and_counted(folder):
    run("plot", "gaps", TRACE, "-p", "fixed.jsonc", "--out", "g.svg", cwd=folder)
    assert "left out: 0 gaps" in (folder / "g.gp").read_text()
    profile = (folder / "fixed.jsonc").read_text().replace('"attempts": 4', '"attempts": 2')
    (folder / "two.jsonc").write_text(profile)
    run("plot", "gaps", TRACE, "-p", "two.jsonc", "--out", "g.svg", cwd=folder)
    left_out = int(re.search(r"left out: (\d+) gaps", (folder / "g.gp").read_text())[1])
    assert left_out > 20 and len([block for block in blocks(folder / "g.dat") if block]) == 2


def test_success_is_a_share_of_all_calls(folder):
    run("plot", "success", "outage-2min", "-p", "tinker-http", "-p", "tinker-retry-handler", "--out", "s.svg",
        cwd=folder)
    never, later = blocks(folder / "s.dat")[:2]
    assert {share for _, share in never} == {0}
    assert later[-1][1] == pytest.approx(1) and [at for at, share in later if share > 0][0] > 119
    assert [share for _, share in later] == sorted(share for _, share in later)


def test_a_run_is_counted(folder):
    trace = [json.loads(line) for line in (folder / TRACE).read_text().splitlines()]
    run("plot", "arrivals", TRACE, "--out", "a.svg", cwd=folder)
    rows = blocks(folder / "a.dat")[0]
    assert sum(row[1] for row in rows) == sum(line["ev"] == "request" for line in trace)
    assert sum(row[2] for row in rows) == len({line["call"] for line in trace if line["ev"] == "request"})


def test_outages_of_a_run_are_shaded(folder):
    run("sim", "transport/*refused*", "-p", "tinker-http", "--out", "out", "-q", cwd=folder)
    (trace, *_) = sorted((folder / "out/transport").glob("*/trace.ndjson"))
    assert '"ev":"outage"' in trace.read_text()
    for kind in ("timeline", "arrivals"):
        run("plot", kind, trace, "--out", "o.svg", cwd=folder)
        assert "set object rectangle from " in (folder / "o.gp").read_text()


def shaded(path):
    return re.findall(r"set object rectangle from ([0-9.]+),graph 0 to ([0-9.]+|graph 1)", path.read_text())


# The figure's clock and that of windows begin with the first request.
@pytest.mark.parametrize("kind", ["timeline", "arrivals"])
def test_windows_that_fail_are_shaded(folder, kind):
    scenario = run("show", "herd/outage-2s").stdout
    windows = """{ "from": "0s", "to": "1s", "reply": 503 }, { "from": "1s", "to": "1500ms", "reply": 200 },
        { "from": "1500ms", "to": "2s", "fault": { "do": "close", "at": "request" } },"""
    own = re.sub(r'\{ "from": "0s".*\n', lambda _: windows + "\n", scenario).replace("herd/outage-2s", "own/outage")
    (folder / "own.jsonc").write_text(own)
    run("sim", "own.jsonc", "-p", "tinker-http", "--out", "out", "-q", cwd=folder)
    run("plot", kind, TRACE, "--out", "o.svg", cwd=folder)
    assert shaded(folder / "o.gp") == [("0.000", "2.000")] and "outages shaded" in (folder / "o.gp").read_text()
    trace = "out/own/outage/trace.ndjson"
    run("plot", kind, trace, "--out", "o.svg", cwd=folder)
    assert shaded(folder / "o.gp") == [] and "outages shaded" not in (folder / "o.gp").read_text()
    run("plot", kind, trace, "--scenario", "own.jsonc", "--out", "o.svg", cwd=folder)
    assert shaded(folder / "o.gp") == [("0.000", "1.000"), ("1.500", "2.000")]
    done = run("plot", kind, trace, "--scenario", "herd/outage-2s", "--out", "o.svg", cwd=folder, code=2)
    assert done.stderr == 'the trace is of the scenario "own/outage", not of "herd/outage-2s"\n'


@pytest.mark.parametrize("profile,said", [
    ("tinker-http", None), ("tinker-future", "; ignores bodies"), ("botocore-standard", "; ignores shared state")])
def test_gaps_say_what_they_ignore(folder, profile, said):
    run("plot", "gaps", TRACE, "-p", profile, "--out", "g.svg", cwd=folder)
    script = (folder / "g.gp").read_text()
    assert said in script if said else "ignores" not in script


def test_a_heat_map_has_a_cell_a_point(folder):
    run("plot", *FIGURES["heat"][0], "--out", "h.svg", cwd=folder)
    lines = [line for line in (folder / "h.dat").read_text().splitlines() if line and line[0] != "#"]
    assert [line.split("#")[1].split() for line in lines] == [
        [cap, jitter] for cap in ("1s", "5s", "9s") for jitter in ("none", "full")]
    script = (folder / "h.gp").read_text()
    assert "set xtics scale 0 ('1s' 1, '5s' 2, '9s' 3)" in script and "set ytics scale 0 ('none' 1, 'full' 2)" in script


def test_where_chooses_points(folder):
    run("plot", *FIGURES["sweep"][0], "--where", "jitter=full", "--out", "w.svg", cwd=folder)
    assert len([block for block in blocks(folder / "w.dat") if block]) == 1


# -- the page ----------------------------------------------------------------

@pytest.fixture(scope="module")
def page(sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(sources, folder, dirs_exist_ok=True)
    for name in ("violin", "histogram", "heat", "run", "timeline", "sweep"):
        run("plot", *FIGURES[name][0], "--out", "page.html", "--add", cwd=folder)
    return folder / "page.html"


def test_the_page_holds_figures_data_and_commands(page):
    text = page.read_text()
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    figures = list(tree.iter("figure"))
    assert len(figures) == 6
    for number, figure in enumerate(figures, 1):
        data = (page.parent / ("page.dat" if number == 1 else f"page-{number}.dat")).read_text()
        command, folded = ["".join(pre.itertext()) for pre in figure.iter("pre")]
        assert command.startswith("retryspec plot ") and command.endswith(" --out page.html --add")
        assert folded.strip() == data.strip()
        assert sum(1 for svg in figure.iter("{http://www.w3.org/2000/svg}svg")) == 1
    assert not list(page.parent.glob("*.html.*"))  # nothing is left of the pictures
    for word in ("<script", "<img", "<link", "url(", "http://", "https://"):
        assert word not in text.replace("http://www.w3.org/", ""), word
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"href='#([^']*)'", text)) <= set(ids)


def test_a_page_is_begun_anew_without_add(folder):
    for _ in range(2):
        run("plot", *FIGURES["fixed"][0], "--out", "p.html", cwd=folder)
    before = (folder / "p.html").read_bytes()
    assert before.count(b"<figure") == 1
    (folder / "p.html").write_text("my own page\n")
    done = run("plot", *FIGURES["fixed"][0], "--out", "p.html", "--add", cwd=folder, code=2)
    assert done.stderr.startswith("can't add to p.html: it is no page of retryspec plot\n")
    assert (folder / "p.html").read_text() == "my own page\n"


PROBE = """<script>addEventListener('load',()=>{const m=e=>getComputedStyle(e);
document.body.dataset.probe=JSON.stringify({paper:m(document.body).backgroundColor,
wide:document.documentElement.scrollWidth,room:innerWidth,
letters:[...document.querySelectorAll('figure.lab svg text')]
.filter(t=>t.textContent.trim()).map(t=>[m(t).fill,t.getBoundingClientRect().height])})})
</script>"""


@pytest.mark.skipif(not browser_kit.browser(), reason="no Chromium here: the page is not opened in a browser")
def test_the_page_in_a_browser(page, tmp_path):
    text = page.read_text().replace("</body>", PROBE + "</body>")
    phone = browser_kit.probe(tmp_path, text, 390, dark=False)
    assert phone["room"] <= 500 and phone["wide"] <= phone["room"]  # figures scroll, the page does not
    assert min(height for _, height in phone["letters"]) >= 10
    desk = browser_kit.probe(tmp_path, text, 1200, dark=True)
    assert desk["wide"] <= desk["room"]
    assert phone["paper"] == "rgb(255, 255, 255)" != desk["paper"]
    light, dark = ({colour for colour, _ in seen["letters"]} for seen in (phone, desk))
    assert "rgb(27, 31, 36)" in light and "rgb(232, 234, 237)" in dark  # the page's ink
    assert "rgb(0, 0, 0)" not in dark


def test_arrivals_are_those_of_the_fleet(folder):
    run("plot", "arrivals", "outage-2min", "-p", "openai-python", "--out", "a.svg", cwd=folder)
    rows = blocks(folder / "a.dat")[0]
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
    done = run("plot", *FIGURES["violin"][0], cwd=folder, code=3, PATH=str(empty))
    assert done.stderr == "no figure: gnuplot was not found. The Debian package gnuplot-nox brings it.\n"
    assert (folder / "backoff.gp").exists()
    (folder / "p.html").write_text("the page before\n")
    done = run("plot", *FIGURES["violin"][0], "--out", "p.html", cwd=folder, code=3, PATH=str(empty))
    assert "gnuplot-nox" in done.stderr and (folder / "p.html").read_text() == "the page before\n"


# A page holds its figures' data; gnuplot does not write it, but here it does.
def test_a_page_that_would_be_too_large(folder, tmp_path):
    (tmp_path / "bin").mkdir()
    gnuplot = tmp_path / "bin/gnuplot"
    gnuplot.write_text(f'#!/bin/sh\n{shutil.which("gnuplot")} "$@" && truncate -s 70M p.dat\n')
    gnuplot.chmod(0o755)
    done = run("plot", *FIGURES["violin"][0], "--out", "p.html", cwd=folder, code=2,
               PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert done.stderr == "p.dat has 70 MiB, and a page takes less than 64 of a file: draw an .svg, .png or .pdf\n"
    assert not (folder / "p.html").exists() and not list(folder.glob("p.html.*"))


def test_titles_are_text_and_never_run(folder):
    title = "it's `touch x` \\n \"$(touch y)\" @touch"
    run("plot", *FIGURES["violin"][0], "--title", title, "--out", "b.svg", cwd=folder)
    text = re.sub("<[^>]*>", "", (folder / "b.svg").read_text())
    assert "it&#39;s `touch x`" in text or "it's `touch x`" in text
    assert not (folder / "x").exists() and not (folder / "y").exists()


@pytest.mark.parametrize("args,code,said", [
    (["backoff"], 2, "retryspec plot: what, and of what?"),
    (["nothing", "x"], 2, 'retryspec plot: there is no figure "nothing"'),
    (["backoff", "tinker-http", "--out", "x.jpg"], 2,
     'can\'t draw "x.jpg": expected a name that ends in .svg, .png, .pdf or .html\n'),
    (["backoff", "tinker-http", "--status", "400"], 2, "tinker-http does not retry 400: choose another --status\n"),
    (["backoff", "tinker-htp"], 2, 'there is no profile "tinker-htp"\n'),
    (["arrivals", "outage-2min"], 2, "arrivals of a world need profiles, each after -p\n"),
    (["arrivals", "sweep.jsonl"], 2, "sweep.jsonl:1: missing: a string expected (ev)\n"),
    (["arrivals", "a", "b", "-p", "tinker-http"], 2, "arrivals are of one world and of profiles, each after -p\n"),
    (["timeline", TRACE, TRACE], 2, "timeline: one trace at a time\n"),
    (["gaps", TRACE, "-p", "a", "-p", "b"], 2, "gaps are held against one profile: -p names it\n"),
    (["backoff", "tinker-http", "--as", "pie"], 2, 'retryspec plot: --as "pie": violin, histogram or ecdf\n'),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--where", "jitter"], 2,
     'retryspec plot: --where "jitter" is no PATH=VALUE\n'),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--where", "budget=1"], 2, 'the sweep has no axis "budget=1"\n'),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--where", "jitter=ful"], 2,
     "sweep.jsonl has no point where that is so\n"),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--y", "for"], 2,
     "two points would share a cell, jitter none and jitter full: --where PATH=VALUE chooses one\n"),
    (["sweep", "sweep.jsonl"], 2, "a sweep is one file, and --x names its axis\n"),
    (["sweep", "sweep.jsonl", "--x", "cap"], 2, 'the sweep has no axis "cap"\n'),
    (["sweep", "sweep.jsonl", "--x", "backoff.cap", "--metric", "p99"], 2, 'the sweep has no metric "p99"\n'),
    (["backoff", "tinker-http", "--out", "no/where.svg"], 3, "can't write no/where.dat: No such file or directory\n"),
])
def test_what_is_wrong_is_said(folder, args, code, said):
    done = run("plot", *args, cwd=folder, code=code)
    assert done.stderr.startswith(said), done.stderr
