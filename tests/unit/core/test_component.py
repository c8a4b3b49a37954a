"""Components: description, identity, registry, rebuilding from data."""

from __future__ import annotations

import json

import pytest
from dataflow_rs.core.component import (
    Component,
    component,
    component_from_description,
    get_component,
    list_components,
)
from dataflow_rs.exceptions import ParameterError, RecipeError, RegistryError
from dataflow_rs.prompts import PromptTemplate
from dataflow_rs.serving import LocalServing, OpenAIServing, Serving
from dataflow_rs.testing import FakeServing


@pytest.mark.parametrize(
    "made",
    [
        OpenAIServing("m", base_url="http://localhost:1/v1", api_key="secret", price=(0.1, 0.4), extra_body={"k": 1}),
        LocalServing("smollm2-135m-instruct", max_tokens=7, replay="only"),
        LocalServing(),
        FakeServing({"*": "x"}),
        FakeServing(["x"], model="m"),
    ],
)
def test_a_description_rebuilds_the_component(made):
    description = json.loads(json.dumps(made.describe()))
    again = component_from_description(description)
    assert type(again) is type(made)
    assert again.describe() == made.describe()
    assert again.identity() == made.identity()
    assert "secret" not in json.dumps(description)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (
            {"class": "OpenAIServin", "model": "m"},
            "there is no serving or prompt 'OpenAIServin' (did you mean 'OpenAIServing'?); a class of your own is "
            "known after it was registered with the decorator @component",
        ),
        (
            {"class": "os.system"},
            "there is no serving or prompt 'os.system'; a class of your own is known after it was registered with the "
            "decorator @component",
        ),
        ({"model": "m"}, "a serving or prompt needs the entry 'class', the name of its class"),
        ({"class": "OpenAIServing"}, "OpenAIServing: missing a required argument: 'model'"),
        (
            {"class": "OpenAIServing", "model": "m", "max_token": 3},
            "OpenAIServing has no parameter 'max_token' (did you mean 'max_tokens'?)",
        ),
        ({"class": "OpenAIServing", "model": 3}, "OpenAIServing(model=): got 3, the type is str"),
    ],
)
def test_what_is_wrong_with_a_description(description, message):
    with pytest.raises(RecipeError) as caught:
        component_from_description(description)
    assert str(caught.value).startswith(message)


def test_two_components_of_one_name():
    with pytest.raises(RegistryError, match="two components are called 'OpenAIServing'"):

        @component
        class OpenAIServing(Component):
            """Another one."""


def test_lists():
    servings = list_components(Serving)
    assert {"FakeServing", "LocalServing", "OpenAIServing"} <= {cls.__name__ for cls in servings}
    assert get_component("ScorePrompt") in list_components(PromptTemplate)
    assert get_component("ScorePrompt") not in servings


def test_a_function_is_named_in_a_description_and_does_not_come_back():
    description = FakeServing(test_lists).describe()
    assert description["reply"] == f"{__name__}.test_lists"
    with pytest.raises(RecipeError, match="it is a function, a list or a mapping"):
        component_from_description(description)


def test_wrong_parameter_names():
    with pytest.raises(ParameterError, match=r"FakeServing has no parameter 'replies' \(did you mean 'reply'\?\)"):
        FakeServing(replies=[])


def test_every_parameter_is_described():
    undescribed = [
        f"{cls.__name__}.{parameter.name}"
        for cls in list_components()
        if cls.__module__.startswith("dataflow_rs.")
        for parameter in cls.spec().parameters
        if not parameter.description
    ]
    assert undescribed == []
    assert len(list_components()) >= 12
