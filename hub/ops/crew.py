"""The scheduler and the workers of `koppel up`: loaded once, then forked, to share their memory.

`koppel scheduler` and `koppel worker` do the same work each in a process started on its own.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable

from hub.config import Config
from hub.ops import lifeline
from hub.ops.watch import Watch

STOP_SECONDS = 8.0
"""A little longer than a worker gives the run that it interrupts."""


class Forked:
    """A copy of this process that does something else; looks like a `subprocess.Popen`."""

    def __init__(self, title: str, work: Callable[[], None]) -> None:
        self.returncode: int | None = None
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(_live(title, work, parent))

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it has ended. There is no time limit: use it after `kill`."""
        code = self._reap(0)
        assert code is not None
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it now."""
        os.kill(self.pid, signal.SIGKILL)

    def _reap(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _live(title: str, work: Callable[[], None], parent: int) -> int:
    """The life of the copy; its exit code."""
    lifeline.follow_forking_parent(parent)
    os.environ[lifeline.SUPERVISOR] = str(parent)
    lifeline.name_process(title)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()
    return os.EX_OK


def main(config: Config, workers: int) -> None:
    """Keep a scheduler and so many workers running until told to stop."""
    lifeline.attach()
    lifeline.name_process("koppel-crew")
    from hub import scheduler, worker

    worker.preload()
    watch = Watch()
    with watch.signals():
        watch.add("the scheduler", _fork("koppel-schedule", lambda: scheduler.main(config)))
        for number in range(1, workers + 1):
            title = f"koppel-worker-{number}"
            watch.add(f"worker {number}", _fork(title, lambda: worker.work(config)))
        watch.until_told_to_stop()
        watch.stop(STOP_SECONDS)


def _fork(title: str, work: Callable[[], None]) -> Callable[[], Forked]:
    return lambda: Forked(title, work)


if __name__ == "__main__":
    main(Config.from_env(), int(sys.argv[1]))
