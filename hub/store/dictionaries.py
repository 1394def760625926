"""Compression dictionaries: trained per flow on what its records have in common, never on people.

Records of one flow look alike, so a dictionary with their common parts makes them several times
smaller. What differs from record to record (names, addresses, amounts) is blanked before the
training, so a dictionary holds none of it; it is sealed all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import zstandard
from sqlmodel import Session, col, func, select

from hub.store import payloads
from hub.store.database import Database
from hub.store.errors import CannotOpen
from hub.store.jsontext import dumps
from hub.store.sealing import Vault
from hub.store.tables import CodecDictionary, Entry, Flow, Payload
from hub.store.vault import dictionary_place

SIZE = 32 * 1024
ENOUGH = 200
"""Samples from which on training is worth while."""
MOST = 1000
COMMON = 0.5
"""A word stays in a sample when it is in at least this share of all samples."""
WORTH = 0.85
"""A dictionary is kept when it makes samples that it has not seen this much smaller."""
LONGEST_SAMPLE = 20_000

_WORD = re.compile(r"[^\W_]+")


def train(
    database: Database, vault: Vault, scope: str, samples: Iterable[tuple[str, Any]]
) -> int | None:
    """Train a dictionary on (part, value) pairs and keep it; its number, or None when it would
    not help."""
    by_part: dict[str, list[str]] = {}
    for part, value in samples:
        by_part.setdefault(part, []).append(dumps(value).decode()[:LONGEST_SAMPLE])
    # Part by part: what one part has in common, the others may not have at all.
    blanked = {part: impersonal(texts) for part, texts in by_part.items()}
    known: list[bytes | bytearray | memoryview] = [
        text for texts in blanked.values() for text in texts[: len(texts) * 4 // 5]
    ]
    unseen = [text for texts in blanked.values() for text in texts[len(texts) * 4 // 5 :]]
    if len(known) + len(unseen) < ENOUGH:
        return None
    try:
        data = zstandard.train_dictionary(SIZE, known, level=payloads.LEVEL)
    except zstandard.ZstdError:  # too few or too short, or all of them the same
        return None
    if not _worth(data, unseen):
        return None
    with database.session() as session:
        row = CodecDictionary(
            scope=scope, data=vault.seal_bytes(data.as_bytes(), dictionary_place(scope))
        )
        session.add(row)
    payloads.refresh_dictionaries(vault)
    return row.id


def train_due(database: Database, vault: Vault) -> list[int]:
    """Train for every flow that has records enough and no dictionary; what was made."""
    made = []
    for flow_id in _due(database):
        number = train(
            database, vault, payloads.scope_of(flow_id), _samples(database, vault, flow_id)
        )
        if number is not None:
            made.append(number)
    return made


def impersonal(texts: Sequence[str]) -> list[bytes]:
    """The texts without the words and numbers that only some of them contain."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(set(_WORD.findall(text)))
    enough = max(2, len(texts) * COMMON)

    def kept(match: re.Match[str]) -> str:
        return match[0] if found[match[0]] >= enough else ""

    return [_WORD.sub(kept, text).encode() for text in texts]


def _worth(data: zstandard.ZstdCompressionDict, texts: Sequence[bytes]) -> bool:
    plain = zstandard.ZstdCompressor(level=payloads.LEVEL)
    helped = zstandard.ZstdCompressor(level=payloads.LEVEL, dict_data=data)
    without = sum(len(plain.compress(text)) for text in texts)
    return sum(len(helped.compress(text)) for text in texts) < WORTH * without


def _due(database: Database) -> list[int]:
    with database.session() as session:
        return [
            flow_id
            for flow_id in session.exec(select(Flow.id))
            if flow_id is not None
            and not _has_dictionary(session, flow_id)
            and _payloads(session, flow_id) >= ENOUGH
        ]


def _has_dictionary(session: Session, flow_id: int) -> bool:
    scope = payloads.scope_of(flow_id)
    found = select(CodecDictionary.id).where(CodecDictionary.scope == scope).limit(1)
    return session.exec(found).first() is not None


def _payloads(session: Session, flow_id: int) -> int:
    some = select(Payload.entry_id).where(Payload.flow_id == flow_id).limit(ENOUGH).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def _samples(database: Database, vault: Vault, flow_id: int) -> list[tuple[str, Any]]:
    """What was kept of the newest records of a flow, all parts of it."""
    samples: list[tuple[str, Any]] = []
    with database.session() as session:
        newest = select(Entry.id).where(Entry.flow_id == flow_id).order_by(col(Entry.id).desc())
        for entry_id in session.exec(newest.limit(MOST)).all():
            try:
                samples += payloads.read(session, vault, entry_id).items()
            except CannotOpen:
                continue
            if len(samples) >= MOST:
                break
    return samples
