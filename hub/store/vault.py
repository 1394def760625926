"""The vault of a hub: where its keys come from, whether they fit its data, how they are changed."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import func
from sqlmodel import Session, col, select, tuple_, update

from hub.store.database import Database
from hub.store.errors import CannotOpen, KeyRefused
from hub.store.sealing import Vault, stale
from hub.store.sql import insert
from hub.store.tables import CodecDictionary, Connection, Payload, Setting

if TYPE_CHECKING:
    from hub.config import Config

CHECK = "key_check"
DIGEST = "digest_key"
_KNOWN = "koppel"
_STEP = 200


def credentials_place(connection_id: int) -> str:
    """What the credentials of a connection are bound to."""
    return f"connection/{connection_id}/credentials"


def payload_place(entry_id: int, part: str) -> str:
    """What a part of an entry's payload is bound to."""
    return f"payload/{entry_id}/{part}"


def dictionary_place(scope: str) -> str:
    """What a compression dictionary is bound to."""
    return f"codec_dictionary/{scope}"


def _setting_place(name: str) -> str:
    return f"setting/{name}"


# ---- opening


def open_vault(config: Config, database: Database) -> Vault:
    """The vault with the key of this hub, or KeyRefused, which says why and what to do.

    The first time the key is made; later it must fit what was sealed. No key is ever made over
    data that is there already.
    """
    vault = _vault(config, database)
    with database.session() as session:
        check = session.get(Setting, CHECK)
        if check is None:
            _fits_old_data(session, vault, _source(config))
            _introduce(session, vault)
        check = session.get(Setting, CHECK)
        digest = session.get(Setting, DIGEST)
    assert check is not None
    try:
        known = vault.open(check.value, _setting_place(CHECK))
    except CannotOpen:
        raise _misfit(vault, check.value, _source(config)) from None
    if known != _KNOWN or digest is None:
        raise KeyRefused(
            "The database lacks what belongs to its encryption key (table setting). Restore a "
            "backup with `koppel restore`."
        )
    digest_key = vault.open_bytes(digest.value, _setting_place(DIGEST))
    return _vault(config, database, digest_key)


def _vault(config: Config, database: Database, digest_key: bytes | None = None) -> Vault:
    if config.secret_key:
        return Vault([key.encode() for key in config.secret_key], digest_key=digest_key)
    path = config.secret_key_file
    keys = _read(path)
    if not keys:
        with database.session() as session:
            sealed = _sealed_value(session)
        if sealed is not None:
            raise KeyRefused(
                f"The encryption key {path} is missing, and the database {database.shown} holds "
                "data that was encrypted with it. Put the file back from a backup, or set "
                "KOPPEL_SECRET_KEY to its content."
            )
        make_key_file(path)
        keys = _read(path)
    return Vault(keys, digest_key=digest_key, reload=lambda: _read(path))


def fits(connection: SqlConnection, vault: Vault) -> bool:
    """Whether the vault's keys open the value that keys of this database are checked against."""
    row = connection.execute(select(Setting.value).where(Setting.name == CHECK)).first()
    try:
        return row is not None and vault.open(row[0], _setting_place(CHECK)) == _KNOWN
    except CannotOpen:
        return False


def write_key_file(path: Path, keys: Sequence[bytes]) -> None:
    """Put keys into the key file, in place of what is there."""
    _write(path, [key.decode("ascii") for key in keys], replace=True)


def _introduce(session: Session, vault: Vault) -> None:
    """Write down what a key must be able to open; of two first starts at once the first counts."""
    known = {CHECK: vault.seal(_KNOWN, _setting_place(CHECK))}
    known[DIGEST] = vault.seal(secrets.token_bytes(32), _setting_place(DIGEST))
    for name, value in known.items():
        row = insert(session, Setting).values(name=name, value=value).on_conflict_do_nothing()
        session.connection().execute(row)


def _sealed_value(session: Session) -> tuple[str, str | bytes] | None:
    """Some sealed value with its place; None while nothing was ever sealed."""
    check = session.get(Setting, CHECK)
    if check is not None:
        return _setting_place(CHECK), check.value
    connection = session.exec(
        select(Connection).where(col(Connection.credentials).is_not(None)).limit(1)
    ).first()
    if connection is not None and connection.id is not None and connection.credentials:
        return credentials_place(connection.id), connection.credentials
    payload = session.exec(select(Payload).limit(1)).first()
    if payload is not None:
        return payload_place(payload.entry_id, payload.part), payload.data
    return None


def _fits_old_data(session: Session, vault: Vault, source: str) -> None:
    """Without a check row, anything else that is sealed must open before a key is accepted."""
    found = _sealed_value(session)
    if found is None:
        return
    place, sealed = found
    try:
        if isinstance(sealed, bytes):
            vault.unseal_bytes(sealed, place)
        else:
            vault.open_bytes(sealed, place)
    except CannotOpen:
        raise _misfit(vault, sealed, source) from None


def _misfit(vault: Vault, sealed: str | bytes, source: str) -> KeyRefused:
    used = sealed[1:5].hex() if isinstance(sealed, bytes) else sealed.split(".")[1]
    if used in vault.kids:
        return KeyRefused(
            f"The encryption key in {source} is the right one ({used}), but the value that it is "
            "checked against is damaged. Restore a backup with `koppel restore`."
        )
    return KeyRefused(
        f"The encryption key in {source} does not fit the database: the data was encrypted with "
        f"key {used}, and this is key {', '.join(sorted(vault.kids))}. Put the right key there, "
        "from a backup or from the hub that the database came from. Nothing was changed."
    )


def _source(config: Config) -> str:
    return "KOPPEL_SECRET_KEY" if config.secret_key else str(config.secret_key_file)


# ---- the key file


def _read(path: Path) -> list[bytes]:
    """The keys in the file, first encrypts; empty when there is no file."""
    try:
        text = path.read_text(encoding="ascii")
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)  # copied without its rights, from a backup for instance
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise KeyRefused(f"The encryption key {path} is not a text file.") from None
    except OSError as error:
        raise KeyRefused(
            f"The encryption key {path} cannot be read ({error.strerror}). Give the file to the "
            "user that the hub runs as."
        ) from error
    keys = [word.encode() for word in text.replace(",", " ").split()]
    if not keys:
        raise KeyRefused(
            f"The encryption key {path} is empty. Put the key back from a backup; only if this "
            "hub has no data yet, delete the file and a new key is made."
        )
    return keys


def new_key() -> str:
    """A fresh master key, as text."""
    return secrets.token_urlsafe(32)


def make_key_file(path: Path) -> None:
    """Make the key once, for its owner only. A file that is there already is left alone."""
    _write(path, [new_key()], replace=False)


def _write(path: Path, keys: list[str], *, replace: bool) -> None:
    """Write the whole file at once, so that nobody ever reads half a key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # 0600 from the start
    try:
        with os.fdopen(draft, "w") as file:
            file.write("\n".join(keys) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
        else:
            _publish(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _publish(draft: str, path: Path) -> None:
    """Give the finished draft its name unless that is taken: two first starts agree on one key."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        text = Path(draft).read_bytes()
        with suppress(FileExistsError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(file, text)
            finally:
                os.close(file)


def add_key(config: Config) -> None:
    """Put a new key before the others in the key file; `rotate` then re-seals with it."""
    _own_file(config)
    old = [key.decode() for key in _read(config.secret_key_file)]
    _write(config.secret_key_file, [new_key(), *old], replace=True)


def drop_old_keys(config: Config, database: Database) -> int:
    """Leave only the first key in the file, once nothing needs the others; how many went."""
    _own_file(config)
    keys = [key.decode() for key in _read(config.secret_key_file)]
    left = count_stale(database, open_vault(config, database))
    if left:
        raise KeyRefused(
            f"{left} values are still encrypted with an old key. Run `koppel key rotate` again."
        )
    _write(config.secret_key_file, keys[:1], replace=True)
    return len(keys) - 1


def _own_file(config: Config) -> None:
    if config.secret_key:
        raise KeyRefused(
            "The encryption key comes from KOPPEL_SECRET_KEY: put the new key there before the "
            "old one, separated by a comma, and run `koppel key rotate`."
        )


# ---- changing keys


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
        text = [row for row in session.exec(select(Connection.credentials)) if row]
        text += [row.value for row in _sealed_settings(session)]
        dictionaries = session.exec(select(CodecDictionary.data))
        count = sum(stale(value, vault) for value in [*text, *dictionaries])
        payloads = select(func.count()).select_from(Payload).where(_kid_of(Payload.data) != kid)
        return count + session.exec(payloads).one()


def rotate(
    database: Database, vault: Vault, *, progress: Callable[[int], None] | None = None
) -> Rotated:
    """Seal everything that an older key sealed anew with the first key, in small steps.

    May be stopped and run again. The older key must still be among the vault's keys.
    """
    credentials = _rotate_credentials(database, vault)
    others = _rotate_others(database, vault)
    payloads = _rotate_payloads(database, vault, progress or (lambda _done: None))
    return Rotated(credentials, payloads, others)


def _rotate_credentials(database: Database, vault: Vault) -> int:
    with database.immediate() as session:
        rows = session.exec(select(Connection).with_for_update()).all()
        old = [row for row in rows if row.credentials and stale(row.credentials, vault)]
        for row in old:
            assert row.id is not None
            assert row.credentials is not None
            place = credentials_place(row.id)
            row.credentials = vault.seal(vault.open_bytes(row.credentials, place), place)
            session.add(row)
        return len(old)


def _rotate_others(database: Database, vault: Vault) -> int:
    with database.immediate() as session:
        settings = [row for row in _sealed_settings(session) if stale(row.value, vault)]
        for row in settings:
            place = _setting_place(row.name)
            row.value = vault.seal(vault.open_bytes(row.value, place), place)
            session.add(row)
        dictionaries = [
            row for row in session.exec(select(CodecDictionary)) if stale(row.data, vault)
        ]
        for dictionary in dictionaries:
            place = dictionary_place(dictionary.scope)
            dictionary.data = vault.seal_bytes(vault.unseal_bytes(dictionary.data, place), place)
            session.add(dictionary)
        return len(settings) + len(dictionaries)


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


__all__ = [
    "Rotated",
    "Vault",
    "add_key",
    "count_stale",
    "credentials_place",
    "drop_old_keys",
    "make_key_file",
    "open_vault",
    "rotate",
]
