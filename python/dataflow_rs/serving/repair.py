"""What is wrong with a reply, and the request that sends it back for repair.

Faults of a reply are counted apart from failures of the connection: a serving's `max_repairs` bounds these rounds, its
retries bound the attempts within each.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from dataflow_rs.exceptions import MalformedReplyError, SchemaMismatchError
from dataflow_rs.serving.json_reply import first_json_text
from dataflow_rs.serving.messages import user_message
from dataflow_rs.serving.reply_type import problem_with
from dataflow_rs.serving.schema import mismatches
from dataflow_rs.serving.types import Completion, Request, changed, clean

_BY_SCHEMA = (
    "This reply does not follow the requested JSON schema: {problem}. "
    "Write it again, corrected and complete, as JSON and nothing else."
)
_BY_READER = (
    "This reply cannot be used: {problem}. Write it again, corrected and complete, in the form that was asked for, "
    "and nothing else."
)


def verified(completion: Completion, request: Request) -> Completion:
    """Return the completion, or a failed one where the reply is empty or does not follow the request's schema.

    A reply that holds the wanted JSON among other text is reduced to the JSON.
    """
    if completion.error is not None:
        return completion
    completion = changed(completion, text=clean(completion.text or ""))
    if completion.tool_calls:
        return completion
    cut = " (it was cut at max_tokens)" if completion.finish_reason == "length" else ""
    if not completion.answer.strip():
        return replace(completion, error=MalformedReplyError(f"the reply is empty{cut}"))
    if request.json_schema is None:
        return completion
    try:
        text, value = first_json_text(completion.answer)
    except MalformedReplyError as error:
        return replace(completion, error=SchemaMismatchError(f"{error}{cut}"))
    problem = _deviation(text, value, request)
    if problem is not None:
        return replace(completion, error=SchemaMismatchError(f"{problem}{cut}"))
    return completion if text == completion.answer.strip() else replace(completion, text=text)


def fault_of(completion: Completion, request: Request) -> str | None:
    """Return what to tell the model about a verified reply that another round may repair; None if there is nothing."""
    if completion.finish_reason == "length" or completion.tool_calls:
        return None
    if isinstance(completion.error, SchemaMismatchError):
        schema = json.dumps(request.json_schema, ensure_ascii=False)
        return _BY_SCHEMA.format(problem=f"{completion.error}; the schema is {schema}")
    if completion.ok and request.reader is not None:
        try:
            request.reader(completion.text or "")
        except MalformedReplyError as error:
            return _BY_READER.format(problem=error)
        except Exception:  # noqa: BLE001  # a mistake in the reader is its caller's, who reads the reply again
            return None
    return None


def repaired(request: Request, completion: Completion, fault: str) -> Request:
    """Return the request that shows the model its faulty reply and what is wrong with it."""
    return replace(request, messages=(*request.messages, completion.message, user_message(fault)))


def _deviation(text: str, value: Any, request: Request) -> str | None:
    if request.reply_type is not None:
        return problem_with(text, request.reply_type)
    return next(mismatches(value, request.json_schema), None)
