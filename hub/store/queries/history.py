"""Runs as lists and the run page show them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from hub.store.tables import Flow, Run, utc_now

PAGE = 50


@dataclass(frozen=True)
class RunView:
    """A run with its flow."""

    run: Run
    flow: Flow

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far; None before it began."""
        if self.run.started_at is None:
            return None
        return ((self.run.finished_at or utc_now()) - self.run.started_at).total_seconds()


@dataclass(frozen=True)
class RunPage:
    """Some runs, newest first. before: give it to get the next page; None: there is none."""

    runs: list[RunView]
    before: int | None


def run(session: Session, run_id: int) -> RunView | None:
    """One run."""
    found = session.exec(select(Run, Flow).where(Run.id == run_id, Flow.id == Run.flow_id)).first()
    return None if found is None else RunView(*found)


def runs(
    session: Session,
    *,
    flow_id: int | None = None,
    state: str | None = None,
    kind: str | None = None,
    since: dt.datetime | None = None,
    only_busy: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> RunPage:
    """A page of runs. only_busy: without those that found nothing to do and did it well."""
    query = select(Run, Flow).where(Flow.id == Run.flow_id)
    if flow_id is not None:
        query = query.where(Run.flow_id == flow_id)
    if state is not None:
        query = query.where(Run.state == state)
    if kind is not None:
        query = query.where(Run.kind == kind)
    if since is not None:
        query = query.where(Run.queued_at >= since)
    if only_busy:
        query = query.where(or_(Run.read > 0, Run.state != "succeeded"))
    if before is not None:
        query = query.where(col(Run.id) < before)
    rows = session.exec(query.order_by(col(Run.id).desc()).limit(limit + 1)).all()
    views = [RunView(found, flow) for found, flow in rows[:limit]]
    return RunPage(views, views[-1].run.id if len(rows) > limit else None)
