"""systems, apply, export, check, lookup: what the hub is set up with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.base import (
    FINE,
    NO_CONNECTION,
    WRONG,
    emit,
    finishing,
    json_option,
    opened,
    say,
    table,
)


@click.command()
@click.argument("name", required=False)
@json_option
def systems(name: str | None, as_json: bool) -> None:
    """Installed systems: entities, forms, lookups, limits, plugins that failed to load."""
    from hub.cli.describing import described
    from hub.registry import Registry

    found = described(Registry.load(), name)
    if as_json:
        emit(found)
        return
    for system in found["systems"]:
        click.echo(
            f"{system['name']}: {system['title']} ({system['distribution']} {system['version']})"
        )
        for entity in system["entities"]:
            click.echo(f"  {entity['name']}: {', '.join(entity['can'])}")
        if system["lookups"]:
            click.echo(f"  lookups: {', '.join(x['name'] for x in system['lookups'])}")
    if not found["systems"]:
        say("No system is installed. Install a plugin, such as `pip install koppel-SYSTEM`.")
    for failure in found["failed"]:
        at = f" ({failure['where']})" if failure["where"] else ""
        say(
            f"The plugin {failure['name']} ({failure['distribution']} {failure['version']}) "
            f"could not be loaded: {failure['error']}{at}"
        )


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--plan", is_flag=True, help="Only print what would change.")
@click.option("--prune", is_flag=True, help="Remove connections and flows the file does not name.")
@json_option
def apply(file: str, plan: bool, prune: bool, as_json: bool) -> None:
    """Make connections and flows as FILE says (- is standard input)."""
    from hub.engine.configfile import apply as apply_text

    text, folder = _text_of(file)
    with opened() as hub:
        changes = apply_text(hub, text, plan=plan, prune=prune, folder=folder, warn=say)
    if as_json:
        emit({"planned": plan, "changes": [vars(change) for change in changes]})
        return
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("nothing to change")


def _text_of(file: str) -> tuple[str, Path]:
    if file == "-":
        return sys.stdin.read(), Path.cwd()
    path = Path(file)
    try:
        return path.read_text(encoding="utf-8-sig"), path.resolve().parent
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{file} is not a text file in UTF-8 (byte {error.start} is not)."
        ) from None


@click.command()
@click.option("--flow", help="Only this flow, with its connections.")
@json_option
def export(flow: str | None, as_json: bool) -> None:
    """Print the config file that makes what there is now; secrets as {secret: kept}."""
    from hub.engine.configfile import export as export_text
    from hub.engine.configfile.yamltree import load

    with opened() as hub:
        text = export_text(hub, flow)
    if as_json:
        tree = load(text)
        emit(tree.plain() if tree else {})
    else:
        click.echo(text, nl=False)


@click.command()
@click.argument("connection", required=False)
@json_option
@finishing
def check(connection: str | None, as_json: bool) -> int:
    """Call the systems: the account's own name, or what is wrong and where to mend it."""
    from sqlmodel import select

    from hub.engine.connections import check as check_one
    from hub.engine.naming import connection_named
    from hub.sdk import ConfigurationError
    from hub.store.tables import Connection

    with opened() as hub:
        with hub.database.session() as session:
            if connection:
                rows = [connection_named(session, connection)]
            else:
                rows = list(session.exec(select(Connection).order_by(Connection.name)).all())
        found, code = [], FINE
        for row in rows:
            try:
                checked = check_one(hub, row.id or 0)
            except ConfigurationError as error:  # its plugin is gone
                about: dict[str, Any] = {"status": "needs_attention", "message": str(error)}
                code = max(code, WRONG)
            else:
                about = {
                    "status": checked.status,
                    "account": checked.account or None,
                    "facts": dict(checked.facts),
                    "message": checked.message,
                    "field": checked.field,
                    "warnings": list(checked.warnings),
                }
                if not checked.ok:
                    wrong = isinstance(checked.error, ConfigurationError)
                    ours = wrong and getattr(checked.error, "connection", None) is None
                    code = max(code, WRONG if ours else NO_CONNECTION)
            found.append({"connection": row.name, "system": row.system, **about})
    if as_json:
        emit({"connections": found})
        return code
    for one in found:
        account = f" ({one['account']})" if one.get("account") else ""
        click.echo(f"{one['connection']}: {one['status']}{account}")
        if one["status"] != "ok":
            field = f"{one['field']}: " if one.get("field") else ""
            say(f"{one['connection']}: {field}{one['message']}")
        for warning in one.get("warnings", ()):
            say(f"{one['connection']}: {warning}")
    if not found:
        say("There is no connection yet.")
    return code


@click.command()
@click.argument("connection")
@click.argument("name", required=False)
@json_option
@finishing
def lookup(connection: str, name: str | None, as_json: bool) -> int:
    """Live choices, such as VAT codes or warehouses. Without NAME: which lookups there are."""
    from hub.engine.lookups import choices
    from hub.engine.naming import connection_named
    from hub.sdk import ConfigurationError

    with opened() as hub:
        with hub.database.session() as session:
            row = connection_named(session, connection)
        if name is None:
            known = [
                {"name": x.name, "title": x.title} for x in hub.registry.system(row.system).lookups
            ]
            if as_json:
                emit({"connection": row.name, "lookups": known})
            else:
                table(known, {"name": "NAME", "title": "TITLE"})
            return FINE
        found = choices(hub, row.id or 0, name, refresh=True)
    options = [{"value": o.value, "label": o.label, "data": dict(o.data)} for o in found.options]
    if found.message:
        say(found.message)
    if found.stale:
        say(f"These were fetched at {found.fetched_at:%Y-%m-%d %H:%M} UTC.")
    if as_json:
        emit(
            {
                "connection": row.name,
                "lookup": name,
                "title": found.title,
                "options": options,
                "fetched_at": found.fetched_at,
                "stale": found.stale,
                "message": found.message or None,
            }
        )
    else:
        table(options, {"value": "VALUE", "label": "LABEL"})
    if found.error is None:
        return FINE
    return WRONG if isinstance(found.error, ConfigurationError) else NO_CONNECTION
