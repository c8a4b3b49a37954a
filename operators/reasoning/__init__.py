"""Operators of reasoning data: questions, solutions, answers that are checked, and what training takes."""

from __future__ import annotations

from dataflow_rs.operators.reasoning.answer_extraction_qwen_math_eval import (
    ReasoningAnswerExtractionQwenMathEvalGenerator,
)
from dataflow_rs.operators.reasoning.answer_formatter import ReasoningAnswerFormatterFilter
from dataflow_rs.operators.reasoning.answer_generator import ReasoningAnswerGenerator
from dataflow_rs.operators.reasoning.answer_ground_truth import ReasoningAnswerGroundTruthFilter
from dataflow_rs.operators.reasoning.answer_model_judge import ReasoningAnswerModelJudgeFilter
from dataflow_rs.operators.reasoning.answer_ngram import ReasoningAnswerNgramFilter
from dataflow_rs.operators.reasoning.answer_pipeline_root import ReasoningAnswerPipelineRootFilter
from dataflow_rs.operators.reasoning.answer_token_length import ReasoningAnswerTokenLengthFilter
from dataflow_rs.operators.reasoning.category_dataset import ReasoningCategoryDatasetEvaluator
from dataflow_rs.operators.reasoning.difficulty_dataset import ReasoningDifficultyDatasetEvaluator
from dataflow_rs.operators.reasoning.preference_pair import ReasoningPreferencePairGenerator
from dataflow_rs.operators.reasoning.pretrain_format_convert import ReasoningPretrainFormatConvertGenerator
from dataflow_rs.operators.reasoning.pseudo_answer import ReasoningPseudoAnswerGenerator
from dataflow_rs.operators.reasoning.question_category import ReasoningQuestionCategorySampleEvaluator
from dataflow_rs.operators.reasoning.question_difficulty import ReasoningQuestionDifficultySampleEvaluator
from dataflow_rs.operators.reasoning.question_filter import ReasoningQuestionFilter
from dataflow_rs.operators.reasoning.question_fusion import ReasoningQuestionFusionGenerator
from dataflow_rs.operators.reasoning.question_generator import ReasoningQuestionGenerator
from dataflow_rs.operators.reasoning.question_solvable import ReasoningQuestionSolvableSampleEvaluator
from dataflow_rs.operators.reasoning.sft_messages import ReasoningMessagesGenerator
from dataflow_rs.operators.reasoning.token_dataset import ReasoningTokenDatasetEvaluator

__all__ = [
    "ReasoningAnswerExtractionQwenMathEvalGenerator",
    "ReasoningAnswerFormatterFilter",
    "ReasoningAnswerGenerator",
    "ReasoningAnswerGroundTruthFilter",
    "ReasoningAnswerModelJudgeFilter",
    "ReasoningAnswerNgramFilter",
    "ReasoningAnswerPipelineRootFilter",
    "ReasoningAnswerTokenLengthFilter",
    "ReasoningCategoryDatasetEvaluator",
    "ReasoningDifficultyDatasetEvaluator",
    "ReasoningMessagesGenerator",
    "ReasoningPreferencePairGenerator",
    "ReasoningPretrainFormatConvertGenerator",
    "ReasoningPseudoAnswerGenerator",
    "ReasoningQuestionCategorySampleEvaluator",
    "ReasoningQuestionDifficultySampleEvaluator",
    "ReasoningQuestionFilter",
    "ReasoningQuestionFusionGenerator",
    "ReasoningQuestionGenerator",
    "ReasoningQuestionSolvableSampleEvaluator",
    "ReasoningTokenDatasetEvaluator",
]
