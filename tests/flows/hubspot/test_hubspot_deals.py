"""Deals and invoices of the CRM on their way to the books, and what becomes of sales there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from koppel_exact_globe.sandbox import movements
from koppel_hubspot.sandbox import ORDER_STAGES

from hub.engine.configfile import ConfigFileError
from tests.flows.hubspot.bench import VAT_IN_BOOKS, Trio, flow, orders_to_books
from tests.flows.pairs import entry, go, outcomes

Make = Callable[..., Trio]
PAID = "2220863726"  # the stage of paid deals in the second pipeline


# ---- failures


def test_a_pipeline_that_no_longer_exists_stops_the_flow_and_names_the_setting(
    filled: Trio,
) -> None:
    chosen = {"pipeline": "2220863724", "stages": [PAID]}
    filled.couple(deals=orders_to_books("crm.deals", filter=chosen))
    assert outcomes(go(filled, "deals")) == {"created": 2}
    filled.crm.test_client().delete("/_sandbox/pipelines/deals/2220863724")
    for deal in filled.of("deals", pipeline="2220863724"):
        values = {"pipeline": "default", "dealstage": "closedlost"}
        filled.store.update("deals", deal["id"], values)
    ran = go(filled, "deals", full=True)
    assert ran["status"] == "failed"
    assert "deal pipeline 2220863724 does not exist in HubSpot any more" in filled.message(ran)
    assert "Sales Pipeline" in filled.message(ran), "which there are"


# ---- deals and invoices


def test_o30_won_deals_of_a_pipeline_become_sales_orders(filled: Trio) -> None:
    """Also O21 for deals: pipeline and stage are the filter."""
    chosen = {"pipeline": "2220863724", "stages": [PAID]}
    filled.couple(deals=orders_to_books("crm.deals", filter=chosen))
    ran = go(filled, "deals")
    wanted = {d["id"] for d in filled.of("deals", pipeline="2220863724", dealstage=PAID)}
    assert outcomes(ran) == {"created": len(wanted)}, ran["entries"]
    booked = filled.booked()
    assert set(booked) == wanted
    for key in wanted:
        (header,) = booked[key]
        number = header["SalesOrderNumber"]
        lines = [r for r in filled.rows("SalesOrderLine") if r["SalesOrderNumber"] == number]
        assert len(lines) == len(filled.tied("deals", key, "line_items"))
    since = len(filled.rows("SalesOrderHeader"))
    go(filled, "deals", full=True)
    assert len(filled.rows("SalesOrderHeader")) == since


def test_o21_a_pipeline_without_stages_takes_all_its_deals_and_none_of_others(
    filled: Trio,
) -> None:
    filled.couple(deals=orders_to_books("crm.deals", filter={"pipeline": "default"}))
    go(filled, "deals")
    assert set(filled.booked()) == {d["id"] for d in filled.of("deals", pipeline="default")}


def test_o02_invoices_of_the_crm_become_invoices_of_the_books(make_trio: Make) -> None:
    """They are read only: a flow that would write them is refused with the reason."""
    trio = make_trio(crm={"invoices": 3, "contacts": 6, "companies": 3})
    settings = {"vat_codes": VAT_IN_BOOKS, "rounding_item": "AFRONDING", "invoice_code": "1"}
    invoices = flow("crm.invoices", "erp.invoices", **settings)
    trio.couple(invoices=invoices)
    ran = go(trio, "invoices")
    assert outcomes(ran) == {"created": 3}, ran["entries"]
    numbers = {row["YourReference"].strip() for row in trio.rows("InvoiceHeader")}
    assert numbers == {i["properties"]["hs_number"] for i in trio.of("invoices")}
    with pytest.raises(ConfigFileError, match="only reads invoices out of HubSpot"):
        trio.couple(invoices=flow("erp.invoices", "crm.invoices"))


# ---- and what becomes of them in the books


@pytest.mark.parametrize(("kind", "stage"), [("orders", "Delivered"), ("deals", "closedlost")])
def test_o16_what_becomes_of_an_order_in_the_books_moves_the_stage_it_came_with(
    filled: Trio, kind: str, stage: str
) -> None:
    """Also the tracking code. Nothing but what is known over there is made or changed."""
    target = ORDER_STAGES.get(stage, stage)
    filled.couple(
        forth=orders_to_books(f"crm.{kind}"),
        back=flow(
            "erp.orders",
            f"crm.{kind}",
            filter={"tracking_field": "FreeField3"},
            new_orders=False,
            send_status=True,
            statuses={"rows": {"delivered": target}},
            other_statuses="leave",
        ),
    )
    go(filled, "forth")
    count = len(filled.of(kind))
    go(filled, "back")
    before = {o["id"]: dict(o["properties"]) for o in filled.of(kind)}
    (header,) = next(iter(filled.booked().values()))
    number = int(header["SalesOrderNumber"])
    movements.deliver(filled.world, number, tracking="3SKOPP000001")
    since = filled.mark()
    ran = go(filled, "back")
    assert entry(ran, str(number))["outcome"] == "updated", ran["entries"]
    changed = [o for o in filled.of(kind) if o["properties"] != before[o["id"]]]
    assert len(changed) == 1
    name = "hs_pipeline_stage" if kind == "orders" else "dealstage"
    assert changed[0]["properties"][name] == target
    if kind == "orders":
        assert changed[0]["properties"]["hs_shipping_tracking_number"] == "3SKOPP000001"
    assert len(filled.of(kind)) == count
    assert len(filled.writes(since)) == 1
    since, booked = filled.mark(), len(filled.rows("SalesOrderHeader"))
    for name in ("back", "forth"):
        go(filled, name)
    assert filled.writes(since) == []
    assert len(filled.rows("SalesOrderHeader")) == booked, "it does not come round again"
