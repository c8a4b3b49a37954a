"""Native operators on one column run as one pass, with the same outcome as one after the other."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline, Run
from dataflow_rs.core.bound_step import BoundStep
from dataflow_rs.core.text_stage import first_stage
from dataflow_rs.operators.general_text import (
    HtmlEntityFilter,
    HtmlUrlRemoverRefiner,
    RemoveExtraSpacesRefiner,
    UniqueWordsFilter,
    WordNumberFilter,
)

from tests.toys import WordCountEvaluator

TEXTS = [
    "one  two three",
    None,
    "",
    "x x x x",
    "see &nbsp; there is",
    "a <b>bold</b> http://x.y word",
    "é  ü ö",
    "one",
] * 3
STRINGS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


class Chain(Pipeline):
    def __init__(self, table, cache_path):
        super().__init__()
        self.storage = FileStorage(table, cache_path=cache_path, batch_rows=5)
        self.calls = [
            (RemoveExtraSpacesRefiner(), {"input_key": "text"}),
            (WordNumberFilter(min_words=2), {"input_key": "text", "output_key": "words"}),
            (HtmlUrlRemoverRefiner(), {"input_key": "text"}),
            (UniqueWordsFilter(threshold=0.3), {"input_key": "text"}),
            (HtmlEntityFilter(), {"input_key": "other"}),
            (HtmlEntityFilter(), {"input_key": "text"}),
            (WordCountEvaluator(), {"input_key": "text", "output_key": "counted"}),
            (WordNumberFilter(min_words=3), {"input_key": "text", "output_key": "words_after"}),
        ]

    def forward(self):
        for operator, keys in self.calls:
            operator.run(storage=self.storage.step(), **keys)


@pytest.mark.parametrize("kind", STRINGS, ids=str)
def test_compiled_and_eager_runs_leave_the_same(tmp_path, kind):
    texts = pa.array(TEXTS, pa.string())
    table = pa.table({"text": texts.cast(kind), "other": texts, "n": list(range(len(TEXTS)))})
    eager, compiled = Chain(table, tmp_path / "eager"), Chain(table, tmp_path / "compiled")

    eager.forward()
    compiled.compile().run(quiet=True)

    ours, theirs = Run.open(tmp_path / "compiled"), Run.open(tmp_path / "eager")
    assert 0 < ours.steps[-1].rows_out < len(TEXTS)
    for mine, other in zip(ours.steps, theirs.steps, strict=True):
        assert ours.table(mine.index).equals(theirs.table(other.index)), mine.name
        assert ours.table(mine.index).schema.field("text").type == kind
        assert ours.scores(mine.index).equals(theirs.scores(other.index)), mine.name
    assert ours.drops().equals(theirs.drops())
    assert all(step.seconds >= 0 for step in ours.steps)


def test_a_stage_is_of_native_operators_on_one_column_of_text():
    text = {"input_key": "text", "output_key": None}
    native = [BoundStep(operator, text, 1, 0) for operator in (RemoveExtraSpacesRefiner(), WordNumberFilter())]
    other = BoundStep(WordNumberFilter(), {"input_key": "other", "output_key": None}, 3, 2)
    python = BoundStep(WordCountEvaluator(), {"input_key": "text", "output_key": "n"}, 4, 3)
    schema = pa.schema([("text", pa.string()), ("other", STRINGS[-1])])

    assert first_stage([*native, other], schema) == native
    assert first_stage([*native, python, *native], schema) == native
    assert first_stage([python, *native], schema) == [python]
    assert first_stage([other, other], schema) == [other], "a dictionary is left to the operators themselves"
