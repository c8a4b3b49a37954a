"""The math pipeline on the strong model's replies, as a process that a test can kill; arguments: SEEDS FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from dataflow_rs.pipelines.math_reasoning import MathReasoningPipeline
from dataflow_rs.serving.call_log import call_key

from .strong_model import reply_to, strong_model

SOURCE, FOLDER = sys.argv[1], Path(sys.argv[2])


def noting(request) -> str:
    """Answer, and note the question."""
    with FOLDER.with_suffix(".asked").open("a") as file:
        file.write(call_key(request.to_dict()) + "\n")
    return reply_to(request)


if __name__ == "__main__":
    serving = strong_model(latency_s=0.05)
    serving.reply, serving._whole_request = noting, True
    MathReasoningPipeline(SOURCE, str(FOLDER), serving).compile().run(quiet=True)
