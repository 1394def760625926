"""Health: whether database, Redis and scheduler are there, for whoever watches over the hub."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text

from hub.embedded_redis import RedisUnavailable, connect
from hub.engine.hub import Hub
from hub.store.errors import StoreError
from hub.store.tables import Lease, utc_now
from hub.web.page import hub

bp = Blueprint("health", __name__)
OK = "ok"


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while pages can be shown, 503 when not; `degraded`: nothing runs by itself now."""
    parts = {"database": _database(hub()), "redis": _redis(hub()), "scheduler": _scheduler(hub())}
    bad = [name for name, state in parts.items() if state != OK]
    status = "down" if "database" in bad else "degraded" if bad else OK
    return jsonify(status=status, **parts), 503 if status == "down" else 200


def _database(hub: Hub) -> str:
    try:
        with hub.database.session() as session:
            session.execute(text("SELECT 1"))
    except StoreError:
        return "unreachable"
    return OK


def _redis(hub: Hub) -> str:
    try:
        connection = connect(hub.config)
        try:
            connection.ping()
        finally:
            connection.close()
    except (RedisError, RedisUnavailable):
        return "unreachable"
    return OK


def _scheduler(hub: Hub) -> str:
    """Whoever ticks renews its lease; nobody has for a while when it has run out."""
    try:
        with hub.database.session() as session:
            lease = session.get(Lease, "ticker")
    except StoreError:
        return "unknown"
    return OK if lease is not None and lease.until > utc_now() else "not running"
