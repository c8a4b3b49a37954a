"""`VLLMServing`: vLLM's offline engine in this process, for large batches on a GPU of one's own.

The engine loads the model with the first request that is really sent, serves all operators that share the serving, and
is freed when the plan has used it for the last time. Requests are handed to it in groups, so that finished answers are
recorded while the rest is computed.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dataflow_rs.core.component import component
from dataflow_rs.core.environment import load, missing_extra
from dataflow_rs.exceptions import (
    ContextLengthError,
    InvalidRequestError,
    ModelUnavailableError,
    ParameterError,
    ServerFailedError,
    ServingError,
)
from dataflow_rs.serving.base import Finished, Serving
from dataflow_rs.serving.chat import SCHEMA_WORDS, Structured
from dataflow_rs.serving.openai_errors import CONTEXT_WORDS, redacted
from dataflow_rs.serving.openai_format import asked_by_prompt
from dataflow_rs.serving.settings import check_settings
from dataflow_rs.serving.types import Completion, Request, TokenLogprob, Usage


@component
class VLLMServing(Serving):
    """Ask a model that vLLM runs in this process.

    Needs the extra `[vllm]`. A script that uses it with `tensor_parallel` above 1 needs the guard
    `if __name__ == "__main__":`, because vLLM starts further processes. Tools need `VLLMServerServing`: what reads
    calls from a model's text is part of vLLM's server.

    Args:
        model: name of a model at the hub, or a directory with its weights.
        temperature: 0 and above.
        top_p: share of probability mass to sample from, above 0, to 1; None leaves it to vLLM.
        max_tokens: limit of generated tokens.
        seed: seed of the sampling; each sample of a request adds its number.
        sampling: further arguments of vLLM's `SamplingParams`, such as `{"top_k": 20, "repetition_penalty": 1.05}`.
        context: tokens of prompt and answer together; None: what the model was made for.
        tensor_parallel: number of GPUs that the model is spread over.
        gpu_memory: share of each GPU's memory that the engine takes, above 0, to 1.
        lora: directory of a LoRA adapter.
        chat_template: Jinja template of the conversation; None: the model's own.
        template_options: arguments of the template, such as `{"enable_thinking": False}`.
        engine: further arguments of `vllm.LLM`, such as `{"quantization": "fp8", "max_lora_rank": 64}`.
        batch: requests that are handed to the engine at once; answers are recorded after each batch.
        structured: how an answer is made to follow a JSON schema. `native`: by guided decoding; `prompt`: by a sentence
            in the prompt; `auto`: by guided decoding, unless vLLM cannot compile the schema.
        price: cost of a million tokens, (prompt, generated), in any currency.
        call_log: file of recorded calls; by default the log of the run, if there is one.
        replay: `auto`, `only` (no call is made) or `off` (every call is made).
        max_repairs: how often a reply that cannot be used is sent back for repair.

    Examples:
        >>> VLLMServing("Qwen/Qwen3-8B", template_options={"enable_thinking": False}).describe()
        {'class': 'VLLMServing', 'model': 'Qwen/Qwen3-8B', 'template_options': {'enable_thinking': False}}
    """

    family: ClassVar[str] = "vllm"
    operational: ClassVar[frozenset[str]] = Serving.operational | {"tensor_parallel", "gpu_memory", "batch"}

    model: str
    temperature: float = 0.0
    top_p: float | None = None
    max_tokens: int = 1024
    seed: int = 0
    sampling: Mapping[str, Any] | None = None
    context: int | None = None
    tensor_parallel: int = 1
    gpu_memory: float = 0.9
    lora: str | None = None
    chat_template: str | None = None
    template_options: Mapping[str, Any] | None = None
    engine: Mapping[str, Any] | None = None
    batch: int = 512
    structured: Structured = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self)
        for name in ("tensor_parallel", "batch"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{self.name}: {name}={getattr(self, name)} must be at least 1")
        if not 0 < self.gpu_memory <= 1:
            raise ParameterError(f"{self.name}: gpu_memory={self.gpu_memory} must lie above 0 and not above 1")
        self._llm: Any = None
        self._lora: Any = None
        self._busy = threading.RLock()

    def check(self) -> list[str]:
        """Return what is missing: the extra."""
        return missing_extra("vllm", self.name)

    # -- life ----------------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the engine has been started, and not been freed since."""
        return self._llm is not None

    def start(self) -> None:
        """Load the model, unless it is loaded.

        Raises:
            MissingExtraError: vLLM is not installed.
            ModelUnavailableError: vLLM cannot start with this model.
        """
        with self._busy:
            if self._llm is not None:
                return
            os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
            if self.tensor_parallel == 1:  # a process of its own would need a guard in every script, and gains nothing
                os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
            vllm = load("vllm", "vllm", self.name)
            given = {
                "model": self.model,
                "max_model_len": self.context,
                "tensor_parallel_size": self.tensor_parallel,
                "gpu_memory_utilization": self.gpu_memory,
                "enable_lora": True if self.lora else None,
                **(self.engine or {}),
            }
            try:
                self._llm = vllm.LLM(**{name: value for name, value in given.items() if value is not None})
            except (ValueError, OSError, RuntimeError, TypeError) as error:
                raise ModelUnavailableError(f"vLLM cannot start with the model {self.model}: {error}") from error
            if self.lora:
                from vllm.lora.request import LoRARequest

                self._lora = LoRARequest("adapter", 1, self.lora)

    def close(self) -> None:
        """Free the model; a later request loads it again."""
        super().close()
        self.release()

    def release(self) -> None:
        """Free the model, and the memory of the GPU."""
        with self._busy:
            if self._llm is None:
                return
            shutdown = getattr(getattr(self._llm.llm_engine, "engine_core", None), "shutdown", None)
            if shutdown is not None:
                shutdown()
            self._llm = self._lora = None
            gc.collect()
            from vllm.distributed import cleanup_dist_env_and_memory

            cleanup_dist_env_and_memory()

    # -- asking --------------------------------------------------------------------------------------------------------

    def answer_all(self, requests: Sequence[Request], finished: Finished) -> None:
        """Answer requests, group by group."""
        for start in range(0, len(requests), self.batch):
            positions = range(start, min(start + self.batch, len(requests)))
            with self._busy:
                self._answer([(position, requests[position]) for position in positions], finished)

    def _answer(self, group: Sequence[tuple[int, Request]], finished: Finished) -> None:
        """Answer a group. vLLM refuses a group for one request in it, so a refused group is halved."""
        started = time.monotonic()
        try:
            outputs = self._chat([request for _, request in group])
        except _refusals() as error:
            if len(group) > 1:
                middle = len(group) // 2
                self._answer(group[:middle], finished)
                self._answer(group[middle:], finished)
            else:
                self._answer_refused(*group[0], error, finished)
            return
        elapsed = time.monotonic() - started
        for (position, _), output in zip(group, outputs, strict=True):
            finished(position, _completion(output, elapsed))

    def _answer_refused(self, position: int, request: Request, error: Exception, finished: Finished) -> None:
        text = str(error)
        if request.json_schema is not None and self.structured == "auto" and _is_about_schema(text):
            self._answer([(position, asked_by_prompt(request))], finished)
        else:
            finished(position, Completion.failed(_typed(text)))

    def _chat(self, requests: Sequence[Request]) -> Any:
        if any(request.tools for request in requests):
            raise ValueError("tools need VLLMServerServing, or another server")
        if self.structured == "prompt":
            requests = [asked_by_prompt(r) if r.json_schema is not None else r for r in requests]
        try:
            return self._llm.chat(
                [[dict(message) for message in request.messages] for request in requests],
                [self._parameters_of(request) for request in requests],
                use_tqdm=False,
                lora_request=self._lora,
                chat_template=self.chat_template,
                chat_template_kwargs=dict(self.template_options) if self.template_options else None,
            )
        except RuntimeError as error:
            self.release()
            raise ServerFailedError(f"vLLM failed: {redacted(str(error), None)}") from error

    def _parameters_of(self, request: Request) -> Any:
        from vllm import SamplingParams

        given = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "seed": None if request.seed is None else request.seed + request.sample,
            "stop": list(request.stop) or None,
            "logprobs": request.logprobs,
            **(_guided(request.json_schema) if request.json_schema is not None else {}),
            **(self.sampling or {}),
        }
        return SamplingParams(**{name: value for name, value in given.items() if value is not None})


def _guided(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the argument that makes vLLM follow a schema; its name has changed in vLLM 0.11."""
    from vllm import sampling_params

    if hasattr(sampling_params, "StructuredOutputsParams"):
        return {"structured_outputs": sampling_params.StructuredOutputsParams(json=dict(schema))}
    return {"guided_decoding": sampling_params.GuidedDecodingParams(json=dict(schema))}


def _refusals() -> tuple[type[Exception], ...]:
    """Return what vLLM raises for a request that it does not take; newer versions have a class of their own."""
    import jinja2
    from vllm import exceptions

    own = getattr(exceptions, "VLLMClientError", None)
    known: tuple[type[Exception], ...] = (ValueError, TypeError, KeyError, jinja2.TemplateError)
    return (*known, own) if own is not None else known


def _is_about_schema(text: str) -> bool:
    return any(word in text.lower() for word in (*SCHEMA_WORDS, "schema", "xgrammar", "outlines"))


def _typed(text: str) -> ServingError:
    short = redacted(text, None)
    if any(words in text.lower() for words in (*CONTEXT_WORDS, "longer than the maximum model length")):
        return ContextLengthError(f"the prompt is too long for the model: {short}")
    return InvalidRequestError(f"vLLM refuses the request: {short}")


def _completion(output: Any, seconds: float) -> Completion:
    answer = output.outputs[0]
    usage = Usage(len(output.prompt_token_ids or ()), len(answer.token_ids))
    return Completion(answer.text, usage, answer.finish_reason, seconds, logprobs=_logprobs(answer))


def _logprobs(answer: Any) -> tuple[TokenLogprob, ...] | None:
    if answer.logprobs is None:
        return None
    found = []
    for token, likely in zip(answer.token_ids, answer.logprobs, strict=True):
        top = {str(other.decoded_token): float(other.logprob) for other in likely.values()}
        found.append(TokenLogprob(str(likely[token].decoded_token), float(likely[token].logprob), top))
    return tuple(found)
