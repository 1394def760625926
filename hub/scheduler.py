"""The scheduler role: ticks every second, as the only one of however many are running."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from redis.exceptions import RedisError
from rq.registry import clean_registries

from hub.config import Config
from hub.embedded_redis import RedisUnavailable, connect
from hub.engine.claims import Claim
from hub.engine.hub import Hub
from hub.engine.ticker import Ticker
from hub.ops import lifeline
from hub.store.errors import StoreError
from hub.worker import enqueue_run, queue

log = logging.getLogger("koppel.scheduler")
INTERVAL = 1.0
LEASE_SECONDS = 15


def wake(config: Config, run_id: int, attempt: int = 0) -> None:
    """Tell the workers of a queued run. Without Redis nothing is lost: a later tick tells again."""
    try:
        connection = connect(config)
        try:
            enqueue_run(connection, run_id, attempt)
        finally:
            connection.close()
    except (RedisError, RedisUnavailable) as error:
        log.warning("the workers cannot be woken: %s", error)


def main(config: Config) -> None:
    """Tick until told to stop; stand by while another scheduler ticks."""
    lifeline.attach()
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="koppel scheduler: %(message)s"
    )
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    lifeline.leave_the_terminal_to_the_supervisor()
    hub = Hub.start(config)
    ticker = Ticker(hub, lambda run_id, attempt: wake(config, run_id, attempt))
    claim: Claim | None = None
    rounds = 0
    while not stop.wait(INTERVAL if rounds else 0):
        rounds += 1
        if claim is None:
            candidate = Claim(hub.database, ["ticker"], LEASE_SECONDS)
            if candidate.take() is not None:
                continue
            claim = candidate
        if claim.lost:
            claim = None
            continue
        try:
            ticker.tick()
            if rounds % 15 == 0:
                _tidy(config)
        except StoreError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a tick broke; the next one tries again")
    if claim is not None:
        claim.release()
    hub.close()


def _tidy(config: Config) -> None:
    """Let RQ look for jobs whose worker died."""
    try:
        connection = connect(config)
        try:
            jobs = queue(connection)
            if jobs.acquire_maintenance_lock():
                clean_registries(jobs)
                jobs.release_maintenance_lock()  # type: ignore[no-untyped-call]
        finally:
            connection.close()
    except (RedisError, RedisUnavailable) as error:
        log.warning("Redis: %s", error)
