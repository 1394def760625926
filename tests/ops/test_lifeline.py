"""A child does not outlive its parent, with the kernel's help and without it."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.ops.running import Start, wait_until

# A parent with two children: one of Python, which looks after itself where the kernel does not,
# and one that is not ours to change.
PARENT = """
import os, signal, subprocess, sys, time
from hub.ops import lifeline
if sys.argv[1] == "polling":
    lifeline._prctl = None
environ = os.environ | {lifeline.SUPERVISOR: str(os.getpid())}
child = '''
import sys, time
from hub.ops import lifeline
if sys.argv[1] == "polling":
    lifeline._prctl = None
lifeline.attach()
time.sleep(600)
'''
ours = subprocess.Popen(
    [sys.executable, "-c", child, sys.argv[1]], env=environ,
    preexec_fn=lifeline.before_exec(signal.SIGKILL),
)
theirs = subprocess.Popen(
    ["sleep", "600"], preexec_fn=lifeline.before_exec(signal.SIGTERM, own_group=True)
)
watchdog = lifeline.Watchdog(theirs.pid)
if sys.argv[2] == "release":
    theirs.kill(); theirs.wait(); watchdog.release()
print("Ctrl-C", flush=True)
time.sleep(600)
"""

WAYS = [
    pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux only")),
    "polling",
]


@pytest.mark.parametrize("way", WAYS)
def test_no_child_survives_a_parent_that_was_killed(start: Start, way: str) -> None:
    parent = start("-c", PARENT, way, "keep").ready()
    members = parent.family()
    assert len(members) >= 3
    parent.send(signal.SIGKILL)
    assert wait_until(lambda: not parent.left(members)), parent.left(members)


def test_a_released_watchdog_is_gone(start: Start) -> None:
    parent = start("-c", PARENT, "polling", "release").ready()
    assert len(parent.family()) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_forked_child_does_not_survive_either(start: Start, way: str) -> None:
    code = """
import os, sys, time
from hub.ops import lifeline
if sys.argv[1] == "polling":
    lifeline._prctl = None
parent = os.getpid()
if not os.fork():
    os.setpgid(0, 0)
    lifeline.follow_forking_parent(parent)
print("Ctrl-C", flush=True)
time.sleep(600)
"""
    parent = start("-c", code, way).ready()
    assert wait_until(lambda: len(parent.family()) == 2)
    members = parent.family()
    parent.send(signal.SIGKILL)
    assert wait_until(lambda: not parent.left(members))


def test_ctrl_c_is_left_to_the_supervisor(start: Start) -> None:
    code = """
import time
from hub.ops import lifeline
lifeline.attach()
print("Ctrl-C", flush=True)
time.sleep(600)
"""
    alone = start("-c", code).ready()
    alone.send(signal.SIGINT)
    assert alone.wait() != 0
    supervised = start("-c", code, KOPPEL_SUPERVISOR_PID="1").ready()
    supervised.send(signal.SIGINT)
    supervised.send(signal.SIGTERM)
    assert supervised.wait() == -signal.SIGTERM
