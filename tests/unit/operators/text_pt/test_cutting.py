"""The refiners that cut repeated lines, sentences and substrings, and the filter of addresses."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, get_operator
from dataflow_rs.exceptions import ColumnError, ParameterError

NOTE = "We use cookies. You may refuse them. Click here to do so."
LINES = ["Menu 12\nA story.\n\nMenu 13", "MENU 99\nAnother story.", None, "", "menu 10\n", " \n"]


def apply(name, texts, dtype=None, **parameters):
    keys = {key: parameters.pop(key) for key in list(parameters) if key.startswith(("input_", "output_"))}
    table = texts if isinstance(texts, pa.Table) else pa.table({"text": pa.array(texts, dtype or pa.string())})
    return get_operator(name)(**parameters).apply(table, return_drops=True, **{"input_key": "text", **keys})


@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("memory_mb", [None, 1])
def test_lines(dtype, memory_mb):
    kept, drops = apply("LineDeduplicateRefiner", LINES, dtype, output_removed_key="removed", memory_mb=memory_mb)
    assert kept["text"].to_pylist() == ["Menu 12\nA story.", "Another story.", None, "", " \n"]
    assert kept["removed"].to_pylist() == [1, 1, 0, 0, 0]
    assert kept.schema.field("text").type == dtype
    assert drops.to_pylist() == [
        {
            "row": 4,
            "rule": "line_deduplicate",
            "value": 0.0,
            "threshold": 1.0,
            "detail": "1 of 1 lines repeat another one",
        }
    ]


def test_line_options():
    texts = ["ab\nlong line", "ab\nlong line\nx", "a\n\nb", "a\nb"]
    assert apply("LineDeduplicateRefiner", texts, min_chars=3)[0]["text"].to_pylist() == [texts[0], "ab\nx", *texts[2:]]
    assert apply("LineDeduplicateRefiner", texts, min_words=2)[1]["row"].to_pylist() == [1, 3]
    kept, _ = apply("LineDeduplicateRefiner", texts, unit="paragraph")
    assert kept["text"].to_pylist() == texts
    ranked = pa.table({"text": ["a", "a\nb"], "stars": [1.5, 2.5]})
    assert apply("LineDeduplicateRefiner", ranked, input_priority_key="stars")[1]["row"].to_pylist() == [0]


def test_sentences():
    texts = [
        f"{NOTE} The first story.",
        f"Second. {NOTE} It goes on and on.",
        NOTE,
        "We use cookies. You may refuse them.",
    ]
    small = {"min_doc_words": 3, "min_num_sentences": 2}
    kept, drops = apply("SentenceDeduplicateRefiner", texts, output_removed_key="removed", **small)
    assert kept["text"].to_pylist() == [texts[0], "Second. It goes on and on.", texts[3]]
    assert kept["removed"].to_pylist() == [0, 3, 0]
    assert drops.to_pylist() == [
        {
            "row": 2,
            "rule": "min_num_sentences",
            "value": 0.0,
            "threshold": 2.0,
            "detail": "3 of 3 sentences repeat others",
        }
    ]
    _, drops = apply("SentenceDeduplicateRefiner", texts, min_num_sentences=1)
    assert [(drop["row"], drop["rule"], drop["value"]) for drop in drops.to_pylist()] == [
        (1, "min_doc_words", 6.0),
        (2, "min_num_sentences", 0.0),
    ]
    kept, _ = apply("SentenceDeduplicateRefiner", texts, min_words_to_remove_span=13)
    assert kept["text"].to_pylist() == texts


def test_lines_as_sentences():
    texts = ["a\nb\nc\nd", "x\na\nb\nc"]
    parameters = {"split_sentences": False, "min_doc_words": 1, "min_num_sentences": 1}
    assert apply("SentenceDeduplicateRefiner", texts, **parameters)[0]["text"].to_pylist() == [texts[0], "x"]


@pytest.mark.parametrize("memory_mb", [None, 1])
@pytest.mark.parametrize("rows_per_batch", [6, 1])
def test_substrings(memory_mb, rows_per_batch):
    texts = ["0123456789 is a number", "see 0123456789 is", None, "", "é0123456789 is", "short"]
    chunks = [pa.array(texts[i : i + rows_per_batch], pa.string()) for i in range(0, 6, rows_per_batch)]
    table = pa.table({"text": pa.chunked_array(chunks)})
    parameters = {"min_length": 10, "memory_mb": memory_mb}
    kept, drops = apply("SubstringDeduplicateRefiner", table, output_span_key="cut", **parameters)
    assert kept["text"].to_pylist() == [texts[0], "see ", None, "", "é", "short"]
    assert kept["cut"].to_pylist() == [[], [4, 17], [], [], [1, 14], []]
    assert drops.num_rows == 0
    _, drops = apply("SubstringDeduplicateRefiner", table, min_words=2, **parameters)
    assert drops.to_pylist()[0] == {
        "row": 1,
        "rule": "substring_deduplicate",
        "value": 1.0,
        "threshold": 2.0,
        "detail": "13 characters repeat others",
    }


def test_substrings_of_words():
    texts = ["one two three four", "zero one  two three. one two three five"]
    kept, _ = apply("SubstringDeduplicateRefiner", texts, min_length=3, unit="words")
    assert kept["text"].to_pylist() == [texts[0], "zero one  two three.  five"]


def test_addresses():
    table = pa.table(
        {"url": ["http://a.org/", "https://www.a.org#x", None, "", "", "http://b.org"], "day": [1, 2, 3, 4, 5, 6]}
    )
    _, drops = apply("UrlDeduplicateFilter", table, input_key="url")
    assert [(drop["row"], drop["detail"]) for drop in drops.to_pylist()] == [(1, "duplicate of row 0")]
    _, drops = apply("UrlDeduplicateFilter", table, input_key="url", input_priority_key="day")
    assert [(drop["row"], drop["detail"]) for drop in drops.to_pylist()] == [(0, "duplicate of row 1")]


@pytest.mark.parametrize(
    "name", ["LineDeduplicateRefiner", "SentenceDeduplicateRefiner", "SubstringDeduplicateRefiner"]
)
def test_in_a_storage(name, tmp_path):
    page = f"{NOTE} {' '.join(f'Word number {i} is here.' for i in range(30))}"
    storage = FileStorage(pa.table({"text": [page, page, "other"]}), cache_path=tmp_path / "run")
    get_operator(name)().run(storage.step(), input_key="text")
    assert storage.read()["text"].to_pylist() == [page, "other"]


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("LineDeduplicateRefiner", {"min_chars": -1}, "LineDeduplicateRefiner: min_chars=-1 must not be negative"),
        (
            "SentenceDeduplicateRefiner",
            {"n_sentences": 0},
            "SentenceDeduplicateRefiner: n_sentences=0 must be at least 1",
        ),
        (
            "SentenceDeduplicateRefiner",
            {"min_doc_words": -1},
            "SentenceDeduplicateRefiner: min_doc_words=-1 must not be negative",
        ),
        (
            "SubstringDeduplicateRefiner",
            {"min_length": 1},
            "SubstringDeduplicateRefiner: min_length=1 must be at least 2",
        ),
        (
            "SubstringDeduplicateRefiner",
            {"min_words": -1},
            "SubstringDeduplicateRefiner: min_words=-1 must not be negative",
        ),
        ("UrlDeduplicateFilter", {"memory_mb": 0}, "UrlDeduplicateFilter: memory_mb=0 must be at least 1"),
    ],
)
def test_bad_parameters(name, parameters, message):
    with pytest.raises(ParameterError) as caught:
        get_operator(name)(**parameters)
    assert str(caught.value) == message


def test_an_output_column_must_be_new():
    for name, key in (
        ("LineDeduplicateRefiner", "output_removed_key"),
        ("SubstringDeduplicateRefiner", "output_span_key"),
    ):
        with pytest.raises(ColumnError, match="there is a column 'text' already"):
            apply(name, ["a"], **{key: "text"})
