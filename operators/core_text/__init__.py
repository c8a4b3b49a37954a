"""Operators of every domain: those that ask a model about one text per row, and a random sample."""

from __future__ import annotations

from dataflow_rs.operators.core_text.prompted_evaluator import PromptedEvaluator
from dataflow_rs.operators.core_text.prompted_filter import PromptedFilter
from dataflow_rs.operators.core_text.prompted_generator import PromptedGenerator
from dataflow_rs.operators.core_text.prompted_refiner import PromptedRefiner
from dataflow_rs.operators.core_text.sample_filter import SampleFilter
from dataflow_rs.operators.core_text.text2qa_generator import Text2QAGenerator
from dataflow_rs.operators.core_text.text2qa_sample_evaluator import Text2QASampleEvaluator

__all__ = [
    "PromptedEvaluator",
    "PromptedFilter",
    "PromptedGenerator",
    "PromptedRefiner",
    "SampleFilter",
    "Text2QAGenerator",
    "Text2QASampleEvaluator",
]
