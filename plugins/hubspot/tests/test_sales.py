"""Orders, deals and invoices: what they mean, and what is written (O rows)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import DealsFilter, DealsSettings, InvoicesFilter, OrdersSettings
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES

from hub.model import Invoice, Order, Shipment
from hub.sdk import Query, RecordError, Written

from .conftest import Account, Open, created, records, rendered, understood, updated
from .samples import company, contact, order, person

ORDERS, DEALS = hubspot.entity("orders"), hubspot.entity("deals")
INVOICES = hubspot.entity("invoices")


def ties(account: Account, kind: str, key: str) -> dict[str, list[list[int]]]:
    """The types of the links of a sale."""
    others = ("contacts", "companies", "line_items")
    return {o: [types for _, types in account.store.tied(kind, key, o)] for o in others}


# -- orders that are read --------------------------------------------------------------------------


def test_an_order_is_read_with_lines_customer_and_addresses(opened: Open) -> None:
    account = opened(contacts=5, companies=2, orders=5)
    found = [understood(ORDERS, record) for record in records(account, "orders")]
    assert len(found) == 5
    for document in found:
        assert document.number.startswith("1000")
        assert document.currency == "EUR"
        assert document.prices == "net"
        assert document.billing.line1
        assert document.delivery.city == document.billing.city
        assert [line.tax_rate for line in document.lines] == [21, 21, 21]
        assert document.paid is True
        goods = sum(line.total for line in document.lines) + document.costs[0].amount
        assert abs(goods * Decimal("1.21") - document.total) < Decimal("0.02")
    companies = [d for d in found if d.customer.type == "company"]
    assert companies
    assert all(d.customer.contacts[0].email == d.customer.email for d in companies)
    assert {d.status for d in found} <= set(ORDER_STAGES.values())


def test_a_discount_an_amount_a_piece_becomes_a_percentage(opened: Open) -> None:
    account = opened(contacts=1, orders=1)
    (line, *_) = account.of("line_items")
    account.store.update("line_items", line["id"], {"price": "10", "discount": "2.5"})
    document = understood(ORDERS, records(account, "orders")[0])
    (own,) = [one for one in document.lines if one.key == line["id"]]
    assert own.discount_percentage == 25


def test_a_cancelled_order_is_told_by_its_stage(opened: Open) -> None:
    account = opened(contacts=1, orders=2)
    key = next(iter(account.store.objects["orders"]))
    account.store.update("orders", key, {"hs_pipeline_stage": ORDER_STAGES["Cancelled"]})
    found = {r["id"]: understood(ORDERS, r) for r in records(account, "orders")}
    assert found.pop(key).cancelled
    assert not any(document.cancelled for document in found.values())


def test_an_order_says_what_was_refunded_where_hubspot_does(opened: Open) -> None:
    account = opened(contacts=1, orders=2)
    key = next(iter(account.store.objects["orders"]))
    account.store.update("orders", key, {"hs_refund_amount": "12.50"})
    found = {r["id"]: understood(ORDERS, r).refunded for r in records(account, "orders")}
    assert found.pop(key) == Decimal("12.50")
    assert set(found.values()) == {None}, "nothing said is not nothing given back"


def test_an_order_of_a_guest_has_its_customer_from_the_address(opened: Open) -> None:
    account = opened()
    values = {
        "hs_order_name": "Losse order",
        "hs_billing_address_firstname": "Els",
        "hs_billing_address_lastname": "Bos",
        "hs_billing_address_name": "Bos B.V.",
        "hs_billing_address_email": "els@example.com",
        "hs_billing_address_city": "Ede",
    }
    record = account.store.create("orders", values)
    document = understood(ORDERS, records(account, "orders")[0])
    assert document.number == record["id"]
    assert (document.customer.company, document.customer.email) == ("Bos B.V.", "els@example.com")
    assert (document.customer.last_name, document.billing.contact) == ("Bos", "Els Bos")


def test_a_line_without_a_sku_has_that_of_its_product(opened: Open) -> None:
    account = opened(contacts=1, orders=1)
    for line in account.of("line_items"):
        line["properties"]["hs_sku"] = None
        line["properties"]["hs_tax_rate"] = None
    document = understood(ORDERS, records(account, "orders")[0])
    assert all(line.sku for line in document.lines)
    assert {line.tax_rate for line in document.lines} == {Decimal(21)}


def test_orders_are_followed_by_key_and_absent_ones_left_out(opened: Open) -> None:
    account = opened(contacts=3, orders=120, lines=1)
    wanted = [*account.store.objects["orders"], "1", "x"]
    account.reset()
    found = ORDERS.get(account.api, wanted)
    assert len(found) == 120
    assert account.asked("/crm/") <= 10


# -- orders that are written -----------------------------------------------------------------------


def test_an_order_is_made_with_its_lines_contact_and_company(opened: Open) -> None:
    account = opened()
    firm = created(account, "customers", [company(1, contact(1))])[0]
    assert isinstance(firm, Written)
    item = hubspot.entity("products").find(account.api, "sku", ["BEL-DINGDONG"])["BEL-DINGDONG"]
    document = order(1, 3)
    document.debtor, document.customer.email = firm.key, "bram1@bakkerij.example.com"
    for line in document.lines:
        line.item = item["item"]
    settings = OrdersSettings(new_stage=ORDER_STAGES["Open"], source_store="Webshop")
    (made,) = created(account, "orders", [document], settings)
    assert isinstance(made, Written)
    found = ties(account, "orders", made.key)
    assert found["contacts"] == [[507]]
    assert [sorted(types) for types in found["companies"]] == [[509, 934]]
    assert found["line_items"] == [[513], [513], [513]]
    own = account.store.objects["orders"][made.key]["properties"]
    assert own["hub_external_id"] == "WEB-900001"
    assert (own["hs_external_order_id"], own["hs_order_name"]) == ("900001", "900001")
    assert (own["hs_total_price"], own["hs_tax"]) == ("72.60", "12.60")
    assert own["hs_subtotal_price"] == "60.00"
    assert (own["hs_pipeline"], own["hs_pipeline_stage"]) == (ORDER_PIPELINE, ORDER_STAGES["Open"])
    assert own["hs_payment_status"] == "Paid"
    assert own["hs_billing_address_street"] == "Keizersgracht 123 A"
    assert own["hs_source_store"] == "Webshop"
    lines = account.of("line_items")
    assert {line["properties"]["hs_product_id"] for line in lines} == {item["item"]}
    assert [line["properties"]["hs_position_on_quote"] for line in lines] == ["0", "1", "2"]
    assert {line["properties"]["hs_tax_rate"] for line in lines} == {"21"}


def test_an_order_of_a_person_is_tied_to_the_contact_alone(opened: Open) -> None:
    account = opened()
    human = created(account, "customers", [person(1)])[0]
    assert isinstance(human, Written)
    document = order(1)
    document.debtor = human.key
    (made,) = created(account, "orders", [document])
    assert isinstance(made, Written)
    assert ties(account, "orders", made.key)["contacts"] == [[507]]
    assert ties(account, "orders", made.key)["companies"] == []


def test_an_order_comes_back_as_it_went(opened: Open) -> None:
    account = opened()
    created(account, "customers", [person(1)])
    (made,) = created(account, "orders", [order(1, 2)])
    assert isinstance(made, Written)
    back = understood(ORDERS, ORDERS.get(account.api, [made.key])[made.key])
    assert (back.number, back.reference) == ("900001", "WEB-900001")
    assert back.ordered_at == dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
    assert (back.total, back.total_tax) == (Decimal("48.40"), Decimal("8.40"))
    assert [(x.quantity, x.unit_price, x.total) for x in back.lines] == [(2, 10, 20), (2, 10, 20)]
    assert back.customer.email == "anna1@example.com"
    assert back.costs == []


def test_status_payment_and_shipment_are_written_back(opened: Open) -> None:
    account = opened(contacts=1, orders=3)
    keys = list(account.store.objects["orders"])
    sent = Shipment(tracking_code="3STEST1", tracking_url="https://track.example/3STEST1")
    told = Order(status=ORDER_STAGES["Shipped"], paid=True, shipments=[sent])
    account.reset()
    results = updated(account, "orders", [(key, told) for key in keys])
    assert [r.key for r in results if isinstance(r, Written)] == keys
    assert account.asked("/crm/v3/objects") == 1
    for key in keys:
        own = account.store.objects["orders"][key]["properties"]
        assert own["hs_pipeline_stage"] == ORDER_STAGES["Shipped"]
        assert own["hs_shipping_tracking_number"] == "3STEST1"
        assert own["hs_is_closed"] == "true"
    document = understood(ORDERS, ORDERS.get(account.api, keys[:1])[keys[0]])
    assert (document.closed, document.shipments[0].tracking_code) == (True, "3STEST1")


def test_an_update_says_nothing_of_lines_and_reference() -> None:
    payload = rendered(ORDERS, order(1), creating=False)
    assert "lines" not in payload
    assert "hub_external_id" not in payload["properties"]


def test_a_status_for_an_order_that_is_gone_fails_alone(opened: Open) -> None:
    account = opened(contacts=1, orders=1)
    key = next(iter(account.store.objects["orders"]))
    told = Order(status=ORDER_STAGES["Shipped"])
    gone, there, wrong = updated(account, "orders", [("999", told), (key, told), ("x", told)])
    assert isinstance(gone, RecordError)
    assert isinstance(there, Written)
    assert isinstance(wrong, RecordError)


def test_payment_and_shipping_by_the_tables_of_the_flow(opened: Open) -> None:
    """O32: payment terms and methods."""
    account = opened()
    document = order(1)
    document.payment_method, document.payment_code = "Mollie iDEAL", "iDEAL"
    document.payment_condition, document.shipping_via = "30", "PostNL"
    created(account, "orders", [document])
    (kept,) = account.of("orders")
    own = kept["properties"]
    assert own["hs_payment_processing_method"] == "iDEAL"
    assert (own["payment_condition"], own["hub_shipping_method"]) == ("30", "PostNL")


# -- deals -----------------------------------------------------------------------------------------


def test_deals_of_a_pipeline_and_stage_are_read_as_orders(opened: Open) -> None:
    account = opened(contacts=6, companies=2, deals=9)
    wanted = DealsFilter(pipeline="default", stages=["closedwon"])
    found = [understood(DEALS, record) for record in records(account, "deals", filter=wanted)]
    assert len(found) == 3
    for document in found:
        assert document.status == "closedwon"
        assert document.number == document.key
        assert len(document.lines) == 2
        assert document.billing.city
        assert document.total is None  # HubSpot's amount is without VAT
    everything = records(account, "deals")
    assert len(everything) == 9


def test_an_order_becomes_a_deal(opened: Open) -> None:
    """O30: an order may become an order or a deal."""
    account = opened()
    firm = created(account, "customers", [company(1, contact(1))])[0]
    assert isinstance(firm, Written)
    document = order(1, 2)
    document.debtor, document.customer.email = firm.key, "bram1@bakkerij.example.com"
    settings = DealsSettings(new_deal_stage="2220863726", deal_name="{name}: {number}")
    (made,) = created(account, "deals", [document], settings)
    assert isinstance(made, Written)
    own = account.store.objects["deals"][made.key]["properties"]
    assert own["dealname"] == "Anna Jansen 1: 900001"
    assert (own["pipeline"], own["dealstage"]) == ("2220863724", "2220863726")
    assert own["amount"] == "48.40"
    found = ties(account, "deals", made.key)
    assert found["contacts"] == [[3]]
    assert [sorted(types) for types in found["companies"]] == [[5, 341]]
    assert found["line_items"] == [[19], [19]]
    (again,) = created(account, "deals", [document], settings)
    assert isinstance(again, Written)
    assert again.key == made.key
    assert DEALS.find(account.api, "reference", ["WEB-900001"])["WEB-900001"]["id"] == made.key


def test_a_deal_and_an_order_of_one_number_do_not_share_lines(opened: Open) -> None:
    account = opened()
    created(account, "orders", [order(1)])
    created(account, "deals", [order(1)])
    assert len(account.of("line_items")) == 2


def test_the_stage_of_a_deal_is_written_back(opened: Open) -> None:
    account = opened(contacts=1, deals=1)
    key = next(iter(account.store.objects["deals"]))
    (result,) = updated(account, "deals", [(key, Order(status="2220863726"))])
    assert isinstance(result, Written)
    own = account.store.objects["deals"][key]["properties"]
    assert (own["pipeline"], own["dealstage"]) == ("2220863724", "2220863726")


# -- invoices --------------------------------------------------------------------------------------


def test_invoices_are_read_with_lines_and_customer(opened: Open) -> None:
    account = opened(contacts=4, companies=2, invoices=4)
    draft = {"hs_currency": "EUR", "hs_invoice_status": "draft"}
    account.store.create("invoices", draft)
    found = [understood(INVOICES, record) for record in records(account, "invoices")]
    assert len(found) == 4
    for document in found:
        assert isinstance(document, Invoice)
        assert document.number is not None
        assert document.number.startswith("VF-2026-")
        assert document.due_date == dt.date(2026, 12, 20)
        assert len(document.lines) == 2
        net = sum((line.total or Decimal(0) for line in document.lines), Decimal(0))
        assert document.total is not None
        assert document.total_tax is not None
        assert abs(document.total - document.total_tax - net) < Decimal("0.02")
    assert {(d.paid, bool(d.outstanding)) for d in found} == {(True, False), (False, True)}
    paid = records(account, "invoices", filter=InvoicesFilter(statuses=["paid"]))
    assert len(paid) == 2


def test_a_negative_invoice_is_a_credit(opened: Open) -> None:
    account = opened(contacts=1, invoices=1)
    key = next(iter(account.store.objects["invoices"]))
    account.store.update("invoices", key, {"hs_amount_billed": "-12.10"})
    document = understood(INVOICES, records(account, "invoices")[0])
    assert (document.credit, document.total) == (True, Decimal("12.10"))


def test_invoices_are_not_written() -> None:
    assert not INVOICES.can("create")
    assert "only reads invoices" in INVOICES.cannot["write"]


@pytest.mark.parametrize("name", ["orders", "deals", "invoices"])
def test_a_webhook_brings_only_what_the_filter_wants(opened: Open, name: str) -> None:
    account = opened(contacts=2, orders=4, deals=4, invoices=4)
    entity = hubspot.entity(name)
    wanted = {
        "orders": {"stages": [ORDER_STAGES["Shipped"]]},
        "deals": {"pipeline": "default", "stages": ["closedwon"]},
        "invoices": {"statuses": ["paid"]},
    }[name]
    query = Query(filter=entity.filter.model_validate(wanted))
    read = {record["id"] for record in records(account, name, filter=query.filter)}
    everything = entity.get(account.api, list(account.store.objects[name]))
    told = {k for k, r in everything.items() if isinstance(r, dict) and entity.wanted(r, query)}
    assert told == read
    assert 0 < len(told) < len(everything)
