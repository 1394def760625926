"""The statements of the ledger, made once: a run passes through them several times per record."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, and_, bindparam, case, func, update

from hub.store.sql import Insert, insert_for, table_of
from hub.store.tables import EffectRow, Link

OPEN = ("intended", "sent", "unknown")
"""States of an effect that was begun and never settled."""
IDENTITY = ("source_id", "source_entity", "source_key", "target_id", "target_entity")
_effect = table_of(EffectRow)
_link = table_of(Link)


@cache
def begin(dialect: str) -> Executable:
    """Take an effect up: a new row, or the old one with a token that may still be used.

    An open effect that has reached a stage is taken up where it stood. Of any other nothing may
    be taken up again, and it gets a new token.
    """
    statement = insert_for(dialect, _effect)
    goes_on = and_(_effect.c.state.in_(OPEN), _effect.c.stage.is_not(None))
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[*IDENTITY, "action"],
        set_={
            "token": case((goes_on, _effect.c.token), else_=given.token),
            "stage": case((goes_on, _effect.c.stage), else_=None),
            "state": "sent",
            "error": "",
            "flow_id": given.flow_id,
            "run_id": given.run_id,
            "sent_at": given.sent_at,
            "attempts": _effect.c.attempts + 1,
        },
    ).returning(_effect.c.id, _effect.c.token, _effect.c.stage)


@cache
def relink(dialect: str) -> Insert:
    """Store a link; what is not said of one that is there stays."""
    statement = insert_for(dialect, _link)
    given = statement.excluded
    kept = {
        name: func.coalesce(given[name], _link.c[name])
        for name in ("target_number", "known_as", "received", "pushed", "essence")
    }
    return statement.on_conflict_do_update(
        index_elements=list(IDENTITY),
        set_={
            "target_key": given.target_key,
            "updated_at": given.updated_at,
            "closed": given.closed,
        }
        | kept,
    )


REACH = (
    update(_effect)
    .where(_effect.c.id == bindparam("row"), _effect.c.token == bindparam("held"))
    .values(stage=bindparam("now"))
)
END = (
    update(_effect)
    .where(_effect.c.id == bindparam("row"))
    .values(
        state=bindparam("now"),
        error=bindparam("why"),
        target_key=func.coalesce(bindparam("there"), _effect.c.target_key),
        settled_at=bindparam("at", type_=_effect.c.settled_at.type),
    )
)
SETTLE = (
    update(_effect)
    .where(
        *(_effect.c[name] == bindparam(f"_{name}") for name in IDENTITY),
        _effect.c.action == "create",
    )
    .values(
        state="confirmed",
        error="",
        target_key=bindparam("there"),
        settled_at=bindparam("at", type_=_effect.c.settled_at.type),
    )
)
