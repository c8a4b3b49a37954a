"""`DecontaminationFilter`: evaluation sets from files, tables and columns; verdicts, details, and what it says."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataflow_rs import FileStorage, get_operator
from dataflow_rs.exceptions import ColumnError, ParameterError, SourceNotFoundError

QUESTION = "A farmer has twelve hens and each of them lays five eggs a week; how many in all?"
ANSWER = "They lay sixty eggs in a week, because twelve times five is sixty, says he."
TABLE = pa.table({"question": [QUESTION, "2 + 2"], "answer": [ANSWER, "4"], "key": ["hens", "sum"]})
TEXTS = [
    f"Prose before. {QUESTION} And prose after.",
    f"<{ANSWER.upper()}>",
    "A farmer has twelve hens.",
    "2+2",
    "what is 2+2?",
    None,
    "",
    " ",
]
DROPPED = [0, 1, 3]


def make(**parameters):
    return get_operator("DecontaminationFilter")(**parameters)


def apply(operator, texts=TEXTS, **keys):
    return operator.apply(pa.table({"text": pa.array(texts, pa.string())}), input_key="text", return_drops=True, **keys)


@pytest.fixture(params=["table", "parquet", "jsonl", "glob", "mapping"])
def source(request, tmp_path):
    if request.param in ("parquet", "glob"):
        pq.write_table(TABLE, tmp_path / "quiz.parquet")
    if request.param == "jsonl":
        lines = "".join(json.dumps(row) + "\n" for row in TABLE.to_pylist())
        (tmp_path / "quiz.jsonl").write_text(lines, encoding="utf-8")
    return {
        "table": TABLE.drop_columns(["key"]),
        "parquet": str(tmp_path / "quiz.parquet"),
        "jsonl": tmp_path / "quiz.jsonl",
        "glob": {"source": [str(tmp_path / "*.parquet")], "columns": ["question", "answer"]},
        "mapping": {"source": TABLE, "columns": ["question", "answer"], "id": "key"},
    }[request.param]


def test_every_source(source):
    operator = make(benchmarks={"quiz": source})
    kept, drops = apply(operator)
    assert drops["row"].to_pylist() == DROPPED
    assert kept["text"].to_pylist() == [text for row, text in enumerate(TEXTS) if row not in DROPPED]
    assert set(drops["rule"].to_pylist()) == {"decontamination"}
    assert json.loads(json.dumps(operator.describe_parameters()))["benchmarks"]["quiz"]["source"]
    assert operator.problems() == []


def test_detail_names_benchmark_row_column_and_span():
    operator = make(benchmarks={"quiz": {"source": TABLE, "columns": ["question", "answer"], "id": "key"}})
    _, drops = apply(operator)
    assert drops["detail"].to_pylist() == [
        f'quiz row hens (question), 100% of it: characters 14-94 "{QUESTION[:-1]}"',
        f'quiz row hens (answer), 100% of it: characters 1-75 "{ANSWER.upper()[:-1]}"',
        'quiz row sum (question), 100% of it: characters 0-3 "2+2"',
    ]
    assert TEXTS[0][14:94] == QUESTION[:-1]


@pytest.mark.parametrize(
    ("measure", "threshold", "values", "dropped"),
    [
        ("ngrams", 1, [6.0, 3.0, 0.0, 1.0], [0, 1, 3]),
        ("ngrams", 4, [6.0, 3.0, 0.0, 1.0], [0]),
        ("text", 0.9, [18 / 23, 1.0, 0.0, 1.0], [1, 3]),
        ("item", 0.5, [1.0, 1.0, 0.0, 1.0], [0, 1, 3]),
    ],
)
def test_measures(measure, threshold, values, dropped):
    operator = make(benchmarks={"quiz": TABLE}, measure=measure, threshold=threshold)
    texts = TEXTS[:4]
    kept, drops = apply(operator, texts, output_score_key="score", output_key="label", output_span_key="span")
    assert drops["row"].to_pylist() == dropped
    scores = dict(zip(drops["row"].to_pylist(), drops["value"].to_pylist(), strict=True))
    left = [row for row in range(4) if row not in dropped]
    scores |= dict(zip(left, kept["score"].to_pylist(), strict=True))
    assert [scores[row] for row in range(4)] == pytest.approx(values)
    assert kept["label"].to_pylist() == [1] * len(left)
    assert [span is not None for span in kept["span"].to_pylist()] == [values[row] > 0 for row in left]


def test_normalizations():
    item = pa.array(["It's Two Words, plus more"])
    texts = ["its two words plus more", "it s two words plus more", "It's Two Words, plus more"]
    dropped = {}
    for name in ("words", "gpt3", "whitespace"):
        operator = make(benchmarks={"set": item}, normalization=name, ngram=5, min_words=5)
        dropped[name] = apply(operator, texts)[1]["row"].to_pylist()
    assert dropped == {"words": [1, 2], "gpt3": [0, 2], "whitespace": [2]}


def test_instructions_that_all_items_share_are_no_evidence():
    items = pa.array([f"Answer with one of the letters A B C or D {word}" for word in ("x", "y", "z")])
    text = ["Answer with one of the letters A B C or D, please."]
    assert len(apply(make(benchmarks={"set": items}, ngram=8), text)[1]) == 1
    assert len(apply(make(benchmarks={"set": items}, ngram=8, max_items=2), text)[1]) == 0


def test_in_a_storage_and_again(tmp_path):
    pq.write_table(TABLE, tmp_path / "quiz.parquet")
    storage = FileStorage(pa.table({"text": TEXTS}), cache_path=tmp_path / "run")
    make(benchmarks={"quiz": tmp_path / "quiz.parquet"}).run(storage.step(), input_key="text")
    assert storage.read()["text"].to_pylist() == [text for row, text in enumerate(TEXTS) if row not in DROPPED]


def test_the_content_of_a_benchmark_is_part_of_the_fingerprint(tmp_path):
    prints = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pq.write_table(TABLE, tmp_path / name / "quiz.parquet")
        described = make(benchmarks={"quiz": str(tmp_path / name / "quiz.parquet")})
        prints.add((name, described.fingerprint()))
    pq.write_table(TABLE.slice(1), tmp_path / "two" / "quiz.parquet")
    prints.add(("two", make(benchmarks={"quiz": str(tmp_path / "two" / "quiz.parquet")}).fingerprint()))
    assert len(prints) == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"benchmarks": {}}, "DecontaminationFilter: benchmarks is empty; give at least one evaluation set"),
        ({"ngram": 0}, "DecontaminationFilter: ngram=0 must be at least 1"),
        ({"ngram": 4}, "DecontaminationFilter: min_words=8 is above ngram=4"),
        ({"max_items": 0}, "DecontaminationFilter: max_items=0 must be at least 1"),
        ({"threshold": 0}, "DecontaminationFilter: threshold=0 would drop every text; it is above 0"),
        (
            {"measure": "item", "threshold": 2},
            "DecontaminationFilter: threshold=2 must lie between 0 and 1",
        ),
        (
            {"benchmarks": {"a": {"sauce": "x"}}},
            "DecontaminationFilter(benchmarks['a']=): there is no field 'sauce' (did you mean 'source'?); "
            "fields: source, columns, id",
        ),
        (
            {"benchmarks": {"a": {"columns": "x"}}},
            "DecontaminationFilter(benchmarks['a']=): the field 'source' is missing: a path or a table",
        ),
        (
            {"benchmarks": {"a": {"source": TABLE, "columns": []}}},
            "DecontaminationFilter(benchmarks['a']=): columns=[] is no list of column names",
        ),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ParameterError) as caught:
        make(**{"benchmarks": {"quiz": TABLE}, **parameters})
    assert str(caught.value) == message


def test_bad_sources():
    for given, error, message in (
        ({"source": TABLE, "columns": ["qestion"]}, ColumnError, "benchmark 'a' has no column 'qestion'"),
        ({"source": TABLE, "id": "nr"}, ColumnError, "benchmark 'a' has no column 'nr'"),
        (pa.table({"n": [1]}), ColumnError, "benchmark 'a' has no column of text; columns: n"),
        ({"source": pa.table({"n": [1]}), "columns": ["n"]}, ColumnError, "benchmark 'a': the column 'n' holds int64"),
    ):
        operator = make(benchmarks={"a": given})
        assert any(message in problem for problem in operator.problems())
        with pytest.raises(error, match=message.replace("(", r"\(")):
            apply(operator)
    with pytest.raises(SourceNotFoundError):
        apply(make(benchmarks={"a": "/nowhere/at/all.parquet"}))
