"""Operators of every domain: those that ask a model or embed, and those that select or change rows by expressions."""

from __future__ import annotations

from dataflow_rs.operators.core_text.bench_answer_generator import BenchAnswerGenerator
from dataflow_rs.operators.core_text.bench_dataset_evaluator import (
    BenchDatasetEvaluator,
    BenchDatasetEvaluatorQuestion,
)
from dataflow_rs.operators.core_text.chunked_prompted_generator import ChunkedPromptedGenerator
from dataflow_rs.operators.core_text.embedding_generator import EmbeddingGenerator
from dataflow_rs.operators.core_text.format_str_prompted_generator import FormatStrPromptedGenerator
from dataflow_rs.operators.core_text.general_filter import GeneralFilter
from dataflow_rs.operators.core_text.k_center_greedy_filter import KCenterGreedyFilter
from dataflow_rs.operators.core_text.pandas_operator import PandasOperator
from dataflow_rs.operators.core_text.prompted_evaluator import PromptedEvaluator
from dataflow_rs.operators.core_text.prompted_filter import PromptedFilter
from dataflow_rs.operators.core_text.prompted_generator import PromptedGenerator
from dataflow_rs.operators.core_text.prompted_refiner import PromptedRefiner
from dataflow_rs.operators.core_text.random_domain_knowledge_row_generator import RandomDomainKnowledgeRowGenerator
from dataflow_rs.operators.core_text.retrieval_generator import RetrievalGenerator
from dataflow_rs.operators.core_text.sample_filter import SampleFilter
from dataflow_rs.operators.core_text.text2_multi_hop_qa_generator import Text2MultiHopQAGenerator
from dataflow_rs.operators.core_text.text2qa_generator import Text2QAGenerator
from dataflow_rs.operators.core_text.text2qa_sample_evaluator import Text2QASampleEvaluator
from dataflow_rs.operators.core_text.unified_bench_dataset_evaluator import UnifiedBenchDatasetEvaluator

__all__ = [
    "BenchAnswerGenerator",
    "BenchDatasetEvaluator",
    "BenchDatasetEvaluatorQuestion",
    "ChunkedPromptedGenerator",
    "EmbeddingGenerator",
    "FormatStrPromptedGenerator",
    "GeneralFilter",
    "KCenterGreedyFilter",
    "PandasOperator",
    "PromptedEvaluator",
    "PromptedFilter",
    "PromptedGenerator",
    "PromptedRefiner",
    "RandomDomainKnowledgeRowGenerator",
    "RetrievalGenerator",
    "SampleFilter",
    "Text2MultiHopQAGenerator",
    "Text2QAGenerator",
    "Text2QASampleEvaluator",
    "UnifiedBenchDatasetEvaluator",
]
