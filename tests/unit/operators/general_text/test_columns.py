"""Native operators on every layout of a text column, and for any number of threads and chunks."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import _native, get_operator, list_operators
from dataflow_rs.core.native_text import NativeFilter, NativeRefiner
from dataflow_rs.exceptions import ColumnError, ParameterError

TEXTS = [
    "Two  words, <b>bold</b> \U0001f600 https://example.org",
    None,
    "",
    "a\0b \u6f22\u5b57\u3002 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "plain",
    "  ",
    "plain",
]
LAYOUTS = {
    "string": pa.array(TEXTS, pa.string()),
    "large": pa.array(TEXTS, pa.large_string()),
    "view": pa.array(TEXTS, pa.string_view()),
    "dictionary": pa.array(TEXTS).dictionary_encode(),
    "small keys": pa.array(TEXTS).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
    "large dictionary": pa.array(TEXTS, pa.large_string()).dictionary_encode(),
    "slice": pa.array(["x", *TEXTS, "y"]).slice(1, len(TEXTS)),
    "dictionary slice": pa.array(["x", *TEXTS, "y"]).dictionary_encode().slice(1, len(TEXTS)),
    "chunks": pa.chunked_array([TEXTS[:2], [], TEXTS[2:]], pa.string()),
}
FILTERS = [cls for cls in list_operators(domain="general_text") if issubclass(cls, NativeFilter)]
REFINERS = [cls for cls in list_operators(domain="general_text") if issubclass(cls, NativeRefiner)]


def test_all_operators_are_seen():
    assert (len(FILTERS), len(REFINERS)) == (20, 3)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cls", FILTERS, ids=lambda cls: cls.__name__)
def test_filters_keep_type_and_rows(cls, layout):
    expected, expected_drops = cls().apply(pa.table({"text": LAYOUTS["string"]}), input_key="text", return_drops=True)
    kept, drops = cls().apply(pa.table({"text": LAYOUTS[layout]}), input_key="text", return_drops=True)
    assert kept["text"].type == LAYOUTS[layout].type
    assert kept["text"].to_pylist() == expected["text"].to_pylist()
    assert drops.to_pylist() == expected_drops.to_pylist()
    assert drops.num_rows > 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_refiners_keep_type_and_nulls(layout):
    expected = {
        "RemoveEmojiRefiner": ["Two  words, <b>bold</b>  https://example.org", *TEXTS[1:]],
        "HtmlUrlRemoverRefiner": ["Two  words, bold \U0001f600 ", *TEXTS[1:]],
        "RemoveExtraSpacesRefiner": ["Two words, <b>bold</b> \U0001f600 https://example.org", *TEXTS[1:5], "", "plain"],
    }
    for cls in REFINERS:
        refined = cls().apply(pa.table({"text": LAYOUTS[layout]}), input_key="text")["text"]
        assert refined.type == LAYOUTS[layout].type
        assert refined.to_pylist() == expected[cls.__name__]


@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string(), pa.string_view(), pa.null()])
def test_empty_and_null_columns(dtype):
    for rows in (0, 3):
        table = pa.table({"text": pa.nulls(rows, dtype)})
        for cls in FILTERS:
            kept, drops = cls().apply(table, input_key="text", return_drops=True)
            assert (kept.num_rows, drops.num_rows, kept.schema) == (0, rows, table.schema)
        for cls in REFINERS:
            assert cls().apply(table, input_key="text").equals(table)


def test_unchanged_columns_are_not_copied():
    texts = pa.array(["plain", None])
    refined = pa.array(_native.TextRefiner("remove_emoji", "{}").refine(texts))
    assert refined.buffers()[2].address == texts.buffers()[2].address


def test_polars():
    import polars as pl

    frame = pl.DataFrame({"text": TEXTS, "id": range(7)})
    kept = get_operator("WordNumberFilter")(min_words=2).apply(frame, input_key="text")
    assert isinstance(kept, pl.DataFrame)
    assert kept["id"].to_list() == [0, 3]


def test_a_huge_line():
    text = "word " * 4_000_000  # 20 MB
    kept, drops = get_operator("UniqueWordsFilter")().apply(
        pa.table({"text": [text, "short"]}), input_key="text", return_drops=True
    )
    assert kept["text"].to_pylist() == ["short"]
    assert drops["value"].to_pylist() == [1 / 4_000_000]


@pytest.fixture
def threads():
    yield _native.set_threads
    _native.set_threads(None)


def test_threads_and_chunks_do_not_show(threads):
    texts = [f"{'Word ' * (i % 7)}#{i} <b>{'x' * (i % 90)}</b>... " * (i % 5) for i in range(5000)]
    results = []
    for count, size in [(1, 5000), (2, 5000), (8, 5000), (2, 1), (3, 777)]:
        threads(count)
        assert _native.threads() == count
        if size == 1:
            column = pa.chunked_array([pa.array(texts[i : i + 50]) for i in range(0, 5000, 50)])
        else:
            column = pa.chunked_array([pa.array(texts[i : i + size]) for i in range(0, 5000, size)])
        found: list[object] = []
        for cls in FILTERS:
            found.append(cls().apply(pa.table({"text": column}), input_key="text", return_drops=True)[1].to_pylist())
        for cls in REFINERS:
            found.append(cls().apply(pa.table({"text": column}), input_key="text")["text"].to_pylist())
        results.append(found)
    assert all(result == results[0] for result in results)
    assert any(results[0])


@pytest.mark.parametrize("count", [0, -1, 1025])
def test_wrong_number_of_threads(count):
    with pytest.raises(ParameterError) as caught:
        _native.set_threads(count)
    assert str(caught.value) == f"set_threads({count}): the number of threads is from 1 to 1024, or None"


def test_wrong_column_type():
    with pytest.raises(ColumnError) as caught:
        _native.TextFilter("colon_end", "{}").judge(pa.array([1]))
    assert str(caught.value) == (
        "the column has type Int64: texts are read from string, large_string, string_view or dictionary columns of "
        "these. Cast it to string first."
    )


def test_unknown_rule():
    with pytest.raises(ParameterError, match="there is no native rule 'colon'; there are: blocklist,"):
        _native.TextFilter("colon", "{}")
