"""Texts for pretraining from questions with worked answers: the pretraining variant of `math_reasoning.py`.

dataflow-rs run pipelines/reasoning_pretraining.py --set source='solved/*.jsonl'
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dataflow_rs.operators.reasoning import (
    ReasoningAnswerGenerator,
    ReasoningAnswerNgramFilter,
    ReasoningAnswerPipelineRootFilter,
    ReasoningPretrainFormatConvertGenerator,
    ReasoningQuestionFilter,
    ReasoningQuestionGenerator,
)
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.pipelines.math_reasoning import SEEDS
from dataflow_rs.serving import LocalServing
from dataflow_rs.storage import FileStorage

if TYPE_CHECKING:
    from dataflow_rs.serving import Serving


class ReasoningPretrainingPipeline(Pipeline):
    """Make pretraining texts, a question followed by a worked answer.

    Args:
        source: files with the columns `question` and `golden_answer`, which may be null.
        cache_path: the run directory; `pretrain.jsonl` is written into it.
        llm_serving: the model; by default the small local one (`dataflow-rs models pull`).
        new_questions: questions that are made from each seed, from 1 to 5.
    """

    def __init__(
        self,
        source: str = SEEDS,
        cache_path: str = "runs/reasoning_pretraining",
        llm_serving: Serving | None = None,
        new_questions: int = 1,
    ) -> None:
        super().__init__()
        self.storage = FileStorage(source, cache_path=cache_path)
        self.out = Path(cache_path)
        self.llm_serving = llm_serving or LocalServing(max_tokens=400, max_repairs=1)
        self.check = ReasoningQuestionFilter(self.llm_serving, on_error="drop")
        self.synthesis = ReasoningQuestionGenerator(self.llm_serving, num_prompts=new_questions)
        self.answer = ReasoningAnswerGenerator(self.llm_serving, on_error="drop")
        self.branch = ReasoningAnswerPipelineRootFilter()
        self.repetition = ReasoningAnswerNgramFilter()
        self.text = ReasoningPretrainFormatConvertGenerator()

    def forward(self) -> None:
        """Run the operators and write the texts."""
        step = self.storage.step
        self.check.run(storage=step(), input_key="question")
        self.synthesis.run(storage=step(), input_key="question", input_answer_key="golden_answer")
        self.answer.run(storage=step(), input_key="question", output_key="answer")
        self.branch.run(storage=step(), input_answer_key="answer")
        self.repetition.run(storage=step(), input_question_key=None, input_answer_key="answer")
        self.text.run(storage=step())
        self.storage.export(self.out / "pretrain.jsonl", columns=["text"])
