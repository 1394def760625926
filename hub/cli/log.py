"""runs, entries, show: the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.base import as_text, emit, json_option, opened, say, table
from hub.model import Json
from hub.sdk import ConfigurationError

if TYPE_CHECKING:
    from hub.store.queries import RunView
    from hub.store.tables import Entry

OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")
STATES = ("queued", "running", "succeeded", "partial", "failed", "interrupted")


@click.command()
@click.argument("flow", required=False)
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="At most so many.",
)
@click.option("--before", type=int, help="Only runs with a lower number: the next page.")
@json_option
def runs(
    flow: str | None, state: str | None, limit: int, before: int | None, as_json: bool
) -> None:
    """Runs, newest first."""
    from hub.engine.naming import flow_named
    from hub.store import queries

    with opened() as hub, hub.database.session() as session:
        flow_id = flow_named(session, flow).id if flow else None
        page = queries.runs(session, flow_id=flow_id, state=state, before=before, limit=limit)
    found = [_run(view) for view in page.runs]
    if as_json:
        emit({"runs": found, "before": page.before})
        return
    columns = {
        "run": "RUN",
        "flow": "FLOW",
        "kind": "KIND",
        "status": "STATUS",
        "started_at": "STARTED",
        "seconds": "SECONDS",
        **{name: name.upper() for name in ("read", *OUTCOMES)},
        "message": "MESSAGE",
    }
    table(found, columns)
    if not found:
        say("There are no runs yet.")
    elif page.before:
        say(f"For older ones: --before {page.before}")


def _run(view: RunView) -> Json:
    run = view.run
    return {
        "run": run.id,
        "flow": view.flow.name,
        "kind": run.kind,
        "trigger": run.trigger,
        "status": run.state,
        **{name: getattr(run, name) for name in ("read", *OUTCOMES)},
        "requests": run.requests,
        "seconds": None if view.seconds is None else round(view.seconds, 3),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "message": run.message or None,
    }


@click.command()
@click.argument("run", type=int)
@click.option(
    "--outcome", "outcomes", multiple=True, type=click.Choice(OUTCOMES), help="Only these."
)
@click.option("--limit", type=click.IntRange(1), help="At most so many. [default: all]")
@click.option("--before", type=int, help="Only entries with a lower number: the next page.")
@json_option
def entries(
    run: int, outcomes: Sequence[str], limit: int | None, before: int | None, as_json: bool
) -> None:
    """The records of RUN, newest first."""
    from hub.store import queries
    from hub.store.queries import EntryFilter

    found: list[Entry] = []
    with opened() as hub, hub.database.session() as session:
        view = queries.run(session, run)
        if view is None:
            raise ConfigurationError(f"There is no run {run} (any more).")
        wanted = EntryFilter(run_id=run, outcomes=outcomes)
        while limit is None or len(found) < limit:
            size = 1000 if limit is None else min(1000, limit - len(found))
            page = queries.entries(session, wanted, before=before, limit=size, count=False)
            found += page.entries
            before = page.before
            if before is None:
                break
    shown = [entry_data(entry) for entry in found]
    if as_json:
        emit({"run": run, "flow": view.flow.name, "entries": shown, "before": before})
        return
    columns = {
        "entry": "ENTRY",
        "key": "KEY",
        "reference": "REFERENCE",
        "outcome": "OUTCOME",
        "target": "TARGET",
        "reason": "REASON",
    }
    table(shown, columns)
    if before:
        say(f"For older ones: --before {before}")


def entry_data(entry: Entry) -> Json:
    """One entry, as in the summary of a run, and when it was."""
    return {
        "entry": entry.id,
        "key": entry.key,
        "reference": entry.reference,
        "outcome": entry.outcome,
        "target": entry.target_number or entry.target,
        "reason": entry.reason or None,
        "field": entry.field,
        "fix": entry.fix,
        "at": entry.at,
    }


@click.command()
@click.argument("entry", type=int)
@json_option
def show(entry: int, as_json: bool) -> None:
    """One record: what was received, understood, pushed and answered."""
    from hub.store import queries

    with opened() as hub, hub.database.session() as session:
        view = queries.entry(session, hub.vault, entry)
        if view is None:
            raise ConfigurationError(f"There is no entry {entry} (any more).")
        found: dict[str, Any] = {
            **entry_data(view.entry),
            "target_key": view.entry.target,
            "run": view.run.id,
            "flow": view.flow.name,
            "from": f"{view.source.name}.{view.flow.source_entity}",
            "to": f"{view.target.name}.{view.flow.target_entity}",
            "milliseconds": view.entry.milliseconds,
            **{name: view.parts.get(name) for name in _PARTS},
            **{name: part for name, part in view.parts.items() if name not in _PARTS},
            "shortened": view.shortened,
            "attempts": [entry_data(attempt) for attempt in view.attempts],
            "waiting": None,
        }
        if view.waiting is not None:
            found["waiting"] = {
                "since": view.waiting.since,
                "attempts": view.waiting.attempts,
                "next_attempt_at": view.waiting.next_attempt_at,
            }
    if as_json:
        emit(found)
        return
    click.echo(f"{found['flow']}: {found['from']} -> {found['to']}, run {found['run']}")
    click.echo(f"{found['reference'] or found['key']}: {found['outcome']} {found['target'] or ''}")
    if found["reason"]:
        click.echo(found["reason"])
    for name in view.parts:
        click.echo(f"\n{name}:\n{as_text(view.parts[name])}")
    if not view.parts:
        say("What was in it is not kept (any more).")


_PARTS = ("received", "understood", "pushed", "answered")
