"""A plan says what a run would do, record by record, also where both sides agree already (G13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import select

from hub.store.tables import Link

from .conftest import Bench
from .test_changes import writes
from .test_customer_rows import ZOE, account, customers

Make = Callable[..., Bench]


def said(summary: dict[str, Any]) -> dict[str, str]:
    """What became, or would become, of each record."""
    return {entry["key"]: entry["outcome"] for entry in summary["entries"]}


def reasons(summary: dict[str, Any]) -> set[str]:
    """Why, of those that are updated."""
    return {e["reason"] for e in summary["entries"] if e["outcome"] == "updated"}


def test_g13_what_is_there_already_and_not_known_is_an_update_in_the_plan_and_in_the_run(
    make_bench: Make,
) -> None:
    """The hub has lost what it knew; both sides are the same all the while."""
    bench = customers(make_bench)
    bench.run()
    with bench.hub.database.session() as session:
        for link in session.exec(select(Link)):
            session.delete(link)
    bench.erp_sandbox.requests.clear()
    planned = bench.run(kind="plan", full=True)
    assert writes(bench) == []
    assert set(said(planned).values()) == {"updated"}
    assert reasons(planned) == {
        "All of it stands in erp like that already; it would be written once more."
    }
    assert said(bench.run(full=True)) == said(planned)
    assert set(said(bench.run(kind="plan", full=True)).values()) == {"unchanged"}


def test_g13_what_both_sides_came_to_by_themselves_is_told_as_the_run_will_do_it(
    make_bench: Make,
) -> None:
    """The mapping is changed, and the books hold the new value already."""
    bench = customers(make_bench)
    bench.run()
    row = next(
        r
        for r in bench.erp.extensions["world"].tables["Account"]
        if r.get("EmailAddress") == ZOE.email
    )
    row["TextFreeField1"] = "WEB"
    bench.configure(
        **{"from": "webshop.customers", "to": "erp.customers", "settings": {}},
        rules=[{"to": "TextFreeField1", "value": "WEB"}],
    )
    planned, told = bench.run(kind="plan", keys=["61234001"]), bench.run(keys=["61234001"])
    assert said(planned) == said(told) == {"61234001": "updated"}
    assert "stands in erp like that already" in " ".join(reasons(planned))
    assert account(bench, ZOE.email)["TextFreeField1"] == "WEB"


def test_g13_what_somebody_changed_in_the_target_is_left_alone_by_both(make_bench: Make) -> None:
    """A run compares with what was pushed last, not with what is there: no request for each."""
    bench = customers(make_bench)
    bench.run()
    for row in bench.erp.extensions["world"].tables["Account"]:
        if row.get("EmailAddress") == ZOE.email:
            row["MailingAddress1"] = "Changed by hand 1"
    planned, told = bench.run(kind="plan", full=True), bench.run(full=True)
    assert said(planned) == said(told)
    assert set(said(told).values()) == {"unchanged"}
    assert account(bench, ZOE.email)["MailingAddress1"] == "Changed by hand 1"
