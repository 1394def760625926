"""Writing: several records to one target, with one call where it takes that, else one by one."""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine.port import Port, Target, Write
from hub.sdk import RecordError, TemporaryError, Written

Answer = Written | RecordError | TemporaryError
"""What became of a write; a TemporaryError says that it stays unclear."""


def in_one_call(target: Target, *, creating: bool) -> bool:
    """Whether the target takes several records in one call."""
    return target.entity.can("create_many" if creating else "update_many")


def write_all(
    port: Port, target: Target, writes: Sequence[Write], *, creating: bool
) -> list[Answer]:
    """Create or update all of them; what became of each, in order.

    What stops all of them (dead credentials) is raised.
    """
    if not in_one_call(target, creating=creating):
        return [_alone(port, target, write) for write in writes]
    answers: list[Answer] = []
    for start in range(0, len(writes), target.entity.batch):
        some = writes[start : start + target.entity.batch]
        answers += port.write_many(target, some, creating=creating)
    return answers


def _alone(port: Port, target: Target, write: Write) -> Answer:
    try:
        if write.target_key is None:
            return port.create(target, write.intent, write.also)
        return port.update(target, write.target_key, write.intent, write.also)
    except (RecordError, TemporaryError) as error:
        return error
