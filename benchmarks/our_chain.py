"""The chain as a user of this library writes it: JSON Lines in, step store, JSON Lines out.

Usage: python benchmarks/our_chain.py INPUT.jsonl CACHE_FOLDER [PROFILE]; prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dataflow_rs import FileStorage, Pipeline
from dataflow_rs.operators import general_text
from peak_memory import peak_mb

ROOT = Path(__file__).resolve().parent.parent
CHAIN = json.loads((ROOT / "tests" / "parity" / "data" / "chain.json").read_text(encoding="utf-8"))


class TextChain(Pipeline):
    """The 23 operators of the CPU text filter pipeline."""

    def __init__(self, source: str, cache: str, profile: str | None) -> None:
        super().__init__()
        self.storage = FileStorage(source, cache_path=cache)
        self.operators = []
        for step in CHAIN:
            operator = getattr(general_text, step["operator"])
            parameters = step["parameters"]
            if profile and any(parameter.name == "profile" for parameter in operator.spec().parameters):
                parameters = {**parameters, "profile": profile}
            self.operators.append(operator(**parameters))

    def forward(self) -> None:
        """Run the operators one after the other."""
        for operator in self.operators:
            operator.run(storage=self.storage.step(), input_key="text")


def main() -> None:
    """Run the chain over the file, export the result, print seconds and the kept ids."""
    source, cache, *profile = sys.argv[1:]
    result = Path(cache) / "result.jsonl"
    start = time.perf_counter()
    pipeline = TextChain(source, cache, profile[0] if profile else None)
    pipeline.compile()
    pipeline.forward()
    pipeline.storage.export(result)
    seconds = time.perf_counter() - start
    peak = peak_mb()
    kept = [json.loads(line)["id"] for line in result.read_text(encoding="utf-8").splitlines()]
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "kept": kept}))


if __name__ == "__main__":
    main()
