"""Operators of pre-training data."""

from __future__ import annotations

from dataflow_rs.operators.text_pt.c4_paragraph import C4ParagraphFilter
from dataflow_rs.operators.text_pt.cc_net_deduplicate import CCNetDeduplicateFilter
from dataflow_rs.operators.text_pt.fine_web_quality import FineWebQualityFilter
from dataflow_rs.operators.text_pt.gopher_quality import GopherQualityFilter
from dataflow_rs.operators.text_pt.gopher_repetition import GopherRepetitionFilter
from dataflow_rs.operators.text_pt.line_deduplicate import LineDeduplicateRefiner
from dataflow_rs.operators.text_pt.meta_sample_evaluator import MetaSampleEvaluator
from dataflow_rs.operators.text_pt.perplexity import PerplexityFilter, PerplexitySampleEvaluator
from dataflow_rs.operators.text_pt.phi4_qa import Phi4QAGenerator
from dataflow_rs.operators.text_pt.sentence_deduplicate import SentenceDeduplicateRefiner
from dataflow_rs.operators.text_pt.substring_deduplicate import SubstringDeduplicateRefiner
from dataflow_rs.operators.text_pt.url_deduplicate import UrlDeduplicateFilter

__all__ = [
    "C4ParagraphFilter",
    "CCNetDeduplicateFilter",
    "FineWebQualityFilter",
    "GopherQualityFilter",
    "GopherRepetitionFilter",
    "LineDeduplicateRefiner",
    "MetaSampleEvaluator",
    "PerplexityFilter",
    "PerplexitySampleEvaluator",
    "Phi4QAGenerator",
    "SentenceDeduplicateRefiner",
    "SubstringDeduplicateRefiner",
    "UrlDeduplicateFilter",
]
