"""A headless Chromium, where there is one."""

import json
import re
import shutil
import subprocess


def browser():
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def probe(folder, text, width, dark):
    """Opens a page whose script leaves JSON in data-probe of its body, and reads that."""
    path = folder / "probe.html"
    path.write_text(text)
    done = subprocess.run(
        [browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/browser",
         f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--window-size={width},900",
         "--virtual-time-budget=3000", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120)
    match = re.search(r'data-probe="([^"]*)"', done.stdout)
    assert match, done.stderr[-2000:]
    return json.loads(match[1].replace("&quot;", '"'))
