"""The vault of a hub: where its keys come from, and whether they fit its data."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection as SqlConnection
from sqlmodel import Session, col, select

from hub.store.database import Database
from hub.store.errors import CannotOpen, KeyRefused
from hub.store.sealing import Vault
from hub.store.sql import insert
from hub.store.tables import Connection, Payload, Setting

if TYPE_CHECKING:
    from hub.config import Config

CHECK = "key_check"
DIGEST = "digest_key"
_KNOWN = "koppel"


def credentials_place(connection_id: int) -> str:
    """What the credentials of a connection are bound to."""
    return f"connection/{connection_id}/credentials"


def channel_place(channel_id: int) -> str:
    """What the address of a channel for alerts is bound to."""
    return f"channel/{channel_id}/url"


def token_place(connection_id: int, part: str) -> str:
    """What the access or refresh token of a connection is bound to."""
    return f"oauth_token/{connection_id}/{part}"


def attempt_place(state: str) -> str:
    """What the proof key of somebody who went to give access is bound to."""
    return f"oauth_attempt/{state}/verifier"


def hook_place(connection_id: int) -> str:
    """What the secret part of a webhook's address is bound to."""
    return f"hook/{connection_id}/secret"


def message_place(message_id: str) -> str:
    """What a message that arrived is bound to."""
    return f"hook_message/{message_id}/data"


def payload_place(entry_id: int, part: str) -> str:
    """What a part of an entry's payload is bound to."""
    return f"payload/{entry_id}/{part}"


def dictionary_place(scope: str) -> str:
    """What a compression dictionary is bound to."""
    return f"codec_dictionary/{scope}"


def setting_place(name: str) -> str:
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
        known = vault.open(check.value, setting_place(CHECK))
    except CannotOpen:
        raise _misfit(vault, check.value, _source(config)) from None
    if known != _KNOWN or digest is None:
        raise KeyRefused(
            "The database lacks what belongs to its encryption key (table setting). Restore a "
            "backup with `koppel restore`."
        )
    digest_key = vault.open_bytes(digest.value, setting_place(DIGEST))
    return _vault(config, database, digest_key)


def _vault(config: Config, database: Database, digest_key: bytes | None = None) -> Vault:
    if config.secret_key:
        return Vault([key.encode() for key in config.secret_key], digest_key=digest_key)
    path = config.secret_key_file
    keys = read_key_file(path)
    if not keys:
        with database.session() as session:
            sealed = _sealed_value(session)
        keys = read_key_file(path)  # another first start may have made it, and sealed with it
        if sealed is not None and not keys:
            raise KeyRefused(
                f"The encryption key {path} is missing, and the database {database.shown} holds "
                "data that was encrypted with it. Put the file back from a backup, or set "
                "KOPPEL_SECRET_KEY to its content."
            )
        make_key_file(path)
        keys = read_key_file(path)
    return Vault(keys, digest_key=digest_key, reload=lambda: read_key_file(path))


def fits(connection: SqlConnection, vault: Vault) -> bool:
    """Whether the vault's keys open the value that keys of this database are checked against."""
    row = connection.execute(select(Setting.value).where(Setting.name == CHECK)).first()
    try:
        return row is not None and vault.open(row[0], setting_place(CHECK)) == _KNOWN
    except CannotOpen:
        return False


def write_key_file(path: Path, keys: Sequence[bytes]) -> None:
    """Put keys into the key file, in place of what is there."""
    _write(path, [key.decode("ascii") for key in keys], replace=True)


def _introduce(session: Session, vault: Vault) -> None:
    """Write down what a key must be able to open; of two first starts at once the first counts."""
    known = {CHECK: vault.seal(_KNOWN, setting_place(CHECK))}
    known[DIGEST] = vault.seal(secrets.token_bytes(32), setting_place(DIGEST))
    for name, value in known.items():
        row = insert(session, Setting).values(name=name, value=value).on_conflict_do_nothing()
        session.connection().execute(row)


def _sealed_value(session: Session) -> tuple[str, str | bytes] | None:
    """Some sealed value with its place; None while nothing was ever sealed."""
    check = session.get(Setting, CHECK)
    if check is not None:
        return setting_place(CHECK), check.value
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


def read_key_file(path: Path) -> list[bytes]:
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


__all__ = ["Vault", "make_key_file", "open_vault"]
