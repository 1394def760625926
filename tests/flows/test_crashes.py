"""What a network and an operating system can do to a run: every order still ends up there once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from redis import Redis

from hub.engine import runs
from hub.scheduler import wake

from .conftest import Bench, eventually
from .test_order_flow import add_item, entry, shop_orders

Make = Callable[..., Bench]


def booked_exactly_once(bench: Bench) -> None:
    """Every order of the shop has one sales order in the ERP, and the ERP has no other."""
    wanted = {order["ordernumber_full"] for order in shop_orders(bench)}
    there = bench.booked()
    assert set(there) == wanted
    assert {number for number, orders in there.items() if len(orders) != 1} == set()


# -- the network ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate", "html"])
def test_an_answer_that_never_came_does_not_book_an_order_twice(
    make_bench: Make, kind: str
) -> None:
    bench = make_bench(shop={"orders": 40})
    status = {"status": 502} if kind == "html" else {}
    bench.erp_sandbox.fault(kind, method="POST", every=10, **status)  # type: ignore[arg-type]
    told = bench.run()
    assert told["created"] == told["read"] == 40, told
    booked_exactly_once(bench)


def test_a_dropped_header_leaves_one_order(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 5})
    bench.erp_sandbox.fault("drop_after", method="POST", path="SalesOrderHeader", times=5)
    told = bench.run()
    assert told["created"] == 5
    booked_exactly_once(bench)


def test_an_outage_stops_the_run_and_the_next_one_goes_on(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 8})
    fault = bench.erp_sandbox.fault("status", method="POST", status=503, skip=6)
    told = bench.run()
    assert told["status"] == "failed"
    assert told["error"]["kind"] == "unreachable"
    bench.erp_sandbox.faults.remove(fault)
    assert bench.run()["status"] == "succeeded"
    booked_exactly_once(bench)


def test_dead_credentials_stop_the_run_at_once_and_say_so_on_the_connection(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 8})
    bench.shop_sandbox.fault("status", status=401, path="orderrows", skip=2)
    told = bench.run()
    assert told["status"] == "failed"
    assert told["error"] == {"kind": "authentication", "connection": "webshop"}
    with bench.hub.database.session() as session:
        from sqlmodel import col, select

        from hub.store.tables import Connection

        row = session.exec(select(Connection).where(col(Connection.name) == "webshop")).one()
    assert row.status == "needs_attention"


# -- the operating system ------------------------------------------------------------------------


@contextmanager
def process(bench: Bench, role: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker or scheduler of this hub, in a process group of its own."""
    started = subprocess.Popen(
        [sys.executable, "-m", "hub", role],
        env=bench.hub.config.environ(os.environ),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        kill(started)


def kill(started: subprocess.Popen[bytes]) -> None:
    """`kill -9` the process and everything it forked."""
    for line in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(started.pid)], capture_output=True, check=False
    ).stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(line), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


@pytest.mark.timeout(420)
def test_killing_the_worker_ten_times_books_every_order_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 300})
    bench.erp_sandbox.fault("drop_after", method="POST", every=10)
    run_id = runs.create_run(bench.hub, bench.flow(), trigger="cli")
    kills = 0
    dice = random.Random(7)
    with process(bench, "scheduler"):
        while kills < 10:
            before = len(bench.booked())
            with process(bench, "worker"):
                eventually(
                    lambda b=before: len(bench.booked()) >= min(300, b + 5),  # type: ignore[misc]
                    60,
                )
                time.sleep(dice.uniform(0, 0.3))
            kills += 1
        with process(bench, "worker"):
            eventually(
                lambda: runs.counts(bench.hub, run_id)["status"] not in ("queued", "running"), 120
            )
    told = runs.summary(bench.hub, run_id)
    assert told["status"] == "succeeded", told
    booked_exactly_once(bench)


@pytest.mark.timeout(120)
def test_wiping_redis_in_the_middle_of_a_run_loses_nothing(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 60})
    with process(bench, "scheduler"), process(bench, "worker"):
        run_id = runs.create_run(bench.hub, bench.flow(), trigger="cli")
        eventually(lambda: len(bench.booked()) >= 10, 60)
        assert bench.hub.config.redis_url
        Redis.from_url(bench.hub.config.redis_url).flushall()
        eventually(
            lambda: runs.counts(bench.hub, run_id)["status"] not in ("queued", "running"), 60
        )
        second = runs.create_run(bench.hub, bench.flow(), trigger="cli", options={"full": True})
        eventually(
            lambda: runs.counts(bench.hub, second)["status"] not in ("queued", "running"), 60
        )
    assert runs.summary(bench.hub, second)["unchanged"] == 60
    booked_exactly_once(bench)


def test_two_runs_of_one_flow_keep_out_of_each_others_way(bench: Bench) -> None:
    first = runs.create_run(bench.hub, bench.flow(), trigger="cli")
    bench.erp_sandbox.latency = 0.02
    with process(bench, "worker"):
        wake(bench.hub.config, first)
        eventually(lambda: len(bench.booked()) >= 2, 30)
        with pytest.raises(runs.AlreadyRunning, match="shop-orders is already running"):
            bench.run()
        eventually(lambda: runs.counts(bench.hub, first)["status"] not in ("queued", "running"), 60)
    booked_exactly_once(bench)


def test_a_blocked_order_is_tried_again_by_itself_when_the_flow_is_mended(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 2})
    (key,) = bench.place("unknown_sku")
    assert entry(bench.run(), key)["outcome"] == "blocked"
    add_item(bench, "WIEL-OUD-26")
    assert entry(bench.run(), key)["outcome"] == "created"
    booked_exactly_once(bench)
