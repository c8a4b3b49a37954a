"""How many calls at once an endpoint is given: simulated endpoints with a clock of their own."""

from __future__ import annotations

import heapq
import random

import pytest
from dataflow_rs.exceptions import RateLimitedError, ServerFailedError, TransportError
from dataflow_rs.serving.endpoints import Endpoint, EndpointPool
from dataflow_rs.serving.limits import AdaptiveLimit, Bucket


def simulate(endpoint, capacity, *, latency=1.0, queues=False, failing=0.0, calls=30_000, seed=1, start=0.0):
    """Give an endpoint all the calls that its limit allows; return the limits over the second half of the calls.

    A call above the capacity is refused after a hundredth of the latency, or waits for a place if the endpoint queues.
    """
    chosen = random.Random(seed)
    now, busy, events, limits = start, 0, [], []
    queue = []
    for number in range(calls):
        while endpoint.under_way >= endpoint.limit.value or now < endpoint.free_at:
            if not events:
                now = endpoint.free_at
                continue
            now, _, started, seen, ok = heapq.heappop(events)
            endpoint.under_way -= 1
            if ok is None:
                endpoint.failed(RateLimitedError("no"), started, now)
                continue
            busy -= 1
            if queue:
                waiting_since, waiting_seen = queue.pop(0)
                busy += 1
                heapq.heappush(events, (now + latency, number + 0.5, waiting_since, waiting_seen, True))
            if ok:
                endpoint.answered(started, now, *seen)
            else:
                endpoint.failed(ServerFailedError("no", status=503), started, now)
        endpoint.under_way += 1
        seen = (endpoint.under_way, endpoint.limit.value)
        if busy < capacity:
            busy += 1
            duration = latency * chosen.uniform(0.8, 1.2)
            heapq.heappush(events, (now + duration, number, now, seen, chosen.random() >= failing))
        elif queues:
            queue.append((now, seen))
        else:
            heapq.heappush(events, (now + latency / 100, number, now, seen, None))
        if number > calls / 2:
            limits.append(endpoint.limit.value)
    return limits


@pytest.mark.parametrize("capacity", [1, 3, 8, 20, 64, 100])
@pytest.mark.parametrize("latency", [0.05, 5.0])
def test_the_limit_settles_at_what_the_endpoint_allows(capacity, latency):
    limits = simulate(Endpoint("x", AdaptiveLimit(256)), capacity, latency=latency)
    mean = sum(limits) / len(limits)
    assert abs(mean - capacity) <= max(0.2 * capacity, 1)
    assert max(limits) <= capacity * 1.3 + 1


def test_without_refusals_it_grows_to_its_ceiling():
    limits = simulate(Endpoint("x", AdaptiveLimit(256)), 10_000)
    assert min(limits) == max(limits) == 256


def test_faults_here_and_there_do_not_shrink_it():
    limits = simulate(Endpoint("x", AdaptiveLimit(128)), 10_000, failing=0.03)
    assert sum(limits) / len(limits) > 110


@pytest.mark.parametrize("failing", [0.1, 0.15, 0.2, 0.3, 0.45])
def test_faults_that_do_not_depend_on_how_much_is_sent_do_not_shrink_it(failing):
    limits = simulate(Endpoint("x", AdaptiveLimit(128)), 10_000, failing=failing)
    assert sum(limits) / len(limits) > 110


@pytest.mark.parametrize("capacity", [8, 20, 64])
@pytest.mark.parametrize("failing", [0.03, 0.1, 0.2])
def test_what_the_endpoint_allows_is_found_in_spite_of_faults(capacity, failing):
    limits = simulate(Endpoint("x", AdaptiveLimit(256)), capacity, failing=failing)
    assert abs(sum(limits) / len(limits) - capacity) <= 0.2 * capacity


def test_the_limit_falls_again_when_faults_turn_into_refusals():
    endpoint = Endpoint("x", AdaptiveLimit(128))
    limits = simulate(endpoint, 10_000, failing=0.2)
    assert sum(limits) / len(limits) > 110
    endpoint.under_way = 0  # the second simulation begins with nothing under way
    limits = simulate(endpoint, 20, start=1e6)
    assert abs(sum(limits) / len(limits) - 20) <= 4


@pytest.mark.parametrize("capacity", [20, 50])
def test_an_endpoint_that_queues_is_not_flooded(capacity):
    limits = simulate(Endpoint("x", AdaptiveLimit(1000)), capacity, queues=True)
    assert sum(limits) / len(limits) < 4 * capacity
    assert min(limits) >= 0.8 * capacity


def test_a_bucket_lets_through_its_rate():
    bucket = Bucket(600)
    moments = [bucket.take(1, now=0.0) for _ in range(100)]
    assert moments == sorted(moments)
    assert sum(wait <= 5 for wait in moments) == pytest.approx(10 + 50, abs=1)
    bucket.correct(-1000)  # gives back no more than it holds
    assert [bucket.take(1, now=0.0) for _ in range(11)][-1] > 0


def test_the_endpoint_with_room_in_relation_to_its_weight_is_chosen():
    pool = EndpointPool([Endpoint("a", AdaptiveLimit(16), weight=3), Endpoint("b", AdaptiveLimit(16), weight=1)])
    given = []
    for _ in range(8):
        found = pool._best(0.0)
        found.under_way += 1
        given.append(found.url)
    assert (given.count("a"), given.count("b")) == (6, 2)
    assert pool._best(0.0, avoid=pool.endpoints[0]).url == "b"
    pool.endpoints[1].under_way = 16
    assert pool._best(0.0, avoid=pool.endpoints[0]).url == "a"


def test_an_endpoint_that_fails_again_and_again_is_tried_with_single_calls():
    endpoint = Endpoint("a", AdaptiveLimit(16))
    for number in range(10):
        assert endpoint.admits(number)
        endpoint.failed(TransportError("no"), number, number)
    assert not endpoint.admits(9.1)
    assert endpoint.admits(9.6)
    endpoint.under_way = 1
    assert not endpoint.admits(9.6)
    endpoint.failed(TransportError("no"), 9.6, 10.0)
    assert (endpoint.free_at, endpoint.broken) == (11.0, True)
    endpoint.answered(11.0, 11.5, 1, 16)
    assert endpoint.admits(11.5)
    assert not endpoint.broken


def test_an_endpoint_that_refuses_everything_is_left_alone_for_as_long_as_it_asks():
    endpoint = Endpoint("a", AdaptiveLimit(1))
    endpoint.failed(RateLimitedError("no", retry_after_s=20), 0.0, 0.1)
    assert endpoint.admits(0.1)
    endpoint.failed(RateLimitedError("no", retry_after_s=20), 0.2, 0.3)
    assert not endpoint.admits(20.0)
    assert endpoint.admits(20.4)
