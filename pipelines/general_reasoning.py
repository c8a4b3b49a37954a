"""Reasoning data of any field, judged by a model: the general variant of `math_reasoning.py`.

dataflow-rs run pipelines/general_reasoning.py --set source='questions/*.jsonl'
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dataflow_rs.operators.reasoning import (
    ReasoningAnswerGenerator,
    ReasoningAnswerModelJudgeFilter,
    ReasoningAnswerNgramFilter,
    ReasoningMessagesGenerator,
    ReasoningQuestionFilter,
    ReasoningQuestionGenerator,
)
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.pipelines.math_reasoning import SEEDS
from dataflow_rs.prompts.reasoning import GeneralQuestionFilterPrompt
from dataflow_rs.prompts.reasoning_answers import GeneralAnswerGeneratorPrompt
from dataflow_rs.prompts.reasoning_questions import GeneralQuestionSynthesisPrompt
from dataflow_rs.serving import LocalServing
from dataflow_rs.storage import FileStorage

if TYPE_CHECKING:
    from dataflow_rs.serving import Serving


class GeneralReasoningPipeline(Pipeline):
    """Make reasoning data of any field; answers are compared with reference answers by the model.

    Args:
        source: files with the columns `question` and `golden_answer`, the reference answer.
        cache_path: the run directory; `sft.jsonl` is written into it.
        llm_serving: the model; by default the small local one (`dataflow-rs models pull`).
        new_questions: questions that are made from each seed, from 1 to 5. They have no reference answer: they are
            answered, marked with `answer_match_result` null, and only kept with `keep_unjudged`.
        keep_unjudged: whether rows without a reference answer, and wrong ones, stay.
    """

    def __init__(
        self,
        source: str = SEEDS,
        cache_path: str = "runs/general_reasoning",
        llm_serving: Serving | None = None,
        new_questions: int = 1,
        keep_unjudged: bool = False,
    ) -> None:
        super().__init__()
        self.storage = FileStorage(source, cache_path=cache_path)
        self.out = Path(cache_path)
        self.llm_serving = llm_serving or LocalServing(max_tokens=400, max_repairs=1)
        self.check = ReasoningQuestionFilter(
            self.llm_serving, prompt_template=GeneralQuestionFilterPrompt(), on_error="drop"
        )
        self.synthesis = ReasoningQuestionGenerator(
            self.llm_serving, num_prompts=new_questions, prompt_template=GeneralQuestionSynthesisPrompt()
        )
        self.answer = ReasoningAnswerGenerator(
            self.llm_serving, prompt_template=GeneralAnswerGeneratorPrompt(), on_error="drop"
        )
        self.judge = ReasoningAnswerModelJudgeFilter(self.llm_serving, keep_all_samples=keep_unjudged)
        self.repetition = ReasoningAnswerNgramFilter()
        self.messages = ReasoningMessagesGenerator()

    def forward(self) -> None:
        """Run the operators and write the messages."""
        step = self.storage.step
        self.check.run(storage=step(), input_key="question")
        self.synthesis.run(storage=step(), input_key="question", input_answer_key="golden_answer")
        self.answer.run(storage=step(), input_key="question", output_key="answer")
        self.judge.run(storage=step(), input_reference_key="golden_answer")
        self.repetition.run(storage=step(), input_question_key=None, input_answer_key="answer")
        self.messages.run(storage=step())
        self.storage.export(self.out / "sft.jsonl", columns=["messages"])
