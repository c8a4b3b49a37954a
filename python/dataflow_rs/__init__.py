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

from typing import TYPE_CHECKING, Any

from dataflow_rs._native import __version__
from dataflow_rs.core.bases import DatasetOperator, ExpandOperator, FilterOperator, RowOperator
from dataflow_rs.core.keys import Boolean, Integer, ListColumn, Number, RewrittenText, Text
from dataflow_rs.core.registry import get_operator, list_operators, operator
from dataflow_rs.core.results import Expansion, RowError, Rows, Verdict
from dataflow_rs.pipeline.pipeline import Pipeline
from dataflow_rs.pipeline.plan import Plan
from dataflow_rs.pipeline.recipe import read_recipe
from dataflow_rs.storage import FileStorage, Run

if TYPE_CHECKING:
    from dataflow_rs.prompts import PromptTemplate
    from dataflow_rs.serving import LocalServing, OpenAIServing

_ON_FIRST_USE = {
    "LocalServing": "dataflow_rs.serving",
    "OpenAIServing": "dataflow_rs.serving",
    "PromptTemplate": "dataflow_rs.prompts",
}
"""Names that a pipeline of rules never needs."""

__all__ = [
    "Boolean",
    "DatasetOperator",
    "ExpandOperator",
    "Expansion",
    "FileStorage",
    "FilterOperator",
    "Integer",
    "ListColumn",
    "LocalServing",
    "Number",
    "OpenAIServing",
    "Pipeline",
    "Plan",
    "PromptTemplate",
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


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module 'dataflow_rs' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_ON_FIRST_USE[name]), name)
