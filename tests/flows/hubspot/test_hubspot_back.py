"""Orders of the CRM on their way to the books."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES

from tests.flows.hubspot.bench import Trio, buyer, line, orders_to_books, place
from tests.flows.pairs import entry, go, outcomes

Make = Callable[..., Trio]
D = Decimal


def in_stage(trio: Trio, name: str) -> set[str]:
    """The numbers of the orders in a stage."""
    own = [o["properties"] for o in trio.of("orders", hs_pipeline_stage=ORDER_STAGES[name])]
    return {p["hs_external_order_id"] for p in own}


# ---- failures


def test_a_token_that_is_revoked_in_the_middle_of_a_run_books_no_order_by_halves(
    filled: Trio,
) -> None:
    filled.couple(orders=orders_to_books())
    filled.sandbox.fault(
        "status",
        path="line_items/batch/read",
        status=401,
        body='{"status":"error","category":"INVALID_AUTHENTICATION","message":"invalid"}',
    )
    ran = go(filled, "orders")
    assert ran["status"] == "failed"
    assert filled.booked() == {}


def test_o26_an_item_that_the_books_lack_holds_its_order_back_alone(make_trio: Make) -> None:
    trio = make_trio()
    contact = buyer(trio)
    place(trio, "7001", line("BESTAAT-NIET"), contact=contact)
    place(trio, "7002", line(), contact=contact)
    trio.couple(orders=orders_to_books())
    ran = go(trio, "orders")
    assert entry(ran, "7001")["outcome"] == "blocked"
    assert "BESTAAT-NIET" in entry(ran, "7001")["reason"]
    assert entry(ran, "7002")["outcome"] == "created"
    assert set(trio.booked()) == {"7002"}


def test_o17_an_order_that_names_nobody_waits_or_goes_to_the_default_debtor(
    make_trio: Make,
) -> None:
    trio = make_trio()
    place(trio, "7001", line())
    trio.couple(orders=orders_to_books())
    held = entry(go(trio, "orders"), "7001")
    assert held["outcome"] == "blocked"
    assert "default debtor" in held["reason"]
    trio.couple(orders=orders_to_books(default_debtor="1000"))
    assert entry(go(trio, "orders"), "7001")["outcome"] == "created"
    (header,) = trio.booked()["7001"]
    assert header["OrderDebtor"].strip() == "1000"


def test_o07_lines_without_a_tax_rate_wait_until_the_connection_says_what_is_usual(
    make_trio: Make,
) -> None:
    """What says that its VAT is 0 is believed."""
    trio = make_trio()
    contact, bare = buyer(trio), {k: v for k, v in line().items() if not k.startswith("hs_tax")}
    place(trio, "7001", bare, contact=contact)
    place(trio, "7002", bare, contact=contact, hs_tax="0")
    trio.couple(orders=orders_to_books())
    ran = go(trio, "orders")
    assert entry(ran, "7001")["outcome"] == "blocked"
    assert "VAT rate" in entry(ran, "7001")["reason"]
    assert entry(ran, "7002")["outcome"] == "created"
    trio.couple(orders=orders_to_books(), settings={"line_tax_rate": 21})
    assert entry(go(trio, "orders"), "7001")["outcome"] == "created"
    codes = {row["SalesOrderNumber"]: row["VATCode"].strip() for row in trio.rows("SalesOrderLine")}
    booked = trio.booked()
    assert codes[booked["7001"][0]["SalesOrderNumber"]] == "1"
    assert codes[booked["7002"][0]["SalesOrderNumber"]] == "0"


def test_o24_a_dropped_answer_of_the_books_books_nothing_twice(filled: Trio) -> None:
    filled.couple(orders=orders_to_books())
    sandbox = filled.erp.extensions["sandbox"]
    sandbox.fault("drop_after", method="POST", path="SalesOrderHeader", times=1)
    go(filled, "orders")
    go(filled, "orders")
    booked = filled.booked()
    assert len(booked) == 8
    assert all(len(rows) == 1 for rows in booked.values())


# ---- orders


def test_o21_only_orders_of_the_chosen_pipeline_and_stages_are_taken(filled: Trio) -> None:
    """And one that comes into a chosen stage is taken then."""
    wanted = in_stage(filled, "Processed")
    chosen = {"pipeline": ORDER_PIPELINE, "stages": [ORDER_STAGES["Processed"]]}
    filled.couple(orders=orders_to_books(filter=chosen))
    go(filled, "orders")
    assert set(filled.booked()) == wanted
    late = next(o for o in filled.of("orders", hs_pipeline_stage=ORDER_STAGES["Open"]))
    filled.change("orders", late["id"], properties={"hs_pipeline_stage": ORDER_STAGES["Processed"]})
    go(filled, "orders")
    assert set(filled.booked()) == wanted | {late["properties"]["hs_external_order_id"]}


def test_o20_orders_of_the_crm_become_sales_orders_and_a_second_run_writes_nothing(
    filled: Trio,
) -> None:
    """Also O01 and O23: everything is known before the first line is booked."""
    filled.couple(orders=orders_to_books())
    ran = go(filled, "orders")
    assert outcomes(ran) == {"created": 8}, ran["entries"]
    rows = len(filled.rows("SalesOrderLine"))
    go(filled, "orders", full=True)
    assert len(filled.booked()) == 8
    assert len(filled.rows("SalesOrderLine")) == rows
    assert filled.writes() == [], "nothing is written to the CRM"


def test_o27_o29_company_and_contact_become_one_debtor_with_a_contact_person(
    make_trio: Make,
) -> None:
    """Also O05, O25 and O36 to O46: who buys, and where it goes."""
    trio = make_trio()
    firm = trio.change(
        "companies",
        properties={"name": "Bakkerij De Vries B.V.", "vat_number": "NL812345678B01"},
    )
    contact = buyer(trio)
    trio.store.tie("contacts", contact, "companies", firm["id"], [1])
    where = {
        "hs_billing_address_name": "Bakkerij De Vries B.V.",
        "hs_billing_address_street": "Utrechtsestraat 12 bis",
        "hs_billing_address_postal_code": "1017 VH",
        "hs_billing_address_city": "Amsterdam",
        "hs_billing_address_country": "NL",
        "hs_shipping_address_name": "Magazijn",
        "hs_shipping_address_street": "Plein 1944 8-2",
        "hs_shipping_address_postal_code": "6511 JB",
        "hs_shipping_address_city": "Nijmegen",
        "hs_shipping_address_country": "NL",
    }
    place(trio, "7001", line(), contact=contact, company=firm["id"], **where)
    trio.couple(orders=orders_to_books())
    ran = go(trio, "orders")
    assert entry(ran, "7001")["outcome"] == "created", ran["entries"]
    account = trio.account("anouk@post.example")
    assert account["AccountName"] == "Bakkerij De Vries B.V."
    assert account["ContactLastName"] == "de Vries"
    assert account["VATNumber"] == "NL812345678B01"
    (header,) = trio.booked()["7001"]
    assert header["OrderDebtor"] == account["DebtorNumber"]
    names = ("Name", "Address1", "PostCode", "City", "CountryCode")
    assert [header[f"OrderDebtor{n}"] for n in names] == [
        "Bakkerij De Vries B.V.",
        "Utrechtsestraat 12 bis",
        "1017 VH",
        "Amsterdam",
        "NL",
    ]
    assert [header[f"DeliveryDebtor{n}"] for n in names[1:]] == [
        "Plein 1944 8-2",
        "6511 JB",
        "Nijmegen",
        "NL",
    ]


def test_o28_a_contact_without_a_company_becomes_a_person(make_trio: Make) -> None:
    trio = make_trio()
    place(trio, "7001", line(), contact=buyer(trio))
    trio.couple(orders=orders_to_books())
    go(trio, "orders")
    assert trio.account("anouk@post.example")["AccountName"] == "Anouk de Vries"


def test_o47_to_o49_sku_quantity_price_discount_and_shipping_come_to_the_same_total(
    make_trio: Make,
) -> None:
    """Also O07, O09 and O13."""
    trio = make_trio()
    total = ((D("2") * D("33.02") * D("0.9") + D("4.95")) * D("1.21")).quantize(D("0.01"))
    place(
        trio,
        "7001",
        line(hs_discount_percentage="10"),
        contact=buyer(trio),
        hs_shipping_cost="4.95",
        hs_total_price=str(total),
    )
    trio.couple(orders=orders_to_books())
    ran = go(trio, "orders")
    assert entry(ran, "7001")["outcome"] == "created", ran["entries"]
    (header,) = trio.booked()["7001"]
    lines = {
        row["Itemcode"].strip(): row
        for row in trio.rows("SalesOrderLine")
        if row["SalesOrderNumber"] == header["SalesOrderNumber"]
    }
    goods, shipping = lines["ZADEL-GEL"], lines["VERZENDKOSTEN"]
    assert (goods["Quantity"], goods["VATCode"].strip()) == (2, "1")
    net = D(str(goods["Price"])) * (100 - D(str(goods.get("DiscountPercentage") or 0))) / 100
    assert net.quantize(D("0.01")) == D("29.72")
    assert D(str(shipping["Price"])) == D("4.95")
    assert D(str(header["TotalAmount"])).quantize(D("0.01")) == total


def test_o32_payment_and_shipping_of_the_crm_are_looked_up_in_the_tables(
    make_trio: Make,
) -> None:
    """Also O10 to O12 and O14, O15: condition, method, ledger and cost centre of the books."""
    trio = make_trio()
    trio.define("orders", "hub_shipping_method")
    place(
        trio,
        "7001",
        line(),
        contact=buyer(trio),
        hs_payment_processing_method="iDEAL",
        hub_shipping_method="Pakket",
    )
    trio.couple(
        orders=orders_to_books(
            payment_conditions={"rows": {"iDEAL": "ID"}},
            payment_methods={"rows": {"iDEAL": "I"}},
            shipping_methods={"rows": {"Pakket": "POST"}},
            revenue_accounts={"rows": {"NL": "8000"}},
            cost_center="WEB",
        )
    )
    ran = go(trio, "orders")
    assert entry(ran, "7001")["outcome"] == "created", ran["entries"]
    (header,) = trio.booked()["7001"]
    assert header["PaymentCondition"].strip() == "ID"
    assert header["PaymentMethod"].strip() == "I"
    assert header["ShippingVia"].strip() == "POST"
    assert header["CostCenter"].strip() == "WEB"
    assert trio.account("anouk@post.example")["OffsetLedgerAccount"].strip() == "8000"


def test_o18_a_custom_property_of_the_order_reaches_a_free_field_by_a_rule(
    make_trio: Make,
) -> None:
    trio = make_trio()
    trio.define("orders", "kenmerk")
    place(trio, "7001", line(), contact=buyer(trio), kenmerk="spoed")
    rules = [{"to": "FreeField2", "from": "properties.kenmerk"}]
    trio.couple(orders=orders_to_books(rules=rules))
    go(trio, "orders")
    (header,) = trio.booked()["7001"]
    assert header["FreeField2"] == "spoed"


def test_an_order_that_was_booked_and_changes_is_held_up_to_be_settled(make_trio: Make) -> None:
    trio = make_trio()
    key = place(trio, "7001", line(), contact=buyer(trio), hs_total_price="79.91")
    trio.couple(orders=orders_to_books())
    go(trio, "orders")
    trio.change("orders", key, properties={"hs_total_price": "99.91"})
    held = entry(go(trio, "orders"), "7001")
    assert held["outcome"] == "blocked"
    assert len(trio.booked()["7001"]) == 1
