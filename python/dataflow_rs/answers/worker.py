"""The process that compares answers with `math-verify`; run as a script by `pool.py`.

It reads one JSON object per line (`gold`, `answer`, `rounding`), writes one per line (`equal`, or `error`), and knows
nothing of time limits: its parent kills it. It imports nothing of the library, so that it starts quickly.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

MEMORY_BYTES = 2 << 30
"""Address space of a worker; an expression that takes more ends with an error."""


def compare(gold: str, answer: str, rounding: int) -> bool:
    """Return whether two cleaned answers are equivalent."""
    from math_verify import parse, verify

    golds, answers = (parse(text, parsing_timeout=None, raise_on_error=False) for text in (gold, answer))
    return bool(verify(golds, answers, float_rounding=rounding, timeout_seconds=None, allow_set_relation_comp=True))


def respond(line: str) -> dict[str, Any]:
    """Return the response to one request."""
    request = json.loads(line)
    try:
        return {"equal": compare(request["gold"], request["answer"], request["rounding"])}
    except MemoryError:
        return {"error": "comparing takes too much memory"}
    except RecursionError:
        return {"error": "the answer is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - the seam: whatever a foreign library raises is told to the parent
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    """Answer requests until the input ends."""
    sys.path.pop(0)  # the script's own folder, where modules of the library would hide others
    logging.disable(logging.CRITICAL)
    limit_memory()
    import math_verify  # noqa: F401 - what takes long is done before the first request

    replies = sys.stdout
    sys.stdout = sys.stderr  # whatever the libraries print is no reply
    replies.write('{"ready": true}\n')
    replies.flush()
    for line in sys.stdin:
        replies.write(json.dumps(respond(line)) + "\n")
        replies.flush()


def limit_memory() -> None:
    """Bound the address space, where the operating system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))


if __name__ == "__main__":
    main()
