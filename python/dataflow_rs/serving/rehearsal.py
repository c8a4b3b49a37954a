"""Servings that count what they are asked, and send nothing: for the estimate of a plan before its first call.

A rehearsed answer is the recorded one where the call log has it. Any other is made up: the simplest JSON value that the
request's schema or template accepts, or else a text of the greatest length that it allows. So calls which depend on
answers are counted as well.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataflow_rs.core.component import Component
from dataflow_rs.exceptions import DataFlowError, ServerFailedError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.budget import Estimate, estimate_of, total
from dataflow_rs.serving.call_log import call_key
from dataflow_rs.serving.embedding import EmbeddingServing
from dataflow_rs.serving.measuring import MeasuringServing
from dataflow_rs.serving.tokens import most_answer_tokens
from dataflow_rs.serving.types import Completion, Request, Usage

_FILLER = "so "
"""Three bytes, which are taken for one token."""


class Rehearsal:
    """What servings were asked, and stand-ins for them.

    Examples:
        >>> from dataflow_rs.serving import Request
        >>> from dataflow_rs.testing import FakeServing
        >>> rehearsal, serving = Rehearsal(), FakeServing(["yes"])
        >>> len(rehearsal.stand_in(serving).generate([Request.of("Is it?", max_tokens=20)])[0].text), serving.calls
        (60, 0)
        >>> rehearsal.asked[serving].calls
        1
    """

    def __init__(self) -> None:
        self.asked: dict[Serving, Estimate] = {}

    def stand_in(self, value: Any) -> Any:
        """Return a parameter's value with stand-ins in place of the servings in it; itself where there are none."""
        if isinstance(value, Serving):
            return self._stand_in(value)
        if isinstance(value, Component) and has_serving(value):
            parameters = {name: self.stand_in(part) for name, part in value.parameters.items()}
            return type(value)(**parameters)
        if isinstance(value, (list, tuple)) and has_serving(value):
            return type(value)(self.stand_in(part) for part in value)
        if isinstance(value, dict) and has_serving(value):
            return {name: self.stand_in(part) for name, part in value.items()}
        return value

    def _stand_in(self, serving: Serving) -> Serving:
        other: Any = copy.copy(serving)
        if isinstance(serving, MeasuringServing):
            other.measure = lambda texts: self._measure(serving, texts)
        else:
            other.generate = lambda requests: self._generate(serving, list(requests))
            other.stream = lambda requests, window=1000: iter(self._generate(serving, list(requests)))  # noqa: ARG005
        stand_in: Serving = other
        return stand_in

    def _generate(self, serving: Serving, requests: Sequence[Request]) -> list[Completion]:
        self._count(serving, estimate_of(serving, requests))
        return [_answer(serving, serving.complete(request)) for request in requests]

    def _measure(self, serving: Serving, texts: Iterable[str | None]) -> list[Completion | None]:
        asked = [text if text is None or text.strip() else None for text in texts]
        estimate = estimate_of(serving, [Request.of(text) for text in asked if text is not None])
        usage = Usage(estimate.usage.prompt_tokens, 0)
        self._count(serving, Estimate(estimate.calls, estimate.replayed, usage, serving.cost_of(usage)))
        return [None if text is None else _measured(serving) for text in asked]

    def _count(self, serving: Serving, estimate: Estimate) -> None:
        self.asked[serving] = combined([self.asked[serving], estimate]) if serving in self.asked else estimate


def has_serving(value: Any) -> bool:
    """Whether a parameter's value is a serving, or holds one."""
    if isinstance(value, Component):
        return isinstance(value, Serving) or any(map(has_serving, value.parameters.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_serving, value))
    return isinstance(value, dict) and any(map(has_serving, value.values()))


def _answer(serving: Serving, request: Request) -> Completion:
    """Return the recorded answer, or a made up one, which no other request has."""
    key = call_key(serving.call(request))
    log = serving.active_log() if serving.replay != "off" else None
    found = None if log is None else log.find(key)
    return found or _made_up(request, f"so {key[:8]}")


def _made_up(request: Request, word: str) -> Completion:
    """Return the first value that the request's reader takes, or the longest text that it allows."""
    tokens = most_answer_tokens(request)
    longest = (word + _FILLER * tokens)[: len(_FILLER) * tokens]
    text = next((text for text in _values_for(request, word) if _is_read(request, text)), longest)
    return Completion(text, Usage(0, tokens), "stop")


def _values_for(request: Request, word: str) -> Iterator[str]:
    if isinstance(request.json_schema, Mapping):
        yield json.dumps(simplest(request.json_schema, word))
    fields = getattr(getattr(request.reader, "__self__", None), "fields", None)
    if isinstance(fields, Mapping) and list(fields.values()) != [str]:
        values: dict[Any, Any] = {int: 1, float: 1.0, bool: True, list: [word], dict: {}}
        yield json.dumps({name: values.get(kind, f"{word} {name}") for name, kind in fields.items()})


def _is_read(request: Request, text: str) -> bool:
    if request.reader is None:
        return True
    try:
        request.reader(text)
    except DataFlowError:
        return False
    return True


def simplest(schema: Mapping[str, Any], text: str = "so") -> Any:
    """Return a simple value that follows a JSON schema, or nearly; lists have one item where they may.

    Args:
        schema: the schema.
        text: the value of texts that may be anything; they are numbered, so that no two are alike.

    Examples:
        >>> simplest({"properties": {"n": {"type": "integer", "minimum": 3}, "tags": {"type": "array"}}})
        {'n': 3, 'tags': ['so 1']}
    """
    texts = (f"{text} {number}" for number in itertools.count(1))

    def value(part: Mapping[str, Any], within: tuple[str, ...]) -> Any:
        reference = part.get("$ref")
        if reference is not None:  # a schema that contains itself ends there
            return next(texts) if reference in within else value(_referred(reference, schema), (*within, reference))
        for name in ("const", "default"):
            if name in part:
                return part[name]
        if part.get("enum"):
            return part["enum"][0]
        for name in ("anyOf", "oneOf", "allOf"):
            if part.get(name):
                return value(part[name][0], within)
        kind = part.get("type", "object" if "properties" in part else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return {name: value(inner, within) for name, inner in part.get("properties", {}).items()}
        if kind == "array":
            return [value(part.get("items") or {}, within)] * max(1, part.get("minItems", 1))
        least = part.get("minimum", 1)
        plain = {"integer": least, "number": float(least), "boolean": True, "null": None}
        return plain[kind] if kind in plain else next(texts)

    return value(schema, ())


def _referred(reference: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = schema
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name, {})
    return dict(found)


def _measured(serving: Serving) -> Completion:
    """Return an arbitrary vector; for other measures there is no value that all of them have."""
    if isinstance(serving, EmbeddingServing):
        vector = array("f", [1.0] + [0.0] * ((getattr(serving, "_size", 0) or 8) - 1))
        return Completion(base64.b64encode(vector.tobytes()).decode())
    return Completion.failed(ServerFailedError("nothing is measured in an estimate", attempts=0))


def combined(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum of estimates; without a cost where none of them has one.

    Examples:
        >>> combined([Estimate(1, 0, Usage(1, 2), None), Estimate(2, 3, Usage(4, 5), 0.5)])
        Estimate(calls=3, replayed=3, usage=Usage(prompt_tokens=5, completion_tokens=7), cost=0.5)
    """
    every = list(estimates)
    costs = [one.cost for one in every if one.cost is not None]
    return Estimate(
        sum(one.calls for one in every),
        sum(one.replayed for one in every),
        total(one.usage for one in every),
        sum(costs) if costs else None,
    )
