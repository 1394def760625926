"""Purge: what is too old or a person's goes, what somebody waits for stays, the disk shrinks."""

from __future__ import annotations

import datetime as dt
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from hub.config import Config
from hub.store import Database, Vault, payloads, purge, settings
from hub.store.database import checkpoint
from hub.store.errors import StoreError
from hub.store.ids import reserve
from hub.store.tables import (
    CodecDictionary,
    Connection,
    EffectRow,
    Entry,
    Flow,
    FlowCursor,
    IndexItem,
    IndexState,
    IndexValue,
    Link,
    Payload,
    Run,
    Waiting,
    utc_now,
)
from tests.store.conftest import make_flow, make_run

OLD = utc_now() - dt.timedelta(days=40)
MONTH = dt.timedelta(days=30)


def fill(
    database: Database,
    vault: Vault,
    flow_id: int,
    count: int,
    *,
    at: dt.datetime | None = None,
    run_id: int | None = None,
    person: str | None = None,
    size: int = 100,
) -> list[int]:
    """Entries with two payload parts each, in a run of their own."""
    at = at or utc_now()
    run_id = run_id or make_run(database, flow_id, queued_at=at)
    noise = random.Random(0)
    with database.session() as session:
        numbers = list(reserve(session, "entry", count))
        session.add_all(
            Entry(
                id=n,
                run_id=run_id,
                flow_id=flow_id,
                key=f"k{n}",
                reference=f"R{n}",
                outcome="created",
                reason="about somebody",
                at=at,
                person=vault.digest(person) if person else None,
            )
            for n in numbers
        )
        session.flush()
        parts = [
            (n, part, {"x": noise.randbytes(size).hex()})
            for n in numbers
            for part in ("received", "pushed")
        ]
        payloads.write_many(session.connection(), vault, flow_id, parts)
    return numbers


def wait(database: Database, flow_id: int, entry_id: int) -> None:
    with database.session() as session:
        session.add(
            Waiting(
                flow_id=flow_id,
                key=f"k{entry_id}",
                entry_id=entry_id,
                outcome="blocked",
                reason="No customer anna@example.com",
            )
        )


def left(database: Database, table: type[Entry] | type[Payload] | type[Run] = Entry) -> set[int]:
    column = Payload.entry_id if table is Payload else table.id  # type: ignore[union-attr]
    with database.session() as session:
        return {number for number in session.exec(select(column)) if number is not None}


# ---- what must stay


def test_nothing_newer_than_the_limit_goes(database: Database, vault: Vault, flow_id: int) -> None:
    fill(database, vault, flow_id, 5, at=utc_now() - dt.timedelta(days=29))
    assert purge.purge(database, MONTH, pause=0) == purge.Purged()
    assert len(left(database)) == 5


def test_what_a_waiting_record_points_to_stays_with_its_payloads_and_its_run(
    database: Database, vault: Vault, flow_id: int
) -> None:
    old = fill(database, vault, flow_id, 300, at=OLD)
    waiting = {old[0], old[150], old[-1]}
    for entry_id in waiting:
        wait(database, flow_id, entry_id)
    fill(database, vault, flow_id, 1)
    done = purge.purge(database, MONTH, pause=0)
    assert (done.entries, done.payloads, done.runs) == (297, 594, 0)
    assert waiting < left(database)
    assert waiting < left(database, Payload)
    assert len(left(database, Run)) == 2


def test_the_newest_run_of_a_flow_stays_and_so_does_one_that_has_not_ended(
    database: Database, vault: Vault, flow_id: int
) -> None:
    running = make_run(database, flow_id, state="running", queued_at=OLD)
    gone = make_run(database, flow_id, queued_at=OLD)
    newest = make_run(database, flow_id, queued_at=OLD)
    assert purge.purge(database, MONTH, pause=0).runs == 1
    assert left(database, Run) == {running, newest}
    assert gone not in left(database, Run)


def test_a_purge_of_one_flow_leaves_the_others_alone(
    database: Database, vault: Vault, flow_id: int
) -> None:
    other = make_flow(database, "other")
    mine, theirs = (fill(database, vault, f, 5, at=OLD) for f in (flow_id, other))
    assert purge.purge(database, MONTH, flow_id=flow_id, pause=0).entries == len(mine)
    assert left(database) == set(theirs)


@pytest.mark.parametrize("text", ["", "soon", "-3d", "30 months", "99999w", "3d4h"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(StoreError):
        purge.parse_age(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("30d", 720), ("12h", 12), ("2w", 336), ("7", 168), (" 1 day ", 24)]
)
def test_an_age_is_days_hours_or_weeks(text: str, hours: int) -> None:
    assert purge.parse_age(text) == dt.timedelta(hours=hours)


# ---- what must go


def test_old_entries_go_with_their_payloads_and_empty_runs(
    database: Database, vault: Vault, flow_id: int
) -> None:
    fill(database, vault, flow_id, 300, at=OLD)
    new = fill(database, vault, flow_id, 10)
    said: list[int] = []
    done = purge.purge(database, MONTH, pause=0, progress=lambda so_far: said.append(so_far.rows))
    assert (done.entries, done.payloads, done.runs) == (300, 600, 1)
    assert done.rows == 901
    assert said == sorted(said)
    assert said[-1] == 901
    assert len(said) > 3
    assert left(database) == left(database, Payload) == set(new)


def test_entries_whose_numbers_are_not_in_the_order_of_time_go_as_well(
    database: Database, vault: Vault, flow_id: int
) -> None:
    """Two processes take blocks of numbers: the older entry may have the higher one."""
    new = fill(database, vault, flow_id, 5)
    fill(database, vault, flow_id, 5, at=OLD)
    purge.purge(database, MONTH, pause=0)
    assert left(database) == set(new)


def test_the_file_shrinks_by_what_is_reported_in_a_few_big_steps(
    database: Database, vault: Vault, flow_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database.is_sqlite:
        pytest.skip("a server keeps the room for new rows")
    assert isinstance(database.file, Path)
    fill(database, vault, flow_id, 1500, at=OLD, size=2000)
    checkpoint(database)
    before = database.file.stat().st_size
    steps: list[float] = []
    monkeypatch.setattr("time.sleep", steps.append)
    done = purge.purge(database, MONTH, pause=0.123)
    vacuuming = len(steps) - 1500 // (purge.STEP // purge.PARTS_PER_ENTRY) - 1
    assert 1 <= vacuuming <= 5
    after = database.file.stat().st_size
    assert done.bytes == before - after
    assert done.bytes > 5_000_000
    assert after < before / 4
    assert database.file.with_name(database.file.name + "-wal").stat().st_size == 0


def test_others_write_while_a_purge_goes_on(database: Database, vault: Vault, flow_id: int) -> None:
    fill(database, vault, flow_id, 1000, at=OLD)
    failed: list[BaseException] = []
    written: list[int] = []
    stop = threading.Event()

    def write() -> None:
        try:
            while not stop.is_set():
                written.extend(fill(database, vault, flow_id, 5))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        done = purge.purge(database, MONTH, pause=0.01)
    finally:
        stop.set()
        thread.join()
    assert failed == []
    assert done.entries == 1000
    assert left(database) == set(written)


def test_every_night_each_flow_follows_its_own_retention_or_the_overall_one(
    database: Database, vault: Vault, flow_id: int
) -> None:
    long, short = make_flow(database, "long"), make_flow(database, "short")
    with database.session() as session:
        for number, days in ((long, 90), (short, 3)):
            row = session.get_one(Flow, number)
            row.retention_days = days
            session.add(row)
    settings.set_setting(database, "retention_days", 10)
    for flow in (flow_id, long, short):
        for days in (2, 5, 20):
            fill(database, vault, flow, 1, at=utc_now() - dt.timedelta(days=days))
    assert purge.nightly(database, pause=0).entries == 3
    with database.session() as session:
        counts = dict(
            session.exec(select(Entry.flow_id, func.count()).group_by(col(Entry.flow_id))).all()
        )
    assert counts == {flow_id: 2, long: 3, short: 1}


# ---- a person


def test_what_is_kept_about_others_stays_when_a_person_is_forgotten(
    database: Database, vault: Vault, flow_id: int
) -> None:
    others = fill(database, vault, flow_id, 3, person="bram@example.com")
    done = purge.forget(database, vault, "anna@example.com", pause=0)
    assert done.rows == 0
    assert left(database, Payload) == set(others)


def test_a_forgotten_person_is_found_nowhere_and_the_outcomes_stay(
    database: Database, vault: Vault, flow_id: int
) -> None:
    mine = fill(database, vault, flow_id, 300, person="Anna@Example.com")
    others = fill(database, vault, flow_id, 3, person="bram@example.com")
    wait(database, flow_id, mine[0])
    wait(database, flow_id, others[0])
    anna, bram = vault.digest("anna@example.com"), vault.digest("bram@example.com")
    with database.session() as session:
        flow = session.get_one(Flow, flow_id)
        ends: dict[str, Any] = {"source_id": flow.source_id, "target_id": flow.target_id}
        for digest in (anna, bram):
            session.add(
                Link(
                    **ends,
                    source_entity="customers",
                    source_key=f"email:{digest}",
                    target_entity="customers",
                    target_key="C1",
                )
            )
            session.add(
                IndexItem(connection_id=flow.target_id, name="debtors", key=digest[:4], data={})
            )
            for by, value in (("email", digest), ("phone", f"phone{digest}")):
                session.add(
                    IndexValue(
                        connection_id=flow.target_id,
                        name="debtors",
                        by=by,
                        hash=value,
                        key=digest[:4],
                    )
                )
        session.add(
            Link(
                **ends,
                source_entity="orders",
                source_key=f"k{mine[0]}",
                target_entity="orders",
                target_key="O1",
            )
        )
        session.add(
            EffectRow(
                **ends,
                flow_id=flow_id,
                run_id=1,
                source_entity="orders",
                source_key=f"k{mine[1]}",
                target_entity="orders",
                action="create",
                token="t",
                error="anna@example.com is blocked",
            )
        )
    done = purge.forget(database, vault, " anna@example.com", pause=0)
    assert done.payloads == 600
    assert left(database, Payload) == set(others)
    assert left(database) == {*mine, *others}
    with database.session() as session:
        entries = session.exec(select(Entry).where(col(Entry.id).in_(mine))).all()
        assert {(e.person, e.reason, e.outcome) for e in entries} == {
            (None, "Forgotten on request.", "created")
        }
        reasons = {w.entry_id: w.reason for w in session.exec(select(Waiting))}
        assert reasons[mine[0]] == "Forgotten on request."
        assert "anna" in reasons[others[0]]
        assert session.exec(select(EffectRow.error)).one() == "Forgotten on request."
        keys = set(session.exec(select(Link.source_key)))
        assert keys == {f"email:{bram}", f"k{mine[0]}"}
        assert set(session.exec(select(IndexValue.key))) == {bram[:4]}
        assert set(session.exec(select(IndexItem.key))) == {bram[:4]}
    assert purge.forget(database, vault, "anna@example.com", pause=0).rows == 0


# ---- a flow


def test_a_removed_flow_takes_its_log_along_and_leaves_links_and_other_flows(
    database: Database, vault: Vault, flow_id: int
) -> None:
    other = make_flow(database, "other")
    mine = fill(database, vault, flow_id, 300)
    theirs = fill(database, vault, other, 3)
    wait(database, flow_id, mine[0])
    with database.session() as session:
        flow = session.get_one(Flow, flow_id)
        session.add(FlowCursor(flow_id=flow_id, value={"since": 1}))
        session.add(CodecDictionary(scope=f"flow/{flow_id}", data=b"x"))
        session.add(IndexState(connection_id=flow.source_id, name="debtors"))
        session.add(
            Link(
                source_id=flow.source_id,
                target_id=flow.target_id,
                source_entity="orders",
                source_key="k1",
                target_entity="orders",
                target_key="O1",
            )
        )
    purge.remove_flow(database, flow_id, pause=0)
    assert left(database) == set(theirs)
    with database.session() as session:
        assert set(session.exec(select(Flow.id))) == {other}
        for table in (Waiting, FlowCursor, CodecDictionary):
            assert session.exec(select(table)).all() == []
        assert len(session.exec(select(Link)).all()) == 1
        assert len(session.exec(select(Connection)).all()) == 4


def test_a_purge_of_an_empty_database_does_nothing(store_config: Config) -> None:
    database = Database(store_config.database_url)
    assert purge.purge(database, MONTH).rows == 0
    assert purge.nightly(database).rows == 0
    database.dispose()
