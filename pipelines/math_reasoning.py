"""From seed questions to verified reasoning data: for fine-tuning, for preferences, for reinforcement learning.

Questions are filtered, varied, checked, rated and sorted; a model solves each several times. Where a seed has a ground
truth, the answer that most solutions agree on must be equal to it; where there is none, enough of them must agree.

    dataflow-rs run pipelines/math_reasoning.py
    dataflow-rs run pipelines/math_reasoning.py --set source='seeds/*.jsonl' --set ground_truth=false
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataflow_rs.operators.general_text import DecontaminationFilter, MinHashDeduplicateFilter
from dataflow_rs.operators.reasoning import (
    ReasoningAnswerExtractionQwenMathEvalGenerator,
    ReasoningAnswerFormatterFilter,
    ReasoningAnswerGroundTruthFilter,
    ReasoningAnswerNgramFilter,
    ReasoningAnswerTokenLengthFilter,
    ReasoningMessagesGenerator,
    ReasoningPreferencePairGenerator,
    ReasoningPseudoAnswerGenerator,
    ReasoningQuestionCategorySampleEvaluator,
    ReasoningQuestionDifficultySampleEvaluator,
    ReasoningQuestionFilter,
    ReasoningQuestionGenerator,
)
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.serving import LocalServing
from dataflow_rs.storage import FileStorage

if TYPE_CHECKING:
    from dataflow_rs.core.operator import Operator
    from dataflow_rs.serving import Serving

SEEDS = "examples/data/gsm8k_seeds.jsonl"


def thresholds() -> dict[str, float]:
    """Return the thresholds of `math_reasoning_thresholds.tsv`, which names where each is from."""
    text = files("dataflow_rs.pipelines").joinpath("math_reasoning_thresholds.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value, _ in rows}


def decontamination(benchmarks: dict[str, Any] | None) -> list[Operator]:
    """Return the filter against evaluation sets, if any are given."""
    if not benchmarks:
        return []
    limits = thresholds()
    ngram, min_words = int(limits["contamination_ngram"]), int(limits["contamination_min_words"])
    return [DecontaminationFilter(benchmarks=benchmarks, ngram=ngram, min_words=min_words)]


class MathReasoningPipeline(Pipeline):
    """Make verified mathematical reasoning data from seed questions.

    The exports are `sft.jsonl` (messages), `rl.jsonl` (question and verifiable answer) and `preference.jsonl` (a right
    and a wrong solution of one question).

    Args:
        source: files with a column `question` and, with `ground_truth`, a column `golden_answer`.
        cache_path: the run directory; the results are written into it.
        llm_serving: the model; by default the small local one (`dataflow-rs models pull`).
        ground_truth: whether seeds have a ground truth.
        new_questions: questions that are made from each seed, from 0 to 5.
        answers: solutions of each question.
        min_votes: how many of them must agree.
        temperature: of the solutions; at 0 all of them are the same.
        benchmarks: evaluation sets that must not leak into the data, as `DecontaminationFilter` takes them.
    """

    def __init__(
        self,
        source: str = SEEDS,
        cache_path: str = "runs/math",
        llm_serving: Serving | None = None,
        ground_truth: bool = True,
        new_questions: int = 1,
        answers: int | None = None,
        min_votes: int | None = None,
        temperature: float = 0.7,
        benchmarks: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        limits = thresholds()
        self.storage = FileStorage(source, cache_path=cache_path)
        self.out = Path(cache_path)
        self.ground_truth = ground_truth
        self.llm_serving = llm_serving or LocalServing(max_tokens=400, max_repairs=1)
        self.check = ReasoningQuestionFilter(self.llm_serving, on_error="drop")
        self.synthesis = (
            [ReasoningQuestionGenerator(self.llm_serving, num_prompts=new_questions)] if new_questions else []
        )
        self.difficulty = ReasoningQuestionDifficultySampleEvaluator(self.llm_serving)
        self.category = ReasoningQuestionCategorySampleEvaluator(self.llm_serving)
        self.solve = ReasoningPseudoAnswerGenerator(
            self.llm_serving,
            max_times=answers or int(limits["answers"]),
            min_votes=min_votes or int(limits["min_votes"]),
            temperature=temperature,
        )
        self.extract = ReasoningAnswerExtractionQwenMathEvalGenerator()
        self.truth = ReasoningAnswerGroundTruthFilter(without_truth="keep")
        self.form = ReasoningAnswerFormatterFilter()
        self.length = ReasoningAnswerTokenLengthFilter(max_answer_token_length=int(limits["max_answer_tokens"]))
        self.repetition = ReasoningAnswerNgramFilter(
            min_score=limits["min_distinct_ngrams"], ngrams=int(limits["ngram_words"])
        )
        self.dedup = MinHashDeduplicateFilter(threshold=limits["duplicate_similarity"])
        self.clean = decontamination(benchmarks)
        self.messages = ReasoningMessagesGenerator()
        self.pairs = ReasoningPreferencePairGenerator()

    def forward(self) -> None:
        """Run the operators and write the three data sets."""
        self._questions()
        self._solutions()
        step = self.storage.step
        self.dedup.run(storage=step(), input_key="question")
        for operator in self.clean:
            operator.run(storage=step(), input_key="question")
        self.messages.run(storage=step(), input_question_key="question", input_answer_key="solution")
        self.storage.export(self.out / "sft.jsonl", columns=["messages"])
        self.storage.export(self.out / "rl.jsonl", columns=["question", "answer"])
        self.pairs.run(storage=step(), input_right_key="solutions", input_wrong_key="other_solutions")
        self.storage.export(self.out / "preference.jsonl", columns=["question", "chosen", "rejected"])

    def _questions(self) -> None:
        """Filter the seeds, make new questions, check these, and describe all."""
        step = self.storage.step
        self.check.run(storage=step(), input_key="question")
        for operator in self.synthesis:
            truth = {"input_answer_key": "golden_answer"} if self.ground_truth else {}
            operator.run(storage=step(), input_key="question", **truth)
            self.check.run(storage=step(), input_key="question")
        self.difficulty.run(storage=step(), input_key="question")
        self.category.run(storage=step(), input_key="question")

    def _solutions(self) -> None:
        """Solve the questions, check the answers, and look at the form of the solutions."""
        step = self.storage.step
        self.solve.run(
            storage=step(),
            input_key="question",
            output_key_solutions="solutions",
            output_key_correct_solution_example="solution",
            output_key_other_solutions="other_solutions",
        )
        self.extract.run(storage=step(), input_key="solution", output_key="answer")
        if self.ground_truth:
            self.truth.run(storage=step(), input_test_answer_key="answer", input_gt_answer_key="golden_answer")
        self.form.run(storage=step(), input_key="solution")
        self.length.run(storage=step(), input_key="solution")
        self.repetition.run(storage=step(), input_question_key=None, input_answer_key="solution")
