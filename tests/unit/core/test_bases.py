"""The four base classes: what an author returns, and what becomes of the rows, the drop log and the errors."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from dataflow_rs import DatasetOperator, FilterOperator, Integer, RowOperator, Text, Verdict
from dataflow_rs.exceptions import ColumnError, OperatorError, ParameterError

from tests.toys import (
    CountsGenerator,
    FirstOnlyFilter,
    LettersEvaluator,
    MinimumFilter,
    RankEvaluator,
    ShoutRefiner,
    SplitGenerator,
    WordCountEvaluator,
)

TEXTS = pa.table({"text": ["a b", None, "", "cc dd?"], "id": pa.array([7, 8, 9, 2**63], pa.uint64())})


def test_row_operator_adds_a_column():
    result = WordCountEvaluator().apply(TEXTS, input_key="text")
    assert result.schema.names == ["text", "id", "words"]
    assert result["words"].to_pylist() == [2, None, 0, 2]
    assert result["id"].type == pa.uint64()


def test_rewritten_column_keeps_its_type():
    table = pa.table({"text": pa.array(["a", None], pa.large_string())})
    result = ShoutRefiner(suffix="!").apply(table)
    assert result["text"].to_pylist() == ["A!", None]
    assert result["text"].type == pa.large_string()


def test_filter_returns_kept_rows_and_reasons():
    table = WordCountEvaluator().apply(TEXTS)
    kept, drops = MinimumFilter(minimum=1).apply(table, return_drops=True)
    assert kept["id"].to_pylist() == [7, 2**63]
    assert drops.to_pylist() == [
        {"row": 1, "rule": "minimum", "value": None, "threshold": 1.0, "detail": None},
        {"row": 2, "rule": "minimum", "value": 0.0, "threshold": 1.0, "detail": None},
    ]


def test_filter_may_return_plain_truth_values_and_null_is_false():
    class EvenFilter(FilterOperator):
        """Keep even numbers."""

        def process(self, batch, input_key: Integer = "n"):
            return pa.array([True, None, False])

    kept, drops = EvenFilter().apply(pa.table({"n": [2, None, 3]}), return_drops=True)
    assert kept["n"].to_pylist() == [2]
    assert [(row["row"], row["rule"]) for row in drops.to_pylist()] == [(1, "even"), (2, "even")]


def test_expand_makes_rows_that_carry_their_parent():
    rows, drops = SplitGenerator().apply(TEXTS, return_drops=True)
    assert rows.select(["id", "word"]).to_pylist() == [{"id": 2**63, "word": "cc"}, {"id": 2**63, "word": "dd?"}]
    assert [(drop["row"], drop["rule"]) for drop in drops.to_pylist()] == [
        (0, "no_output"),
        (1, "no_output"),
        (2, "no_output"),
    ]


def test_dataset_operator_sees_all_batches():
    table = pa.concat_tables([pa.table({"word": ["x", "y"]}), pa.table({"word": ["x", "z"]})])
    kept, drops = FirstOnlyFilter().apply(table, return_drops=True)
    assert kept["word"].to_pylist() == ["x", "y", "z"]
    assert drops.to_pylist() == [
        {"row": 2, "rule": "duplicate", "value": None, "threshold": None, "detail": "duplicate of row 0"}
    ]
    assert RankEvaluator().apply(TEXTS)["rank"].to_pylist() == [1, 0, 0, 2]
    assert CountsGenerator().apply(table).to_pylist() == [
        {"value": "x", "count": 2},
        {"value": "y", "count": 1},
        {"value": "z", "count": 1},
    ]


@pytest.mark.parametrize(
    ("on_error", "letters", "dropped"),
    [
        ("keep", [["a", " ", "b"], [], [], None], []),
        ("drop", [["a", " ", "b"], [], []], [(3, "error", "Odd: a question mark")]),
    ],
)
def test_failed_rows(on_error, letters, dropped):
    result, drops = LettersEvaluator(on_error=on_error).apply(TEXTS, return_drops=True)
    assert result["letters"].to_pylist() == letters
    assert [(row["row"], row["rule"], row["detail"]) for row in drops.to_pylist()] == dropped


def test_failed_rows_raise_when_asked():
    with pytest.raises(OperatorError, match=r"LettersEvaluator: row 3 of the batch failed with Odd: a question mark"):
        LettersEvaluator(on_error="raise").apply(TEXTS)


def test_failed_rows_of_a_filter():
    class OddFilter(FilterOperator):
        """Keep everything it can judge."""

        on_error = "drop"

        def process(self, batch, input_key: Text = "text"):
            errors = LettersEvaluator().process(batch, input_key).errors
            return Verdict(keep=[False, True, True, True], rule="first", errors=errors)

    kept, drops = OddFilter().apply(TEXTS, return_drops=True)
    assert kept["id"].to_pylist() == [8, 9]
    assert [(row["row"], row["rule"]) for row in drops.to_pylist()] == [(0, "first"), (3, "error")]


@pytest.mark.parametrize(
    "convert",
    [
        lambda table: table,
        lambda table: table.to_reader(),
        lambda table: table.to_batches()[0],
        pl.from_arrow,
    ],
    ids=["table", "reader", "batch", "polars"],
)
def test_apply_returns_what_it_was_given(convert):
    given = convert(TEXTS)
    result = WordCountEvaluator().apply(given)
    assert type(result) is type(given)
    words = result.read_all()["words"] if isinstance(result, pa.RecordBatchReader) else result["words"]
    assert (words.to_list() if isinstance(result, pl.DataFrame) else words.to_pylist()) == [2, None, 0, 2]


@pytest.mark.parametrize("operator", [WordCountEvaluator(), ShoutRefiner(), SplitGenerator(), RankEvaluator()])
def test_empty_table_keeps_its_schema(operator):
    result = operator.apply(TEXTS.slice(0, 0))
    assert result.num_rows == 0
    assert result.schema.names[:2] == ["text", "id"]
    assert [str(result.schema.field(name).type) for name in result.schema.names[:2]] == ["string", "uint64"]


def test_wrong_type_is_no_table():
    with pytest.raises(ParameterError, match=r"builtins\.int is no table"):
        WordCountEvaluator().apply(3)


class BadEvaluator(RowOperator):
    """Do something wrong.

    Args:
        what: the mistake.
    """

    what: str = "length"

    def process(self, batch, input_key: Text = "text", output_key: Integer = "n"):
        if self.what == "raise":
            raise ZeroDivisionError("division by zero")
        return {
            "length": {output_key: [1]},
            "name": {"other": [1] * batch.num_rows},
            "type": {output_key: ["x"] * batch.num_rows},
        }[self.what]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("length", "BadEvaluator.process() returned 1 values of 'n' for 4 rows"),
        (
            "name",
            "BadEvaluator.process() returned the column 'other', which none of its output keys names; declared: n",
        ),
        (
            "raise",
            "BadEvaluator.process() raised ZeroDivisionError in the batch that begins at row 0: division by zero",
        ),
    ],
)
def test_mistakes_of_an_author_are_named(what, message):
    with pytest.raises(OperatorError) as caught:
        BadEvaluator(what=what).apply(TEXTS)
    assert str(caught.value) == message


def test_wrong_values_name_the_column():
    with pytest.raises(OperatorError, match="BadEvaluator: column 'n' cannot hold its values as int64"):
        BadEvaluator(what="type").apply(TEXTS)


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (
            {"input_key": "txet"},
            ColumnError,
            "there is no column 'txet' (did you mean 'text'?); columns here: text, id",
        ),
        ({"input_key": "id"}, ColumnError, "the column holds uint64, but a text column is needed"),
        ({"inptu_key": "text"}, ParameterError, "has no argument 'inptu_key' (did you mean 'input_key'?)"),
        ({"input_key": 3}, ParameterError, "'input_key' must be a column name, not 3"),
    ],
)
def test_wrong_keys(keys, error, message):
    with pytest.raises(error) as caught:
        WordCountEvaluator().apply(TEXTS, **keys)
    assert message in str(caught.value)


def test_dataset_verdict_of_wrong_length():
    class ShortFilter(DatasetOperator):
        """Judge too few rows."""

        def process(self, dataset, input_key: Text = "text"):
            return Verdict(keep=[True])

    with pytest.raises(OperatorError, match=r"ShortFilter\.process\(\) gave 1 verdicts for 4 rows"):
        ShortFilter().apply(TEXTS)
