"""Operators of instruction data: grades, tags, and pairs made from texts or from scratch."""

from __future__ import annotations

from dataflow_rs.operators.text_sft.alpagasus import AlpagasusFilter, AlpagasusSampleEvaluator
from dataflow_rs.operators.text_sft.condor_generator import CondorGenerator
from dataflow_rs.operators.text_sft.condor_refiner import CondorRefiner
from dataflow_rs.operators.text_sft.instag import InstagFilter, InstagSampleEvaluator
from dataflow_rs.operators.text_sft.sft_generator_seed import SFTGeneratorSeed
from dataflow_rs.operators.text_sft.treeinstruct import TreeinstructFilter, TreeinstructSampleEvaluator

__all__ = [
    "AlpagasusFilter",
    "AlpagasusSampleEvaluator",
    "CondorGenerator",
    "CondorRefiner",
    "InstagFilter",
    "InstagSampleEvaluator",
    "SFTGeneratorSeed",
    "TreeinstructFilter",
    "TreeinstructSampleEvaluator",
]
