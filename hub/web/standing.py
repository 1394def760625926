"""How a connection stands: access that was given, webhooks that came in, budgets used and left."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from hub.engine import budget, oauth, webhooks
from hub.model import Json
from hub.sdk import ConfigurationError, KoppelError
from hub.store.errors import StoreError
from hub.store.tables import Connection
from hub.web.markdown import rendered
from hub.web.page import hub


def standing(row: Connection) -> Json:
    """What the cards of a connection's page show; each is None where it does not apply."""
    try:
        access, listening = oauth.access(hub(), row), webhooks.listening(hub(), row)
        system = hub().registry.system(row.system)
        limits = system.limits_for(hub().settings(row))
    except (ConfigurationError, StoreError):  # credentials that do not fit any more
        return {"access": None, "webhook": None, "unsigned": False, "budgets": []}
    return {
        "access": access
        and {
            "state": access.state,
            "why": access.why,
            "connected_at": access.connected_at,
            "refreshed_at": access.refreshed_at,
            "scopes": list(access.scopes),
            "redirect": oauth.redirect_address(hub()),
            "revokes": oauth.revokes(hub(), row),
        },
        "webhook": listening and vars(listening) | {"setup": rendered(listening.setup)},
        "unsigned": listening is None and system.webhook is not None,
        "budgets": [_budget(one) for one in budget.usage(hub().redis, row.id or 0, limits)],
    }


def lacks_access(row: Connection) -> str | None:
    """Why somebody has to give access over there before it works; None when nobody has to."""
    if row.status not in ("new", "needs_attention"):
        return None
    try:
        access = oauth.access(hub(), row)
    except (KoppelError, StoreError):
        return None
    if access is None or access.state == "good":
        return None
    return f"{access.why.rstrip('.')}." if access.why else "Nobody has given it access."


def address_of(row: Connection) -> str | None:
    """Where the system is; nothing when its plugin is gone or its credentials are not complete."""
    try:
        address = hub().registry.system(row.system).base_url(hub().credentials(row))
    except (KoppelError, StoreError, ValueError):
        return None
    return urlsplit(address).netloc.rpartition("@")[2] or None


def _budget(one: budget.Usage) -> dict[str, Any]:
    return {
        "name": "all requests" if one.bucket in ("all", "day") else one.bucket.replace("_", " "),
        "per": _per(one.seconds),
        "limit": one.limit,
        "used": one.used,
        "left": one.left,
        "percent": round(one.share * 100),
        "told": one.told,
        "resets_at": one.resets_at,
    }


def _per(seconds: float) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return name if count == 1 else f"{count} {name}s"
    return "second" if 1 <= seconds < 1.5 else f"{seconds:g} seconds"
