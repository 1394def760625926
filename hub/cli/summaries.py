"""How runs, plans and retries are told: a table for people, one document for scripts, a code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from hub.cli.base import FINE, NO_CONNECTION, SOME_FAILED, STOPPED, WRONG, as_text, emit, say, table
from hub.model import Json

OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")
_ENDED = {"configuration": WRONG, "authentication": NO_CONNECTION, "unreachable": NO_CONNECTION}
_COLUMNS = {
    "entry": "ENTRY",
    "key": "KEY",
    "reference": "REFERENCE",
    "outcome": "OUTCOME",
    "target": "TARGET",
    "reason": "REASON",
}


def together(summaries: Sequence[Json]) -> Json:
    """One summary of several runs; it has `run` and `flow` only when there was one."""
    if len(summaries) == 1:
        return {"runs": [summaries[0]["run"]], **summaries[0]}
    ranks = ["succeeded", "partial", "interrupted", "failed"]
    states = [one["status"] for one in summaries] or ["succeeded"]
    requests: dict[str, int] = {}
    for one in summaries:
        for name, count in one["requests"].items():
            requests[name] = requests.get(name, 0) + count
    merged: Json = {
        "runs": [one["run"] for one in summaries],
        "status": max(states, key=lambda s: ranks.index(s) if s in ranks else len(ranks)),
    }
    merged |= {name: sum(one[name] for one in summaries) for name in ("read", *OUTCOMES)}
    errors = [one["error"] for one in summaries if one.get("error")]
    if errors:
        merged["error"] = errors[0]
    merged["requests"] = requests
    merged["seconds"] = round(sum(one["seconds"] for one in summaries), 3)
    merged["entries"] = [entry for one in summaries for entry in one["entries"]]
    return merged


def told(summary: Json, as_json: bool) -> int:
    """Print a summary; gives the exit code."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        emit(summary)
    else:
        shown = [dict(entry) for entry in summary["entries"]]
        table(shown, _COLUMNS)
        for entry in shown if summary.get("planned") else ():
            _told_entry(entry, past=bool(summary.get("past")))
        counts = ", ".join(f"{summary[name]} {name}" for name in OUTCOMES if summary[name])
        calls = sum(summary["requests"].values())
        flow = f"{summary['flow']}: " if "flow" in summary else ""
        say(
            f"{flow}{summary['status']}; {summary['read']} read"
            f"{f' ({counts})' if counts else ''}; {calls} requests in {summary['seconds']} s"
        )
    if summary.get("message"):
        say(summary["message"])
    return code_of(summary)


def _told_entry(entry: Json, *, past: bool) -> None:
    """A planned record for people: what would be different, and all that would be pushed."""
    if not entry.get("pushed"):
        return
    click.echo(f"\n{entry['reference'] or entry['key']}: {entry['outcome']}")
    now, then = ("PUSHED THEN", "PUSHED NOW") if past else ("NOW", "WOULD BECOME")
    found = [
        {"field": one["path"], "before": _brief(one["before"]), "after": _brief(one["after"])}
        for one in entry.get("differences") or ()
    ]
    table(found, {"field": "FIELD", "before": now, "after": then})
    if found:
        click.echo()
    click.echo(as_text(entry["pushed"]))


def _brief(value: Any) -> str:
    """A value for a table."""
    if isinstance(value, (dict, list)):
        from hub.store.jsontext import dumps

        value = dumps(value).decode()
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def code_of(summary: Json) -> int:
    """The exit code that a summary means."""
    error = summary.get("error")
    if error and summary["status"] == "failed":
        if error.get("connection"):
            return NO_CONNECTION  # whatever it was, the other system said so
        return _ENDED.get(error.get("kind"), NO_CONNECTION)
    if summary["status"] == "interrupted":
        return STOPPED
    if summary["status"] == "succeeded":
        return FINE
    return SOME_FAILED
