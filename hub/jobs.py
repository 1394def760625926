"""Jobs: all that RQ ever sees. They take ids; the database knows the rest."""

from __future__ import annotations

import contextlib
import logging

from redis.exceptions import RedisError
from sqlmodel import col, select

from hub.config import Config
from hub.engine.hub import Hub
from hub.engine.runs import AlreadyRunning, execute
from hub.store.tables import Run
from hub.worker import enqueue_run

log = logging.getLogger("koppel.jobs")


def _wake_next(hub: Hub) -> None:
    """Runs that waited for what has just been set free need not wait for the next tick."""
    if hub.redis is None:
        return
    with hub.database.session() as session:
        waiting = session.exec(
            select(Run.id, Run.attempt).where(col(Run.state) == "queued").order_by(col(Run.id))
        ).all()
    with contextlib.suppress(RedisError):
        for run_id, attempt in waiting[:10]:
            if run_id is not None:
                enqueue_run(hub.redis, run_id, attempt, again=True)


def run_flow(run_id: int) -> None:
    """Work a queued run. A flow that is busy leaves it in the queue for a later tick."""
    hub = Hub.start(Config.from_env())
    try:
        execute(hub, run_id, resume=True)
        _wake_next(hub)
    except AlreadyRunning as busy:
        log.info("run %s waits: %s", run_id, busy)
    finally:
        hub.close()
