"""docs/questions.md and docs/plots.md: their commands run, and draw the figures that they show. One trial has to do
here."""

import os
import pathlib
import re
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
QUESTIONS, PLOTS = ((ROOT / "docs" / page).read_text() for page in ("questions.md", "plots.md"))
SHOWN = [found for page in (QUESTIONS, PLOTS)
         for found in re.findall(r"^```sh\n(.*?)```\n!\[[^]]+\]\((figures/[a-z-]+\.svg)\)$", page, re.M | re.S)]


def test_there_are_ten_questions_and_all_figures_are_shown():
    assert QUESTIONS.count("\n## ") == 10 == QUESTIONS.count("](figures/")
    assert len(SHOWN) == 10 + PLOTS.count("](figures/")
    assert sorted(figure for _, figure in SHOWN) == sorted(
        str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs/figures").iterdir())


@pytest.mark.parametrize("commands,figure", SHOWN, ids=[figure[8:-4] for _, figure in SHOWN])
def test_commands_draw_the_figure(tmp_path, commands, figure):
    commands = re.sub(r"^(retryspec explore .*)$", r"\1 --trials 1 --quiet", commands, flags=re.M)
    # Fewer clients of the largest fleets: a sanitizer's build is slow.
    commands = commands.replace("..30000:log:6", "..3000:log:3").replace("..10000:log:5", "..1000:log:3")
    env = os.environ | {"PATH": f"{pathlib.Path(RETRYSPEC).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-eu"], input=commands, text=True, cwd=tmp_path, env=env, check=True, timeout=300)
    drawn = (tmp_path / pathlib.Path(figure).name).read_bytes()
    shown = (ROOT / "docs" / figure).read_bytes()
    title = re.compile(rb"<title>Gnuplot</title>.*?</desc>", re.S)
    assert title.search(drawn)[0] == title.search(shown)[0]
    assert len(drawn) > 0.5 * len(shown)
