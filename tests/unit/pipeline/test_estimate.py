"""What a plan will ask of models, before it asks."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.exceptions import ParameterError
from dataflow_rs.operators.core_text import (
    KCenterGreedyFilter,
    PromptedEvaluator,
    PromptedFilter,
    PromptedGenerator,
    RandomDomainKnowledgeRowGenerator,
)
from dataflow_rs.operators.general_text import WordNumberFilter
from dataflow_rs.operators.text_sft import CondorGenerator
from dataflow_rs.pipeline.estimate import StepEstimate
from dataflow_rs.serving.rehearsal import simplest
from dataflow_rs.testing import FakeEmbeddingServing, FakeServing


def planned(tmp_path, rows, *calls):
    """Return the plan of operators with their keys, one after the other."""

    class Listed(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage(pa.table({"text": rows}), cache_path=tmp_path / "run")
            self.operators = [operator for operator, _ in calls]

        def forward(self):
            for operator, keys in calls:
                operator.run(storage=self.storage.step(), **keys)

    return Listed().compile()


def fake(**settings):
    return FakeServing(lambda prompt: "never asked", price=(1.0, 10.0), **settings)


ASK = {"input_key": "text", "output_key": "reply"}


def test_rows_that_rules_drop_are_not_counted(tmp_path):
    serving = fake()
    rows = [f"some words {number}" if number % 4 else "short" for number in range(1000)]
    plan = planned(
        tmp_path, rows, (WordNumberFilter(min_words=2), {"input_key": "text"}), (PromptedGenerator(serving), ASK)
    )
    exact = plan.estimate(rows=1000)
    assert [(step.rows, step.asked and step.asked.calls) for step in exact.steps] == [(1000, None), (750, 750)]
    assert exact.total.usage.completion_tokens == 750 * 1024
    assert exact.total.cost == pytest.approx((exact.total.usage.prompt_tokens + 10 * 750 * 1024) / 1e6)
    assert exact.cost_per_row == exact.total.cost / 1000
    sample = plan.estimate()
    assert (sample.rows, sample.sampled) == (1000, 100)
    assert sample.steps[0] == StepEstimate(1, "WordNumberFilter", 1000, None)
    assert 600 <= sample.steps[1].rows == sample.total.calls <= 900
    assert sample == plan.estimate(), "the same rows every time"
    assert (serving.calls, (tmp_path / "run" / "manifest").exists()) == (0, False)


def test_what_is_recorded_costs_nothing(tmp_path):
    serving = fake()
    plan = planned(tmp_path, ["a", "b", "a"], (PromptedGenerator(serving), ASK))
    assert plan.estimate().total.calls == 2
    plan.run(quiet=True)
    calls = serving.calls
    done = plan.estimate()
    assert (done.total.calls, done.total.replayed, done.total.cost, serving.calls) == (0, 3, 0.0, calls)


def test_steps_that_depend_on_answers_are_counted_in_full(tmp_path):
    judge = fake()
    plan = planned(
        tmp_path,
        ["one", "two", "three"],
        (PromptedEvaluator(judge), {"input_key": "text", "output_key": "score"}),
        (PromptedFilter(judge, min_score=5), {"input_key": "text", "output_key": "verdict"}),
        (PromptedGenerator(fake(), "Go on."), ASK),
        (WordNumberFilter(min_words=5000), {"input_key": "reply"}),
        (PromptedGenerator(fake(), "And again."), {"input_key": "reply", "output_key": "more"}),
    )
    found = plan.estimate()
    assert [(step.rows, step.asked and step.asked.calls) for step in found.steps] == [
        (3, 3),
        (3, 3),
        (3, 3),
        (3, None),
        (3, 3),
    ]
    assert found.steps[4].asked.usage.prompt_tokens > 1024, "the reply before is taken to be as long as it may be"
    assert {step.note for step in found.steps} == {""}


def test_rows_from_nothing_do_not_depend_on_the_source(tmp_path):
    serving = fake(replay="off")
    made = RandomDomainKnowledgeRowGenerator(serving, 7, ["physics"])
    found = planned(
        tmp_path, ["a"] * 50, (made, {}), (PromptedGenerator(serving), {"input_key": "generated_content"})
    ).estimate(5)
    assert (found.rows, found.sampled) == (50, 5)
    assert found.steps[0].asked.calls == 7
    assert found.steps[1].rows == 7


def test_second_rounds_are_counted(tmp_path):
    found = planned(tmp_path, ["a"], (CondorGenerator(fake(), num_samples=4), {})).estimate()
    assert found.total.calls == 2 + 4, "three questions in a reply, and an answer to each that is wanted"
    assert found.steps[0].note == ""


def test_embeddings(tmp_path):
    serving = FakeEmbeddingServing(price=(2.0, 0.0))
    plan = planned(tmp_path, ["one", "two", ""], (KCenterGreedyFilter(2, serving), {"input_key": "text"}))
    found = plan.estimate()
    assert (found.total.calls, found.total.usage.completion_tokens, serving.calls) == (2, 0, 0)
    assert found.total.cost == pytest.approx(2.0 * found.total.usage.prompt_tokens / 1e6)


def test_a_budget_that_may_not_suffice(tmp_path, caplog):
    serving = fake(budget_usd=0.02)
    plan = planned(tmp_path, ["one", "two", "three"], (PromptedGenerator(serving), ASK))
    warning = "FakeServing: these calls may use up to 0.030822 USD (3,174 tokens), the budget is 0.02 USD"
    found = plan.estimate()
    assert found.warnings == (warning,)
    assert warning in caplog.text
    assert str(found).endswith(f"\n  warning: {warning}")
    assert planned(tmp_path, ["one"], (PromptedGenerator(serving), ASK)).estimate().warnings == ()


def test_no_rows_and_no_models(tmp_path):
    empty = planned(tmp_path, pa.array([], pa.string()), (PromptedGenerator(fake()), ASK)).estimate()
    assert (empty.rows, empty.total.calls, empty.cost_per_row) == (0, 0, None)
    native = planned(tmp_path, ["a"], (WordNumberFilter(), {"input_key": "text"})).estimate()
    assert native.to_dict() == {
        "rows": 1,
        "sampled": 1,
        "steps": [{"index": 1, "name": "WordNumberFilter", "rows": 1, "asked": None, "note": ""}],
        "total": {"calls": 0, "replayed": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost": None},
        "cost_per_row": None,
        "warnings": [],
    }
    with pytest.raises(ParameterError, match=r"estimate\(rows=0\): it must be at least 1"):
        planned(tmp_path, ["a"], (WordNumberFilter(), {"input_key": "text"})).estimate(0)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number"}, 1.0),
        ({"type": ["boolean", "null"]}, True),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": 7}, 7),
        ({"type": "null"}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "so 1"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"type": "boolean"}}}, {"x": True}),
        ({"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}}}}}, {"next": "so 1"}),
        ({}, "so 1"),
    ],
)
def test_the_simplest_value_of_a_schema(schema, value):
    assert simplest(schema) == value
