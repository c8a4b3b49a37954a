"""The report in a real browser: nothing is asked for, nothing fails, nothing sticks out, on desktop and phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dataflow_rs.report import write_report

from tests.sample_runs import sample_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")

TEXTS = [
    "<script>document.title = 'broken'</script> phrase",
    "</style><img src='https://example.org/x.png' onerror='document.title=1'>",
    "a_word_without_any_space_" * 400,
    "\u202eمرحبا بالعالم",
    "nul \x00 😀",
    "who asks?",
    "two words",
    "two words",
]
FRAME = """<!doctype html><meta charset="utf-8"><style>body{{margin:0}}</style>
<iframe src="{page}" width="{width}" height="9000" style="border:0"></iframe>
<pre id="found"></pre>
<script>
onload = () => {{
  const inside = document.querySelector("iframe").contentDocument;
  const root = inside.documentElement;
  for (const folded of inside.querySelectorAll("details")) folded.open = true;
  const wide = [...inside.body.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > root.clientWidth + 1 && !one.closest("nav, pre, svg"));
  document.getElementById("found").textContent = JSON.stringify({{
    title: inside.title, width: root.clientWidth, scroll: root.scrollWidth, text: inside.body.innerText.length,
    wide: wide.map((one) => one.outerHTML.slice(0, 120)),
    pictures: [...inside.querySelectorAll(".plan")].filter((one) => one.offsetHeight > 0).length,
    loaded: performance.getEntriesByType("resource").map((one) => one.name)
      .concat(inside.defaultView.performance.getEntriesByType("resource").map((one) => one.name)),
  }});
}};
</script>
"""


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    fixed = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--virtual-time-budget=5000",
    ]
    own = [f"--user-data-dir={page.parent / 'profile'}", "--allow-file-access-from-files"]
    done = subprocess.run(
        [CHROMIUM, *fixed, *own, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def page(tmp_path) -> Path:
    return write_report(sample_run(tmp_path, TEXTS))


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_fits_and_asks_for_nothing(page, width):
    frame = page.with_name("frame.html")
    frame.write_text(FRAME.format(page=page.name, width=width), encoding="utf-8")
    done = browse(frame, "--dump-dom", "--window-size=1400,1000")
    match = re.search(r'<pre id="found">(\{.*\})</pre>', done.stdout)
    assert match, done.stdout[-2000:]
    found = json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found["title"] == "Sample - data set report"
    assert found["width"] == width
    assert found["text"] > 1000
    assert found["wide"] == []
    assert found["scroll"] <= width, found
    assert found["pictures"] == 1
    assert [name for name in found["loaded"] if not name.endswith("report.html")] == []


def test_the_console_stays_empty(page):
    done = browse(page, "--dump-dom")
    assert "data set report" in done.stdout
    assert not re.findall(r"CONSOLE.*", done.stderr)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_picture_can_be_taken(page, width):
    picture = page.with_name("picture.png")
    browse(page, f"--screenshot={picture}", f"--window-size={width},2400")
    assert picture.stat().st_size > 20_000
