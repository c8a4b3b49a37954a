"""Prepare data for language models: Rust filters and deduplication, model-driven operators, resumable pipelines.

    class Clean(Pipeline):
        def __init__(self):
            super().__init__()
            self.storage = FileStorage("crawl/*.jsonl.zst", cache_path="runs/clean")
            self.words = WordNumberFilter(min_words=20)

        def forward(self):
            self.words.run(storage=self.storage.step(), input_key="text")

Everything heavy is imported on first use.
"""

from __future__ import annotations

from dataflow_rs._native import __version__
from dataflow_rs.core.bases import DatasetOperator, ExpandOperator, FilterOperator, RowOperator
from dataflow_rs.core.keys import Boolean, Integer, ListColumn, Number, RewrittenText, Text
from dataflow_rs.core.registry import get_operator, list_operators, operator
from dataflow_rs.core.results import Expansion, RowError, Rows, Verdict
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.pipeline.plan import Plan
from dataflow_rs.pipeline.recipe import read_recipe
from dataflow_rs.storage import FileStorage, Run

__all__ = [
    "Boolean",
    "DatasetOperator",
    "ExpandOperator",
    "Expansion",
    "FileStorage",
    "FilterOperator",
    "Integer",
    "ListColumn",
    "Number",
    "Pipeline",
    "Plan",
    "RewrittenText",
    "RowError",
    "RowOperator",
    "Rows",
    "Run",
    "Text",
    "Verdict",
    "__version__",
    "get_operator",
    "list_operators",
    "operator",
    "read_recipe",
]
