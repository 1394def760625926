"""Gone: records that a flow follows and the source does not have any more; told once, then closed.

They were deleted or cancelled there. Where the flow's table of statuses has a row for "cancelled",
that status is sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine import lastword
from hub.engine.context import FlowRun
from hub.engine.journal import Outcome
from hub.mapping.settings import SaleSettings

CANCELLED = "cancelled"


def gone(run: FlowRun, keys: Sequence[str]) -> list[Outcome]:
    """Say of each that it is gone, pass its end on where that is wanted, and follow it no more."""
    there = {key: link.target_key for key, link in run.ledger.links(run.pair, keys).items()}
    for link in run.ledger.reverse(run.pair, [key for key in keys if not there.get(key)]):
        there[link.target_key] = link.source_key
    outcomes = [_told(run, key, there[key]) for key in keys if there.get(key)]
    lastword.close(run, outcomes)
    return outcomes


def _told(run: FlowRun, key: str, target_key: str) -> Outcome:
    source, target = run.source.name, run.target.name
    outcome = Outcome(key=key, reference=key, outcome="skipped", code="gone", target=target_key)
    outcome.reason = f"{key} is no longer in {source}: deleted or cancelled there."
    settings = run.settings
    table = settings.statuses if isinstance(settings, SaleSettings) else None
    status = table.model_copy(update={"default": None}).look_up(CANCELLED) if table else None
    if status is None:
        outcome.reason += f" It is left as it is in {target}, as {target_key}."
        return outcome
    done = f"{outcome.reason} Status {status} for {target_key} in {target}."
    lastword.tell(run, outcome, {"status": status}, done)
    return outcome
