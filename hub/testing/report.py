"""Runs the contract without pytest, for `koppel check-plugin`, and tells how it went."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hub.registry import describe, place
from hub.sdk import System
from hub.testing.bench import Bench, NotApplicable, bench
from hub.testing.checks import CHECKS, Check

Verdict = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Result:
    """How one check went; reason: what is wrong, or why it says nothing."""

    check: Check
    verdict: Verdict
    reason: str
    seconds: float


def run_contract(system: System, seen: Callable[[Result], None]) -> list[Result]:
    """Run every check on the system's own sandbox; *seen* gets each result as it comes."""
    results = []
    try:
        with bench(system) as made:
            for check in CHECKS:
                made.forget()
                made.pauses.clear()
                started = time.monotonic()
                verdict, reason = _one(check, made)
                result = Result(check, verdict, reason, time.monotonic() - started)
                seen(result)
                results.append(result)
    except NotApplicable as error:
        result = Result(CHECKS[0], "failed", str(error), 0.0)
        seen(result)
        return [result]
    return results


def _one(check: Check, made: Bench) -> tuple[Verdict, str]:
    try:
        check.run(made)
    except NotApplicable as error:
        return "skipped", str(error)
    except AssertionError as error:
        return "failed", str(error)
    except Exception as error:
        where = place(error)
        return "failed", f"{describe(error)} ({where})" if where else describe(error)
    return "passed", ""
