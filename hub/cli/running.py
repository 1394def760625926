"""plan, run, retry: records on their way, in this process or handed to the workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.base import (
    FINE,
    NO_CONNECTION,
    SOME_FAILED,
    STOPPED,
    WRONG,
    as_text,
    emit,
    finishing,
    json_option,
    opened,
    say,
    table,
)
from hub.model import Json

if TYPE_CHECKING:
    from hub.engine.hub import Hub
    from hub.store.tables import Flow

OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")
_ENDED = {"configuration": WRONG, "authentication": NO_CONNECTION, "unreachable": NO_CONNECTION}
_COLUMNS = {
    "entry": "ENTRY",
    "key": "KEY",
    "reference": "REFERENCE",
    "outcome": "OUTCOME",
    "target": "TARGET",
    "reason": "REASON",
}


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
@json_option
@finishing
def plan(
    flow: str,
    limit: int | None,
    keys: Sequence[str],
    all_entries: bool,
    full: bool,
    as_json: bool,
) -> int:
    """What a run would do, record by record; writes nothing anywhere."""
    with opened() as hub:
        row = _flow(hub, flow)
        summary = _execute(hub, row, "plan", _options(limit, keys, full), all_entries, as_json)
        for entry in summary["entries"]:
            entry |= _parts(hub, entry["entry"])
        return _told(summary, as_json)


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
        return _told(_execute(hub, row, "run", options, all_entries, as_json), as_json)


@click.command()
@click.argument("entries", type=int, nargs=-1)
@click.option("--run", "run_id", type=int, help="All of this run that failed or were blocked.")
@click.option("--flow", help="All of this flow that wait.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(("failed", "blocked")),
    help="With --run or --flow: only these. [default: both]",
)
@click.option(
    "--as",
    "as_",
    type=click.Choice(("now", "then")),
    default="now",
    show_default=True,
    help="Read the record again, or take it as it was received then.",
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
    queue: bool,
    all_entries: bool,
    as_json: bool,
) -> int:
    """Try records again: ENTRY numbers, or all that failed of a run or a flow."""
    from hub.engine import retry as again
    from hub.engine.runs import execute, summary

    if sum((bool(entries), run_id is not None, flow is not None)) != 1:
        raise click.UsageError("Name entries, or --run, or --flow: one of the three.")
    with opened() as hub:
        wanted = outcomes or again.FAILED
        numbers = list(entries)
        if run_id is not None:
            numbers = again.entries_of_run(hub, run_id, wanted)
        elif flow is not None:
            numbers = again.entries_of_flow(hub, _flow(hub, flow), wanted)
        if not numbers:
            say("There is nothing to retry.")
        runs = again.retry_entries(hub, numbers, as_then=as_ == "then", trigger="cli")
        if queue:
            return _queued(hub, runs, as_json)
        summaries = []
        for number in runs:
            _interruptible(lambda n=number: execute(hub, n, progress=_progress(as_json)))
            summaries.append(summary(hub, number, all_entries=all_entries))
    return _told(_together(summaries), as_json)


def _together(summaries: Sequence[Json]) -> Json:
    """One summary of several runs; it has `run` and `flow` only when there was one."""
    if len(summaries) == 1:
        return {"runs": [summaries[0]["run"]], **summaries[0]}
    ranks = ["succeeded", "partial", "interrupted", "failed"]
    states = [one["status"] for one in summaries] or ["succeeded"]
    requests: dict[str, int] = {}
    for one in summaries:
        for name, count in one["requests"].items():
            requests[name] = requests.get(name, 0) + count
    merged: Json = {
        "runs": [one["run"] for one in summaries],
        "status": max(states, key=lambda s: ranks.index(s) if s in ranks else len(ranks)),
    }
    merged |= {name: sum(one[name] for one in summaries) for name in ("read", *OUTCOMES)}
    errors = [one["error"] for one in summaries if one.get("error")]
    if errors:
        merged["error"] = errors[0]
    merged["requests"] = requests
    merged["seconds"] = round(sum(one["seconds"] for one in summaries), 3)
    merged["entries"] = [entry for one in summaries for entry in one["entries"]]
    return merged


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
    """What a plan stored about a record: the document, the payload, what rules changed."""
    from hub.store import payloads

    with hub.database.session() as session:
        parts = payloads.read(session, hub.vault, entry_id)
    return {
        name: payloads.shown(parts[name])
        for name in ("understood", "rules", "pushed", "difference")
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


def _told(summary: Json, as_json: bool) -> int:
    """Print a summary; gives the exit code."""
    import sys

    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        emit(summary)
    else:
        shown = [dict(entry) for entry in summary["entries"]]
        table(shown, _COLUMNS)
        for entry in shown if summary.get("planned") else ():
            if entry.get("pushed"):
                click.echo(f"\n{entry['reference'] or entry['key']}: {entry['outcome']}")
                click.echo(as_text(entry["pushed"]))
        counts = ", ".join(f"{summary[name]} {name}" for name in OUTCOMES if summary[name])
        calls = sum(summary["requests"].values())
        flow = f"{summary['flow']}: " if "flow" in summary else ""
        say(
            f"{flow}{summary['status']}; {summary['read']} read"
            f"{f' ({counts})' if counts else ''}; {calls} requests in {summary['seconds']} s"
        )
    if summary.get("message"):
        say(summary["message"])
    return code_of(summary)


def code_of(summary: Json) -> int:
    """The exit code that a summary means."""
    error = summary.get("error")
    if error and summary["status"] == "failed":
        if error.get("connection"):
            return NO_CONNECTION  # whatever it was, the other system said so
        return _ENDED.get(error.get("kind"), NO_CONNECTION)
    if summary["status"] == "interrupted":
        return STOPPED
    if summary["status"] == "succeeded":
        return FINE
    return SOME_FAILED
