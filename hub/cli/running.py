"""plan, run, retry: records on their way, in this process or handed to the workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.base import (
    FINE,
    emit,
    finishing,
    json_option,
    opened,
    say,
)
from hub.cli.summaries import OUTCOMES, together, told
from hub.model import Json

if TYPE_CHECKING:
    from hub.engine.hub import Hub
    from hub.store.tables import Flow


def _limit(command: Any) -> Any:
    return click.option("--limit", type=click.IntRange(1), help="At most so many records.")(command)


def _keys(command: Any) -> Any:
    return click.option(
        "--key", "keys", multiple=True, help="Only the record with this key; may be repeated."
    )(command)


def _all_entries(command: Any) -> Any:
    return click.option("--all-entries", is_flag=True, help="Unchanged records as well.")(command)


@click.command()
@click.argument("flow")
@_limit
@_keys
@_all_entries
@click.option("--full", is_flag=True, help="Ignore how far the source was read.")
@click.option(
    "--past",
    type=click.IntRange(1, 1000),
    help="Instead: the last so many records that were pushed, through today's mapping.",
)
@json_option
@finishing
def plan(
    flow: str,
    limit: int | None,
    keys: Sequence[str],
    all_entries: bool,
    full: bool,
    past: int | None,
    as_json: bool,
) -> int:
    """What a run would do, record by record; writes nothing anywhere."""
    if past is not None and (limit is not None or full):
        raise click.UsageError("--past goes with --key only: it reads the log and not the source.")
    with opened() as hub:
        row = _flow(hub, flow)
        options = _options(limit, keys, full) if past is None else _past(hub, row, past, keys)
        summary = _execute(hub, row, "plan", options, all_entries, as_json)
        for entry in summary["entries"]:
            entry |= _parts(hub, entry["entry"])
        if past is not None:
            summary["past"] = True
        return told(summary, as_json)


def _past(hub: Hub, flow: Flow, count: int, keys: Sequence[str]) -> Json:
    """What was pushed before, to be planned anew."""
    from hub.engine.retry import past_entries
    from hub.sdk import ConfigurationError

    with hub.database.session() as session:
        entries = past_entries(session, flow, count, keys)
    if not entries:
        raise ConfigurationError(
            f"Nothing that flow {flow.name} has pushed is kept in the log, so there is nothing to "
            "compare with"
        )
    return {"as_then": entries}


@click.command()
@click.argument("flow")
@_limit
@click.option("--full", is_flag=True, help="Ignore how far the source was read.")
@_keys
@click.option("--queue", is_flag=True, help="Hand it to the workers instead.")
@_all_entries
@json_option
@finishing
def run(
    flow: str,
    limit: int | None,
    full: bool,
    keys: Sequence[str],
    queue: bool,
    all_entries: bool,
    as_json: bool,
) -> int:
    """Run FLOW now, in this process; no server is needed."""
    options = _options(limit, keys, full)
    with opened() as hub:
        row = _flow(hub, flow)
        if queue:
            from hub.engine.runs import create_run

            return _queued(hub, [create_run(hub, row, trigger="cli", options=options)], as_json)
        return told(_execute(hub, row, "run", options, all_entries, as_json), as_json)


@click.command()
@click.argument("entries", type=int, nargs=-1)
@click.option("--run", "run_id", type=int, help="All of this run that failed or were blocked.")
@click.option("--flow", help="All of this flow that wait.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(OUTCOMES),
    help="With --run or --flow: only these; with --flow all but failed and blocked are looked up "
    "in the log. [default: failed and blocked]",
)
@click.option(
    "--as",
    "as_",
    type=click.Choice(("now", "then")),
    default="now",
    show_default=True,
    help="Read the record again, or take it as it was received then.",
)
@click.option(
    "--accept",
    is_flag=True,
    help="Nothing is tried: what changed after it was booked is settled in the target, by hand.",
)
@click.option("--queue", is_flag=True, help="Hand it to the workers instead.")
@_all_entries
@json_option
@finishing
def retry(
    entries: tuple[int, ...],
    run_id: int | None,
    flow: str | None,
    outcomes: tuple[str, ...],
    as_: str,
    accept: bool,
    queue: bool,
    all_entries: bool,
    as_json: bool,
) -> int:
    """Try records again: ENTRY numbers, or all that failed of a run or a flow."""
    from hub.engine import retry as again
    from hub.engine.runs import execute, summary

    if sum((bool(entries), run_id is not None, flow is not None)) != 1:
        raise click.UsageError("Name entries, or --run, or --flow: one of the three.")
    if accept and (not entries or as_ == "then"):
        raise click.UsageError("--accept is said of entries by their numbers, and without --as.")
    with opened() as hub:
        numbers = list(entries) or _selected(hub, run_id, flow, outcomes or again.FAILED)
        if not numbers:
            say("There is nothing to retry.")
        if accept:
            runs = again.settle_entries(hub, numbers, trigger="cli")
        else:
            runs = again.retry_entries(hub, numbers, as_then=as_ == "then", trigger="cli")
        if queue:
            return _queued(hub, runs, as_json)
        summaries = []
        for number in runs:
            _interruptible(lambda n=number: execute(hub, n, progress=_progress(as_json)))
            summaries.append(summary(hub, number, all_entries=all_entries))
    return told(together(summaries), as_json)


def _selected(hub: Hub, run_id: int | None, flow: str | None, outcomes: Sequence[str]) -> list[int]:
    """The entries of a run, or of a flow, that ended in one of these ways."""
    from hub.engine import retry as again
    from hub.store.queries import EntryFilter

    if run_id is not None:
        return again.entries_of_run(hub, run_id, outcomes)
    row = _flow(hub, flow or "")
    if set(outcomes) <= set(again.FAILED):
        return again.entries_of_flow(hub, row, outcomes)
    with hub.database.session() as session:
        found = again.selected(session, EntryFilter(flow_id=row.id, outcomes=tuple(outcomes)))
    if found.more:
        say(f"There are more: the newest {again.BULK} are taken. Say it again for the rest.")
    return list(found.entries)


def _flow(hub: Hub, name: str) -> Flow:
    from hub.engine.naming import flow_named

    with hub.database.session() as session:
        return flow_named(session, name)


def _options(limit: int | None, keys: Sequence[str], full: bool) -> Json:
    options: Json = {}
    if limit is not None:
        options["limit"] = limit
    if keys:
        options["keys"] = list(keys)
    if full:
        options["full"] = True
    return options


def _execute(
    hub: Hub, flow: Flow, kind: str, options: Json, all_entries: bool, as_json: bool
) -> Json:
    from hub.engine.runs import AlreadyRunning, create_run, execute, summary

    number = create_run(hub, flow, kind=kind, trigger="cli", options=options)
    try:
        _interruptible(lambda: execute(hub, number, progress=_progress(as_json)))
    except AlreadyRunning:
        _withdraw(hub, number)
        raise
    return summary(hub, number, all_entries=all_entries)


def _withdraw(hub: Hub, number: int) -> None:
    """Nobody shall run later what was asked for now and refused."""
    from hub.store.tables import Run

    with hub.database.session() as session:
        row = session.get(Run, number)
        if row is not None and row.state == "queued":
            session.delete(row)


def _interruptible(work: Any) -> None:
    """Ctrl-C and TERM end a run the same way: what is done is kept, and it says interrupted."""
    import signal

    def stop(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        work()
    except KeyboardInterrupt:
        say("Stopped. What was done is in the log; the next run goes on from there.")
    finally:
        signal.signal(signal.SIGTERM, before)


def _progress(as_json: bool) -> Any:
    """A line that counts, where somebody watches."""
    import sys

    if not sys.stderr.isatty():
        return None

    def show(counts: Json) -> None:
        told = ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts.get(name))
        click.echo(f"\r\033[K{counts['read']} read: {told}", nl=False, err=True)

    return show


def _parts(hub: Hub, entry_id: int) -> Json:
    """What a plan stored about a record: document, payload, what rules and what it would change."""
    from hub.store import payloads

    with hub.database.session() as session:
        parts = payloads.read(session, hub.vault, entry_id)
    return {
        name: payloads.shown(parts[name])
        for name in ("understood", "rules", "pushed", "differences")
        if name in parts
    }


def _queued(hub: Hub, runs: Sequence[int], as_json: bool) -> int:
    from redis.exceptions import RedisError

    from hub.embedded_redis import RedisUnavailable, connect
    from hub.worker import enqueue_run

    try:
        connection = connect(hub.config)
        for number in runs:
            enqueue_run(connection, number)
        connection.close()
    except (RedisError, RedisUnavailable):
        say("The workers cannot be told now; the scheduler tells them when it runs.")
    found = [{"run": number, "status": "queued"} for number in runs]
    if as_json:
        emit(found[0] if len(found) == 1 else {"runs": found})
    else:
        for one in found:
            click.echo(f"run {one['run']} is queued")
    return FINE
