"""What each filter drops, by which rule and value, as the drop log shows it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import get_operator

DROPS = [
    ("WordNumberFilter", {"min_words": 3}, "one two", "word_number", 2.0, 3.0, None),
    ("WordNumberFilter", {"min_words": 0, "max_words": 2}, "one two", "word_number", 2.0, 2.0, None),
    ("WordNumberFilter", {"min_words": 1}, "", "word_number", 0.0, 1.0, None),
    ("CharNumberFilter", {"threshold": 3}, "a b\n", "char_number", 2.0, 3.0, None),
    ("ColonEndFilter", {}, "a\nlist:", "colon_end", 1.0, 0.0, "list:"),
    ("ContentNullFilter", {}, "\u3000\x1c", "content_null", 1.0, 0.0, None),
    ("ContentNullFilter", {}, None, "content_null", None, None, None),
    ("CurlyBracketFilter", {"threshold": 0.5}, "x{}", "curly_bracket", 2 / 3, 0.5, "{}"),
    ("CurlyBracketFilter", {"threshold": 0.0}, "x", "curly_bracket", 0.0, 0.0, None),
    ("MeanWordLengthFilter", {}, "a bb", "mean_word_length", 1.5, 3.0, None),
    ("MeanWordLengthFilter", {}, "a" * 10, "mean_word_length", 10.0, 10.0, None),
    ("SymbolWordRatioFilter", {}, "a # b ...", "symbol_word_ratio", 0.5, 0.4, "# b ..."),
    ("SentenceNumberFilter", {}, "One. Two.", "sentence_number", 2.0, 3.0, None),
    ("SentenceNumberFilter", {"min_sentences": None, "max_sentences": 1}, "A. B.", "sentence_number", 2.0, 1.0, None),
    ("LineEndWithEllipsisFilter", {}, "more\u2026 \nx", "line_end_with_ellipsis", 0.5, 0.3, "more\u2026"),
    ("LineStartWithBulletpointFilter", {}, " * a\n2. b", "line_start_with_bulletpoint", 1.0, 0.9, "* a"),
    (
        "LineWithJavascriptFilter",
        {},
        "a\nb\n Java-Script \njavascript",
        "line_with_javascript",
        2.0,
        3.0,
        "Java-Script",
    ),
    ("LoremIpsumFilter", {}, "Lorem Ipsum", "lorem_ipsum", 1 / 11, 3e-8, "Lorem Ipsum"),
    ("UniqueWordsFilter", {"threshold": 0.5}, "Spam spam", "unique_words", 0.5, 0.5, None),
    ("NoPuncFilter", {"threshold": 2}, "a, b c d. e", "no_punc", 3.0, 2.0, "b c d"),
    ("HtmlEntityFilter", {}, "a&nbsp;b", "html_entity", 1.0, 0.0, "&nbsp;"),
    ("SpecialCharacterFilter", {}, "a \u200eb", "special_character", 1.0, 0.0, "\u200e"),
    ("WatermarkFilter", {}, "(Confidential)", "watermark", 1.0, 0.0, "Confidential"),
    ("CapitalWordsFilter", {}, "BUY now", "capital_words", 0.5, 0.2, "BUY"),
    ("BlocklistFilter", {"threshold": 0}, "a (Bastard)!", "blocklist", 1.0, 0.0, "Bastard"),
    ("BlocklistFilter", {"threshold": 0, "language": "de"}, "Arsch", "blocklist", 1.0, 0.0, "Arsch"),
    ("ColonEndFilter", {}, None, "null", None, None, None),
    ("WordNumberFilter", {"min_words": 0}, None, "null", None, None, None),
    ("ColonEndFilter", {}, "", "empty", None, None, None),
    ("UniqueWordsFilter", {}, " \n", "blank", None, None, None),
]


@pytest.mark.parametrize(("name", "parameters", "text", "rule", "value", "threshold", "detail"), DROPS)
def test_dropped(name, parameters, text, rule, value, threshold, detail):
    good = "One sentence of words. " * 2 + "And a second one, with " + "enough characters to stay in every case. " * 3
    texts = pa.table({"text": pa.array([text], pa.string())})
    kept, drops = get_operator(name)(**parameters).apply(texts, input_key="text", return_drops=True)
    assert kept.num_rows == 0
    assert drops.to_pylist() == [{"row": 0, "rule": rule, "value": value, "threshold": threshold, "detail": detail}]
    assert get_operator(name)().apply(pa.table({"text": [good]}), input_key="text").num_rows == 1


OFF = [
    ("WordNumberFilter", {"min_words": None, "max_words": None}, ""),
    ("CharNumberFilter", {"threshold": None}, " "),
    ("CurlyBracketFilter", {"threshold": None}, "{"),
    ("MeanWordLengthFilter", {"min_length": None, "max_length": None}, "a"),
    ("SymbolWordRatioFilter", {"threshold": None}, "#"),
    ("SentenceNumberFilter", {"min_sentences": None, "max_sentences": None}, "."),
    ("LineEndWithEllipsisFilter", {"threshold": None}, "..."),
    ("LineStartWithBulletpointFilter", {"threshold": None}, "- a"),
    ("LineWithJavascriptFilter", {"threshold": None}, "javascript\n" * 4),
    ("LoremIpsumFilter", {"threshold": None}, "lorem ipsum"),
    ("UniqueWordsFilter", {"threshold": None}, "a " * 20),
    ("NoPuncFilter", {"threshold": None}, "a " * 200),
    ("CapitalWordsFilter", {"threshold": None}, "A"),
    ("BlocklistFilter", {"threshold": None}, "bastard bastard"),
    ("WatermarkFilter", {"watermarks": []}, "Copyright"),
]


@pytest.mark.parametrize(("name", "parameters", "text"), OFF)
def test_a_missing_threshold_is_off(name, parameters, text):
    assert get_operator(name)(**parameters).apply(pa.table({"text": [text]}), input_key="text").num_rows == 1


def test_long_details_are_cut():
    _, drops = get_operator("ColonEndFilter")().apply(
        pa.table({"text": ["\u6f22" * 100_000 + ":"]}), input_key="text", return_drops=True
    )
    assert drops["detail"].to_pylist() == ["\u6f22" * 79 + ":"]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "WordNumberFilter",
            {"min_words": 5, "max_words": 2},
            "WordNumberFilter: min_words=5 is above max_words=2, nothing would be kept",
        ),
        ("WordNumberFilter", {"min_words": -1}, "WordNumberFilter: min_words=-1 must be a finite number, 0 or more"),
        ("CurlyBracketFilter", {"threshold": 1.5}, "CurlyBracketFilter: threshold=1.5 must lie between 0 and 1"),
        (
            "SymbolWordRatioFilter",
            {"threshold": float("nan")},
            "SymbolWordRatioFilter: threshold=nan must be a finite number, 0 or more",
        ),
        (
            "WatermarkFilter",
            {"watermarks": ["a", ""]},
            "WatermarkFilter: watermarks=['a', ''] holds an empty text, which occurs everywhere",
        ),
        (
            "BlocklistFilter",
            {"profile": "open-dataflow-1.0.13", "use_tokenizer": True},
            "BlocklistFilter: profile='open-dataflow-1.0.13' goes with use_tokenizer=False only, because NLTK's "
            "word_tokenize is not reproduced",
        ),
    ],
)
def test_wrong_parameters(name, parameters, message):
    from dataflow_rs.exceptions import ParameterError

    with pytest.raises(ParameterError) as caught:
        get_operator(name)(**parameters)
    assert str(caught.value) == message


def test_unknown_language_names_the_known_ones():
    from dataflow_rs.exceptions import ParameterError

    with pytest.raises(ParameterError, match=r"no block list for language='english'; there are: ar, cs, da, de, en,"):
        get_operator("BlocklistFilter")(language="english")


def test_labels():
    texts = pa.table({"text": ["one two", "one"]})
    words = get_operator("WordNumberFilter")(min_words=1).apply(texts, input_key="text", output_key="n")
    assert words["n"].to_pylist() == [2, 1]
    label = get_operator("ColonEndFilter")().apply(texts, input_key="text", output_key="n")
    assert (label["n"].to_pylist(), label["n"].type) == ([1, 1], pa.int64())
    assert get_operator("ColonEndFilter")().apply(texts, input_key="text").column_names == ["text"]
