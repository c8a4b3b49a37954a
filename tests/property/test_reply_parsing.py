"""The parsers raise nothing but MalformedReplyError, on any text, and find what is there."""

from __future__ import annotations

import contextlib
import json

import pytest
from dataflow_rs.exceptions import MalformedReplyError
from dataflow_rs.prompts import InstructionPrompt, ScorePrompt, Text2QAAutoPromptGeneratorPrompt, parsing
from dataflow_rs.prompts import Text2QAQuestionQualityPrompt as Grade
from dataflow_rs.prompts import Text2QASeedQuestionGeneratorPrompt as Pair
from dataflow_rs.serving.json_reply import first_json_text
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import EFFORT

PIECES = st.sampled_from(
    [
        "```json\n", "```", "~~~", "{", "}", "[", "]", '"', "\\", ",", ":", "\n", "1. ", "- ", "Q: ", "A: ", "Score: ",
        "4/5", "4", "-3.5", "1e999", "9" * 400, "NaN", "null", "true", '{"score": 4}', '{"score": "4"}', "<think>",
        "</think>", "scale of 1 to 5", "\ud800", "\u0000", "\u4e2d", '"\\ud800"', '{"tasks": [1]}', '{"grade": 1e400}',
        '{"question": "", "answer": 3}', " ", "out of 5", "rating is ",
    ]
)  # fmt: skip
TEXTS = st.text(max_size=80) | st.lists(PIECES, max_size=12).map("".join)
PARSERS = {
    "first_json": parsing.first_json,
    "code_block": parsing.code_block,
    "numbered_list": parsing.numbered_list,
    "question_answers": parsing.question_answers,
    "score": lambda text: parsing.score(text, 1, 5),
    "ScorePrompt": ScorePrompt("x").parse,
    "tasks": Text2QAAutoPromptGeneratorPrompt(count=2).parse,
    "pair": Pair().parse,
    "grade": Grade().parse,
    "instruction": InstructionPrompt("x").parse,
}


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=300 * EFFORT, deadline=None)
@given(text=TEXTS)
def test_any_text_is_parsed_or_malformed(name, text):
    try:
        value = PARSERS[name](text)
    except MalformedReplyError:
        return
    assert value is not None or name == "first_json"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
PROSE = st.text("abc .,!?\n1", max_size=30)


@settings(max_examples=300 * EFFORT, deadline=None)
@given(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=3), PROSE, PROSE)
def test_json_is_found_among_prose(value, before, after):
    text = json.dumps(value, ensure_ascii=False)
    assert parsing.first_json(f"{before}{text}{after}") == value
    assert parsing.first_json(f"{before} {{x}} [1\n```json\n{text}\n```\n{after}") == value


@settings(max_examples=300 * EFFORT, deadline=None)
@given(st.text('\x00\t\n\x1f"\\ab', max_size=8), PROSE)
def test_control_characters_may_stand_in_strings(value, before):
    written = json.dumps({"a": [value], "b": 1}, indent=1)
    raw = written.replace(json.dumps(value), '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
    text, found = first_json_text(f"{before}{raw}")
    assert found == {"a": [value], "b": 1}
    assert json.loads(text) == found
    assert text == written, "white space around values stays as it is"


LINE = st.text("abc ?", min_size=1, max_size=10).map(str.strip).filter(bool)


@settings(max_examples=200 * EFFORT, deadline=None)
@given(st.lists(st.tuples(st.lists(LINE, min_size=1, max_size=3), st.lists(LINE, min_size=1, max_size=3)), min_size=1))
def test_pairs_keep_all_their_lines(pairs):
    expected = [("\n".join(question), "\n".join(answer)) for question, answer in pairs]
    text = "\n\n".join(f"Q: {question}\nA: {answer}" for question, answer in expected)
    assert parsing.question_answers(text) == expected


@settings(max_examples=200 * EFFORT, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6), st.sampled_from(["{}. ", "{}) ", "({}) ", "- "]))
def test_list_items(items, bullet):
    text = "\n".join(bullet.format(number) + item for number, item in enumerate(items, 1))
    assert parsing.numbered_list(f"Here they are:\n{text}\n") == items


@settings(max_examples=200 * EFFORT, deadline=None)
@given(st.integers(1, 5), st.sampled_from([
    "{}", "Score: {}", "**Score:** {}", "score = {}", "{}/5", "{} out of 5", "I give it {} points.", '{{"score": {}}}',
    "On a scale of 1 to 5 I give {}.", "From 1 to 5, I rate this {}.", '{{"reason": "2 typos", "score": {}}}',
    "<think>1 or 2? between 1 and 5</think>Rating: {}", "My rating is {} because of 3 good points", "{}.", "**{}**",
    '```json\n{{"Score": "{}"}}\n```', "[{}]", "Grade: {} / 5",
]))  # fmt: skip
def test_scores(score, form):
    assert parsing.score(form.format(score), 1, 5) == score


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the reply holds no clear score: ''"),
        ("4 or 5", "the reply holds no clear score: '4 or 5'"),
        ("Score: 7", "the score 7 lies outside of 1 to 5: 'Score: 7'"),
        ('{"score": 0}', "the score 0 lies outside of 1 to 5: '{\"score\": 0}'"),
        ("good", "the reply holds no clear score: 'good'"),
    ],
)
def test_no_score(text, message):
    with pytest.raises(MalformedReplyError) as caught:
        parsing.score(text, 1, 5)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 20_000, "`" * 50_000, "1. " * 30_000, "Q: " * 30_000])
def test_hostile_texts_take_no_time(text):
    for parser in PARSERS.values():
        with contextlib.suppress(MalformedReplyError):
            parser(text)
