"""Tools for testing pipelines without a model."""

from __future__ import annotations

from dataflow_rs.testing.fake_batch_server import FakeBatchServer
from dataflow_rs.testing.fake_embedding import FakeEmbeddingServing
from dataflow_rs.testing.fake_perspective_server import FakePerspectiveServer
from dataflow_rs.testing.fake_serving import FakeServing
from dataflow_rs.testing.fault_server import FaultServer, echo

__all__ = ["FakeBatchServer", "FakeEmbeddingServing", "FakePerspectiveServer", "FakeServing", "FaultServer", "echo"]
