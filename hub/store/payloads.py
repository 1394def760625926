"""Payloads: what an entry was about, packed small and sealed, one row per part.

A part is JSON, compressed with zstd (with a dictionary trained on the flow's earlier parts, where
there is one), then sealed for its entry and part.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard
from sqlalchemy import Connection
from sqlalchemy import insert as plain_insert
from sqlmodel import Session, col, select

from hub.store.errors import CannotOpen
from hub.store.jsontext import dumps, loads, shortened
from hub.store.sealing import Vault
from hub.store.sql import table_of
from hub.store.tables import CodecDictionary, Payload
from hub.store.vault import dictionary_place, payload_place

PARTS = ("received", "understood", "pushed", "answered", "trace")
CAP = 512 * 1024
"""Bytes of JSON that are kept of one part; of what is longer a shortened copy is kept."""
LEVEL = 3
FRESH_SECONDS = 60.0
"""How long a process goes on with the dictionary it knows before it looks for a newer one."""

_insert = plain_insert(table_of(Payload))
_TRUNCATED = "koppel:truncated"
_FORMAT = 1
_HEADER = 5
_LARGEST = 64 * 1024 * 1024


def scope_of(flow_id: int) -> str:
    """Whose dictionary the parts of a flow are packed with."""
    return f"flow/{flow_id}"


def truncated(value: Any) -> int | None:
    """How many bytes a part had before it was shortened; None when it is complete."""
    if isinstance(value, dict) and value.keys() == {_TRUNCATED, "value"}:
        return int(value[_TRUNCATED])
    return None


def shown(value: Any) -> Any:
    """The part itself, whether it is complete or shortened."""
    return value["value"] if truncated(value) is not None else value


def refresh_dictionaries(vault: Vault) -> None:
    """Let this process use a dictionary that was just trained; others follow within a minute."""
    _codec(vault).forget_current()


# ---- the database


def write_many(
    connection: Connection,
    vault: Vault,
    flow_id: int,
    parts: Iterable[tuple[int, str, Any]],
) -> int:
    """Keep (entry id, part, value) triples of a flow; how many bytes they take."""
    codec = _codec(vault)
    dictionary = codec.current(connection, scope_of(flow_id))
    rows = [
        {
            "entry_id": entry_id,
            "part": part,
            "flow_id": flow_id,
            "data": vault.seal_bytes(
                codec.compress(_raw(value), dictionary), payload_place(entry_id, part)
            ),
        }
        for entry_id, part, value in parts
    ]
    if rows:
        connection.execute(_insert, rows)
    return sum(len(row["data"]) for row in rows)  # type: ignore[misc, arg-type]


def read(session: Session, vault: Vault, entry_id: int) -> dict[str, Any]:
    """Part -> value for one entry; empty when its payloads were purged or never kept."""
    return read_many(session, vault, [entry_id]).get(entry_id, {})


def read_many(
    session: Session, vault: Vault, entry_ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Entry id -> part -> value, for the entries that have payloads."""
    codec, connection = _codec(vault), session.connection()
    result: dict[int, dict[str, Any]] = {}
    rows = session.exec(
        select(Payload.entry_id, Payload.part, Payload.data).where(
            col(Payload.entry_id).in_(entry_ids)
        )
    )
    for entry_id, part, data in rows:
        plain = vault.unseal_bytes(data, payload_place(entry_id, part))
        value = loads(codec.decompress(connection, plain))
        result.setdefault(entry_id, {})[part] = value
    order = {part: n for n, part in enumerate(PARTS)}
    return {
        entry_id: dict(sorted(parts.items(), key=lambda item: order.get(item[0], 99)))
        for entry_id, parts in result.items()
    }


def _raw(value: Any) -> bytes:
    """The JSON of a part, shortened and marked so when it is too long."""
    text = dumps(value)
    if len(text) <= CAP:
        return text
    return dumps({_TRUNCATED: len(text), "value": shortened(value, text, CAP - 1024)})


# ---- packing


def pack(vault: Vault, value: Any, where: str) -> bytes:
    """JSON, compressed without a dictionary, and sealed for a place."""
    return vault.seal_bytes(_codec(vault).compress(_raw(value), None), where)


def unpack(vault: Vault, packed: bytes, where: str) -> Any:
    """What `pack` has packed."""
    return loads(_codec(vault).decompress(None, vault.unseal_bytes(packed, where)))


@dataclass(frozen=True)
class _Dictionary:
    id: int
    data: zstandard.ZstdCompressionDict = field(repr=False)


class _Codec:
    """Compresses, with the dictionaries that were trained so far. One per vault and process."""

    def __init__(self, vault: Vault) -> None:
        # The vault owns the codec (see _codec), so it is there for as long as this is used.
        self._vault = weakref.proxy(vault)
        self._known: dict[int, _Dictionary] = {}
        self._current: dict[str, tuple[float, _Dictionary | None]] = {}
        self._local = threading.local()

    def current(self, connection: Connection, scope: str) -> _Dictionary | None:
        """The newest dictionary of a scope, looked up once a minute."""
        at, known = self._current.get(scope, (0.0, None))
        now = time.monotonic()
        if not at or now - at > FRESH_SECONDS:
            newest = connection.execute(
                select(CodecDictionary.id)
                .where(CodecDictionary.scope == scope)
                .order_by(col(CodecDictionary.id).desc())
                .limit(1)
            ).scalar()
            known = None if newest is None else self._load(connection, newest)
            self._current[scope] = (now, known)
        return known

    def forget_current(self) -> None:
        """Look for newer dictionaries at the next use."""
        self._current.clear()

    def compress(self, raw: bytes, dictionary: _Dictionary | None) -> bytes:
        """A header that names the dictionary, then the compressed bytes."""
        number = 0 if dictionary is None else dictionary.id
        key = ("c", number)
        compressor = self._mine().get(key)
        if compressor is None:
            data = None if dictionary is None else dictionary.data
            compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=data, write_dict_id=False)
            self._mine()[key] = compressor
        return bytes([_FORMAT]) + number.to_bytes(4, "big") + compressor.compress(raw)

    def decompress(self, connection: Connection | None, packed: bytes) -> bytes:
        """The bytes that were compressed. Raises CannotOpen."""
        if packed[:1] != bytes([_FORMAT]):
            raise CannotOpen("A payload was packed by a newer version of the program.")
        number = int.from_bytes(packed[1:_HEADER], "big")
        key = ("d", number)
        decompressor = self._mine().get(key)
        if decompressor is None:
            data = self._load(connection, number).data if number else None
            decompressor = self._mine()[key] = zstandard.ZstdDecompressor(dict_data=data)
        try:
            raw: bytes = decompressor.decompress(packed[_HEADER:], max_output_size=_LARGEST)
        except zstandard.ZstdError as error:
            raise CannotOpen(f"A payload cannot be unpacked ({error}).") from None
        return raw

    def _load(self, connection: Connection | None, number: int) -> _Dictionary:
        known = self._known.get(number)
        if known is None:
            row = None
            if connection is not None:
                row = connection.execute(
                    select(CodecDictionary.scope, CodecDictionary.data).where(
                        CodecDictionary.id == number
                    )
                ).first()
            if row is None:
                raise CannotOpen(f"The compression dictionary {number} is missing.")
            data = zstandard.ZstdCompressionDict(
                self._vault.unseal_bytes(row.data, dictionary_place(row.scope))
            )
            data.precompute_compress(level=LEVEL)
            known = self._known[number] = _Dictionary(number, data)
        return known

    def _mine(self) -> dict[tuple[str, int], Any]:
        """This thread's compressors: one must not be used by two threads at once."""
        made: dict[tuple[str, int], Any] | None = getattr(self._local, "made", None)
        if made is None:
            made = self._local.made = {}
        return made


_codecs: weakref.WeakKeyDictionary[Vault, _Codec] = weakref.WeakKeyDictionary()


def _codec(vault: Vault) -> _Codec:
    codec = _codecs.get(vault)
    if codec is None:
        codec = _codecs.setdefault(vault, _Codec(vault))
    return codec
