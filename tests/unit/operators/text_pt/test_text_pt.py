"""Operators of pre-training data that ask a chat model, and the language filter."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from dataflow_rs.exceptions import MalformedReplyError, OperatorError, ParameterError, RateLimitedError
from dataflow_rs.operators.general_text import LLMLanguageFilter
from dataflow_rs.operators.text_pt import MetaSampleEvaluator, Phi4QAGenerator
from dataflow_rs.prompts.pretraining import DIMENSIONS, LanguagePrompt, MetaPrompt
from dataflow_rs.testing import FakeServing

VALUES = ["one", None, "fail", "", "odd", "two"]


def fake(reply):
    return FakeServing(reply, fail=lambda p: RateLimitedError("slow down") if "fail" in p else None, max_repairs=0)


@pytest.mark.parametrize("size", [1, 2, 6])
def test_meta_sample_evaluator_with_any_number_of_dimensions(size):
    dimensions = DIMENSIONS[:size]
    names = [dimension["dimension_name"] for dimension in dimensions]

    def reply(prompt):
        return "[1, 2]" if "\nodd\n" in prompt else json.dumps({name: i % 5 + 1 for i, name in enumerate(names)})

    evaluator = MetaSampleEvaluator(fake(reply), dimensions)
    table = evaluator.apply(pa.table({"text": VALUES}))
    assert table.schema.names == ["text", *names]
    for number, name in enumerate(names):
        score = float(number % 5 + 1)
        assert table[name].to_pylist() == [score, None, None, None, None, score]
    with pytest.raises(OperatorError, match="row 2 of the batch failed"):
        MetaSampleEvaluator(fake(reply), dimensions, on_error="raise").apply(pa.table({"text": VALUES}))


def test_meta_prompt_shows_dimensions_and_examples():
    wit = {"dimension_name": "Wit", "description": "is it funny?", "example_list": [{"text": "Ha {text}", "score": 4}]}
    system, user = MetaPrompt([wit], 0, 10).render({"text": "A horse {criteria}."})
    assert "from 0 (worst) to 10 (best).\n\nWit: is it funny?\n  Example, score 4: Ha {text}" in system["content"]
    assert user["content"].startswith("Text:\nA horse {criteria}.\n\n")
    assert user["content"].endswith('{"Wit": 10}')


@pytest.mark.parametrize("dimensions", [[{}], [{"dimension_name": "a"}, {"dimension_name": "a"}], [{"name": "a"}]])
def test_dimensions_that_are_none(dimensions):
    with pytest.raises(ParameterError, match="every dimension needs a 'dimension_name' of its own"):
        MetaSampleEvaluator(fake({"*": "x"}), dimensions)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ('{"Wit": 11}', "the score 11 of 'Wit' lies outside of 0 to 10"),
        ('{"wit": 1}', "the reply has no 'Wit'"),
        ('{"Wit": "high"}', "'Wit' is '\"high\"', which is no float"),
    ],
)
def test_scores_that_are_none(reply, message):
    with pytest.raises(MalformedReplyError, match=message):
        MetaPrompt([{"dimension_name": "Wit"}], 0, 10).parse(reply)


def test_phi4_qa_generator_writes_the_column_that_is_named():
    table = Phi4QAGenerator(fake(lambda prompt: "Q: x\nA: y")).apply(pa.table({"raw_content": VALUES}), output_key="qa")
    assert table.schema.names == ["raw_content", "qa"]
    assert table["qa"].to_pylist() == ["Q: x\nA: y", None, None, None, "Q: x\nA: y", "Q: x\nA: y"]


def test_language_filter():
    codes = {"one": "EN", "two": "de", "odd": "English, I think"}

    def reply(prompt):
        return json.dumps({"language": codes[prompt.split("\n")[1]]})

    table = pa.table({"text": VALUES})
    kept, drops = LLMLanguageFilter(fake(reply), ["en", "fr"], on_error="drop").apply(table, return_drops=True)
    assert kept.to_pylist() == [{"text": "one", "language_label": "en"}]
    assert [(drop["row"], drop["rule"], (drop["detail"] or "")[:20]) for drop in drops.to_pylist()] == [
        (1, "empty", ""),
        (2, "error", "RateLimitedError: sl"),
        (3, "empty", ""),
        (4, "error", "SchemaMismatchError:"),
        (5, "language", "de"),
    ]


def test_language_filter_shows_the_beginning_only():
    serving = FakeServing({"*": '{"language": "en"}'})
    LLMLanguageFilter(serving, max_input_chars=3).apply(pa.table({"text": ["abcdef"]}))
    assert "Text:\nabc\n" in serving.requests[0].messages[-1]["content"]
    with pytest.raises(ParameterError, match="'English' is no ISO 639-1 code such as 'en'"):
        LLMLanguageFilter(serving, ["English"])


@pytest.mark.parametrize(
    ("reply", "code"),
    [('{"language": "DE"}', "de"), (" en. ", "en"), ("`fr`", "fr"), ("<think>hm</think>it", "it"), ("English", None)],
)
def test_language_replies(reply, code):
    if code is not None:
        assert LanguagePrompt().parse(reply) == {"language": code}
        return
    with pytest.raises(MalformedReplyError, match="the reply is no language code: 'English'"):
        LanguagePrompt().parse(reply)
