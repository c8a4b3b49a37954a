"""What a model call costs on our side: processor time per call, rate, and how the adaptive limit settles.

A fake server (`dataflow_rs.testing.FaultServer`, a process of its own) answers after a fixed latency. Measured are the
serving as users call it (`OpenAIServing.generate`, with a call log), the HTTP clients alone, and the limit that the
engine settles at for servers that allow K calls at once. Processor time depends little on what else the machine does;
the rate does.

    python benchmarks/serving_overhead.py [--calls 20000] [--latency 0.05] [--concurrency 256] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from dataflow_rs.serving import OpenAIServing, Request
from dataflow_rs.testing import echo

SERVER = """
import json, sys
from dataflow_rs.testing import FaultServer
with FaultServer(**json.loads(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def fault_server(**settings):
    """Run a `FaultServer` in a process of its own and yield its address."""
    command = [sys.executable, "-c", SERVER, json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def serving_figures(url, calls, concurrency, profile=False):
    """Ask through the serving, check every answer, and return (CPU seconds, seconds)."""
    prompts = [f"prompt {number}" for number in range(calls)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "calls.log"
        with OpenAIServing("m", base_url=url, api_key="x", max_concurrency=concurrency, call_log=log) as serving:
            serving.generate_from_input([f"warm {number}" for number in range(4 * concurrency)])
            requests = [Request.of(prompt) for prompt in prompts]
            if profile:
                serving._engine.run(_profiled(True))
            cpu, start = time.process_time(), time.perf_counter()
            completions = serving.generate(requests)
            cpu, seconds = time.process_time() - cpu, time.perf_counter() - start
            if profile:
                serving._engine.run(_profiled(False))
    assert [completion.text for completion in completions] == [echo(prompt) for prompt in prompts]
    return cpu, seconds


_PROFILE = cProfile.Profile()


async def _profiled(on):
    """Switch the profile of the engine's thread."""
    (_PROFILE.enable if on else _PROFILE.disable)()


async def client_figures(name, url, calls, concurrency):
    """Post through a bare client and return (CPU seconds, seconds)."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    post, close = await _client(name, url, body)
    waiting = iter(range(calls))

    async def work():
        for _ in waiting:
            await post()

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    figures = time.process_time() - cpu, time.perf_counter() - start
    await close()
    return figures


async def _client(name, url, body):
    if name == "aiohttp":
        import aiohttp

        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

        async def post():
            async with session.post(url + "/chat/completions", data=json.dumps(body).encode()) as reply:
                json.loads(await reply.read())

        return post, session.close
    if name == "openai":
        import openai

        client = openai.AsyncOpenAI(base_url=url, api_key="x", max_retries=0)

        async def create():
            json.loads((await client.chat.completions.with_raw_response.create(**body)).content)

        return create, client.close
    import importlib

    httpx = importlib.import_module(name)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    other = httpx.AsyncClient(limits=limits, timeout=60)

    async def send():
        json.loads((await other.post(url + "/chat/completions", content=json.dumps(body).encode())).content)

    return send, other.aclose


def settled(capacity, latency, concurrency, queues, seconds=8.0):
    """Return the mean limit in the second half of a run against a server that allows so many calls at once."""
    seen = []
    with (
        fault_server(capacity=capacity, latency_s=latency, queues=queues, retry_after_s=0.05) as url,
        OpenAIServing("m", base_url=url, api_key="x", max_concurrency=concurrency, max_retries=50) as serving,
    ):
        start = time.perf_counter()
        end = start + seconds
        requests = (Request.of(f"prompt {n}") for n in iter(lambda: int(time.perf_counter() * 1e9), None))
        for completion in serving.stream(requests, window=4 * concurrency):
            now = time.perf_counter()
            if now > (start + end) / 2:
                seen.append(serving._engine.pool.endpoints[0].limit.value)
            if now > end or not completion.ok:
                break
    return sum(seen) / len(seen)


def main():
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--only", choices=["serving", "clients", "limit"])
    given = parser.parse_args()
    ideal = given.concurrency / given.latency
    with fault_server(latency_s=given.latency) as url:
        if given.only in (None, "serving"):
            cpu, seconds = serving_figures(url, given.calls, given.concurrency, given.profile)
            rate = given.calls / seconds
            print(
                f"OpenAIServing: {cpu / given.calls * 1e3:.3f} ms CPU per call, {rate:,.0f} calls/s, ideal {ideal:,.0f}"
            )
            if given.profile:
                pstats.Stats(_PROFILE).sort_stats("tottime").print_stats(25)
        for name in ("aiohttp", "httpx", "httpx2", "openai") if given.only in (None, "clients") else ():
            calls = min(given.calls, 4000)
            try:
                cpu, seconds = asyncio.run(client_figures(name, url, calls, given.concurrency))
            except ImportError:
                continue
            print(f"{name} alone: {cpu / calls * 1e3:.3f} ms CPU per call, {calls / seconds:,.0f} calls/s")
    for capacity, queues in (
        ((8, False), (20, False), (100, False), (20, True)) if given.only in (None, "limit") else ()
    ):
        limit = settled(capacity, given.latency, given.concurrency, queues)
        print(f"a server that {'works on' if queues else 'allows'} {capacity} calls at once: the limit is {limit:.1f}")


if __name__ == "__main__":
    main()
