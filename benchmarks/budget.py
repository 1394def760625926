"""Use a budget to the full without being refused: several processes on one connection.

    python -m benchmarks.budget [--count 190] [--seconds 10] [--windows 3] [--processes 4] [--check]

A small server counts strictly: more than `count` requests in any `seconds` get a 429. With --check
the program fails unless at least 90% of what was allowed was used and nothing was refused. How
much was used is told by when the first request of a later window came in, beside when it was
allowed to.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import threading
import time
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, Response, jsonify
from redis import Redis

from hub import embedded_redis
from hub.engine.budget import usage
from hub.engine.pacing import pacer_for
from hub.sdk import RateLimit
from hub.sdk.http import Client, Limits
from hub.sdk.sandbox import running

THREADS = 4
LEAST = 0.9


def vendor(count: int, seconds: float) -> Flask:
    """A server that takes so many requests in any window, however it begins."""
    app = Flask("limited")
    log: deque[float] = deque()
    lock = threading.Lock()
    refused: list[float] = []
    taken: list[float] = []

    @app.get("/thing")
    def thing() -> Response | tuple[Response, int]:
        with lock:
            now = time.monotonic()
            while log and log[0] <= now - seconds:
                log.popleft()
            if len(log) >= count:
                refused.append(now)
                return jsonify(error="too many"), 429
            log.append(now)
            taken.append(now)
        return jsonify(ok=True)

    @app.get("/told")
    def counts() -> Response:
        return jsonify(taken=taken, refused=len(refused))

    return app


def caller(url: str, redis_url: str, count: int, seconds: float, until: float) -> None:
    """One process: as many requests as its budget allows, on several threads."""
    limits = (RateLimit(count, seconds),)

    def call() -> None:
        pacer = pacer_for(Redis.from_url(redis_url), 1)
        with Client(limits=Limits(max_connections=2)) as client:
            while time.time() < until:
                ticket = pacer.wait(limits, "GET", "/thing")
                client.get(f"{url}/thing")
                pacer.done(ticket)

    threads = [threading.Thread(target=call) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> int:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=190)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with (
        TemporaryDirectory(prefix="k", dir="/tmp") as folder,
        embedded_redis.running(Path(folder)) as redis_url,
        running(vendor(asked.count, asked.seconds)) as url,
    ):
        until = time.time() + asked.windows * asked.seconds + 10
        work = [
            spawn.Process(target=caller, args=(url, redis_url, asked.count, asked.seconds, until))
            for _ in range(asked.processes)
        ]
        for process in work:
            process.start()
        time.sleep(asked.windows * asked.seconds / 2)
        (shown,) = usage(Redis.from_url(redis_url), 1, (RateLimit(asked.count, asked.seconds),))
        for process in work:
            process.join()
        with Client() as client:
            told = client.get(f"{url}/told").json()
    taken = told["taken"]
    later = asked.windows * asked.count
    took = taken[later] - taken[0] if len(taken) > later else float("inf")
    share = asked.windows * asked.seconds / took
    print(
        f"{asked.processes} processes, {asked.count} requests in {asked.seconds:g} s allowed: "
        f"{later} taken in {took:.2f} s ({share:.1%} of what was allowed), "
        f"{told['refused']} refused; half-way {shown.used} used, {shown.left} left"
    )
    return int(asked.check and (share < LEAST or told["refused"] > 0))


if __name__ == "__main__":
    sys.exit(main())
