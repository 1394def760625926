"""alerts list, add, test, remove: where the hub sends word when something needs a person."""

from __future__ import annotations

import sys

import click

from hub.cli.base import SOME_FAILED, Finish, emit, json_option, opened, table


@click.group()
def alerts() -> None:
    """Who is told when something needs a person."""


@alerts.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All channels."""
    from hub.engine import channels

    with opened() as hub, hub.database.session() as session:
        found = [
            {
                "name": row.name,
                "address": channels.shown(hub, row),
                "told_at": row.told_at,
                "error": row.error or None,
            }
            for row in channels.listed(session)
        ]
    if as_json:
        emit({"channels": found})
    else:
        table(found, {"name": "NAME", "address": "ADDRESS", "told_at": "TOLD", "error": "ERROR"})


@alerts.command("add")
@click.argument("name")
@json_option
def add(name: str, as_json: bool) -> None:
    """Add a channel; its address, as Apprise spells it, is asked for or read from standard input.

    An existing name gets the new address.
    """
    from hub.engine import channels

    if sys.stdin.isatty():
        url = click.prompt("Address (mailto://, ntfys://, jsons:// ...)", hide_input=True, err=True)
    else:
        url = sys.stdin.readline().strip()
    with opened() as hub, hub.database.session() as session:
        row = channels.add(hub, session, name, url)
        shown = channels.shown(hub, row)
    if as_json:
        emit({"name": name, "address": shown})
    else:
        click.echo(f"{name} gets alerts, at {shown}")


@alerts.command("test")
@click.argument("name")
@json_option
def test(name: str, as_json: bool) -> None:
    """Send one message."""
    from hub.engine import channels
    from hub.sdk import ConfigurationError

    with opened() as hub:
        message = channels.Message(
            title="Koppel can reach you",
            text="This is a test. Alerts about records that wait for you arrive here.",
            link=hub.config.base_url,
        )
        told = channels.send(hub, message, only=name)
    if name not in told:
        raise ConfigurationError(f"There is no channel {name!r}", setting="name")
    if as_json:
        emit({"name": name, "error": told[name] or None})
    else:
        click.echo(f"{name}: {told[name] or 'sent'}")
    if told[name]:
        raise Finish(SOME_FAILED)


@alerts.command("remove")
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """No more alerts there."""
    from hub.engine import channels

    with opened() as hub, hub.database.session() as session:
        channels.remove(session, name)
    if as_json:
        emit({"name": name, "removed": True})
    else:
        click.echo(f"{name} gets no more alerts")
