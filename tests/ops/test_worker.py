"""The worker: what happens to its job when it, its colleagues or Redis go away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.job import JobStatus

from hub import embedded_redis
from hub.config import Config
from hub.embedded_redis import EmbeddedRedis
from hub.worker import enqueue_run, queue
from tests.ops.running import Running, Start, wait_until

WORKER = """
from hub.config import Config
from hub.worker import main
main(Config.from_env())
"""

# As `main`, but with shorter intervals, and without the hub around it.
QUICK_WORKER = """
from hub.config import Config
from hub.embedded_redis import connect
from hub.worker import HubWorker, queue
connection = connect(Config.from_env())
HubWorker(
    [queue(connection)], connection=connection,
    worker_ttl=16, job_monitoring_interval=1, maintenance_interval=1,
).work(logging_level="WARNING")
"""

JOBS = """
import os, pathlib, signal, time
diary = pathlib.Path(os.environ["DIARY"])
def note(text):
    with diary.open("a") as file:
        file.write(text + "\\n")
def quick(number):
    note(f"quick {number}")
def slow(number):
    note(f"slow {number} in {os.getpid()}")
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        note("interrupted")
        raise
def deaf(number):
    note(f"deaf in {os.getpid()}")
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            note("ignored")
def broken(number):
    raise RuntimeError("it broke")
"""


class Shop:
    """Workers, their Redis and what their jobs wrote down."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        (folder / "jobs_of_test.py").write_text(JOBS)
        self._diary = folder / "diary"
        self._diary.touch()
        self._folder = folder
        self._start = start
        self.server = EmbeddedRedis(self.home)

    def worker(self, code: str = WORKER) -> Running:
        """Start a worker."""
        return self._start(
            "-c",
            code,
            KOPPEL_HOME=str(self.home),
            PYTHONPATH=f"{self._folder}:{Path.cwd()}",
            DIARY=str(self._diary),
        )

    @property
    def redis(self) -> Redis:
        """A client for the Redis of this shop."""
        return embedded_redis.connect(Config.from_env({"KOPPEL_HOME": str(self.home)}))

    @property
    def queue(self) -> Queue:
        """The queue that the workers listen on."""
        return queue(self.redis)

    @property
    def diary(self) -> str:
        """What the jobs wrote down."""
        return self._diary.read_text()

    def wait_for(self, words: str, seconds: float = 30.0) -> None:
        """Wait until a job wrote these words down."""
        assert wait_until(lambda: words in self.diary, seconds), self.diary


@pytest.fixture
def shop(tmp_path: Path, start: Start) -> Iterator[Shop]:
    """A home with a Redis that is not started yet."""
    shop = Shop(tmp_path, start)
    yield shop
    shop.server.stop()


def test_a_worker_waits_for_redis_and_says_so_once(shop: Shop) -> None:
    worker = shop.worker()
    assert wait_until(lambda: "waiting for Redis" in worker.err)
    assert "koppel up` is not running" in worker.err
    shop.server.start()
    shop.queue.enqueue("jobs_of_test.quick", 1)
    shop.wait_for("quick 1")
    assert worker.err.count("waiting for Redis") == 1


def test_a_worker_survives_the_restart_of_redis(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.quick", 1)
    shop.wait_for("quick 1")
    assert shop.server.process
    shop.server.process.kill()
    shop.server.process.wait()
    shop.server.spawn()
    wait_until(lambda: embedded_redis.answers(embedded_redis.socket_path(shop.home)))
    shop.queue.enqueue("jobs_of_test.quick", 2)
    shop.wait_for("quick 2")
    assert worker.process.poll() is None


def test_a_job_goes_on_while_redis_is_away(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.slow", 1)
    shop.wait_for("slow 1")
    assert shop.server.process
    shop.server.process.kill()
    shop.server.process.wait()
    assert wait_until(lambda: "does not answer while a job runs" in worker.err, 60)
    assert "interrupted" not in shop.diary
    assert len(worker.family()) == 2


def test_a_job_is_told_when_its_worker_is_to_stop(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.slow", 1)
    shop.wait_for("slow 1")
    members = worker.family()
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    assert "interrupted" in shop.diary
    assert not worker.left(members)
    assert "Traceback" not in worker.err


def test_a_job_that_does_not_listen_is_ended(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.deaf", 1)
    shop.wait_for("deaf")
    members = worker.family()
    worker.send(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert "ignored" in shop.diary
    assert not worker.left(members)


def test_no_job_outlives_its_worker(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.slow", 1)
    shop.wait_for("slow 1")
    members = worker.family()
    assert len(members) == 2
    worker.send(signal.SIGKILL)
    assert wait_until(lambda: not worker.left(members))


def test_what_a_job_raises_is_reported(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker()
    shop.queue.enqueue("jobs_of_test.broken", 1)
    assert wait_until(lambda: "RuntimeError: it broke" in worker.err, 30)


def test_a_job_of_a_killed_worker_is_noticed_by_the_next_within_seconds(shop: Shop) -> None:
    shop.server.start()
    worker = shop.worker(QUICK_WORKER)
    job = shop.queue.enqueue("jobs_of_test.slow", 1)
    shop.wait_for("slow 1")
    assert wait_until(lambda: job.get_status() == JobStatus.STARTED)
    worker.send(signal.SIGKILL)
    shop.worker(QUICK_WORKER)
    assert wait_until(lambda: job.get_status() == JobStatus.FAILED, 15)


def test_a_run_is_handed_to_the_workers_once(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        assert enqueue_run(client, 7)
        assert not enqueue_run(client, 7)
        assert enqueue_run(client, 8)
        jobs = queue(client).get_jobs()
        assert [(job.func_name, job.args, job.timeout) for job in jobs] == [
            ("hub.jobs.run_flow", [7], -1),
            ("hub.jobs.run_flow", [8], -1),
        ]


def test_the_next_attempt_at_a_run_is_handed_over_at_once(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        enqueue_run(client, 7)
        queue(client).pop_job_id()
        assert not enqueue_run(client, 7), "a worker has just taken it"
        assert enqueue_run(client, 7, attempt=1)
