"""Last word: what the target is told of a record that its source does not have any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.engine.context import FlowRun
from hub.engine.journal import Outcome
from hub.engine.port import Intent, Kept
from hub.model import Json
from hub.sdk import RecordError, TemporaryError


def tell(run: FlowRun, outcome: Outcome, words: Json, done: str) -> None:
    """Write these words of a document to the outcome's target; done: what is said when it worked.

    A refusal ends this record as failed, and nothing else.
    """
    entity, context = run.target.entity, replace(run.target.context, creating=False)
    try:
        payload = run.target.table.render(entity.document.from_dict(words), context)
        outcome.parts["pushed"] = payload
        intent = Intent(pair=run.pair, key=outcome.key, payload=payload, kept=Kept(closed=True))
        run.port.update(run.destination, outcome.target or "", intent)
    except (RecordError, TemporaryError) as error:
        outcome.outcome, outcome.reason = "failed", f"{outcome.reason} {error}"
        return
    outcome.outcome, outcome.reason = "updated", done


def close(run: FlowRun, outcomes: Sequence[Outcome]) -> None:
    """Store what became of them, and expect nothing more of those that did not fail."""
    if not run.planning:
        run.ledger.flush()
    with run.hub.database.session() as session:
        connection = session.connection()
        run.journal.write(connection, list(outcomes))
        if not run.planning:
            done = [outcome.key for outcome in outcomes if outcome.outcome != "failed"]
            run.ledger.close(connection, run.pair, done)
