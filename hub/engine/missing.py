"""Missing: what a complete reading of the source did not find any more is told, once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from hub.engine.context import FlowRun
from hub.engine.journal import Outcome
from hub.engine.port import Intent, Kept
from hub.model import Document
from hub.sdk import RecordError, TemporaryError

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
            if not run.planning:
                run.ledger.flush()
            with run.hub.database.session() as session:
                run.journal.write(session.connection(), outcomes)
                if not run.planning:
                    done = [o.key for o in outcomes if o.outcome != "failed"]
                    run.ledger.close(session.connection(), run.pair, done)
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
    payload = run.target.table.render(
        _inactive(run.target.entity.document), replace(run.target.context, creating=False)
    )
    outcome.parts["pushed"] = payload
    intent = Intent(pair=run.pair, key=key, payload=payload, kept=Kept(closed=True))
    try:
        run.port.update(run.destination, target_key, intent)
    except (RecordError, TemporaryError) as error:
        outcome.outcome, outcome.reason = "failed", f"{outcome.reason} {error}"
        return outcome
    outcome.outcome = "updated"
    outcome.reason = f"No longer in {run.source.name}: switched off in {run.target.name}."
    return outcome


def _inactive(document: type[Document]) -> Document:
    return document.from_dict({"active": False})
