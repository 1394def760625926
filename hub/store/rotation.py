"""Rotation: a new key for everything that is sealed, in small steps, while the hub goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select, tuple_, update

from hub.store.database import Database
from hub.store.errors import KeyRefused
from hub.store.sealing import Vault, stale
from hub.store.tables import (
    Channel,
    CodecDictionary,
    Connection,
    Hook,
    HookMessage,
    OAuthAttempt,
    OAuthToken,
    Payload,
    Setting,
)
from hub.store.vault import (
    CHECK,
    DIGEST,
    attempt_place,
    channel_place,
    credentials_place,
    dictionary_place,
    hook_place,
    message_place,
    new_key,
    open_vault,
    payload_place,
    read_key_file,
    setting_place,
    token_place,
    write_key_file,
)

if TYPE_CHECKING:
    from hub.config import Config

_STEP = 200


@dataclass(frozen=True)
class Rotated:
    """How much was sealed anew with the first key."""

    credentials: int = 0
    payloads: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All of it together."""
        return self.credentials + self.payloads + self.others


def count_stale(database: Database, vault: Vault) -> int:
    """How many values are sealed with another key than the first."""
    kid = bytes.fromhex(vault.kid)
    with database.session() as session:
        text = [getattr(row, name) for row, name, _ in _sealed_texts(session)]
        text += [row.value for row in _sealed_settings(session)]
        text += session.exec(select(Channel.url)).all()
        dictionaries = session.exec(select(CodecDictionary.data))
        count = sum(stale(value, vault) for value in [*text, *dictionaries])
        for table in (Payload, HookMessage):
            old = select(func.count()).select_from(table).where(_kid_of(table.data) != kid)
            count += session.exec(old).one()
        return count


def rotate(
    database: Database, vault: Vault, *, progress: Callable[[int], None] | None = None
) -> Rotated:
    """Seal everything that an older key sealed anew with the first key, in small steps.

    May be stopped and run again. The older key must still be among the vault's keys.
    """
    credentials = _rotate_credentials(database, vault)
    others = _rotate_others(database, vault)
    others += _rotate_messages(database, vault)
    payloads = _rotate_payloads(database, vault, progress or (lambda _done: None))
    return Rotated(credentials, payloads, others)


def _rotate_credentials(database: Database, vault: Vault) -> int:
    with database.immediate() as session:
        found = [
            (row, name, place)
            for row, name, place in _sealed_texts(session, lock=True)
            if stale(getattr(row, name), vault)
        ]
        for row, name, place in found:
            setattr(row, name, vault.seal(vault.open_bytes(getattr(row, name), place), place))
            session.add(row)
        return len(found)


def _sealed_texts(session: Session, *, lock: bool = False) -> Iterator[tuple[Any, str, str]]:
    """Every sealed text that has a row of its own: the row, the name of its field, its place."""

    def rows(table: Any) -> Any:
        query = select(table)
        return session.exec(query.with_for_update() if lock else query).all()

    for row in rows(Connection):
        if row.credentials:
            yield row, "credentials", credentials_place(row.id)
    for row in rows(OAuthToken):
        for name in ("access", "refresh"):
            if getattr(row, name):
                yield row, name, token_place(row.connection_id, name)
    for row in rows(OAuthAttempt):
        yield row, "verifier", attempt_place(row.state)
    for row in rows(Hook):
        yield row, "secret", hook_place(row.connection_id)


def _rotate_messages(database: Database, vault: Vault) -> int:
    kid, done = bytes.fromhex(vault.kid), 0
    while True:
        with database.session() as session:
            rows = session.exec(
                select(HookMessage).where(_kid_of(HookMessage.data) != kid).limit(_STEP)
            ).all()
            for row in rows:
                place = message_place(row.id)
                row.data = vault.seal_bytes(vault.unseal_bytes(row.data, place), place)
                session.add(row)
        if not rows:
            return done
        done += len(rows)


def _rotate_others(database: Database, vault: Vault) -> int:
    with database.immediate() as session:
        settings = [row for row in _sealed_settings(session) if stale(row.value, vault)]
        for row in settings:
            place = setting_place(row.name)
            row.value = vault.seal(vault.open_bytes(row.value, place), place)
            session.add(row)
        channels = [row for row in session.exec(select(Channel)) if stale(row.url, vault)]
        for channel in channels:
            place = channel_place(channel.id or 0)
            channel.url = vault.seal(vault.open_bytes(channel.url, place), place)
            session.add(channel)
        dictionaries = [
            row for row in session.exec(select(CodecDictionary)) if stale(row.data, vault)
        ]
        for dictionary in dictionaries:
            place = dictionary_place(dictionary.scope)
            dictionary.data = vault.seal_bytes(vault.unseal_bytes(dictionary.data, place), place)
            session.add(dictionary)
        return len(settings) + len(channels) + len(dictionaries)


def _rotate_payloads(database: Database, vault: Vault, progress: Callable[[int], None]) -> int:
    kid, done, last = bytes.fromhex(vault.kid), 0, (-1, "")
    position = tuple_(col(Payload.entry_id), col(Payload.part))
    while True:
        with database.session() as session:
            rows = session.exec(
                select(Payload.entry_id, Payload.part, Payload.data)
                .where(position > last, _kid_of(Payload.data) != kid)
                .order_by(col(Payload.entry_id), col(Payload.part))
                .limit(_STEP)
            ).all()
            connection = session.connection()
            for entry_id, part, data in rows:
                place = payload_place(entry_id, part)
                connection.execute(
                    update(Payload)
                    .where(col(Payload.entry_id) == entry_id, col(Payload.part) == part)
                    .values(data=vault.seal_bytes(vault.unseal_bytes(data, place), place))
                )
        if not rows:
            return done
        last = (rows[-1][0], rows[-1][1])
        done += len(rows)
        progress(done)


def _sealed_settings(session: Session) -> list[Setting]:
    return [row for name in (CHECK, DIGEST) if (row := session.get(Setting, name)) is not None]


def _kid_of(column: Any) -> Any:
    """The name of the key within the binary form, for use in a query."""
    return func.substr(column, 2, 4)


# ---- where the key comes from


def change_key(
    config: Config, database: Database, *, progress: Callable[[int], None] | None = None
) -> tuple[Vault, Rotated]:
    """Give the hub a new key and seal everything with it; gives the vault as it is now.

    With KOPPEL_SECRET_KEY, the first key there is the new one. With a key file a new key is made;
    the one before it stays in the file, for processes that still run with it, until the key is
    changed again. When an earlier change was interrupted, that one is finished first.
    """
    vault = open_vault(config, database)
    if not config.secret_key and not count_stale(database, vault):
        drop_old_keys(config, database)
        add_key(config)
        vault = open_vault(config, database)
    return vault, rotate(database, vault, progress=progress)


def add_key(config: Config) -> None:
    """Put a new key before the others in the key file; `rotate` then re-seals with it."""
    _own_file(config)
    path = config.secret_key_file
    write_key_file(path, [new_key().encode(), *read_key_file(path)])


def drop_old_keys(config: Config, database: Database) -> int:
    """Leave only the first key in the file, once nothing needs the others; how many went."""
    _own_file(config)
    keys = read_key_file(config.secret_key_file)
    left = count_stale(database, open_vault(config, database))
    if left:
        raise KeyRefused(
            f"{left} values are still encrypted with an old key. Run `koppel key rotate` again."
        )
    write_key_file(config.secret_key_file, keys[:1])
    return len(keys) - 1


def _own_file(config: Config) -> None:
    if config.secret_key:
        raise KeyRefused(
            "The encryption key comes from KOPPEL_SECRET_KEY: put the new key there before the "
            "old one, separated by a comma, and run `koppel key rotate`."
        )
