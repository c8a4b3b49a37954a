"""The page: well-formed, complete without anything else, and safe from what stands in the texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from dataflow_rs.report import facts, report_data
from dataflow_rs.report.page import render

from tests.sample_runs import PhraseFilter, filtered_run, sample_run

EVIL = [
    "<script>alert(1)</script>",
    "</style><style>body{display:none}",
    "</script><img src=https://example.org/x.png onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "&lt;already&gt; &amp;",
    "nul \x00 escape \x1b[31m delete \x7f",
    "\u202eright to left\u202c مرحبا",
    "😀👩‍👩‍👧‍👦",
    "one phrase " + "x" * 1_000_000,
    "$title ${policy} $$",
    "]]> <!-- -->",
    "who asks?",
    "",
    " ",
]
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def html(tmp_path):
    return render(report_data(sample_run(tmp_path, EVIL)))


@pytest.fixture
def page(html):
    return Page(html)


def test_texts_stay_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "SAMPLES", len(EVIL))
    html = render(report_data(filtered_run(tmp_path, PhraseFilter("kept by none"), EVIL)))
    page = Page(html)
    assert len(page.named("script")) == len(page.named("style")) == 1
    assert not page.named("img")
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "action")]
    shown = "".join(page.text)
    for text in EVIL[:5]:
        assert text in shown
    assert "nul ␀ escape ␛[31m delete ␡" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)


def test_nothing_is_asked_for(page, html):
    assert {link["href"][0] for link in page.named("a")} == {"#"}
    assert not page.named("link")
    [policy] = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/]{43}='; base-uri 'none'", policy
    )
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_every_link_leads_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = {link["href"][1:] for link in page.named("a")}
    assert links <= set(ids)
    assert {"rows", "plan", "steps", "lengths", "drops", "errors", "samples", "reproduce"} <= links | set(ids)


def test_it_can_be_read_aloud(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels) if after != 4)
    assert len(page.named("caption")) == len(page.named("table")) > 2
    assert all(svg.get("role") == "img" for svg in page.named("svg"))
    assert page.named("html")[0]["lang"] == "en"


def test_a_long_text_does_not_make_a_long_page(html):
    assert len(html) < 150_000


def test_the_same_data_give_the_same_page(tmp_path):
    data = report_data(sample_run(tmp_path))
    assert render(data) == render(data)


@pytest.mark.parametrize("texts", [[], [None], ["a"]])
def test_small_tables_have_a_page(tmp_path, texts):
    page = Page(render(report_data(sample_run(tmp_path, texts))))
    assert page.named("h1")
