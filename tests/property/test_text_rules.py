"""The native text operators against slow, obvious Python, on texts made of what their rules look for."""

from __future__ import annotations

import unicodedata
from typing import Any

import pyarrow as pa
import pytest
from dataflow_rs import get_operator
from dataflow_rs.core.spec import stem
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.beside import load_beside
from tests.effort import EFFORT

PROFILE = "open-dataflow-1.0.13"


slow = load_beside(__file__, "slow_text_rules")

PIECES = [
    *" \n\t\r\x1c\x85\xa0\u2003\u2028\u3000aBe\u0301\u0130\u03a3\u03c2\u00df\u01c5\u6f22\u5b57\u3002\u3001",
    *".,:;!?-*+#1_\u00bd",
    *"\u2026\u2022\u25aa\u2013{}<>='\"/&\u200d\ufe0f\ufe0e\u20e3\u2600\u231a\u2194\u00a9\U0001f600\U0001f3fd\U0001f1e6",
    *[
        "...",
        "a b",
        "b>",
        "</b>",
        "<b",
        "<!--",
        "-->",
        " x='",
        " hidden",
        " data-x",
        "http://a",
        "https://",
        "www.",
        "ftp://",
    ],
    *[
        "&lt",
        "&amp;",
        "\uff06gt\uff1b",
        "u200e",
        "? :",
        "U+26",
        "U+1F6",
        "00",
        "U+2733",
        "&#247;",
        "\u00f7",
        "{/U}",
        "\ufffd",
    ],
    *[
        "javascript",
        "java",
        "script",
        "Java-Script\n",
        "javascrip\u0165",
        "lorem ipsum",
        "Lorem Ipsum ",
        "Copyright",
        "(c)",
    ],
    *[
        "sex",
        "ass",
        "hole",
        "big ",
        "black",
        "xx",
        "S&M",
        "g-spot",
        "\U0001f595",
        "A1 ",
        "ab cd ",
        "1. ",
        "\u05e9\u05dc",
        "\u0645\u200c",
        "\0",
    ],
]
# Characters that every supported Python knows; what is younger has another class from version to version.
OLD = st.characters(codec="utf-8").filter(lambda char: unicodedata.ucd_3_2_0.category(char) != "Cn")
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.one_of(OLD, st.sampled_from(PIECES)), max_size=15).map("".join),
)
RULES: list[tuple[str, dict[str, Any]]] = [
    ("WordNumberFilter", {"min_words": 2, "max_words": 5}),
    ("CharNumberFilter", {"threshold": 4}),
    ("ColonEndFilter", {}),
    ("ContentNullFilter", {}),
    ("CurlyBracketFilter", {"threshold": 0.2}),
    ("MeanWordLengthFilter", {"min_length": 2.0, "max_length": 3.33}),
    ("SymbolWordRatioFilter", {"threshold": 0.4}),
    ("SentenceNumberFilter", {"min_sentences": 2, "max_sentences": 4}),
    ("LineEndWithEllipsisFilter", {"threshold": 0.3}),
    ("LineStartWithBulletpointFilter", {"threshold": 0.5}),
    ("LineWithJavascriptFilter", {"threshold": 3}),
    ("LoremIpsumFilter", {"threshold": 0.05}),
    ("UniqueWordsFilter", {"threshold": 0.6}),
    ("NoPuncFilter", {"threshold": 2}),
    ("HtmlEntityFilter", {}),
    ("SpecialCharacterFilter", {}),
    ("WatermarkFilter", {"watermarks": ["Copyright", "(c)"]}),
    ("CapitalWordsFilter", {"threshold": 0.3, "use_tokenizer": False}),
    ("CapitalWordsFilter", {"threshold": 0.3, "use_tokenizer": True}),
    ("BlocklistFilter", {"threshold": 1, "use_tokenizer": False}),
    ("BlocklistFilter", {"threshold": 1, "use_tokenizer": True}),
]
REFINERS: list[tuple[str, dict[str, Any]]] = [
    ("RemoveEmojiRefiner", {}),
    ("HtmlUrlRemoverRefiner", {}),
    ("RemoveExtraSpacesRefiner", {"keep_lines": False}),
    ("RemoveExtraSpacesRefiner", {"keep_lines": True}),
]


def variants(cases: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Return every operator with its parameters, with each profile that it has."""
    found = []
    for name, parameters in cases:
        has_profile = any(parameter.name == "profile" for parameter in get_operator(name).spec().parameters)
        profiles = [{"profile": None}, {"profile": PROFILE}] if has_profile else [{}]
        for profile in profiles:
            if not (profile.get("profile") and parameters.get("use_tokenizer")):
                found.append(pytest.param(name, {**parameters, **profile}, id=f"{name}-{parameters}-{profile}"))
    return found


@pytest.mark.parametrize(("name", "parameters"), variants(RULES))
@settings(max_examples=150 * EFFORT, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_verdicts(name: str, parameters: dict[str, Any], texts: list[str]) -> None:
    operator = get_operator(name)(**parameters)
    output = operator.transform(pa.record_batch({"text": texts}), {"input_key": "text", "output_key": None})
    arguments = dict(parameters)
    if name == "BlocklistFilter":
        from dataflow_rs.operators.general_text import blocklist

        arguments["words"] = blocklist.words("en")
    expected = [slow.judge(stem(name), text, arguments) for text in texts]
    kept = range(len(texts)) if output.take is None else output.take.to_pylist()
    assert list(kept) == [row for row, (keep, _) in enumerate(expected) if keep]
    assert output.scores.to_pylist() == [value for _, value in expected]


@pytest.mark.parametrize(("name", "parameters"), variants(REFINERS))
@settings(max_examples=300 * EFFORT, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8))
def test_refined_texts(name: str, parameters: dict[str, Any], texts: list[str]) -> None:
    operator = get_operator(name)(**parameters)
    output = operator.transform(pa.record_batch({"text": texts}), {"input_key": "text"})
    assert output.columns["text"].to_pylist() == [slow.judge(stem(name), text, parameters) for text in texts]
