"""Taking records again, many at once: how many that is, told before; and the button itself."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request, url_for

from hub.engine import retry
from hub.engine.retry import Selection
from hub.model import Json
from hub.web.page import go, hub

NOTHING = "Nothing waits any more that could be taken again."


def offered(found: Selection) -> Json | None:
    """As the macro `again` shows it; None when there is nothing to take."""
    if not found.entries:
        return None
    return {
        "count": len(found.entries),
        "kept": len(found.kept),
        "lost": len(found.entries) - len(found.kept),
        "most": retry.BULK if found.more else None,
    }


def take(found: Selection, *, back: str, nothing: str = NOTHING) -> Response:
    """Put them in the queue, as now or as then; on to the run that takes them."""
    as_then = request.form.get("as") == "then"
    entries: Sequence[int] = found.kept if as_then else found.entries
    if as_then and found.entries and not entries:
        return go(
            back,
            "What was received then is not kept any more: they can only be read again.",
            "info",
        )
    if not entries:
        return go(back, nothing, "info")
    made = retry.retry_entries(hub(), entries, as_then=as_then)
    if len(made) == 1:
        return go(url_for("runs.show", run_id=made[0]))
    return go(
        url_for("runs.index", all="yes"),
        f"{len(entries)} records of {len(made)} flows are taken again: a run for each flow.",
    )
