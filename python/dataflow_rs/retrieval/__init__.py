"""Retrievers: small local indexes that find the passages of a collection which belong to a question."""

from __future__ import annotations

from dataflow_rs.retrieval.base import Passage, Retriever
from dataflow_rs.retrieval.bm25 import BM25Retriever
from dataflow_rs.retrieval.embedding import EmbeddingRetriever

__all__ = ["BM25Retriever", "EmbeddingRetriever", "Passage", "Retriever"]
