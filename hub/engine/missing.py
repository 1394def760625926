"""Missing: what a complete reading of the source did not find any more is told, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hub.engine import lastword
from hub.engine.context import FlowRun
from hub.engine.journal import Outcome

CHUNK = 50


def missing(
    run: FlowRun, seen: Collection[str], among: Collection[str] | None = None
) -> Iterator[list[Outcome]]:
    """Go through what is linked and was not seen; records that are only filtered out are left.

    among: only these keys.
    Where the flow says so, and the target can, they are switched off there.
    """
    gone: list[tuple[str, str]] = []
    for pair in run.ledger.linked_keys(run.pair):
        # Customers that came with orders are linked under a hash and not under a key.
        if pair[0] in seen or ":" in pair[0]:
            continue
        if among is None or pair[0] in among:
            gone.append(pair)
    for start in range(0, len(gone), CHUNK):
        chunk = gone[start : start + CHUNK]
        if run.source.entity.can("get"):
            there = run.source.entity.get(run.source.api, [key for key, _ in chunk])
            chunk = [pair for pair in chunk if pair[0] not in there]
        outcomes = [_told(run, key, target_key) for key, target_key in chunk]
        if outcomes:
            lastword.close(run, outcomes)
            yield outcomes


def _told(run: FlowRun, key: str, target_key: str) -> Outcome:
    """What is said of one record, and done about it."""
    outcome = Outcome(key=key, reference=key, outcome="skipped", code="gone_in_source")
    outcome.target = target_key
    outcome.reason = (
        f"No longer in {run.source.name}. It is still in {run.target.name}, as {target_key}."
    )
    switch_off = getattr(run.settings, "deactivate_missing", False)
    if not switch_off or not run.target.entity.can("update"):
        return outcome
    done = f"No longer in {run.source.name}: switched off in {run.target.name}."
    lastword.tell(run, outcome, {"active": False}, done)
    return outcome
