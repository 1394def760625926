"""Budgets: one for all workers, fed by declaration and vendor, urgent records first (pain 3)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from koppel_gate.sandbox import TOKEN
from redis import Redis

from hub.engine import budget
from hub.engine.budget import rank_of, usage
from hub.engine.pacing import RedisPacer, pacer_for
from hub.sdk import Allowance, RateLimit
from hub.sdk.limits import BudgetSpent, LocalPacer
from tests.gate.bench import Bench

DAY = 86_400.0


def _only(redis: Redis, limits: tuple[RateLimit, ...] = ()) -> budget.Usage:
    (one,) = usage(redis, 1, limits)
    return one


def _use(pacer: Any, limits: tuple[RateLimit, ...], times: int) -> None:
    for _ in range(times):
        pacer.done(pacer.wait(limits, "GET", "/x"))


# ---- what is refused or waited for


def test_a_budget_that_is_used_up_for_long_is_told_and_not_sat_out(redis: Redis) -> None:
    limits = (RateLimit(3, DAY),)
    pacer = RedisPacer(redis, 1)
    _use(pacer, limits, 3)
    began = time.monotonic()
    with pytest.raises(BudgetSpent, match="for 1 day is used up; it goes on in") as raised:
        pacer.wait(limits, "GET", "/x")
    assert time.monotonic() - began < 2
    assert raised.value.retry_after is not None
    assert raised.value.retry_after > 3600


def test_without_redis_a_long_budget_is_told_as_well() -> None:
    pacer = LocalPacer(sleep=lambda seconds: None)
    pacer.wait((RateLimit(1, DAY),), "GET", "/x")
    with pytest.raises(BudgetSpent):
        pacer.wait((RateLimit(1, DAY),), "GET", "/x")


def test_what_is_left_of_a_day_is_kept_for_orders(redis: Redis) -> None:
    """Orders before stock before products."""
    limits = (RateLimit(100, DAY),)
    products, stock, orders = (RedisPacer(redis, 1, rank_of(k)) for k in _KINDS)
    _use(products, limits, 90)
    with pytest.raises(BudgetSpent, match="kept for orders"):
        products.wait(limits, "GET", "/x")
    _use(stock, limits, 5)
    with pytest.raises(BudgetSpent):
        stock.wait(limits, "GET", "/x")
    _use(orders, limits, 5)
    with pytest.raises(BudgetSpent):
        orders.wait(limits, "GET", "/x")


_KINDS = ("product", "stock", "order")


def test_when_a_budget_is_short_orders_go_before_stock_and_stock_before_products(
    redis: Redis,
) -> None:
    limits = (RateLimit(2, 0.5),)
    _use(RedisPacer(redis, 1), limits, 2)
    went: list[str] = []
    lock = threading.Lock()

    def caller(kind: str) -> None:
        pacer = RedisPacer(redis, 1, rank_of(kind))
        for _ in range(4):
            pacer.wait(limits, "GET", "/x")
            with lock:
                went.append(kind)

    threads = [threading.Thread(target=caller, args=(kind,)) for kind in _KINDS]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    place = {kind: sum(i for i, k in enumerate(went) if k == kind) for kind in _KINDS}
    assert place["order"] < place["stock"] < place["product"], went
    assert went[:2].count("order") >= 1, went


def test_who_goes_last_goes_in_the_end(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.engine.pacing.OLDER", 300)
    limits = (RateLimit(1, 0.1),)
    stop = threading.Event()

    def busy() -> None:
        pacer = RedisPacer(redis, 1, rank_of("order"))
        while not stop.is_set():
            pacer.wait(limits, "GET", "/x")

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.2)
        began = time.monotonic()
        RedisPacer(redis, 1, rank_of("product")).wait(limits, "GET", "/x")
        assert time.monotonic() - began < 8
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_vendor_that_says_nothing_is_left_is_obeyed(redis: Redis) -> None:
    pacer = RedisPacer(redis, 1)
    said = [Allowance(seconds=DAY, limit=1000, left=0, resets_in=7200)]
    pacer.done(pacer.wait((), "GET", "/x"), said)
    with pytest.raises(BudgetSpent, match="it goes on in 2 hours"):
        RedisPacer(redis, 1).wait((), "GET", "/x")


def test_a_day_of_the_vendor_s_own_name_holds_for_every_request(redis: Redis) -> None:
    search = RateLimit(4, 30, lambda method, path: "search" if "search" in path else None)
    pacer = RedisPacer(redis, 1)
    said = [
        Allowance(seconds=DAY, limit=1000, left=2, bucket="day"),
        Allowance(seconds=3600, limit=100, left=0, resets_in=900, bucket="search"),
    ]
    pacer.done(pacer.wait((search,), "GET", "/search"), said)
    for _ in range(2):
        pacer.wait((search,), "GET", "/orders")
    with pytest.raises(BudgetSpent, match="day"):
        pacer.wait((search,), "GET", "/orders")
    redis.delete("koppel:pace:1:budgets")
    pacer.done(pacer.wait((search,), "GET", "/search"), said[1:])
    pacer.wait((search,), "GET", "/orders")
    with pytest.raises(BudgetSpent, match="of search for 1 hour"):
        pacer.wait((search,), "GET", "/search")


def test_what_others_use_of_the_same_budget_is_counted_too(redis: Redis) -> None:
    limits = (RateLimit(10, 30),)
    pacer = RedisPacer(redis, 1)
    pacer.done(
        pacer.wait(limits, "GET", "/x"), [Allowance(seconds=30, limit=10, left=1, resets_in=0.6)]
    )
    assert _only(redis).left == 1
    pacer.wait(limits, "GET", "/x")
    began = time.monotonic()
    pacer.wait(limits, "GET", "/x")
    assert 0.2 < time.monotonic() - began < 5


def test_a_limit_lower_than_declared_is_believed_and_a_higher_one_is_not(redis: Redis) -> None:
    limits = (RateLimit(10, 30),)
    pacer = RedisPacer(redis, 1)
    pacer.done(pacer.wait(limits, "GET", "/x"), [Allowance(seconds=30, limit=5, left=4)])
    assert (_only(redis).limit, _only(redis).used, _only(redis).left) == (5, 1, 4)
    pacer.done(pacer.wait(limits, "GET", "/x"), [Allowance(seconds=30, limit=500, left=498)])
    assert _only(redis).limit == 10


# ---- what works


def test_workers_share_one_budget_and_the_vendor_never_refuses(gate: Bench) -> None:
    gate.world.limit = (20, 1.0)
    gate.apply(mode="token", token=TOKEN)
    with gate.hub.database.session() as session:
        row = session.merge(gate.row)
        row.settings = {"requests": 20, "seconds": 1}
        session.add(row)

    def work() -> None:
        with gate.hub.open(gate.row) as api:
            for _ in range(12):
                api.get("/api/me")

    threads = [threading.Thread(target=work) for _ in range(5)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gate.world.too_many == 0
    assert len(gate.sandbox.asked(path="/api/me")) == 60
    assert 2.0 <= time.monotonic() - began < 20


def test_the_vendor_s_daily_budget_is_shown_as_it_says(gate: Bench) -> None:
    gate.world.day = (1000, 951)
    gate.apply(mode="token", token=TOKEN)
    gate.me()
    assert gate.hub.redis is not None
    shown = usage(gate.hub.redis, gate.row.id or 0, (RateLimit(1000, 10),))
    assert [(u.seconds, u.limit, u.used, u.left, u.told) for u in shown] == [
        (10.0, 1000, 1, 999, False),
        (DAY, 1000, 50, 950, True),
    ]
    gate.me()
    assert usage(gate.hub.redis, gate.row.id or 0, ())[-1].left == 949


def test_a_budget_nobody_has_used_is_shown_whole(redis: Redis) -> None:
    one = _only(redis, (RateLimit(190, 10),))
    assert (one.bucket, one.used, one.left, one.share) == ("all", 0, 190, 0.0)


def test_budgets_of_their_own_are_counted_apart(redis: Redis) -> None:
    search = RateLimit(4, 30, lambda method, path: "search" if "search" in path else None)
    limits = (RateLimit(100, 30), search)
    pacer = RedisPacer(redis, 1)
    for path in ("/search", "/search", "/orders"):
        pacer.done(pacer.wait(limits, "GET", path))
    found = {u.bucket: (u.used, u.left) for u in usage(redis, 1, limits)}
    assert found == {"all": (3, 97), "search": (2, 2)}


def test_connections_do_not_share(redis: Redis) -> None:
    limits = (RateLimit(1, 30),)
    for number in (1, 2, 3):
        pacer_for(redis, number).wait(limits, "GET", "/x")
    assert usage(None, 1, limits) == []


def test_the_longest_budget_is_counted_without_remembering_each_request(redis: Redis) -> None:
    limits = (RateLimit(100_000, DAY),)
    _use(RedisPacer(redis, 1), limits, 200)
    assert _only(redis).used == 200
    key = f"koppel:pace:1:log:{budget.field_of(DAY, 'all')}"
    assert redis.hlen(key) <= 2
