"""Waits between attempts, and what an endpoint asks for."""

from __future__ import annotations

import pytest
from dataflow_rs.serving.openai_errors import redacted, retry_after
from dataflow_rs.serving.retry import RetryPolicy


@pytest.mark.parametrize(("attempt", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (8, 60.0), (500, 60.0)])
def test_waits_are_drawn_below_a_doubling_bound(attempt, bound):
    waits = [RetryPolicy().wait(attempt, None) for _ in range(200)]
    assert 0 <= min(waits) < bound * 0.2
    assert bound * 0.8 < max(waits) <= bound


@pytest.mark.parametrize(("asked", "least", "most"), [(5.0, 5.0, 5.0), (1000.0, 60.0, 60.0), (0.0, 0.0, 0.5)])
def test_the_endpoint_is_waited_for_within_bounds(asked, least, most):
    assert least <= RetryPolicy().wait(1, asked) <= most


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers) == seconds


def test_texts_are_short_and_hold_no_key():
    assert redacted("the key abcdef is wrong", "abcdef") == "the key *** is wrong"
    assert len(redacted("x" * 1000, None)) == 500
