"""purge, forget, key, backup, restore: what is kept, and the key that seals it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.base import emit, json_option, opened, say

if TYPE_CHECKING:
    from hub.store.backup import Backup
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
    """Seal everything again: with a new key, or with the first one of KOPPEL_SECRET_KEY."""
    from hub.store.rotation import change_key

    with opened() as hub:
        vault, done = change_key(hub.config, hub.database)
        name = vault.kid
    if as_json:
        emit(
            {
                "key": name,
                "credentials": done.credentials,
                "payloads": done.payloads,
                "others": done.others,
            }
        )
    else:
        count = done.total
        click.echo(f"{count} values were sealed anew with the key {name}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write the whole instance to FILE; the hub may go on working."""
    from hub.store.backup import backup as write

    with opened() as hub:
        done = write(hub.config, hub.database, file)
    _about(done, file, as_json)
    if not as_json:
        click.echo(f"{file}: {file.stat().st_size:,} bytes, {done.rows} rows")
        if done.with_key:
            say("The key is in it: keep it where secrets are kept.")
        else:
            say("The key is not in it, because KOPPEL_SECRET_KEY gives it: keep that as well.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def restore(file: Path, as_json: bool) -> None:
    """Put what `koppel backup` wrote into an empty hub. Stop the hub first."""
    from hub.config import Config
    from hub.store.backup import restore as read
    from hub.store.database import Database

    config = Config.from_env()
    config.make_home()
    database = Database(config.database_url)
    try:
        done = read(config, database, file)
    finally:
        database.dispose()
    _about(done, file, as_json)
    if not as_json:
        click.echo(f"{done.rows} rows, as they were at {done.made_at:%Y-%m-%d %H:%M} UTC")


def _about(done: Backup, file: Path, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "file": str(file),
                "made_at": done.made_at,
                "rows": done.rows,
                "bytes": file.stat().st_size,
                "key": done.kid,
                "with_key": done.with_key,
            }
        )
