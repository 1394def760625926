"""Alerts: what a run that nobody watched leaves for a person, told once and with its cause."""

from __future__ import annotations

import logging
from collections import defaultdict

from sqlmodel import Session, col, select

from hub.engine import channels
from hub.engine.channels import Message
from hub.engine.hub import Hub
from hub.store.tables import Connection, Flow, Run, Waiting

UNWATCHED = ("schedule", "webhook")
CAUSES = 5
log = logging.getLogger("koppel.alerts")


def after_run(hub: Hub, run_id: int) -> Message | None:
    """Tell what is new since the run before; the message, or None when there is nothing to tell.

    What failed the same way before is not told again, and what works again is. A person who
    started the run sees for himself. Never raises: the run itself is done.
    """
    try:
        with hub.database.session() as session:
            message = due(hub, session, session.get_one(Run, run_id))
        if message is not None:
            channels.send(hub, message)
        return message
    except Exception:
        log.exception("alert about run %s", run_id)
        return None


def due(hub: Hub, session: Session, run: Run) -> Message | None:
    """What is to be told about a run that has ended."""
    if run.trigger not in UNWATCHED or run.kind == "plan" or run.started_at is None:
        return None
    flow = session.get_one(Flow, run.flow_id)
    title = flow.title or flow.name
    before = session.exec(
        select(Run)
        .where(
            Run.flow_id == run.flow_id,
            col(Run.id) < run.id,
            col(Run.kind) != "plan",
            col(Run.finished_at).is_not(None),
        )
        .order_by(col(Run.id).desc())
    ).first()
    failed_before = before is not None and before.state == "failed"
    if run.state == "failed":
        if failed_before and before is not None and before.message == run.message:
            return None
        return _failed(hub, session, run, title)
    stuck = session.exec(
        select(Waiting)
        .where(Waiting.flow_id == run.flow_id, col(Waiting.since) >= run.started_at)
        .order_by(col(Waiting.id))
    ).all()
    if stuck:
        return _stuck(hub, list(stuck), title)
    if failed_before and run.state in ("succeeded", "partial"):
        return Message(
            title=f"{title} works again",
            text="The last run came to its end. Nothing was lost meanwhile.",
            link=f"{hub.config.base_url}/flows/{flow.name}",
        )
    return None


def _failed(hub: Hub, session: Session, run: Run, title: str) -> Message:
    link = f"{hub.config.base_url}/runs/{run.id}"
    name = (run.options.get("error") or {}).get("connection")
    row = session.exec(select(Connection).where(col(Connection.name) == name)).first()
    if row is not None and row.status == "needs_attention":
        link = f"{hub.config.base_url}/connections/{row.name}"
    return Message(
        title=f"{title} could not go on", text=run.message or "No reason given", link=link
    )


def _stuck(hub: Hub, rows: list[Waiting], title: str) -> Message:
    causes: dict[str, list[Waiting]] = defaultdict(list)
    for row in rows:
        causes[row.reason].append(row)
    lines = []
    for reason, sharing in list(causes.items())[:CAUSES]:
        names = ", ".join(row.reference or row.key for row in sharing[:3])
        more = f" and {len(sharing) - 3} more" if len(sharing) > 3 else ""
        lines.append(f"{names}{more}: {reason}")
    if len(causes) > CAUSES:
        lines.append(f"... and {len(causes) - CAUSES} other causes")
    count = "1 record waits" if len(rows) == 1 else f"{len(rows)} records wait"
    link = (
        f"{hub.config.base_url}/log/{rows[0].entry_id}"
        if len(rows) == 1
        else f"{hub.config.base_url}/"
    )
    return Message(title=f"{title}: {count} for you", text="\n".join(lines), link=link)
