"""Prompt templates: rendering, typed fields, acceptance, identity."""

from __future__ import annotations

import json

import pytest
from dataflow_rs.core.component import component_from_description
from dataflow_rs.exceptions import MalformedReplyError, ParameterError
from dataflow_rs.prompts import (
    InstructionPrompt,
    PromptTemplate,
    ScorePrompt,
    Text2QAAutoPromptGeneratorPrompt,
    Text2QAQuestionQualityPrompt,
    Text2QASeedQuestionGeneratorPrompt,
    UserPrompt,
    object_schema,
)
from dataflow_rs.prompts.base import check_accepted


class CapitalPrompt(PromptTemplate):
    """Ask for the capital of a country."""

    system = "You know geography. {tone}"
    user = 'Name the capital of {country} as {"capital": ...}, {unknown}.'
    inputs = ("country", "tone")
    fields = {"capital": str, "inhabitants": int, "old": bool, "share": float, "rivers": list}


class TonedPrompt(PromptTemplate):
    """Has a parameter.

    Args:
        tone: how to speak.
    """

    user = "{text}"
    tone: str = "kind"


def test_render():
    assert CapitalPrompt().render({"country": "{tone}", "tone": None}) == [
        {"role": "system", "content": "You know geography. "},
        {"role": "user", "content": 'Name the capital of {tone} as {"capital": ...}, {unknown}.'},
    ]
    assert TonedPrompt().render({"text": [1, "\u4e2d"]}) == [{"role": "user", "content": '[1, "\u4e2d"]'}]
    assert (CapitalPrompt().input_names(), TonedPrompt().input_names()) == (("country", "tone"), ("text",))


REPLY = {"capital": " Rome ", "inhabitants": "2800000", "old": True, "share": 5, "rivers": ["Tiber"], "more": 1}


def test_typed_fields():
    assert CapitalPrompt().parse(f"Here: {json.dumps(REPLY)}") == {
        "capital": "Rome",
        "inhabitants": 2_800_000,
        "old": True,
        "share": 5.0,
        "rivers": ["Tiber"],
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"capital": 5}, "'capital' is '5', which is no str"),
        ({"inhabitants": 1.5}, "'inhabitants' is '1.5', which is no int"),
        ({"inhabitants": True}, "'inhabitants' is 'true', which is no int"),
        ({"inhabitants": 10**400}, "'inhabitants' is '1000"),
        ({"old": 1}, "'old' is '1', which is no bool"),
        ({"share": "half"}, "'share' is '\"half\"', which is no float"),
        ({"rivers": "Tiber"}, "'rivers' is '\"Tiber\"', which is no list"),
    ],
)
def test_fields_of_a_wrong_type(changed, message):
    with pytest.raises(MalformedReplyError) as caught:
        CapitalPrompt().parse(json.dumps({**REPLY, **changed}))
    assert str(caught.value).startswith(message)


def test_a_field_that_is_missing():
    with pytest.raises(MalformedReplyError) as caught:
        CapitalPrompt().parse('{"capital": "Rome"}')
    assert str(caught.value) == "the reply has no 'inhabitants': '{\"capital\": \"Rome\"}'"
    with pytest.raises(MalformedReplyError, match="the reply is no JSON object but '\\[1\\]'"):
        CapitalPrompt().parse("[1]")


def test_one_text_field_takes_the_whole_reply():
    assert InstructionPrompt("x").parse("<think>hm</think>\n a\nb ") == {"reply": "a\nb"}


def test_identity_follows_texts_parameters_and_code():
    class Changed(CapitalPrompt):
        """Another text."""

        system = "You know history. {tone}"

    identities = [
        json.dumps(prompt.identity(), sort_keys=True)
        for prompt in (
            CapitalPrompt(),
            Changed(),
            TonedPrompt(),
            TonedPrompt("rude"),
            ScorePrompt("a"),
            ScorePrompt("b"),
        )
    ]
    assert len(set(identities)) == 6
    assert json.dumps(CapitalPrompt().identity(), sort_keys=True) == identities[0]
    assert "You know geography" in identities[0]


@pytest.mark.parametrize("prompt", [ScorePrompt("x", 0, 9), InstructionPrompt("a", "b", {"type": "object"})])
def test_a_description_rebuilds_the_prompt(prompt):
    again = component_from_description(json.loads(json.dumps(prompt.describe())))
    assert (again.describe(), again.identity()) == (prompt.describe(), prompt.identity())


class GoodPrompt(UserPrompt):
    """Has the fields."""

    user = "{text} {task}"
    fields = {"question": str, "answer": str, "more": int}


class OtherPrompt(UserPrompt):
    """Has other fields."""

    user = "{text}"


ACCEPTED = (Text2QASeedQuestionGeneratorPrompt,)


@pytest.mark.parametrize("prompt", [None, Text2QASeedQuestionGeneratorPrompt(), GoodPrompt()])
def test_accepted_prompts(prompt):
    check_accepted("Text2QAGenerator", "prompt_template", prompt, ACCEPTED)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (
            ScorePrompt("x"),
            "Text2QAGenerator(prompt_template=): ScorePrompt is not accepted; accepted are "
            "Text2QASeedQuestionGeneratorPrompt, and subclasses of UserPrompt",
        ),
        (
            OtherPrompt(),
            "Text2QAGenerator(prompt_template=): OtherPrompt reads replies into reply; the operator needs question, "
            "answer",
        ),
    ],
)
def test_prompts_that_are_not_accepted(prompt, message):
    with pytest.raises(ParameterError) as caught:
        check_accepted("Text2QAGenerator", "prompt_template", prompt, ACCEPTED)
    assert str(caught.value) == message


def test_object_schema():
    assert object_schema(a={"type": "string"}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("prompt", "text", "fields"),
    [
        (Text2QAAutoPromptGeneratorPrompt(count=2), '{"tasks": ["Ask a.", " ask  A. ", "", 3]}', {"tasks": ["Ask a."]}),
        (Text2QAAutoPromptGeneratorPrompt(count=2), "1. Ask a.\n2. Ask b.\n3. c", {"tasks": ["Ask a.", "Ask b."]}),
        (Text2QAAutoPromptGeneratorPrompt(), '["Ask a."]', {"tasks": ["Ask a."]}),
        (Text2QASeedQuestionGeneratorPrompt(), "Q: a\nb?\nA: c\n\nd", {"question": "a\nb?", "answer": "c\n\nd"}),
        (Text2QAQuestionQualityPrompt(), '{"feedback": "ok", "grade": "4"}', {"feedback": "ok", "grade": 4}),
        (ScorePrompt("x"), "4/5", {"score": 4}),
        (ScorePrompt("x", 0, 10), "Score: 0", {"score": 0}),
    ],
)
def test_our_prompts_read_replies(prompt, text, fields):
    assert prompt.parse(text) == fields


@pytest.mark.parametrize(
    ("prompt", "text", "message"),
    [
        (Text2QAAutoPromptGeneratorPrompt(), "no idea", "the reply holds no list: 'no idea'"),
        (Text2QAAutoPromptGeneratorPrompt(), '{"tasks": []}', "the reply names no task"),
        (
            Text2QASeedQuestionGeneratorPrompt(),
            '{"question": " ", "answer": "x"}',
            "the question or the answer is empty",
        ),
        (Text2QAQuestionQualityPrompt(), '{"feedback": "ok", "grade": 9}', "the grade 9 lies outside of 1 to 5"),
        (ScorePrompt("x"), "4.5", "the score 4.5 is not a whole number: '4.5'"),
    ],
)
def test_our_prompts_refuse_replies(prompt, text, message):
    with pytest.raises(MalformedReplyError) as caught:
        prompt.parse(text)
    assert str(caught.value) == message
