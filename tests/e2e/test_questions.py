"""docs/questions.md: its commands run, and draw the figures that it shows. One trial has to do here."""

import os
import pathlib
import re
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/questions.md").read_text()
QUESTIONS = re.findall(r"^## \d+\. ([^\n]+)\n```sh\n(.*?)```\n!\[[^]]+\]\((figures/[a-z-]+\.svg)\)$", PAGE, re.M | re.S)


def test_there_are_ten():
    assert len(QUESTIONS) == 10 == PAGE.count("\n## ")
    assert sorted(figure for _, _, figure in QUESTIONS) == sorted(
        str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs/figures").iterdir())


@pytest.mark.parametrize("question,commands,figure", QUESTIONS, ids=[figure[8:-4] for _, _, figure in QUESTIONS])
def test_commands_draw_the_figure(tmp_path, question, commands, figure):
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
