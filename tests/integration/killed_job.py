"""The main job on a fake model, as a process of its own that a test can kill. Usage: killed_job.py FOLDER"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from dataflow_rs.pipelines.text import TextPipeline
from dataflow_rs.testing import FakeServing

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.argv[1])


def answer(request) -> str:
    """Answer with data that follow the request's schema and depend on nothing but the question; note the question."""
    question = json.dumps(request.messages, sort_keys=True)
    digest = hashlib.sha256(question.encode()).hexdigest()
    with (FOLDER / "answered.txt").open("a") as file:
        file.write(digest + "\n")
    return json.dumps(made_up(request.json_schema or {"type": "string"}, digest))


def made_up(schema: dict, digest: str):
    kind = schema.get("type")
    if kind == "object":
        return {name: made_up(part, digest + name) for name, part in schema["properties"].items()}
    if kind == "array":
        return [made_up(schema["items"], f"{digest}{i}") for i in range(max(1, schema.get("minItems", 1)))]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 1), schema.get("maximum", 5)
        return low + int(hashlib.sha256(digest.encode()).hexdigest(), 16) % (high - low + 1)
    return "answer " + hashlib.sha256(digest.encode()).hexdigest()[:12]


def main() -> None:
    pipeline = TextPipeline(
        source=str(ROOT / "examples" / "data" / "documents.jsonl.gz"),
        cache_path=str(FOLDER / "run"),
        llm_serving=FakeServing(answer, latency_s=0.005),
        rows=24,
    )
    pipeline.compile()
    pipeline.forward(quiet=True)


if __name__ == "__main__":
    main()
