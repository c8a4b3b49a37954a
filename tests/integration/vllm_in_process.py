"""Run by `test_vllm_in_process.py` in the environment of vLLM: `VLLMServing` on the model of tools/make_tiny_model.py.

Arguments: the model's directory, a directory for runs, that of a LoRA adapter, directories of packages to look into
after vLLM's own. The last line of the output is a JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time


def main() -> None:
    model, folder, adapter, *packages = sys.argv[1:]
    sys.path[1:1] = packages[:1]  # the package itself; what it needs comes after what vLLM brings
    sys.path.extend(packages[1:])
    import pyarrow as pa
    from dataflow_rs import FileStorage, Pipeline
    from dataflow_rs.operators.core_text import PromptedEvaluator
    from dataflow_rs.serving import Request, VLLMServing

    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 8},
            "age": {"type": "integer", "minimum": 1, "maximum": 8},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    engine = {
        "enforce_eager": True,
        "max_num_seqs": 8,
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    serving = VLLMServing(model, context=1024, gpu_memory=0.25, max_tokens=24, engine=engine, batch=16)
    found: dict[str, object] = {"before": serving.running}

    started = time.monotonic()
    prompts = [f"prompt {number}" for number in range(40)]
    plain = serving.generate([Request.of(prompt) for prompt in prompts])
    found["seconds_with_start"] = round(time.monotonic() - started, 1)
    started = time.monotonic()
    serving.generate([Request.of(f"again {number}") for number in range(40)])
    found["seconds_plain"] = round(time.monotonic() - started, 1)
    found["plain"] = [[c.ok, len(c.text or ""), c.usage.prompt_tokens, c.usage.completion_tokens] for c in plain]
    found["again"] = [c.text for c in serving.generate([Request.of(p) for p in prompts[:4]])] == [
        c.text for c in plain[:4]
    ]

    started = time.monotonic()
    shaped = [Request.of(f"person {n}", json_schema=schema, temperature=1.0, max_tokens=120) for n in range(20)]
    found["json"] = [
        completion.json() if completion.ok else str(completion.error) for completion in serving.generate(shaped)
    ]
    found["seconds_json"] = round(time.monotonic() - started, 1)

    mixed = [
        Request.of("short"),
        Request.of("x" * 2000),
        Request.of("y", tools=({"type": "function"},)),
        Request.of("z"),
    ]
    ends = serving.generate(mixed)
    found["errors"] = [None if end.error is None else [type(end.error).__name__, str(end.error)[:200]] for end in ends]
    samples = serving.generate(Request.of("hi", temperature=1.0).samples(3))
    found["samples"] = len({completion.text for completion in samples})
    token = serving.generate([Request.of("hi", logprobs=2, max_tokens=3)])[0].logprobs
    found["logprobs"] = [[t.logprob <= 0, t.token in t.top, len(t.top) >= 2] for t in token or ()]

    class Score(Pipeline):
        def __init__(self) -> None:
            super().__init__()
            self.storage = FileStorage(pa.table({"text": ["one", "two"]}), cache_path=folder)
            self.first, self.second = PromptedEvaluator(serving), PromptedEvaluator(serving)

        def forward(self) -> None:
            self.first.run(storage=self.storage.step(), input_key="text", output_key="a")
            self.second.run(storage=self.storage.step(), input_key="text", output_key="b")

    run = Score().compile().run(quiet=True)
    found["table"] = run.table().to_pylist()
    found["after_plan"] = serving.running
    started = time.monotonic()
    found["restarted"] = serving.generate([Request.of(prompts[0])])[0].text == plain[0].text
    found["seconds_restart"] = round(time.monotonic() - started, 1)
    serving.close()
    found["after_close"] = serving.running
    with VLLMServing(
        model,
        context=1024,
        gpu_memory=0.25,
        max_tokens=24,
        engine={"enforce_eager": True, "max_num_seqs": 8},
        lora=adapter,
    ) as adapted:
        texts = [end.text for end in adapted.generate([Request.of(prompt) for prompt in prompts[:4]])]
        found["lora"] = [len(text or "") for text in texts]
        found["lora_differs"] = texts != [c.text for c in plain[:4]]
    found["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found["cpu_s"] = round(sum(os.times()[:2]), 1)
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
