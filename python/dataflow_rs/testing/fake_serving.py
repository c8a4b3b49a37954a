"""`FakeServing`: a serving without a model, for tests, examples and fault injection."""

from __future__ import annotations

import hashlib
import inspect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import ParameterError, ServerFailedError, ServingError
from dataflow_rs.serving.base import Finished, Serving
from dataflow_rs.serving.messages import text_of_message
from dataflow_rs.serving.types import Completion, Request, Usage


@component
class FakeServing(Serving):
    """Answer by a function, from a list in order, or from a table of prompts.

    Everything around a real call is there: replay, schema checks and repair rounds, typed errors, statistics. The same
    question gets the same answer, except from a list. Tokens are counted as words.

    Args:
        reply: a function of the last user message (or of the whole `Request`, if its parameter is called `request`); a
            list of answers, given out in turn; or a mapping from user message to answer, where the entry `*` answers
            all others. An answer that is a `ServingError` is a failed call.
        fail: which calls fail: a function of the user message that returns an error or None, or a mapping from the
            number of the call, from 1, to the error.
        latency_s: seconds that every call takes.
        model: name that stands for the model in the call log.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Attributes:
        calls: number of calls that were made, failed ones included.
        requests: the requests of these calls, in order.

    Examples:
        >>> from dataflow_rs.testing import FakeServing
        >>> serving = FakeServing({"2 + 2": "4", "*": "no idea"})
        >>> serving.generate_from_input(["2 + 2", "why?"]), serving.calls
        (['4', 'no idea'], 2)
    """

    family: ClassVar[str] = "fake"
    operational: ClassVar[frozenset[str]] = Serving.operational | {"latency_s", "fail"}

    reply: Any
    fail: Any = None
    latency_s: float = 0.0
    model: str = "fake"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (callable(self.reply) or isinstance(self.reply, (list, tuple, Mapping))) or self.reply in ([], ()):
            raise ParameterError(f"FakeServing(reply=): got {self.reply!r}; it is a function, a list or a mapping")
        self.calls = 0
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._whole_request = callable(self.reply) and "request" in inspect.signature(self.reply).parameters

    def identity(self) -> dict[str, Any]:
        """Return model and replies; of a function its source."""
        return {**super().identity(), "reply": _code(self.reply) if callable(self.reply) else self.describe()["reply"]}

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Answer one request after the other."""
        for position, request in enumerate(requests):
            finished(position, self._answer(request))

    def _answer(self, request: Request) -> Completion:
        with self._lock:
            self.calls += 1
            number = self.calls
            self.requests.append(request)
        if self.latency_s:
            time.sleep(self.latency_s)
        prompt = text_of_message(request.messages[-1])
        answer = self._failure(prompt, number) or self._reply(request, prompt, number)
        words = sum(len(str(message["content"]).split()) for message in request.messages)
        if isinstance(answer, ServingError):
            return Completion.failed(answer, latency_s=self.latency_s)
        if answer is None:
            return Completion.failed(ServerFailedError("there is no answer to this call"))
        text = str(answer)
        return Completion(text, Usage(words, len(text.split())), "stop", self.latency_s)

    def _failure(self, prompt: str, number: int) -> ServingError | None:
        if self.fail is None:
            return None
        failure: ServingError | None = self.fail(prompt) if callable(self.fail) else self.fail.get(number)
        return failure

    def _reply(self, request: Request, prompt: str, number: int) -> Any:
        if callable(self.reply):
            return self.reply(request) if self._whole_request else self.reply(prompt)
        if isinstance(self.reply, Mapping):
            return self.reply.get(prompt, self.reply.get("*"))
        return self.reply[(number - 1) % len(self.reply)]


def _code(function: Callable[..., Any]) -> str:
    """Digest of a function's source, so that another function does not find its recorded answers."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        text = repr(function) if code is None else code.co_code.hex() + repr(code.co_consts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
