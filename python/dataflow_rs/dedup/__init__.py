"""Deduplication beyond operators: cluster tables, the index on disk, and what a choice of bands finds."""

from __future__ import annotations

from dataflow_rs.dedup.clusters import near_duplicates
from dataflow_rs.dedup.curve import BandCurve, band_curve
from dataflow_rs.dedup.index import DedupIndex

__all__ = ["BandCurve", "DedupIndex", "band_curve", "near_duplicates"]
