"""Operators of pre-training data."""

from __future__ import annotations

from dataflow_rs.operators.text_pt.meta_sample_evaluator import MetaSampleEvaluator
from dataflow_rs.operators.text_pt.phi4_qa import Phi4QAGenerator

__all__ = ["MetaSampleEvaluator", "Phi4QAGenerator"]
