"""The worker role: one process that listens on one queue and forks for every job.

What a worker must not lose is in the database; these settings only decide how soon somebody
notices that a worker is gone.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from hub.config import Config
from hub.embedded_redis import RedisUnavailable, connect
from hub.ops import lifeline

if TYPE_CHECKING:
    from redis import Redis
    from rq.executions import Execution

QUEUE = "koppel"
"""The one queue. A worker that listens on two loses the job it holds when it is killed."""

TELL_AGAIN_SECONDS = 30
"""How long a run may stay in the queue before the workers are told of it again."""

GRACE_SECONDS = 6
"""How long a run may take to come to a halt when its worker is told to stop."""

log = logging.getLogger("koppel.worker")


def queue(connection: Redis) -> Queue:
    """The queue to put jobs into. They take ids only, as JSON, and no time limit ends a run."""
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, default_timeout=-1)


def enqueue_run(connection: Redis, run_id: int, attempt: int = 0, *, again: bool = False) -> bool:
    """Hand a run to the workers; False when that was done for this attempt a moment ago.

    again: do it all the same, because what the run had to wait for is free now.

    Only the database says whether the run still has to be done, and its claim sees to it that one
    worker does it: a job too many ends at once, and a job that was lost is made again in time.
    """
    told = f"koppel:woken:{run_id}:{attempt}"
    if not connection.set(told, 1, nx=not again, ex=TELL_AGAIN_SECONDS):
        return False
    queue(connection).enqueue("hub.jobs.run_flow", run_id, result_ttl=0, failure_ttl=3600)
    return True


class HubWorker(Worker):
    """RQ's worker; notices a dead colleague in seconds, and takes its job along when it stops."""

    max_connection_wait_time = 5.0
    log_result_lifespan = False

    def __init__(self, *args: Any, **options: Any) -> None:
        # RQ's own intervals let up to a quarter of an hour pass before a dead worker is noticed.
        options.setdefault("worker_ttl", 30)
        options.setdefault("job_monitoring_interval", 5)
        options.setdefault("maintenance_interval", 15)
        options.setdefault("serializer", JSONSerializer)
        super().__init__(*args, **options)

    @property
    def told_to_stop(self) -> bool:
        """Whether it was asked to end, as opposed to having lost its Redis."""
        return self._shutdown_requested_date is not None

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """How long a job counts as alive without a sign of life."""
        return int(self.job_monitoring_interval) * 4

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Give a sign of life; a Redis that is away does not end the watch over the job."""
        try:
            super().maintain_heartbeats(job, execution)
        except (RedisConnectionError, RedisTimeoutError) as error:
            log.warning("Redis does not answer while a job runs: %s", error)

    # ---- stopping

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        lifeline.leave_the_terminal_to_the_supervisor()

    def handle_warm_shutdown_request(self) -> None:
        """Ask the job to end as well: it may have hours to go, and can be continued."""
        self._interrupt_job()

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Watch the job; also when the request to stop came while it was being forked."""
        if self._stop_requested:
            self._interrupt_job()
        super().monitor_work_horse(job, queue, execution)

    def _interrupt_job(self) -> None:
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)
            last_word = threading.Timer(GRACE_SECONDS, self.kill_horse)
            last_word.daemon = True
            last_word.start()

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Signal the job's process group; just the process while it has none of its own yet."""
        pid = self.horse_pid
        if not pid:
            return
        with suppress(ProcessLookupError):
            if os.getpgid(pid) == pid:
                os.killpg(pid, sig)
            else:
                os.kill(pid, sig)

    # ---- in the forked process

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Report what a job raised; being told to stop is not worth a traceback."""
        if exc_info[0] is not KeyboardInterrupt:
            super().handle_exception(job, *exc_info)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job; never longer than the worker that watches over it."""
        lifeline.follow_forking_parent(self.pid or os.getppid())
        super().main_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        """A request to stop reaches the run as Ctrl-C does in `koppel run`."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(config: Config) -> None:
    """Work until told to stop."""
    lifeline.attach()
    with suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, _interrupt)
        preload()
        work(config)


def preload() -> None:
    """Load what jobs need before the first is forked: they share it, and need not load it again."""
    import hub.jobs  # noqa: F401
    from hub.registry import Registry

    Registry.load()
    gc.collect()
    gc.freeze()  # what is never looked at by the collector stays shared


def work(config: Config) -> None:
    """Take jobs until told to stop. Redis may come later than the worker, and may come back."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="koppel worker: %(message)s"
    )
    with suppress(KeyboardInterrupt):
        while True:
            signal.signal(signal.SIGTERM, _interrupt)
            connection = _wait_for_redis(config)
            worker = HubWorker([queue(connection)], connection=connection)
            with suppress(RedisError):  # it went away while the worker was signing off
                worker.work(logging_level="WARNING")
            connection.close()
            if worker.told_to_stop:
                return
            time.sleep(1.0)


def _wait_for_redis(config: Config) -> Redis:
    """A connection that answers; says once, and then every half minute, what it waits for."""
    silent_until = 0.0
    while True:
        try:
            connection = connect(config)
            connection.ping()
        except (RedisError, RedisUnavailable) as error:
            if time.monotonic() >= silent_until:
                log.warning("waiting for Redis. %s", error)
                silent_until = time.monotonic() + 30
            time.sleep(0.5)
        else:
            return connection
