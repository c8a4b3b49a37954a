"""`MeasuringServing`: what the backends share that answer a text with numbers, not with text.

Embeddings and scores need everything around a model call that answers need: replay, one sending of equal texts,
retries, typed errors, statistics. So a measured text is a request of one message, and what was measured is the text of
its completion. What differs is the entry: `generate()` is refused, so that it is not taken for a chat model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from dataflow_rs.exceptions import InvalidRequestError, ParameterError
from dataflow_rs.serving.base import Serving
from dataflow_rs.serving.types import Completion, Request


class MeasuringServing(Serving):
    """Base of backends that measure texts."""

    def measure(self, texts: Sequence[str | None]) -> list[Completion | None]:
        """Ask about texts; None for a null, which is not asked about, and an error for a blank text.

        Returns:
            One completion or None per text, in order. The completion's text is what the backend reported.
        """
        asked = [position for position, text in enumerate(texts) if text is not None and text.strip()]
        completions = super().generate([Request.of(texts[position] or "") for position in asked])
        ends: list[Completion | None] = [None if text is None else Completion.failed(_blank()) for text in texts]
        for position, completion in zip(asked, completions, strict=True):
            ends[position] = completion
        return ends

    def complete(self, request: Request) -> Request:
        """Return the request as it is: there is no sampling."""
        return request

    def generate(self, requests: Iterable[Request]) -> NoReturn:  # noqa: ARG002  # the signature of the base
        """Refuse: there are no answers here.

        Raises:
            ParameterError: always.
        """
        raise ParameterError(f"{self.name} measures texts and writes none; give a serving of a chat model")

    def generate_from_input(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, as `generate` does.

        Raises:
            ParameterError: always.
        """
        self.generate([])

    def generate_from_conversations(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, as `generate` does.

        Raises:
            ParameterError: always.
        """
        self.generate([])


def text_of(request: Request) -> str:
    """Return the text that a request of `measure` is about."""
    return str(request.messages[-1]["content"])


def _blank() -> InvalidRequestError:
    return InvalidRequestError("the text is blank: there is nothing to measure", attempts=0)
