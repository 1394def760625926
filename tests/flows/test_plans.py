"""Plans: what a run would do, field by field, and not a single write; then and now (G13, G14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from koppel_ccvshop.sandbox.people import person
from sqlmodel import select

from hub.engine import retry, runs
from hub.store import payloads
from hub.store.queries import EntryFilter
from hub.store.tables import EffectRow, FlowCursor, Link, Payload, Waiting

from .conftest import Bench
from .test_changes import Shopkeeper, news, writes
from .test_customer_rows import account, customers, known
from .test_order_flow import add_item

Make = Callable[..., Bench]
ZOE = person(0)


def forget(bench: Bench) -> None:
    """Empty both request logs."""
    bench.erp_sandbox.requests.clear()
    bench.shop_sandbox.requests.clear()


def differences(bench: Bench, entry_id: int) -> dict[str, tuple[Any, Any]]:
    """Path -> before and after."""
    with bench.hub.database.session() as session:
        parts = payloads.read(session, bench.hub.vault, entry_id)
    return {d["path"]: (d["before"], d["after"]) for d in parts.get("differences", ())}


def remembered(bench: Bench) -> list[int]:
    """How much the hub itself knows: a plan adds nothing to it either."""
    tables: list[Any] = [Link, EffectRow, Waiting, FlowCursor]
    with bench.hub.database.session() as session:
        return [len(session.exec(select(table)).all()) for table in tables]


def past(bench: Bench, limit: int = 50) -> list[int]:
    """The last records that were pushed."""
    with bench.hub.database.session() as session:
        return retry.past_entries(session, bench.flow(), limit)


# -- nothing is written --------------------------------------------------------------------------


def test_g13_a_plan_of_orders_writes_nothing_on_either_side(make_bench: Make) -> None:
    bench = make_bench()
    (blocked,) = bench.place("unknown_sku")
    forget(bench)
    told = bench.run(kind="plan")
    assert (told["created"], told["blocked"]) == (12, 1)
    assert bench.erp_sandbox.asked(), "it did look"
    assert writes(bench) == []
    assert remembered(bench) == [0, 0, 0, 0]
    (entry,) = [e for e in told["entries"] if e["key"] == blocked]
    assert "WIEL-OUD-26" in entry["reason"]


def test_g13_a_plan_of_customers_with_updates_writes_nothing_and_tells_each_field(
    make_bench: Make,
) -> None:
    bench = customers(make_bench, [known()])
    forget(bench)
    told = bench.run(kind="plan")
    assert told["updated"] == 1
    assert told["created"] > 0
    assert writes(bench) == []
    assert remembered(bench) == [0, 0, 0, 0]
    (zoe,) = [e for e in told["entries"] if e["outcome"] == "updated"]
    found = differences(bench, zoe["entry"])
    assert found["MailingAddress1"] == ("Oude Weg 1", "Utrechtsestraat 12 bis")
    assert found["AccountName"][0] == "Zoe v.d. Berg"
    assert "EmailAddress" not in found, "it is the same on both sides"
    before = account(bench, ZOE.email)
    bench.run()
    after = account(bench, ZOE.email)
    for path, (was, will_be) in found.items():
        if path in before:
            assert (before[path] or None) == (was or None)
            assert after[path] == will_be, path


def test_g13_a_plan_after_a_run_has_nothing_to_do(make_bench: Make) -> None:
    bench = customers(make_bench)
    bench.run()
    forget(bench)
    told = bench.run(kind="plan", full=True)
    assert told["read"] == told["unchanged"] > 0
    assert writes(bench) == []


def test_g14_going_live_on_the_first_does_what_the_plan_said_and_leaves_the_rest(
    make_bench: Make,
) -> None:
    bench = make_bench()
    planned = [e["key"] for e in bench.run(kind="plan", limit=3)["entries"]]
    assert [e["key"] for e in bench.run(limit=3)["entries"]] == planned
    assert len(bench.booked()) == 3
    assert bench.run()["created"] == 9


# -- past records through today's mapping --------------------------------------------------------


def test_past_records_through_an_unchanged_mapping_are_the_same(make_bench: Make) -> None:
    bench = make_bench()
    bench.run()
    told = bench.run(kind="plan", as_then=past(bench))
    assert (told["read"], told["unchanged"]) == (12, 12)


def test_past_records_through_another_mapping_tell_what_would_differ_and_write_nothing(
    make_bench: Make,
) -> None:
    bench = make_bench()
    bench.run()
    bench.configure(settings=bench.settings | {"reference_prefix": "WEB-"})
    forget(bench)
    told = bench.run(kind="plan", as_then=past(bench, 5))
    assert (told["read"], told["updated"]) == (5, 5)
    assert writes(bench) == []
    assert bench.shop_sandbox.asked() == [], "what was received then is in the log"
    for entry in told["entries"]:
        assert differences(bench, entry["entry"]) == {
            "YourReference": (entry["reference"], f"WEB-{entry['reference']}")
        }
    assert len(bench.booked()) == 12, "what was booked stays as it is"


def test_a_past_record_is_planned_as_it_was_received_and_not_as_it_is_now(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    (key,) = bench.place()
    bench.run()
    Shopkeeper(bench).change(key, total_price=1.0)
    assert bench.run(kind="plan", as_then=past(bench))["unchanged"] == 1


def test_a_past_record_whose_contents_are_gone_is_told_and_the_others_go_on(
    make_bench: Make,
) -> None:
    bench = make_bench()
    bench.run()
    entries = past(bench, 3)
    purge(bench, entries[:1])
    told = bench.run(kind="plan", as_then=entries)
    assert (told["unchanged"], told["failed"]) == (2, 1)
    (lost,) = [e for e in told["entries"] if e["outcome"] == "failed"]
    assert f"What entry {entries[0]} received is not kept" in lost["reason"]


def purge(bench: Bench, entries: list[int]) -> None:
    """What was in these entries is deleted."""
    with bench.hub.database.session() as session:
        for row in session.exec(select(Payload)):
            if row.entry_id in entries:
                session.delete(row)


# -- again, as then and as now -------------------------------------------------------------------


def test_as_then_takes_what_was_received_and_as_now_reads_again(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    (key,) = bench.place("unknown_sku")
    (blocked,) = news(bench.run())
    keeper = Shopkeeper(bench)
    keeper.move(key, "billingaddress", city="Appelscha")
    forget(bench)
    told = again(bench, [blocked["entry"]], as_then=True)
    assert bench.shop_sandbox.asked() == []
    assert told["blocked"] == 1
    assert city(bench, told) != "Appelscha"
    told = again(bench, [blocked["entry"]])
    assert bench.shop_sandbox.asked("GET", "/orders/")
    assert city(bench, told) == "Appelscha"
    add_item(bench, "WIEL-OUD-26")
    assert again(bench, [blocked["entry"]])["created"] == 1


def city(bench: Bench, told: dict[str, Any]) -> str:
    """Where the one record of a run was understood to go."""
    (entry,) = told["entries"]
    with bench.hub.database.session() as session:
        parts = payloads.read(session, bench.hub.vault, entry["entry"])
    return str(parts["received"]["customer"]["billingaddress"]["city"])


def again(bench: Bench, entries: list[int], *, as_then: bool = False) -> dict[str, Any]:
    """Retry in this process."""
    (run_id,) = retry.retry_entries(bench.hub, entries, as_then=as_then)
    runs.execute(bench.hub, run_id)
    return runs.summary(bench.hub, run_id, all_entries=True)


def test_in_bulk_each_record_is_taken_once_and_it_is_told_what_is_not_kept(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    bench.place("unknown_sku", 3)
    first = bench.run()
    assert first["blocked"] == 3
    bench.run()  # they are tried again, and blocked again
    wanted = EntryFilter(flow_id=bench.flow().id, outcomes=("blocked",))
    with bench.hub.database.session() as session:
        found = retry.selected(session, wanted)
    assert (len(found.entries), len(found.kept), found.more) == (3, 3, False)
    assert not set(found.entries) & {e["entry"] for e in first["entries"]}, "the newest of each"
    purge(bench, [found.entries[0]])
    with bench.hub.database.session() as session:
        assert len(retry.selected(session, wanted).kept) == 2
    add_item(bench, "WIEL-OUD-26")
    assert again(bench, list(found.kept), as_then=True)["created"] == 2
