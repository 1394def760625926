"""Orders of the books that become orders of the CRM, and their stage ever after."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe.sandbox import movements
from koppel_hubspot.sandbox import ORDER_PIPELINE, ORDER_STAGES

from tests.flows.hubspot.bench import Trio, company, orders_to_crm, person, tie
from tests.flows.pairs import entry, go, outcomes

Make = Callable[..., Trio]
D = Decimal
BOUGHT = {"ZADEL-GEL": 2, "BEL-DINGDONG": 1}
AUKJE, INFO = "aukje1@post.example", "info@rijwiel2.example"
STAGES = {
    "open": ORDER_STAGES["Open"],
    "partial": ORDER_STAGES["Processed"],
    "delivered": ORDER_STAGES["Delivered"],
    "invoiced": ORDER_STAGES["Delivered"],
}


@pytest.fixture
def books(make_trio: Make) -> Trio:
    """Books with a person (debtor 1005) and a company (1006), and no order yet."""
    return make_trio(erp={"accounts": [person(1), company(2)]})


def sell(trio: Trio, debtor: str = "1006", reference: str = "", **bought: float) -> int:
    """Somebody enters an order in the books."""
    return movements.book(trio.world, reference, bought or BOUGHT, debtor)


def order_of(trio: Trio, number: int) -> tuple[str, dict[str, Any]]:
    """Id and properties of the one order that the CRM has under a number."""
    (found,) = trio.of("orders", hs_external_order_id=str(number))
    return found["id"], found["properties"]


def lines_of(trio: Trio, key: str) -> list[dict[str, Any]]:
    """Properties of its lines, in their order."""
    lines = [line["properties"] for line in trio.tied("orders", key, "line_items")]
    return sorted(lines, key=lambda line: int(line["hs_position_on_quote"]))


# ---- failures


def test_o26_a_product_that_the_crm_lacks_holds_the_order_back_before_anything_is_made(
    books: Trio,
) -> None:
    number = sell(books, **{"KET-8V": 1, "ZADEL-GEL": 1})
    books.couple(orders=orders_to_crm())
    held = entry(go(books, "orders"), str(number))
    assert held["outcome"] == "blocked"
    assert "KET-8V" in held["reason"]
    assert books.of("orders") == books.of("line_items") == books.of("companies") == []


def test_a_stage_or_a_pipeline_that_is_gone_is_told_and_leaves_nothing_half_done(
    books: Trio,
) -> None:
    number = sell(books)
    books.couple(orders=orders_to_crm(new_stage="4711"))
    failed = entry(go(books, "orders"), str(number))
    assert failed["outcome"] == "failed"
    assert "stage 4711 does not exist in HubSpot any more" in failed["reason"]
    books.couple(orders=orders_to_crm(new_stage=None, new_pipeline="4712"))
    failed = entry(go(books, "orders"), str(number))
    assert "pipeline 4712 does not exist in HubSpot any more" in failed["reason"]
    assert books.of("orders") == books.of("line_items") == []
    books.couple(orders=orders_to_crm())
    assert entry(go(books, "orders"), str(number))["outcome"] == "created"


@pytest.mark.parametrize(
    "path", ["companies/batch/upsert", "line_items/batch/upsert", "orders/batch/create"]
)
def test_o24_a_dropped_answer_makes_nothing_twice(books: Trio, path: str) -> None:
    numbers = [sell(books), sell(books, "1005")]
    books.couple(orders=orders_to_crm())
    books.sandbox.fault("drop_after", path=path, times=1)
    go(books, "orders")
    assert go(books, "orders")["status"] == "succeeded"
    assert len(books.of("orders")) == 2
    assert len(books.of("line_items")) == 4
    assert len(books.of("companies")) == 1
    for number in numbers:
        key, _ = order_of(books, number)
        assert len(lines_of(books, key)) == 2
        assert books.tied("orders", key, "contacts")
    since = books.mark()
    go(books, "orders")
    assert books.writes(since) == []


# ---- what arrives


def test_o01_an_order_of_a_company_is_tied_to_lines_company_and_contact(books: Trio) -> None:
    """Also O05, O20, O25, O27, O29 and O30: the customer comes along, recognised by address."""
    number = sell(books)
    books.couple(orders=orders_to_crm(source_store="Globe"))
    ran = go(books, "orders")
    assert entry(ran, str(number))["outcome"] == "created", ran["entries"]
    key, own = order_of(books, number)
    (firm,) = books.tied("orders", key, "companies")
    (contact,) = books.tied("orders", key, "contacts")
    assert firm["properties"]["name"] == "Rijwielhandel 2 B.V."
    assert firm["properties"]["hub_external_id"] == "1006"
    assert contact["properties"]["email"] == INFO
    assert firm in books.tied("contacts", contact["id"], "companies"), "no orphan"
    assert own["hs_pipeline"] == ORDER_PIPELINE
    assert own["hs_pipeline_stage"] == ORDER_STAGES["Open"]
    assert (own["hs_order_name"], own["hub_external_id"]) == (str(number), str(number))
    assert own["hs_source_store"] == "Globe", "O22: what the source does not know is added"


def test_o28_an_order_of_a_person_is_tied_to_the_contact_alone(books: Trio) -> None:
    number = sell(books, "1005")
    books.couple(orders=orders_to_crm())
    go(books, "orders")
    key, _ = order_of(books, number)
    (contact,) = books.tied("orders", key, "contacts")
    assert contact["properties"]["firstname"] == "Aukje"
    assert contact["properties"]["lastname"] == "de Vries 1"
    assert books.tied("orders", key, "companies") == []
    assert books.of("companies") == []


def test_o36_to_o49_names_addresses_skus_quantities_and_prices_are_mapped_by_default(
    books: Trio,
) -> None:
    """Also O07, O08 and O34: each line has the tax rate that the table gives its VAT."""
    number = sell(books)
    books.couple(orders=orders_to_crm())
    go(books, "orders")
    key, own = order_of(books, number)
    for role in ("billing", "shipping"):
        place = [own[f"hs_{role}_address_{n}"] for n in ("name", "street", "postal_code", "city")]
        assert place == ["Rijwielhandel 2 B.V.", "Grote Kerkstraat 9", "8911 DZ", "Leeuwarden"]
        assert own[f"hs_{role}_address_country"] == "NL"
    first, second = lines_of(books, key)
    assert (first["hs_sku"], first["quantity"]) == ("ZADEL-GEL", "2")
    assert (second["hs_sku"], second["quantity"]) == ("BEL-DINGDONG", "1")
    assert first["hs_tax_rate_group_id"] == second["hs_tax_rate_group_id"] == "15970230"
    gross = [(D(line["price"]) * D("1.21")).quantize(D("0.01")) for line in (first, second)]
    assert gross == [D("39.95"), D("9.96")], "the cent is on the line that carries the difference"
    assert own["hs_total_price"] == "89.85"
    assert own["hs_currency_code"] == "EUR"
    item = books.one("products", hs_sku="ZADEL-GEL")
    assert first["hs_product_id"] == item["hs_object_id"]


def test_o08_the_tax_rate_depends_on_the_country(make_trio: Make) -> None:
    names = ("MailingCountry", "InvoiceCountry", "DeliveryCountry")
    abroad = company(1, **dict.fromkeys(names, "DE"))
    trio = make_trio(erp={"accounts": [abroad, company(2)]})
    german, dutch = sell(trio, "1005"), sell(trio, "1006")
    rows = [{"country": "NL", "rate": 21, "code": "15970230"}]
    trio.couple(orders=orders_to_crm(vat_codes={"rows": rows}))
    ran = go(trio, "orders")
    assert entry(ran, str(dutch))["outcome"] == "created"
    held = entry(ran, str(german))
    assert held["outcome"] == "blocked"
    assert "DE" in held["reason"]
    rows += [{"country": "DE", "rate": 21, "code": "15970230"}]
    trio.couple(orders=orders_to_crm(vat_codes={"rows": rows}))
    assert entry(go(trio, "orders"), str(german))["outcome"] == "created"


def test_o11_o12_conditions_and_methods_go_by_their_tables(books: Trio) -> None:
    """Also O10 and O32: in the direction of the flow."""
    number = sell(books)
    (row,) = [r for r in books.rows("SalesOrderHeader") if int(r["SalesOrderNumber"]) == number]
    books.edit("SalesOrderHeader", row, PaymentCondition="30", ShippingVia="POST")
    books.couple(
        orders=orders_to_crm(
            payment_conditions={"rows": {"30": "Dertig dagen"}, "default": "Direct"},
            payment_conditions_by="payment_condition",
            payment_methods={"default": "Op rekening"},
            shipping_methods={"rows": {"POST": "PostNL"}, "default": "Afhalen"},
            shipping_methods_by="shipping_via",
        )
    )
    ran = go(books, "orders")
    assert entry(ran, str(number))["outcome"] == "created", ran["entries"]
    _, own = order_of(books, number)
    assert own["payment_condition"] == "Dertig dagen"
    assert own["hs_payment_processing_method"] == "Op rekening"
    assert own["hub_shipping_method"] == "PostNL"


def test_o17_o33_the_default_debtor_takes_orders_that_name_nobody(books: Trio) -> None:
    firm = books.change("companies", properties={"name": "Losse verkoop"})
    number = sell(books, "1000")  # the debtor for sales at the counter has no address
    books.couple(orders=orders_to_crm(default_debtor=f"company-{firm['id']}"))
    assert entry(go(books, "orders"), str(number))["outcome"] == "created"
    key, _ = order_of(books, number)
    assert [c["id"] for c in books.tied("orders", key, "companies")] == [firm["id"]]
    other = sell(books)
    books.couple(
        orders=orders_to_crm(default_debtor=f"company-{firm['id']}", default_debtor_use="always")
    )
    go(books, "orders")
    key, _ = order_of(books, other)
    assert [c["id"] for c in books.tied("orders", key, "companies")] == [firm["id"]]
    assert len(books.of("companies")) == 1, "nobody is made"


def test_o18_o35_a_rule_fills_a_property_of_ones_own_and_without_it_the_default_is_back(
    books: Trio,
) -> None:
    books.define("orders", "kenmerk")
    number = sell(books, reference="BON-7")
    rules = [
        {"to": "properties.kenmerk", "from": "YourReference"},
        {"to": "properties.hs_order_name", "template": "Globe {SalesOrderNumber}"},
    ]
    books.couple(orders=orders_to_crm(rules=rules))
    go(books, "orders")
    _, own = order_of(books, number)
    assert own["kenmerk"] == "BON-7"
    assert own["hs_order_name"].split() == ["Globe", str(number)]
    other = sell(books)
    books.couple(orders=orders_to_crm())
    go(books, "orders")
    assert order_of(books, other)[1]["hs_order_name"] == str(other)


def test_o24_an_order_that_is_there_is_left_alone(books: Trio) -> None:
    number = sell(books)
    books.couple(orders=orders_to_crm())
    go(books, "orders")
    key, _ = order_of(books, number)
    books.change("orders", key, properties={"hs_order_name": "van ons"})
    since = books.mark()
    assert outcomes(go(books, "orders", full=True)) == {"unchanged": 1}
    assert books.writes(since) == []
    assert order_of(books, number)[1]["hs_order_name"] == "van ons"


def test_o25_a_customer_who_is_there_is_tied_and_brought_up_to_date(books: Trio) -> None:
    """The name that people gave a contact is not overwritten by that of its company."""
    firm = books.change("companies", properties={"name": "Rijwielhandel"})
    contact = books.change(
        "contacts",
        properties={"email": INFO, "firstname": "Bram", "lastname": "de Baas"},
        associations=[tie(firm["id"], 1)],
    )
    number = sell(books)
    books.couple(orders=orders_to_crm())
    go(books, "orders")
    key, _ = order_of(books, number)
    assert [c["id"] for c in books.tied("orders", key, "companies")] == [firm["id"]]
    assert [c["id"] for c in books.tied("orders", key, "contacts")] == [contact["id"]]
    now = books.one("companies", hs_object_id=firm["id"])
    assert (now["name"], now["city"]) == ("Rijwielhandel 2 B.V.", "Leeuwarden")
    own = books.one("contacts", email=INFO)
    assert "Rijwielhandel" not in own["lastname"]


# ---- the stage


def test_o16_the_status_of_the_books_becomes_the_stage_by_the_table(books: Trio) -> None:
    """Also O23: a status that the table lacks is asked about, and the stage stays."""
    number = sell(books)
    statuses = {"rows": STAGES}
    books.couple(orders=orders_to_crm(send_status=True, statuses=statuses, new_stage=None))
    go(books, "orders")
    key, own = order_of(books, number)
    assert own["hs_pipeline_stage"] == ORDER_STAGES["Open"]
    movements.deliver(books.world, number)
    since = books.mark()
    assert outcomes(go(books, "orders")) == {"updated": 1}
    assert order_of(books, number)[1]["hs_pipeline_stage"] == ORDER_STAGES["Delivered"]
    assert len(books.writes(since)) == 1
    since = books.mark()
    go(books, "orders")
    assert books.writes(since) == []
    assert len(lines_of(books, key)) == 2, "lines are never changed"


def test_o16_a_stage_that_was_deleted_fails_its_order_and_the_others_go_on(books: Trio) -> None:
    first, second = sell(books), sell(books)
    rows = STAGES | {"delivered": "4711"}
    books.couple(orders=orders_to_crm(send_status=True, statuses={"rows": rows}, new_stage=None))
    assert outcomes(go(books, "orders")) == {"created": 2}
    movements.deliver(books.world, first)
    movements.deliver(books.world, second, 0.5)
    ran = go(books, "orders")
    assert entry(ran, str(first))["outcome"] == "failed"
    assert "stage 4711 does not exist in HubSpot any more" in entry(ran, str(first))["reason"]
    assert entry(ran, str(second))["outcome"] == "updated"
    assert order_of(books, second)[1]["hs_pipeline_stage"] == ORDER_STAGES["Processed"]
