"""Reading: which records a run takes up, and in which order: what waits first, then what is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.engine import waiting
from hub.engine.context import FlowRun
from hub.engine.gone import gone
from hub.engine.job import Then
from hub.engine.journal import Outcome
from hub.engine.missing import missing
from hub.engine.page import PageWorker
from hub.model import Json
from hub.sdk import KoppelError, NotFound, Query, Raw, RecordError
from hub.store import payloads
from hub.store.payloads import truncated
from hub.store.tables import Entry, FlowCursor, Run, utc_now

GET_CHUNK = 100
_BY_ITSELF = ("schedule", "webhook")


def pages(run: FlowRun, row: Run) -> Iterator[list[Outcome]]:
    """What became of each page, in the order of work: what waits first, then what is new."""
    worker = PageWorker(run)
    options = row.options
    if options.get("as_then"):
        yield from _past(run, worker, options["as_then"])
        return
    if options.get("keys"):
        keys, accepted = [str(k) for k in options["keys"]], bool(options.get("accept"))
        if row.trigger == "webhook":
            yield from _told_of(run, worker, keys)
            return
        run.memo["settled"] = options.get("seen") or {}
        yield from _by_keys(run, worker, keys, explicit=True, accepted=accepted)
        return
    left = options.get("limit")
    with run.hub.database.session() as session:
        pending = waiting.due(session, run.flow, everyone=row.trigger not in _BY_ITSELF)
    if not run.planning:
        pending += [
            key for key in run.ledger.unsettled_keys(run.source.entity.name) if key not in pending
        ]
    if pending and run.source.entity.can("get"):
        for outcomes in _by_keys(run, worker, pending[:left], explicit=False):
            if left is not None:
                left -= len(outcomes)
            yield outcomes
    if left is not None and left <= 0:
        return
    seen = set(pending)
    full = bool(options.get("full"))
    follows = worker.kind.follow() and run.source.entity.can("get")
    whole: set[str] | None = set() if left is None and (full or follows) else None
    query = Query(
        since=None if full else _cursor(run),
        filter=run.filter,
        settings=run.settings,
        full=full,
    )
    for page in run.source.entity.read(run.source.api, query):
        records = _unseen(run, page.records, seen, whole)
        while records:
            # With a limit only what is new or changed counts: known records end at once.
            part, records = records[:left], records[left:] if left is not None else []
            outcomes = worker.process(part)
            yield outcomes
            if left is not None:
                left -= sum(outcome.outcome != "unchanged" for outcome in outcomes)
                if left <= 0 and (records or page.cursor is None):
                    return
        if not run.planning and page.cursor is not None:
            _store_cursor(run, page.cursor)
        if left is not None and left <= 0:
            return
    if whole is None:
        return
    if full:
        yield from missing(run, whole | seen)
    if follows:
        known = seen | whole
        keys = [key for key in run.ledger.open_keys(run.pair) if key not in known]
        yield from _by_keys(run, worker, keys, explicit=False, forced=False)


def _past(run: FlowRun, worker: PageWorker, entry_ids: Sequence[int]) -> Iterator[list[Outcome]]:
    """Records as they were received then; a plan compares with what was pushed then."""
    for start in range(0, len(entry_ids), GET_CHUNK):
        records, pushed, lost = _stored(run, entry_ids[start : start + GET_CHUNK])
        then = pushed if run.planning else ()
        if lost:
            with run.hub.database.session() as session:
                run.journal.write(session.connection(), lost)
            yield lost
        if records:
            yield worker.process(records, completed=True, forced=True, then=then)


def _by_keys(
    run: FlowRun,
    worker: PageWorker,
    keys: Sequence[str],
    *,
    explicit: bool,
    accepted: bool = False,
    forced: bool = True,
) -> Iterator[list[Outcome]]:
    for start in range(0, len(keys), GET_CHUNK):
        chunk = list(keys[start : start + GET_CHUNK])
        found = run.source.entity.get(run.source.api, chunk)
        records = [r for r in found.values() if not isinstance(r, RecordError)]
        yield worker.process(records, completed=True, forced=forced, accepted=accepted)
        absent_ = {key: found.get(key) for key in chunk}
        absent = {k: e for k, e in absent_.items() if e is None or isinstance(e, RecordError)}
        if absent and (explicit or forced):
            yield _absent(run, absent, explicit)
        elif absent:  # followed: it was there, and nobody waits for it
            lost = [k for k, e in absent.items() if e is None or isinstance(e, NotFound)]
            yield gone(run, lost)


def _told_of(run: FlowRun, worker: PageWorker, keys: Sequence[str]) -> Iterator[list[Outcome]]:
    """Records that a webhook told of, as they are now; what the filter leaves out is left out."""
    query = Query(filter=run.filter, settings=run.settings)
    followed: set[str] | None = None
    for start in range(0, len(keys), GET_CHUNK):
        chunk = list(keys[start : start + GET_CHUNK])
        found = run.source.entity.get(run.source.api, chunk)
        records, lost, broken = [], set(chunk) - set(found), {}
        for key, record in found.items():
            if isinstance(record, NotFound):
                lost.add(key)
            elif isinstance(record, RecordError):
                broken[key] = record
            elif run.source.entity.wanted(record, query):
                records.append(record)
            else:
                if followed is None:
                    followed = set(run.ledger.open_keys(run.pair))
                if key in followed:
                    records.append(record)
        yield worker.process(records, completed=True)
        if broken:
            yield _absent(run, broken, explicit=False)
        if lost:
            yield from missing(run, (), among=lost)


def _absent(
    run: FlowRun, absent: Mapping[str, RecordError | None], explicit: bool
) -> list[Outcome]:
    """Records asked for by key that the source does not have (any more), or does not give."""
    outcomes = []
    for key, error in absent.items():
        outcome = Outcome(key=key, outcome="failed", code="gone")
        if error is None or isinstance(error, NotFound):
            outcome.reason = f"{run.source.name} has no record {key} in {run.source.entity.title}."
            if not explicit:
                outcome.outcome = "skipped"
        else:
            outcome.reason, outcome.code, outcome.field = str(error), error.code, error.field
        outcomes.append(outcome)
    with run.hub.database.session() as session:
        run.journal.write(session.connection(), outcomes)
        if not run.planning:
            kept = [o for o in outcomes if not (explicit and o.code == "gone")]
            waiting.settle(session, run.flow, kept)
    return outcomes


def _unseen(
    run: FlowRun, records: Sequence[Raw], seen: set[str], whole: set[str] | None
) -> list[Raw]:
    """Leave out what this run has just worked because it was waiting; *whole* notes all keys."""
    if not seen and whole is None:
        return list(records)
    kept = []
    for record in records:
        try:
            key = run.source.entity.key_of(record)
            if whole is not None:
                whole.add(key)
            if key in seen:
                continue
        except KoppelError:
            pass  # a record without a key gets its own outcome
        kept.append(record)
    return kept


def _stored(
    run: FlowRun, entry_ids: Sequence[int]
) -> tuple[list[Raw], list[Then | None], list[Outcome]]:
    """The records as they were received then, what was pushed of each, and what is not kept."""
    records: list[Raw] = []
    pushed: list[Then | None] = []
    lost: list[Outcome] = []
    with run.hub.database.session() as session:
        kept = payloads.read_many(session, run.hub.vault, entry_ids)
        for entry_id in entry_ids:
            entry, parts = session.get(Entry, entry_id), kept.get(entry_id, {})
            if "received" not in parts or truncated(parts["received"]) is not None:
                outcome = Outcome(
                    key=entry.key if entry else str(entry_id),
                    reference=entry.reference if entry else "",
                    code="not_kept",
                    reason=f"What entry {entry_id} received is not kept (any more), or not as a "
                    "whole: try it again as it is now.",
                )
                lost.append(outcome)
                continue
            records.append(parts["received"])
            whole = "pushed" in parts and truncated(parts["pushed"]) is None
            created = entry is not None and entry.outcome == "created"
            pushed.append(Then(parts["pushed"], created) if whole else None)
    return records, pushed, lost


def _cursor(run: FlowRun) -> Json | None:
    with run.hub.database.session() as session:
        row = session.get(FlowCursor, run.flow_id)
        return row.value if row else None


def _store_cursor(run: FlowRun, value: Json) -> None:
    with run.hub.database.session() as session:
        row = session.get(FlowCursor, run.flow_id) or FlowCursor(flow_id=run.flow_id)
        row.value, row.updated_at = value, utc_now()
        session.add(row)
