"""Tools for testing pipelines without a model."""

from __future__ import annotations

from dataflow_rs.testing.fake_embedding import FakeEmbeddingServing
from dataflow_rs.testing.fake_serving import FakeServing

__all__ = ["FakeEmbeddingServing", "FakeServing"]
