"""Operators over expressions, whole tables, vectors and passages."""

from __future__ import annotations

import random

import polars as pl
import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline, _native
from dataflow_rs.exceptions import CompileError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators.core_text import (
    EmbeddingGenerator,
    GeneralFilter,
    KCenterGreedyFilter,
    PandasOperator,
    RetrievalGenerator,
)
from dataflow_rs.pipeline.recipe import plan_from_dict
from dataflow_rs.retrieval import BM25Retriever
from dataflow_rs.testing import FakeEmbeddingServing, FakeServing
from hypothesis import given
from hypothesis import strategies as st

ROWS = pa.table(
    {
        "id": [0, 1, 2, 3],
        "score": [5.0, 2.0, None, 4.0],
        "lang": ["en", "de", "en", "fr"],
        "text": ["a b", "", None, "ab"],
        "tags": [["x"], [], None, ["x", "y"]],
    }
)


# -- GeneralFilter -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (["score >= 4"], [0, 3]),
        (["score >= 4 AND lang IN ('en', 'de')"], [0]),
        (["lang <> 'fr'", "score IS NOT NULL"], [0, 1]),
        (["score IS NULL OR score < 3"], [1, 2]),
        (["LENGTH(text) BETWEEN 1 AND 2"], [3]),
        (["text LIKE 'a%'", "NOT (text = 'ab')"], [0]),
        (["ARRAY_LENGTH(tags) > 1"], [3]),
        (["CASE WHEN lang = 'en' THEN score > 4 ELSE TRUE END"], [0, 1, 3]),
        (["COALESCE(score, 0) = 0"], [2]),
        ([pl.col("score") > 3, pl.col("lang").str.starts_with("e")], [0]),
        ([pl.col("tags").list.contains("x")], [0, 3]),
        ([pl.col("score").is_between(2, 4)], [1, 3]),
    ],
)
def test_general_filter(rules, kept):
    table, drops = GeneralFilter(rules).apply(ROWS, return_drops=True)
    assert table["id"].to_pylist() == kept
    assert table.schema == ROWS.schema
    assert drops["row"].to_pylist() == [row for row in range(4) if row not in kept]


def test_general_filter_names_the_first_rule_that_is_broken():
    _, drops = GeneralFilter(["score > 3", "lang = 'en'"]).apply(ROWS, return_drops=True)
    assert drops["rule"].to_pylist() == ["score > 3", "score > 3", "lang = 'en'"]
    _, drops = GeneralFilter([pl.col("score") > 3]).apply(ROWS, return_drops=True)
    assert drops["rule"].to_pylist()[0] == '[(col("score")) > (dyn int: 3)]'


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("score > AVG(score)", r"'score > AVG\(score\)' looks at more than one row \(Agg\); compute it before"),
        ("score > MAX(score) OVER (PARTITION BY lang)", r"looks at more than one row \(Over\)"),
        ("ROW_NUMBER() OVER () > 1", r"looks at more than one row \((Range|Len)\)"),
        (pl.col("score").shift(1) > 1, r"looks at more than one row \(Shift\)"),
        (pl.col("score").is_unique(), r"looks at more than one row \(IsUnique\)"),
        (pl.col("score").cum_sum() > 1, r"looks at more than one row \(CumSum\)"),
        (pl.col("score").rank() > 1, r"looks at more than one row \(Rank\)"),
        (pl.col("score").sort() > 1, r"looks at more than one row \(Sort\)"),
        ("score >", "'score >' is no expression of SQL"),
        ("__import__('os').system('ls')", "is no expression of SQL"),
        ("1 = 1", "'1 = 1' names no column"),
        (lambda frame: frame["score"] > 1, "a rule is SQL text such as"),
        (3, "got 3; a rule is SQL text"),
    ],
)
def test_rules_that_are_refused(rule, message):
    with pytest.raises(ParameterError, match=message) as caught:
        GeneralFilter(["score > 1", rule])
    assert "GeneralFilter(filter_rules[1]=)" in str(caught.value)


def test_functions_in_python_are_refused():
    with pytest.raises(ParameterError, match=r"holds a function written in Python|looks at more than one row"):
        GeneralFilter([pl.col("score").map_elements(abs, return_dtype=pl.Float64) > 1])
    with pytest.raises(ParameterError, match="there must be at least one rule"):
        GeneralFilter([])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("lang > 3", "the rule 'lang > 3' cannot be applied: "),
        ("score + 1", r"the rule 'score \+ 1' gives Float64, not true or false"),
    ],
)
def test_rules_that_do_not_fit_the_columns(rule, message):
    with pytest.raises(OperatorError, match=message):
        GeneralFilter([rule]).apply(ROWS)


class FilterPipeline(Pipeline):
    def __init__(self, folder, source, rules):
        super().__init__()
        self.storage = FileStorage(source, cache_path=folder)
        self.rules = GeneralFilter(rules)

    def forward(self):
        self.rules.run(storage=self.storage.step())


def test_rules_in_plans_and_recipes(tmp_path):
    with pytest.raises(CompileError, match="there is no column 'scor' \\(did you mean 'score'\\?\\)"):
        FilterPipeline(tmp_path / "a", ROWS, ["scor > 1"]).compile()
    source = tmp_path / "in.jsonl"
    source.write_text('{"score": 1}\n{"score": 4}\n')
    recipe = FilterPipeline(tmp_path / "b", str(source), ["score > 3"]).compile().to_dict()
    assert recipe["steps"][0]["params"] == {"filter_rules": ["score > 3"]}
    assert plan_from_dict(recipe).run(quiet=True).table()["score"].to_pylist() == [4]
    with pytest.raises(ParameterError, match="cannot be written into a recipe"):
        FilterPipeline(tmp_path / "c", str(source), [pl.col("score") > 3]).compile().to_dict()
    assert FilterPipeline(tmp_path / "d", ROWS, [pl.col("score") > 3]).compile().run(quiet=True).table().num_rows == 2
    assert GeneralFilter(["score > 3"]).fingerprint() != GeneralFilter(["score > 4"]).fingerprint()


# -- PandasOperator ----------------------------------------------------------------------------------------------------

CODES = pa.table({"code": ["007", "8"], "n": pa.array([1, None], pa.int64()), "tags": [["a"], []]})


def test_pandas_functions_keep_types():
    def add(frame):
        frame = frame.copy()
        frame["twice"] = frame["n"] * 2
        frame["upper"] = frame["code"].str.upper()
        return frame[["code", "n", "tags", "twice", "upper"]]

    table = PandasOperator([add, lambda frame: frame.iloc[::-1]]).apply(CODES, output_key="twice")
    assert table.to_pylist() == [
        {"code": "8", "n": None, "tags": [], "twice": None, "upper": "8"},
        {"code": "007", "n": 1, "tags": ["a"], "twice": 2, "upper": "007"},
    ]
    assert table.schema.types == [pa.string(), pa.int64(), pa.list_(pa.string()), pa.int64(), pa.string()]


def test_polars_arrow_and_sql():
    def polars(frame):
        return frame.with_columns(size=pl.col("code").str.len_chars().cast(pl.Int64))

    def arrow(table):
        return table.drop_columns(["tags"])

    assert PandasOperator([polars], frame="polars").apply(CODES)["size"].to_pylist() == [3, 1]
    assert PandasOperator([arrow], frame="arrow").apply(CODES).column_names == ["code", "n"]
    query = "SELECT code, n + 1 AS m FROM self WHERE n IS NOT NULL"
    table = PandasOperator([query]).apply(CODES)
    assert table.to_pylist() == [{"code": "007", "m": 2}]
    assert table.schema.field("code").type == pa.string()
    large = CODES.set_column(0, "code", CODES["code"].cast(pa.large_string()))
    assert PandasOperator([query]).apply(large).schema.field("code").type == pa.large_string()
    assert PandasOperator([polars], frame="polars").apply(CODES.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"process_fn": []}, "there must be at least one function or SQL text"),
        ({"process_fn": [3]}, "got 3; it is a function from table to table, or SQL"),
        ({"process_fn": ["SELECT * FROM read_csv('x.csv')"]}, "SQL reads no files, only the table `self`"),
        ({"process_fn": ["DROP TABLE self"]}, "must begin with SELECT or WITH"),
        ({"process_fn": ["SELECT n, COUNT(*) FROM self GROUP BY n"]}, "have no certain order; add ORDER BY"),
    ],
)
def test_mistakes_of_tables(arguments, message):
    with pytest.raises(ParameterError, match=message):
        PandasOperator(**arguments)


@pytest.mark.parametrize(
    ("step", "frame", "message"),
    [
        (lambda frame: None, "polars", "returned NoneType, not a DataFrame"),
        ("SELECT missing FROM self", "arrow", "'SELECT missing FROM self' cannot be run: "),
        (lambda table: table["nope"], "arrow", "PandasOperator.process\\(\\) raised KeyError"),
    ],
)
def test_functions_that_fail(step, frame, message):
    with pytest.raises(OperatorError, match=message):
        PandasOperator([step], frame=frame).apply(CODES)
    with pytest.raises(OperatorError, match="there is no column 'x' afterwards; columns: code, n, tags"):
        PandasOperator([lambda table: table], frame="arrow").apply(CODES, output_key="x")


def test_fingerprints_follow_the_functions():
    def maker(number):
        return lambda frame: frame.head(number)

    def same():
        return PandasOperator([maker(1)], frame="polars").fingerprint()

    assert same() == same()
    assert same() != PandasOperator([maker(2)], frame="polars").fingerprint(), "the closure counts"
    assert same() != PandasOperator([lambda frame: frame.tail(1)], frame="polars").fingerprint()


class TablePipeline(Pipeline):
    def __init__(self, folder, steps):
        super().__init__()
        self.storage = FileStorage(CODES, cache_path=folder)
        self.table = PandasOperator(steps, frame="polars")
        self.rules = GeneralFilter(["size > 1"])

    def forward(self):
        self.table.run(storage=self.storage.step(), output_key="size")
        self.rules.run(storage=self.storage.step())


def test_tables_in_plans(tmp_path):
    sql = ["SELECT code, LENGTH(code) AS size FROM self"]
    plan = TablePipeline(tmp_path / "a", sql).compile()
    assert plan.run(quiet=True).table().to_pylist() == [{"code": "007", "size": 3}]
    function = [lambda frame: frame.with_columns(size=pl.col("code").str.len_chars())]
    run = TablePipeline(tmp_path / "b", function).compile().run(quiet=True)
    assert run.table()["code"].to_pylist() == ["007"]


# -- EmbeddingGenerator, KCenterGreedyFilter ---------------------------------------------------------------------------

POINTS = {"a": [0.0, 0.0], "b": [1.0, 0.0], "c": [0.0, 9.0], "d": [8.0, 0.0]}


def embedding(**settings):
    return FakeEmbeddingServing(2, vectors=POINTS, fail={"bad": RateLimitedError("slow down")}, **settings)


@pytest.mark.parametrize("on_error", ["keep", "drop", "raise"])
def test_embedding_generator(on_error):
    table = pa.table({"text": ["a", None, "bad", " ", "c"]})
    generator = EmbeddingGenerator(embedding(), on_error=on_error)
    if on_error == "raise":
        with pytest.raises(OperatorError, match="row 2 of the batch failed with RateLimitedError: slow down"):
            generator.apply(table)
        return
    result, drops = generator.apply(table, return_drops=True)
    assert result.schema.field("embeddings").type == pa.list_(pa.float32())
    failed = [None] if on_error == "keep" else []
    assert result["embeddings"].to_pylist() == [[0.0, 0.0], None, *failed, None, [0.0, 9.0]]
    assert drops["row"].to_pylist() == ([] if on_error == "keep" else [2])


def test_embeddings_survive_a_run(tmp_path):
    class Embed(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage(pa.table({"text": ["a", None]}), cache_path=tmp_path)
            self.embed = EmbeddingGenerator(embedding())

        def forward(self):
            self.embed.run(storage=self.storage.step())

    assert Embed().compile().run(quiet=True).table()["embeddings"].to_pylist() == [[0.0, 0.0], None]


def test_k_center_greedy_keeps_what_is_far_apart():
    table = pa.table({"content": ["a", "b", None, "c", "bad", "d", "a"], "id": range(7)})
    kept, drops = KCenterGreedyFilter(3, embedding(), seed=0).apply(table, return_drops=True)
    assert kept.num_rows == 3
    assert {"c", "d"} <= set(kept["content"].to_pylist())
    entries = {drop["row"]: drop for drop in drops.to_pylist()}
    assert (entries[2]["rule"], entries[4]["rule"]) == ("empty", "error")
    chosen = [drop for drop in entries.values() if drop["rule"] == "not_chosen"]
    assert all(drop["value"] <= drop["threshold"] for drop in chosen)
    assert len(chosen) == 2


@pytest.mark.parametrize(("size", "kept"), [(0, 0), (1, 1), (4, 4), (99, 4)])
def test_k_center_greedy_keeps_exactly_as_many_as_asked_for(size, kept):
    table = pa.table({"content": ["a", "a", "a", "b", ""]})
    result = KCenterGreedyFilter(size, embedding(), seed=7).apply(table)
    assert result.num_rows == kept
    assert KCenterGreedyFilter(size, embedding(), seed=7).apply(table).equals(result)
    assert KCenterGreedyFilter(size, embedding()).apply(table.slice(0, 0)).num_rows == 0


def test_k_center_greedy_from_a_column_of_embeddings():
    table = pa.table({"content": ["x", "y", "z"], "vector": [[0.0], None, [1.0]]})
    kept = KCenterGreedyFilter(2).apply(table, input_embedding_key="vector")
    assert kept["content"].to_pylist() == ["x", "z"]
    with pytest.raises(ParameterError, match="needs an embedding_serving, or input_embedding_key"):
        KCenterGreedyFilter(2).apply(table)
    with pytest.raises(OperatorError, match=r"the embeddings in 'vector' have different sizes: \[1, 2\]"):
        KCenterGreedyFilter(2).apply(
            pa.table({"content": ["x", "y"], "vector": [[0.0], [1.0, 2.0]]}), input_embedding_key="vector"
        )
    with pytest.raises(ParameterError, match="num_samples=-1 must be at least 0"):
        KCenterGreedyFilter(-1)


def test_failed_embeddings_are_in_the_errors_of_a_run(tmp_path):
    class Select(Pipeline):
        def __init__(self):
            super().__init__()
            table = pa.table({"content": ["a", "bad", "c"]})
            self.storage = FileStorage(table, cache_path=tmp_path)
            self.select = KCenterGreedyFilter(2, embedding())

        def forward(self):
            self.select.run(storage=self.storage.step())

    run = Select().compile().run(quiet=True)
    assert run.table()["content"].to_pylist() == ["a", "c"]
    assert [(error["row"], error["type"]) for error in run.errors().to_pylist()] == [(1, "RateLimitedError")]


@given(st.integers(1, 5), st.integers(1, 30), st.integers(0, 40), st.integers(0, 2**32))
def test_the_selection_does_not_depend_on_the_threads(size, rows, count, seed):
    source = random.Random(seed)
    vectors = pa.array([[source.randrange(5) for _ in range(size)] for _ in range(rows)], pa.list_(pa.float32(), size))
    try:
        found = []
        for threads in (1, 3):
            _native.set_threads(threads)
            chosen, distances = _native.k_center(vectors, count, seed % rows)
            found.append((pa.array(chosen).to_pylist(), pa.array(distances).to_pylist()))
    finally:
        _native.set_threads(None)
    assert found[0] == found[1]
    assert len(set(found[0][0])) == min(count, rows)


def test_vectors_that_are_none():
    nulls = pa.array([[1.0], None], pa.list_(pa.float32(), 1))
    for wrong in (nulls, pa.array([[1.0]]), pa.array([[1]], pa.list_(pa.int32(), 1))):
        with pytest.raises(OperatorError, match="vectors are a fixed-size list of float32, without nulls"):
            _native.k_center(wrong, 1, 0)
    with pytest.raises(OperatorError, match="the queries have 2 numbers each, the vectors 1"):
        _native.nearest(pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)), nulls.slice(0, 1), 1)
    with pytest.raises(OperatorError, match="start=3: there are 1 vectors"):
        _native.k_center(nulls.slice(0, 1), 1, 3)


# -- RetrievalGenerator ------------------------------------------------------------------------------------------------

FACTS = ["The Inn is 518 km long.", "Cats purr when they are content.", "Rain falls from clouds."]


def test_retrieval_generator():
    retriever = BM25Retriever(FACTS, column=None, top_k=2)
    serving = FakeServing(lambda prompt: prompt, fail=lambda p: RateLimitedError("slow down") if "fail" in p else None)
    table = pa.table({"raw_content": ["How long is the Inn?", None, "Xyzzy?", "fail cats", " "]})
    result = RetrievalGenerator(serving, retriever).apply(table, output_passages_key="found")
    assert result["generated_content"].to_pylist() == [
        "Passages:\nThe Inn is 518 km long.\n\nQuestion: How long is the Inn?",
        None,
        "Question: Xyzzy?",
        None,
        None,
    ]
    assert result["found"].to_pylist() == [[FACTS[0]], None, [], [FACTS[1]], None]
    assert serving.calls == 3


def test_retrieval_is_part_of_the_fingerprint(tmp_path):
    file = tmp_path / "facts.jsonl"
    serving = FakeServing({"*": "x"})

    def fingerprint(content):
        file.write_text(content)
        return RetrievalGenerator(serving, BM25Retriever(str(file))).fingerprint()

    first = fingerprint('{"text": "a"}\n')
    assert first == fingerprint('{"text": "a"}\n')
    assert first != fingerprint('{"text": "b"}\n'), "the content counts"
    generator = RetrievalGenerator(serving, BM25Retriever(str(file), column="body"))
    assert generator.problems() == [
        "RetrievalGenerator(retriever=): BM25Retriever(column=): there is no column 'body'; columns: text"
    ]
