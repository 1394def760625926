"""Ticker: fires due schedules, wakes workers, takes over what died, and cleans up at night."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from hub.engine import webhooks
from hub.engine.claims import is_dead
from hub.engine.hub import Hub
from hub.engine.schedules import ScheduleError, parse_schedule, zone_of
from hub.store import dictionaries, leases, purge
from hub.store.settings import get_setting, set_setting
from hub.store.tables import Flow, Lease, Run, utc_now

log = logging.getLogger("koppel.ticker")
NIGHT = dt.time(3, 0)
"""When the nightly cleaning may begin, in the hub's time zone."""

Wake = Callable[[int, int], None]
"""Tells the workers of a queued run and attempt. May do nothing: a later tick tells again."""


class Ticker:
    """One look at the clock and the database. Only the holder of the lease `ticker` may tick."""

    def __init__(self, hub: Hub, wake: Wake) -> None:
        self._hub = hub
        self._wake = wake

    def tick(self, now: dt.datetime | None = None) -> list[int]:
        """Do what is due; returns the numbers of the runs that are in the queue now."""
        now = now or utc_now()
        with self._hub.database.session() as session:
            zone = zone_of(get_setting(session, "time_zone"))
            self._fire(session, now, zone)
            webhooks.take_up(self._hub, session, now)
            self._take_over(session)
            queued = session.execute(
                select(col(Run.id), col(Run.attempt))
                .where(col(Run.state) == "queued")
                .order_by(col(Run.id))
            ).all()
        for run_id, attempt in queued:
            if run_id is not None:
                self._wake(run_id, attempt)
        self._clean(now, zone)
        return [run_id for run_id, _ in queued if run_id is not None]

    def _fire(self, session: Session, now: dt.datetime, zone: ZoneInfo) -> None:
        """Queue a run of every flow whose time has come, unless it has one in hand."""
        flows = session.execute(
            select(Flow).where(
                col(Flow.enabled).is_(True),
                col(Flow.draft).is_(False),
                col(Flow.schedule).is_not(None),
            )
        ).scalars()
        for flow in flows:
            try:
                schedule = parse_schedule(flow.schedule)
            except ScheduleError as error:
                log.warning("flow %s: %s", flow.name, error)
                continue
            if schedule is None:
                continue
            due = flow.next_run_at
            if due is not None and due > now:
                continue
            if due is not None and webhooks.busy(session, flow.id or 0, "webhook"):
                continue  # it stays due: what webhooks tell must not keep it from reading
            flow.next_run_at = schedule.next_after(now, zone)
            session.add(flow)
            if due is None and schedule.every is None:
                continue  # a new cron flow waits for its first time
            if webhooks.resting(session, flow) or webhooks.busy(session, flow.id or 0):
                continue
            session.add(Run(flow_id=flow.id or 0, trigger="schedule"))
        session.flush()

    def _take_over(self, session: Session) -> None:
        """Put runs whose process is gone back into the queue."""
        running = session.execute(select(Run).where(col(Run.state) == "running")).scalars()
        for run in running:
            if run.kind == "plan":
                if run.started_at and utc_now() - run.started_at > dt.timedelta(hours=2):
                    run.state, run.message = "interrupted", "Its process ended unexpectedly."
                    session.add(run)
                continue
            lease = session.get(Lease, f"flow:{run.flow_id}")
            gone = (
                lease is None
                or is_dead(lease.owner)
                or leases.expired(session, f"flow:{run.flow_id}")
            )
            just_begun = run.started_at and utc_now() - run.started_at < dt.timedelta(seconds=2)
            if gone and not (lease is None and just_begun):
                log.warning("run %s: its process is gone; it goes on in another", run.id)
                run.state = "queued"
                session.add(run)

    def _clean(self, now: dt.datetime, zone: dt.tzinfo) -> None:
        """Once a night: apply the retention, and learn to pack what is new."""
        local = now.astimezone(zone)
        if local.time() < NIGHT:
            return
        with self._hub.database.session() as session:
            if get_setting(session, "cleaned_on") == local.date().isoformat():
                return
            set_setting(session, "cleaned_on", local.date().isoformat())
        purge.nightly(self._hub.database)
        dictionaries.train_due(self._hub.database, self._hub.vault)
