"""Leases and numbers: given to one process only, however many ask at once."""

from __future__ import annotations

import time

import pytest

from hub.store import Database, leases
from hub.store.ids import reserve
from hub.store.tables import Lease
from tests.store.conftest import Processes


def test_a_lease_that_is_held_is_refused_to_others(database: Database) -> None:
    assert leases.claim(database, "flow:1", "anna", 30)
    assert not leases.claim(database, "flow:1", "bram", 30)
    assert leases.claim(database, "flow:2", "bram", 30)


def test_somebody_else_cannot_renew_or_give_back_a_lease(database: Database) -> None:
    leases.claim(database, "flow:1", "anna", 30)
    assert not leases.renew(database, "flow:1", "bram", 30)
    assert not leases.release(database, "flow:1", "bram")
    assert not leases.claim(database, "flow:1", "bram", 30)


def test_a_lease_that_was_taken_over_is_no_longer_held(database: Database) -> None:
    leases.claim(database, "flow:1", "anna", -1)
    assert leases.claim(database, "flow:1", "bram", 30)
    with database.session() as session:
        assert not leases.holds(session, "flow:1", "anna")
        assert leases.holds(session, "flow:1", "bram")
    assert not leases.renew(database, "flow:1", "anna", 30)


def test_a_lease_that_ran_out_is_known_as_such(database: Database) -> None:
    leases.claim(database, "flow:1", "anna", -1)
    leases.claim(database, "flow:2", "anna", 30)
    with database.session() as session:
        assert leases.expired(session, "flow:1")
        assert not leases.expired(session, "flow:2")
        assert not leases.expired(session, "flow:3")


def test_a_lease_that_ran_out_and_that_nobody_took_can_be_renewed(database: Database) -> None:
    leases.claim(database, "flow:1", "anna", -1)
    with database.session() as session:
        assert leases.holds(session, "flow:1", "anna")
    assert leases.renew(database, "flow:1", "anna", 30)
    assert not leases.claim(database, "flow:1", "bram", 30)


def test_a_lease_given_back_is_free(database: Database) -> None:
    leases.claim(database, "flow:1", "anna", 30)
    assert leases.release(database, "flow:1", "anna")
    with database.session() as session:
        assert session.get(Lease, "flow:1") is None
        assert not leases.holds(session, "flow:1", "anna")
    assert leases.claim(database, "flow:1", "bram", 30)


def test_claiming_again_what_is_held_succeeds(database: Database) -> None:
    assert leases.claim(database, "flow:1", "anna", 30)
    assert leases.claim(database, "flow:1", "anna", 30)


def test_a_held_lease_cannot_be_taken_before_the_transaction_ends(
    database: Database, processes: Processes
) -> None:
    """Anna's lease has run out; while she is writing, Bram has to wait, and then gets it."""
    leases.claim(database, "flow:1", "anna", -1)
    taking = (
        "import time\nfrom hub.store import leases\n"
        "began = time.monotonic()\n"
        "print(leases.claim(database, 'flow:1', 'bram', 30), time.time())\n"
    )
    with database.session() as session:
        assert leases.holds(session, "flow:1", "anna")
        import threading

        said: list[str] = []
        thread = threading.Thread(target=lambda: said.extend(processes.run(taking, 1)))
        thread.start()
        time.sleep(4)  # long enough for the other process to have started and asked
        assert not said
        ended = time.time()
    thread.join()
    took, moment = said[0].split()
    assert took == "True"
    assert float(moment) >= ended


def test_of_many_processes_one_at_a_time_holds_a_lease(
    database: Database, processes: Processes
) -> None:
    """Each takes the lease fifteen times and, while holding it, adds one without any other lock."""
    code = """
import time
from hub.store import leases
from hub.store.tables import Setting
for _ in range(15):
    while not leases.claim(database, "turn", f"p{number}", 30):
        time.sleep(0.005)
    with database.session() as session:
        row = session.get(Setting, "n") or Setting(name="n", value=0)
        seen = row.value
    time.sleep(0.001)
    with database.session() as session:
        assert leases.holds(session, "turn", f"p{number}")
        row = session.get(Setting, "n") or Setting(name="n", value=0)
        row.value = seen + 1
        session.add(row)
    leases.release(database, "turn", f"p{number}")
"""
    from hub.store.tables import Setting

    processes.run(code, 4)
    with database.session() as session:
        assert session.get_one(Setting, "n").value == 60


def test_of_many_processes_one_gets_a_lease_that_ran_out(
    database: Database, processes: Processes
) -> None:
    leases.claim(database, "flow:1", "dead", -1)
    code = """
from hub.store import leases
print(leases.claim(database, "flow:1", f"p{number}", 30))
"""
    assert sorted(processes.run(code, 5)) == ["False"] * 4 + ["True"]


# ---- numbers


def test_a_rollback_gives_numbers_back(database: Database) -> None:
    def fail() -> None:
        with database.session() as session:
            assert reserve(session, "entry", 3) == range(1, 4)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.session() as session:
        assert reserve(session, "entry", 3) == range(1, 4)


def test_no_numbers_are_asked_for_and_none_are_taken(database: Database) -> None:
    with database.session() as session:
        assert len(reserve(session, "entry", 0)) == 0
        assert reserve(session, "entry", 2) == range(1, 3)


def test_every_counter_counts_for_itself(database: Database) -> None:
    with database.session() as session:
        assert reserve(session, "entry", 2) == range(1, 3)
        assert reserve(session, "other", 1) == range(1, 2)
        assert reserve(session, "entry", 1) == range(3, 4)


def test_no_number_is_given_twice_to_many_processes(processes: Processes) -> None:
    code = """
from hub.store.ids import reserve
for n in range(30):
    with database.session() as session:
        print(*reserve(session, "entry", n % 5 + 1))
"""
    numbers = [int(word) for said in processes.run(code, 4) for word in said.split()]
    assert len(numbers) == len(set(numbers)) == 4 * 90
    assert max(numbers) == 4 * 90
