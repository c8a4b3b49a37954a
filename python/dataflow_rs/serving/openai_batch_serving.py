"""`OpenAIBatchServing`: requests in batch files, at half the price and within a day.

What has been submitted is recorded in a journal before and after it is, so that a process that is started again after
any end collects what was paid for instead of submitting it again.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from dataflow_rs.core.component import component
from dataflow_rs.exceptions import (
    AuthenticationFailedError,
    InvalidRequestError,
    ParameterError,
    RequestTimeoutError,
    ServerFailedError,
    ServingError,
)
from dataflow_rs.serving.base import Finished, Serving
from dataflow_rs.serving.batch_state import BatchState, SubmittedBatch, batch_state
from dataflow_rs.serving.call_log import call_key
from dataflow_rs.serving.openai_errors import error_of_reply
from dataflow_rs.serving.openai_format import chat_body, read_reply
from dataflow_rs.serving.retry import RetryPolicy
from dataflow_rs.serving.settings import check_settings
from dataflow_rs.serving.types import Completion, Request

if TYPE_CHECKING:
    from dataflow_rs.serving.batch_api import BatchApi

_log = logging.getLogger(__name__)
_OPENAI = "https://api.openai.com/v1"
_ENDED = ("completed", "failed", "expired", "cancelled")
STATE_FILE = "batches.log"
"""Name of the journal of batches, beside the call log."""


@component
class OpenAIBatchServing(Serving):
    """Ask an OpenAI-compatible endpoint through its batch interface.

    Each call of `generate()` becomes one or more batches, and returns when they have ended; in a pipeline, that is one
    for each part of the table, and several parts are under way. A second process with the same call log (in a
    pipeline: the same run) collects what the first one submitted. A reply that cannot be used costs another batch if
    `max_repairs` is above 0.

    Args:
        model: the model's name at the endpoint.
        base_url: address of the endpoint; by default OpenAI's own.
        api_key: the key, if it is not in the environment; not written into recipes.
        api_key_env: environment variable that holds the key. An endpoint given by `base_url` may need none.
        temperature: 0 and above; None leaves it to the endpoint.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to the endpoint.
        max_tokens: limit of generated tokens; None leaves it to the endpoint.
        seed: seed of the sampling, where the endpoint supports it; None sends none.
        extra_body: further fields of each request's body.
        window: time that the endpoint may take.
        poll_s: seconds between two looks at a batch.
        wait_s: how long to wait for the batches in all, in seconds; what has not ended then is an error of its row, and
            is collected by the next run. None: as long as it takes.
        requests_per_batch: requests in one batch at most.
        megabytes_per_batch: size of a batch's file at most, in millions of bytes.
        state: journal of the submitted batches; by default `batches.log` beside the call log. Without either, a process
            that ends loses what it has submitted.
        max_concurrency: requests under way at once: a pipeline submits the parts of its table that hold them (64 at
            most), each as a batch, before it waits for the first one.
        max_retries: attempts after the first one of each call of the interface.
        timeout_s: limit of one attempt, in seconds.
        price: cost of a million tokens, (prompt, generated), in any currency; batches are usually sold at half price.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair, in another batch.

    Examples:
        >>> OpenAIBatchServing("gpt-4o-mini", wait_s=3600).describe()
        {'class': 'OpenAIBatchServing', 'model': 'gpt-4o-mini', 'wait_s': 3600}
    """

    family: ClassVar[str] = "openai-batch"
    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    operational: ClassVar[frozenset[str]] = Serving.operational | {
        "base_url",
        "api_key_env",
        "window",
        "poll_s",
        "wait_s",
        "requests_per_batch",
        "megabytes_per_batch",
        "state",
        "max_concurrency",
        "max_retries",
        "timeout_s",
    }

    model: str
    base_url: str | None = None
    api_key: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = None
    extra_body: Mapping[str, Any] | None = None
    window: str = "24h"
    poll_s: float = 30.0
    wait_s: float | None = None
    requests_per_batch: int = 50_000
    megabytes_per_batch: float = 100.0
    state: str | Path | None = None
    max_concurrency: int = 400_000
    max_retries: int = 5
    timeout_s: float = 300.0
    max_repairs: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        if self.requests_per_batch < 1 or self.megabytes_per_batch <= 0 or self.poll_s <= 0:
            raise ParameterError(
                f"{self.name}: requests_per_batch={self.requests_per_batch} must be at least 1, "
                f"megabytes_per_batch={self.megabytes_per_batch} and poll_s={self.poll_s} above 0"
            )
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ParameterError(f"{self.name}: base_url={self.base_url!r} must begin with http:// or https://")

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at once."""
        return self.max_concurrency

    def check(self) -> list[str]:
        """Return what is missing: the key."""
        if self._key() is None and self.base_url is None:
            return [f"the environment variable {self.api_key_env} holds no API key; set it, or give base_url"]
        return []

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Submit what has not been submitted, wait, and hand out the ends."""
        api = self._api()
        keys = [call_key(self.call(request)) for request in requests]
        positions = {key: position for position, key in enumerate(keys)}
        deadline = None if self.wait_s is None else time.monotonic() + self.wait_s
        with batch_state(self._state_path()) as state:
            known = {key for batch in state.waiting_for(keys) for key in batch.open_keys}
            new = [(key, request) for key, request in zip(keys, requests, strict=True) if key not in known]
            for lines, members in self._files(new):
                self._submit(api, state, lines, members, positions, finished)
            for submitted in list(state.waiting_for(keys)):
                self._collect(api, state, submitted, positions, finished, deadline)

    # -- submitting ----------------------------------------------------------------------------------------------------

    def _files(self, asked: Sequence[tuple[str, Request]]) -> Iterator[tuple[bytes, list[str]]]:
        """Yield the files of requests within the limits, and the calls in each."""
        lines: list[bytes] = []
        keys: list[str] = []
        size = 0
        for key, request in asked:
            body = {**chat_body(self.model, request), **(self.extra_body or {})}
            entry = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
            line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
            full = len(lines) == self.requests_per_batch or size + len(line) > self.megabytes_per_batch * 1e6
            if lines and full:
                yield b"".join(lines), keys
                lines, keys, size = [], [], 0
            lines.append(line)
            keys.append(key)
            size += len(line)
        if lines:
            yield b"".join(lines), keys

    def _submit(
        self,
        api: BatchApi,
        state: BatchState,
        lines: bytes,
        keys: list[str],
        positions: Mapping[str, int],
        finished: Finished,
    ) -> None:
        def failed(error: ServingError) -> None:
            for key in keys:
                finished(positions[key], Completion.failed(_copy(error)))

        try:
            file = api.upload(lines)
        except ServingError as error:
            failed(error)
            return
        submitted = state.submitting(file, keys)
        try:
            self._create(api, state, submitted)
        except InvalidRequestError as error:
            failed(error)
        except ServingError as error:
            _log.warning("%s: a batch is not confirmed yet: %s", self.name, error)  # `_collect` tries again

    def _create(self, api: BatchApi, state: BatchState, submitted: SubmittedBatch) -> None:
        """Create a batch, unless another thread has done it."""
        with submitted.creating:
            if submitted.batch is not None:
                return
            try:
                batch = api.create(submitted.file, "/v1/chat/completions", self.window, submitted.token)
            except InvalidRequestError:
                state.collected(submitted.token, submitted.keys)  # there will be no such batch
                raise
            state.submitted(submitted.token, str(batch["id"]))
        _log.info("%s: batch %s holds %d requests", self.name, batch["id"], len(submitted.keys))

    # -- collecting ----------------------------------------------------------------------------------------------------

    def _collect(
        self,
        api: BatchApi,
        state: BatchState,
        submitted: SubmittedBatch,
        positions: Mapping[str, int],
        finished: Finished,
        deadline: float | None,
    ) -> None:
        """Wait for a batch, and hand out the ends of the calls that are asked for and still open."""
        wanted = {key for key in submitted.open_keys if key in positions}
        try:
            self._create(api, state, submitted)
            batch = self._wait(api, str(submitted.batch), deadline)
            ends = {str(end.get("custom_id")): end for end in api.ends_of(batch)}
        except ServingError as error:
            for key in wanted:
                finished(positions[key], Completion.failed(_copy(error)))
            return
        for key in wanted:
            finished(positions[key], _end(ends.get(key), batch))
        state.collected(submitted.token, wanted)

    def _wait(self, api: BatchApi, identifier: str, deadline: float | None) -> dict[str, Any]:
        while True:
            batch = api.batch(identifier)
            if batch.get("status") in _ENDED:
                return batch
            if deadline is not None and time.monotonic() + self.poll_s > deadline:
                raise RequestTimeoutError(
                    f"batch {identifier} is '{batch.get('status')}' after {self.wait_s:g} s; the next run collects it"
                )
            time.sleep(self.poll_s)

    # -- where ---------------------------------------------------------------------------------------------------------

    def _api(self) -> BatchApi:
        from dataflow_rs.serving.batch_api import BatchApi

        key = self._key()
        if key is None and self.base_url is None:
            raise AuthenticationFailedError(
                f"{self.name}: the environment variable {self.api_key_env} holds no API key", attempts=0
            )
        return BatchApi(self.base_url or _OPENAI, key, RetryPolicy(self.max_retries, self.timeout_s))

    def _state_path(self) -> Path | None:
        if self.state is not None:
            return Path(self.state)
        log = self.active_log()
        if log is None:
            _log.warning("%s: without call_log= or state=, batches cannot be collected by another process", self.name)
        return None if log is None else log.path.with_name(STATE_FILE)

    def _key(self) -> str | None:
        return self.api_key or os.environ.get(self.api_key_env) or None


def _end(end: Mapping[str, Any] | None, batch: Mapping[str, Any]) -> Completion:
    """Return what a line of a batch's files says."""
    if end is None:
        problems = "; ".join(str(e.get("message")) for e in (batch.get("errors") or {}).get("data") or ())
        said = f"the batch is '{batch.get('status')}' and says nothing about this request"
        kind = InvalidRequestError if problems else ServerFailedError
        return Completion.failed(kind(f"{said}: {problems}" if problems else said))
    response, error = end.get("response"), end.get("error")
    if not isinstance(response, Mapping):
        said = (error or {}).get("message") or (error or {}).get("code") or "no reason is given"
        return Completion.failed(ServerFailedError(f"the batch has no answer to this request: {said}"))
    if response.get("status_code") != 200:
        body = json.dumps(response.get("body") or {}).encode()
        return Completion.failed(error_of_reply(int(response.get("status_code") or 500), {}, body))
    try:
        return read_reply(response.get("body"))
    except ServingError as problem:
        return Completion.failed(problem)


def _copy(error: ServingError) -> ServingError:
    """Return an equal error: each row has one of its own, because attempts are counted in it."""
    return type(error)(str(error), attempts=error.attempts)
