"""Packing for training: documents to token sequences of one length, shuffled, mixed, and written as files.

pack          data sets in, a Parquet or Arrow file or Megatron's `.bin` and `.idx` out
open_indexed  reads `.bin` and `.idx` again
"""

from __future__ import annotations

from dataflow_rs.packing.indexed import IndexedFile, open_indexed
from dataflow_rs.packing.sequences import Packed, PackedSource, pack

__all__ = ["IndexedFile", "Packed", "PackedSource", "open_indexed", "pack"]
