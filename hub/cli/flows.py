"""pause, resume, reset-cursor: flows under way."""

from __future__ import annotations

import datetime as dt

import click

from hub.cli.base import emit, json_option, opened


@click.command()
@click.argument("flow")
@json_option
def pause(flow: str, as_json: bool) -> None:
    """Keep FLOW from running by itself; it can still be run by hand."""
    from hub.engine import flows
    from hub.engine.naming import flow_named

    with opened() as hub, hub.database.session() as session:
        row = flow_named(session, flow)
        changed = flows.pause(session, row)
    _told(row.name, False, changed, as_json, f"{row.name} is paused")


@click.command()
@click.argument("flow")
@json_option
def resume(flow: str, as_json: bool) -> None:
    """Let FLOW run by itself again."""
    from hub.engine import flows
    from hub.engine.naming import flow_named

    with opened() as hub, hub.database.session() as session:
        row = flow_named(session, flow)
        changed = flows.resume(session, row)
    at = f"; next run {row.next_run_at:%Y-%m-%d %H:%M} UTC" if row.next_run_at else ""
    _told(row.name, True, changed, as_json, f"{row.name} runs by itself{at}")


def _told(name: str, enabled: bool, changed: bool, as_json: bool, sentence: str) -> None:
    if as_json:
        emit({"flow": name, "enabled": enabled, "changed": changed})
    else:
        click.echo(sentence if changed else f"{sentence} already")


@click.command()
@click.argument("flow")
@click.option(
    "--to", "to", help="Read from this moment on, such as 2026-03-31 or 2026-03-31T12:00."
)
@json_option
def reset_cursor(flow: str, to: str | None, as_json: bool) -> None:
    """Forget how far the source of FLOW was read. What is known is not written twice."""
    from hub.engine import flows
    from hub.engine.naming import flow_named
    from hub.store.settings import time_zone

    with opened() as hub, hub.database.session() as session:
        row = flow_named(session, flow)
        moment = _moment(to, time_zone(session)) if to else None
        flows.reset_cursor(hub, session, row, moment)
    if as_json:
        emit({"flow": row.name, "from": moment.astimezone(dt.UTC) if moment else None})
    else:
        since = f"from {moment:%Y-%m-%d %H:%M %Z} on" if moment else "from the beginning"
        click.echo(f"{row.name} reads {since} at its next run")


reset_cursor.name = "reset-cursor"


def _moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    """A time as typed; without a zone in the hub's own."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise click.UsageError(
            f"--to: {text!r} is not a time; write for example 2026-03-31 or 2026-03-31T12:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
