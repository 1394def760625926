"""Queries: what pages and commands show, and that none of them reads a whole log."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, text
from sqlmodel import select

from hub.store import Database, Vault, payloads, queries
from hub.store.queries import EntryFilter, log
from hub.store.tables import Connection, Entry, Flow, Link, Waiting, utc_now
from tests.store.conftest import make_flow, make_run

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def add(database: Database, flow_id: int, run_id: int, rows: list[dict[str, Any]]) -> None:
    made = [
        {
            "run_id": run_id,
            "flow_id": flow_id,
            "key": f"k{row['id']}",
            "reference": "",
            "outcome": "created",
            "reason": "",
            "code": "",
            "milliseconds": 0,
            "at": START + dt.timedelta(minutes=row["id"]),
            **row,
        }
        for row in rows
    ]
    with database.begin() as connection:
        connection.execute(insert(Entry), made)


def ids(database: Database, wanted: EntryFilter, **options: Any) -> list[int]:
    with database.session() as session:
        return [row.id for row in queries.entries(session, wanted, **options).entries]


# ---- entries


def test_an_empty_log_is_an_empty_page(database: Database) -> None:
    moment = utc_now()
    for wanted in (
        EntryFilter(),
        EntryFilter(flow_id=9),
        EntryFilter(run_id=9),
        EntryFilter(text="10001"),
        EntryFilter(since=moment),
        EntryFilter(until=moment),
    ):
        with database.session() as session:
            page = queries.entries(session, wanted)
        assert (page.entries, page.before, page.count, page.more) == ([], None, 0, False)


@pytest.mark.parametrize("text", ["%", "_____", "'", "\0\0\0", "x" * 100_000, "\ud800abc", " "])
def test_odd_texts_to_search_for_find_nothing_and_break_nothing(
    database: Database, flow_id: int, text: str
) -> None:
    add(database, flow_id, make_run(database, flow_id), [{"id": 1, "reference": "10001"}])
    assert ids(database, EntryFilter(text=text)) == ([1] if not text.strip() else [])


def test_pages_follow_each_other_without_gaps_or_doubles(database: Database, flow_id: int) -> None:
    add(database, flow_id, make_run(database, flow_id), [{"id": n} for n in range(1, 26)])
    seen: list[int] = []
    before: int | None = None
    pages = 0
    while True:
        with database.session() as session:
            page = queries.entries(session, EntryFilter(), before=before, limit=10)
        seen += [row.id for row in page.entries]
        pages += 1
        assert page.count == 25
        if page.before is None:
            break
        before = page.before
    assert seen == list(range(25, 0, -1))
    assert pages == 3


def test_a_last_page_that_is_just_full_has_no_next(database: Database, flow_id: int) -> None:
    add(database, flow_id, make_run(database, flow_id), [{"id": n} for n in range(1, 11)])
    with database.session() as session:
        assert queries.entries(session, EntryFilter(), limit=10).before is None


def test_only_newer_entries_come_when_asked_for(database: Database, flow_id: int) -> None:
    add(database, flow_id, make_run(database, flow_id), [{"id": n} for n in range(1, 11)])
    assert ids(database, EntryFilter(), after=8) == [10, 9]


def test_entries_are_found_by_flow_run_and_outcome(database: Database, flow_id: int) -> None:
    other = make_flow(database, "other")
    first, second = make_run(database, flow_id), make_run(database, flow_id)
    add(database, flow_id, first, [{"id": 1}, {"id": 3, "outcome": "failed"}])
    add(
        database, flow_id, second, [{"id": 4, "outcome": "blocked"}, {"id": 6, "outcome": "failed"}]
    )
    add(database, other, make_run(database, other), [{"id": 2, "outcome": "failed"}, {"id": 5}])
    assert ids(database, EntryFilter(flow_id=flow_id)) == [6, 4, 3, 1]
    assert ids(database, EntryFilter(run_id=first)) == [3, 1]
    assert ids(database, EntryFilter(outcomes=["failed"])) == [6, 3, 2]
    assert ids(database, EntryFilter(outcomes=["failed", "blocked", "failed"])) == [6, 4, 3, 2]
    assert ids(database, EntryFilter(flow_id=flow_id, outcomes=["failed", "blocked"])) == [6, 4, 3]
    assert ids(database, EntryFilter(run_id=second, outcomes=["failed"])) == [6]
    assert ids(database, EntryFilter(flow_id=other, run_id=first)) == []
    wanted = EntryFilter(outcomes=["failed", "blocked"])
    assert ids(database, wanted, limit=2) == [6, 4]
    assert ids(database, wanted, limit=2, before=4) == [3, 2]


def test_entries_are_found_by_reference_or_key_whole_or_begun(
    database: Database, flow_id: int
) -> None:
    other = make_flow(database, "other")
    add(
        database,
        flow_id,
        make_run(database, flow_id),
        [
            {"id": 1, "reference": "10001", "key": "aaa"},
            {"id": 2, "reference": "10002", "key": "bbb"},
            {"id": 3, "reference": "2", "key": "10001"},
            {"id": 4, "reference": "WEB-é1", "key": "web-2"},
            {"id": 5, "reference": "100", "key": "100"},
        ],
    )
    add(database, other, make_run(database, other), [{"id": 6, "reference": "10001"}])
    assert ids(database, EntryFilter(text="10001")) == [6, 3, 1]
    assert ids(database, EntryFilter(text=" 100 ")) == [6, 5, 3, 2, 1]
    assert ids(database, EntryFilter(text="10")) == []  # too short for a beginning
    assert ids(database, EntryFilter(text="2")) == [3]
    assert ids(database, EntryFilter(text="WEB-")) == [4]
    assert ids(database, EntryFilter(text="WEB-é")) == [4]
    assert ids(database, EntryFilter(text="web-")) == [4]
    assert ids(database, EntryFilter(text="10001", flow_id=other)) == [6]
    assert ids(database, EntryFilter(text="100", outcomes=["failed"])) == []


def test_entries_that_somebody_has_to_look_at_are_found(database: Database, flow_id: int) -> None:
    run_id = make_run(database, flow_id)
    add(database, flow_id, run_id, [{"id": n, "outcome": "failed"} for n in range(1, 6)])
    with database.session() as session:
        for n in (2, 4):
            session.add(Waiting(flow_id=flow_id, key=f"k{n}", entry_id=n, outcome="failed"))
    assert ids(database, EntryFilter(waiting=True)) == [4, 2]
    assert ids(database, EntryFilter(waiting=True, flow_id=flow_id, outcomes=["failed"])) == [4, 2]
    assert ids(database, EntryFilter(waiting=True, outcomes=["blocked"])) == []
    assert ids(database, EntryFilter(waiting=True, run_id=run_id), before=4) == [2]


def test_entries_are_found_by_period(
    database: Database, flow_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "ID_SLACK", 2)
    add(database, flow_id, make_run(database, flow_id), [{"id": n} for n in range(1, 31)])
    since, until = START + dt.timedelta(minutes=10), START + dt.timedelta(minutes=13)
    assert ids(database, EntryFilter(since=since, until=until)) == [12, 11, 10]
    assert ids(database, EntryFilter(since=since), limit=100)[-1] == 10
    assert ids(database, EntryFilter(until=until))[0] == 12
    assert ids(database, EntryFilter(since=START + dt.timedelta(days=9))) == []


def test_more_matches_than_are_counted_are_told_as_more(
    database: Database, flow_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "COUNTED", 10)
    add(database, flow_id, make_run(database, flow_id), [{"id": n} for n in range(1, 11)])
    with database.session() as session:
        page = queries.entries(session, EntryFilter(), limit=3)
        assert (page.count, page.more) == (10, False)
    add(database, flow_id, make_run(database, flow_id), [{"id": 11}])
    with database.session() as session:
        page = queries.entries(session, EntryFilter(), limit=3)
        assert (page.count, page.more) == (10, True)


def test_no_filter_of_the_log_reads_or_sorts_all_of_it(database: Database, flow_id: int) -> None:
    """What the planner says about each statement: a search in an index, nothing else."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by the number of rows, which are few here")
    run_id = make_run(database, flow_id)
    add(
        database,
        flow_id,
        run_id,
        [{"id": n, "outcome": "failed" if n % 9 else "created"} for n in range(1, 500)],
    )
    moment = START + dt.timedelta(minutes=200)
    filters = [
        EntryFilter(flow_id=flow_id),
        EntryFilter(run_id=run_id),
        EntryFilter(run_id=run_id, outcomes=["failed", "blocked"]),
        EntryFilter(outcomes=["failed", "blocked"]),
        EntryFilter(flow_id=flow_id, outcomes=["failed", "blocked"]),
        EntryFilter(since=moment, until=moment + dt.timedelta(hours=1)),
        EntryFilter(flow_id=flow_id, since=moment, outcomes=["failed"]),
    ]
    narrow = [
        EntryFilter(text="10001"),
        EntryFilter(text="10001", flow_id=flow_id),
        EntryFilter(text="10001", flow_id=flow_id, outcomes=["failed"]),
        EntryFilter(text="10001", run_id=run_id),
        EntryFilter(text="10001", since=moment),
        EntryFilter(waiting=True),
        EntryFilter(waiting=True, flow_id=flow_id),
        EntryFilter(waiting=True, outcomes=["failed"]),
    ]
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM entry" in statement:
            seen.append((statement, parameters))

    def plans(wanted: EntryFilter) -> list[list[str]]:
        seen.clear()
        event.listen(database.engine, "before_cursor_execute", note)
        for before in (None, 300):
            ids(database, wanted, before=before)
        event.remove(database.engine, "before_cursor_execute", note)
        with database.engine.connect() as connection:
            return [
                [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
                for sql, values in seen
            ]

    for wanted in filters:
        for steps in plans(wanted):
            assert [s for s in steps if s.startswith("SCAN entry") or "ORDER BY" in s] == [], wanted
    for wanted in narrow:
        found = plans(wanted)
        assert len(found) >= 4
        for steps in found:
            if len(steps) > 1:  # the only other ones look up the first and last entry of a period
                first = next(step for step in steps if step.startswith("SEARCH entry"))
                assert first == "SEARCH entry USING INTEGER PRIMARY KEY (rowid=?)", wanted


def test_one_entry_comes_with_all_that_is_known_about_its_record(
    database: Database, vault: Vault, flow_id: int
) -> None:
    run_id = make_run(database, flow_id)
    same = {"key": "order-7", "reference": "10007"}
    add(database, flow_id, run_id, [{"id": n, **same} for n in (1, 3, 5)] + [{"id": 4}])
    with database.session() as session:
        flow = session.get_one(Flow, flow_id)
        payloads.write_many(
            session.connection(),
            vault,
            flow_id,
            [(3, "received", {"n": 7}), (3, "trace", {"x": "y" * 900_000})],
        )
        session.add(Waiting(flow_id=flow_id, key="order-7", entry_id=3, outcome="failed"))
        session.add(
            Link(
                source_id=flow.source_id,
                source_entity="orders",
                source_key="order-7",
                target_id=flow.target_id,
                target_entity="orders",
                target_key="SO7",
            )
        )
    with database.session() as session:
        view = queries.entry(session, vault, 3)
        assert queries.entry(session, vault, 99) is None
    assert view is not None
    assert view.parts["received"] == {"n": 7}
    assert view.parts["trace"]["x"].endswith("(900,000 characters in all)")
    assert view.shortened.keys() == {"trace"}
    assert [row.id for row in view.earlier] == [1]
    assert [row.id for row in view.later] == [5]
    assert view.flow.name == "shop-orders"
    assert view.source.name == "shop-orders-source"
    assert view.target.name == "shop-orders-target"
    assert view.run.id == run_id
    assert view.link is not None
    assert view.link.target_key == "SO7"
    assert view.waiting is not None


def test_an_entry_whose_payloads_were_purged_is_still_shown(
    database: Database, vault: Vault, flow_id: int
) -> None:
    add(database, flow_id, make_run(database, flow_id), [{"id": 1}])
    with database.session() as session:
        view = queries.entry(session, vault, 1)
    assert view is not None
    assert (view.parts, view.shortened, view.attempts) == ({}, {}, [])
    assert (view.link, view.waiting) == (None, None)


# ---- flows and connections


def test_a_flow_that_never_ran_has_no_newest_run(database: Database, flow_id: int) -> None:
    make_run(database, flow_id, kind="plan")
    with database.session() as session:
        (view,) = queries.flows(session)
    assert view.newest is None
    assert view.fresh_at is None
    assert view.waiting == 0


def test_a_flow_shows_its_newest_run_and_when_the_source_was_last_read(
    database: Database, flow_id: int
) -> None:
    make_flow(database, "another")
    make_run(database, flow_id, finished_at=START)
    make_run(database, flow_id, state="partial", finished_at=START + dt.timedelta(hours=1))
    make_run(database, flow_id, kind="retry", finished_at=START + dt.timedelta(hours=2))
    newest = make_run(database, flow_id, state="failed", finished_at=START + dt.timedelta(hours=3))
    make_run(database, flow_id, kind="plan")
    with database.session() as session:
        for n, outcome in enumerate(("blocked", "blocked", "failed")):
            session.add(Waiting(flow_id=flow_id, key=f"k{n}", entry_id=n, outcome=outcome))
    with database.session() as session:
        other, view = queries.flows(session)
        assert queries.flow(session, "nope") is None
        by_name, by_number = queries.flow(session, "shop-orders"), queries.flow(session, flow_id)
    assert other.flow.name == "another"
    assert other.newest is None
    assert view.newest is not None
    assert view.newest.id == newest
    assert view.fresh_at == START + dt.timedelta(hours=1)
    assert (view.blocked, view.failed, view.waiting) == (2, 1, 3)
    assert by_name == by_number == view


def test_a_connection_shows_the_flows_that_use_it(database: Database, flow_id: int) -> None:
    run_id = make_run(database, flow_id)
    with database.session() as session:
        session.add(Connection(name="unused", system="toy"))
        session.add(Waiting(flow_id=flow_id, key="k", entry_id=1, outcome="failed"))
    with database.session() as session:
        source, _target, unused = queries.connections(session)
        assert queries.connection(session, "nope") is None
        assert queries.connection(session, source.connection.id or 0) == source
    assert [flow.name for flow in source.flows] == ["shop-orders"]
    assert source.newest is not None
    assert source.newest.id == run_id
    assert source.waiting == 1
    assert (unused.flows, unused.newest, unused.waiting) == ((), None, 0)


def test_the_flows_page_takes_the_same_number_of_statements_for_any_number_of_flows(
    database: Database,
) -> None:
    def statements() -> int:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        with database.session() as session:
            queries.flows(session)
        event.remove(database.engine, "before_cursor_execute", note)
        return len(seen)

    make_flow(database, "one")
    few = statements()
    for n in range(10):
        make_run(database, make_flow(database, f"more-{n}"))
    assert statements() == few


# ---- days


def test_days_without_records_are_days_as_well(database: Database) -> None:
    with database.session() as session:
        days = queries.records_per_day(session, 3, dt.UTC, now=START)
    assert [day.date.day for day in days] == [27, 28, 1]
    assert [day.total for day in days] == [0, 0, 0]


def test_records_are_counted_on_the_day_of_the_hubs_zone_also_when_the_clock_changes(
    database: Database, flow_id: int
) -> None:
    """In Amsterdam 28 March 2026 ends at 23:00 UTC, and 29 March, a short day, at 22:00 UTC."""
    other = make_flow(database, "other")
    for day, hour, minute, created in (
        (28, 22, 59, 1),
        (28, 23, 0, 10),
        (29, 21, 59, 100),
        (29, 22, 0, 1000),
    ):
        at = dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC)
        make_run(database, flow_id, queued_at=at, created=created, failed=2)
    make_run(database, other, queued_at=dt.datetime(2026, 3, 29, 9, tzinfo=dt.UTC), skipped=5)
    plan = dt.datetime(2026, 3, 29, 9, tzinfo=dt.UTC)
    make_run(database, flow_id, kind="plan", queued_at=plan, created=7)
    now = dt.datetime(2026, 3, 30, 9, tzinfo=dt.UTC)
    zone = ZoneInfo("Europe/Amsterdam")
    with database.session() as session:
        days = queries.records_per_day(session, 3, zone, now=now)
        mine = queries.records_per_day(session, 3, zone, flow_id=flow_id, now=now)
    assert [day.counts["created"] for day in days] == [1, 110, 1000]
    assert [day.counts["failed"] for day in days] == [2, 4, 2]
    assert [day.counts["skipped"] for day in days] == [0, 5, 0]
    assert [day.total for day in mine] == [3, 114, 1002]


def test_a_zone_whose_midnight_is_on_the_half_hour_counts_right(
    database: Database, flow_id: int
) -> None:
    for minute, created in ((29, 1), (30, 10)):
        at = dt.datetime(2026, 3, 1, 18, minute, tzinfo=dt.UTC)
        make_run(database, flow_id, queued_at=at, created=created)
    with database.session() as session:
        now = dt.datetime(2026, 3, 2, 3, tzinfo=dt.UTC)
        days = queries.records_per_day(session, 2, ZoneInfo("Asia/Kolkata"), now=now)
    assert [day.total for day in days] == [1, 10]


# ---- attention and runs


def test_when_all_is_well_nothing_asks_for_attention(database: Database, flow_id: int) -> None:
    with database.session() as session:
        assert not queries.attention(session)


def test_waiting_records_are_grouped_by_their_cause(database: Database, flow_id: int) -> None:
    other = make_flow(database, "other")
    with database.session() as session:
        for n in range(5):
            session.add(
                Waiting(
                    flow_id=flow_id,
                    key=f"a{n}",
                    entry_id=n + 1,
                    outcome="blocked",
                    code="missing_product",
                    reason="No product with SKU 'AB-1' in erp",
                    field=f"lines[{n}].sku",
                    since=START + dt.timedelta(hours=n),
                )
            )
        session.add(
            Waiting(
                flow_id=flow_id,
                key="b",
                entry_id=9,
                outcome="blocked",
                code="vat",
                reason="No VAT code for NL 21%",
                fix="vat_codes",
            )
        )
        session.add(Waiting(flow_id=other, key="c", entry_id=10, outcome="failed", reason="No"))
    with database.session() as session:
        found = queries.attention(session)
        mine = queries.attention(session, flow_id=flow_id)
        first = queries.attention(session, limit=1)
        rows = queries.waiting(session, flow_id, code="missing_product")
        rest = queries.waiting(session, flow_id, after=rows[2].id)
    biggest = found.groups[0]
    assert (biggest.flow.name, biggest.code, biggest.count) == ("shop-orders", "missing_product", 5)
    assert found.groups[0].oldest == START
    assert found.groups[0].entry_id == 5
    assert {g.fix for g in found.groups} == {None, "vat_codes"}
    assert len(found.groups) == 3
    assert len(mine.groups) == 2
    assert first.more
    assert not found.more
    assert [row.key for row in rows] == ["a0", "a1", "a2", "a3", "a4"]
    assert [row.key for row in rest] == ["a3", "a4", "b"]


def test_sick_connections_and_paused_flows_ask_for_attention(
    database: Database, flow_id: int
) -> None:
    draft = make_flow(database, "draft")
    with database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "shop-orders-source")).one()
        row.status = "needs_attention"
        session.add(row)
        for number, is_draft in ((flow_id, False), (draft, True)):
            flow = session.get_one(Flow, number)
            flow.enabled, flow.draft = False, is_draft
            session.add(flow)
    with database.session() as session:
        found = queries.attention(session)
        other = queries.attention(session, flow_id=draft)
    assert [c.name for c in found.connections] == ["shop-orders-source"]
    assert [f.name for f in found.paused] == ["shop-orders"]
    assert found
    assert not other


def test_runs_come_newest_first_page_by_page(database: Database, flow_id: int) -> None:
    other = make_flow(database, "other")
    mine = [make_run(database, flow_id, read=n % 2) for n in range(5)]
    failed = make_run(database, other, state="failed", kind="retry")
    with database.session() as session:
        page = queries.runs(session, limit=4)
        rest = queries.runs(session, limit=4, before=page.before)
        busy = queries.runs(session, only_busy=True)
        assert [v.run.id for v in queries.runs(session, state="failed").runs] == [failed]
        assert [v.run.id for v in queries.runs(session, kind="retry").runs] == [failed]
        assert len(queries.runs(session, flow_id=flow_id).runs) == 5
        later = utc_now() + dt.timedelta(days=1)
        assert queries.runs(session, since=later).runs == []
    assert [v.run.id for v in page.runs + rest.runs] == [failed, *reversed(mine)]
    assert page.before is not None
    assert rest.before is None
    assert [v.run.id for v in busy.runs] == [failed, mine[3], mine[1]]
    assert page.runs[0].flow.name == "other"


def test_a_run_tells_how_long_it_took(database: Database, flow_id: int) -> None:
    waiting = make_run(database, flow_id, state="queued")
    done = make_run(
        database, flow_id, started_at=START, finished_at=START + dt.timedelta(seconds=9)
    )
    with database.session() as session:
        assert queries.run(session, 999) is None
        first, second = queries.run(session, waiting), queries.run(session, done)
    assert first is not None
    assert first.seconds is None
    assert second is not None
    assert second.seconds == 9


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database, flow_id: int) -> None:
    local = dt.datetime(2026, 3, 1, 13, tzinfo=ZoneInfo("Europe/Amsterdam"))
    run_id = make_run(database, flow_id, queued_at=local)
    with database.session() as session:
        view = queries.run(session, run_id)
        stored = session.connection().execute(text("SELECT queued_at FROM run")).scalar_one()
    assert view is not None
    assert view.run.queued_at == local
    assert view.run.queued_at.tzinfo is dt.UTC
    assert str(stored).startswith("2026-03-01 12:00:00")
    with pytest.raises(Exception, match="without zone"):
        make_run(database, flow_id, queued_at=dt.datetime(2026, 3, 1))  # noqa: DTZ001
