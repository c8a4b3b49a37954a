"""The chain as the reference ships it, with JSON Lines between all steps. Runs in its environment.

Usage: python benchmarks/reference_chain.py INPUT.jsonl CACHE_FOLDER; prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from peak_memory import peak_mb

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the 23 operators over the file and print seconds and the kept ids."""
    sys.path.insert(0, str(ROOT / "tools"))
    from reference_operators import CHAIN, build, quiet

    source, cache = sys.argv[1:]
    operators = [build(name) for name, _ in CHAIN]
    with quiet():
        from dataflow.utils.storage import FileStorage

        start = time.perf_counter()
        storage = FileStorage(
            first_entry_file_name=source, cache_path=cache, file_name_prefix="step", cache_type="jsonl"
        )
        for operator in operators:
            operator.run(storage=storage.step(), input_key="text")
        seconds = time.perf_counter() - start
    peak = peak_mb()
    result = Path(cache) / f"step_step{len(CHAIN)}.jsonl"
    kept = [json.loads(line)["id"] for line in result.read_text(encoding="utf-8").splitlines()]
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "kept": kept}))


if __name__ == "__main__":
    main()
