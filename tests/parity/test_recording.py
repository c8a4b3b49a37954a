"""The recordings are complete, small, and exercise both sides of every rule."""

from __future__ import annotations

import pytest

from .recording import CHAIN, FILTERS, FOLDER, NOT_DROPPED, REFINERS, edge


def test_chain_is_the_published_one():
    assert (len(CHAIN), len(FILTERS), len(REFINERS)) == (23, 20, 3)


def test_recordings_stay_small():
    sizes = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert {"english.parquet", "edge.parquet"} <= sizes.keys()
    assert sum(sizes.values()) < 1_000_000, sizes


@pytest.mark.parametrize("name", FILTERS)
def test_edge_texts_fall_on_both_sides(name):
    kept = edge().kept(name)
    assert 10 < sum(kept) < len(kept) - 10, f"{name} keeps {sum(kept)} of {len(kept)}"


def test_edge_texts_pass_and_fail_in_the_chain():
    steps = edge().verdicts["chain_dropped_at"].to_pylist()
    assert NOT_DROPPED in steps
    assert len(set(steps)) > 12
