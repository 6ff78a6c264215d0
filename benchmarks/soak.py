"""``make soak``: hours of mixed load in small, with checks: what must stay flat stays flat, and nothing is lost.

All APIs at once, writes and reads over several protocols and formats, refused and malformed requests, callers that send
slowly and callers that follow events, at a steady rate below what the server could do. Every ten seconds memory, files
and latencies are sampled. At the end every answered write must be stored exactly once, and the store must be whole. The
report is written to ``docs/soak-report.rst``; exit status 1 when a criterion was not met.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx

from benchmarks import soak_report
from benchmarks.soak_load import Soak
from benchmarks.soak_server import Server, running

PERIOD = 10.0
"""Seconds between two samples."""


def main() -> int:
    """Run, judge, write the report."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), options.workers) as server:
        soak = Soak(server.url, server.keys)
        samples = asyncio.run(_run(soak, server, options))
        server.stop()
        lost, problems = server.missing(soak.accepted)
        size = server.size()
    report = soak_report.Report(options.minutes, options.rate, samples, soak, lost, problems, size)
    text, failed = soak_report.render(report)
    print(text)
    if options.report:
        Path(options.report).write_text(text, encoding="utf-8")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak SOAK=…", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--report", default="docs/soak-report.rst", help="where it is written; empty: nowhere")
    return parser.parse_args()


async def _run(soak: Soak, server: Server, options: argparse.Namespace) -> list[soak_report.Sample]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
    samples: list[soak_report.Sample] = []
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False, limits=limits)
        )
        tasks = [asyncio.create_task(job) for job in soak.jobs(client, options.rate)]
        began, end = time.monotonic(), time.monotonic() + options.minutes * 60
        while time.monotonic() < end:
            await asyncio.sleep(min(PERIOD, max(0.0, end - time.monotonic())))
            now = time.monotonic() - began
            samples.append(soak_report.Sample(now, server.processes(), soak.taken(), soak_report.pace()))
            print(samples[-1].line(), flush=True)
        soak.stop()
        for task in tasks:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(task, 40)
    return samples


if __name__ == "__main__":
    sys.exit(main())
