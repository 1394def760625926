"""purge, forget, key: what is kept, and the key that seals it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli.base import emit, json_option, opened

if TYPE_CHECKING:
    from hub.store.purge import Purged


@click.command()
@click.option("--older-than", help="Such as 30d, 12h or 2w. [default: what is set as retention]")
@click.option("--flow", help="Only the log of this flow.")
@json_option
def purge(older_than: str | None, flow: str | None, as_json: bool) -> None:
    """Delete log data; prints rows and bytes freed."""
    from hub.engine.naming import flow_named
    from hub.store import purge as store_purge
    from hub.store.settings import get_setting

    with opened() as hub:
        if older_than is None and flow is None:
            done = store_purge.nightly(hub.database)
        else:
            flow_id = None
            with hub.database.session() as session:
                days = int(get_setting(session, "retention_days"))
                if flow is not None:
                    row = flow_named(session, flow)
                    flow_id, days = row.id, row.retention_days or days
            age = store_purge.parse_age(older_than or f"{days}d")
            done = store_purge.purge(hub.database, age, flow_id=flow_id)
    _told(done, as_json)


@click.command()
@click.argument("email", metavar="E-MAIL")
@json_option
def forget(email: str, as_json: bool) -> None:
    """Delete what the log holds about a person."""
    from hub.store import purge as store_purge

    with opened() as hub:
        done = store_purge.forget(hub.database, hub.vault, email)
    _told(done, as_json)


def _told(done: Purged, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "entries": done.entries,
                "payloads": done.payloads,
                "runs": done.runs,
                "rows": done.rows,
                "bytes": done.bytes,
            }
        )
    else:
        click.echo(f"{done.rows} rows deleted, {done.bytes:,} bytes freed")


@click.group()
def key() -> None:
    """The encryption key."""


@key.command("check")
@json_option
def check(as_json: bool) -> None:
    """Whether the key opens what is stored."""
    with opened() as hub:  # opening checks the key, and refuses a wrong one
        found = {"key": hub.vault.kid, "keys": sorted(hub.vault.kids), "fits": True}
    if as_json:
        emit(found)
    else:
        click.echo(f"the key {found['key']} fits")


@key.command("rotate")
@json_option
def rotate(as_json: bool) -> None:
    """Seal everything again with the first key of KOPPEL_SECRET_KEY."""
    from hub.store.vault import rotate as rotate_all

    with opened() as hub:
        count = rotate_all(hub.database, hub.vault)
        name = hub.vault.kid
    if as_json:
        emit({"key": name, "sealed": count})
    else:
        click.echo(f"{count} values are sealed with the key {name} now; older keys may go")
