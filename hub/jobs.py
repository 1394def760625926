"""Jobs: all that RQ ever sees. They take ids; the database knows the rest."""

from __future__ import annotations

import logging

from hub.config import Config
from hub.engine.hub import Hub
from hub.engine.runs import AlreadyRunning, execute

log = logging.getLogger("koppel.jobs")


def run_flow(run_id: int) -> None:
    """Work a queued run. A flow that is busy leaves it in the queue for a later tick."""
    hub = Hub.start(Config.from_env())
    try:
        execute(hub, run_id)
    except AlreadyRunning as busy:
        log.info("run %s waits: %s", run_id, busy)
    finally:
        hub.close()
