"""A shop and the CRM: a pair that nobody wrote a line for; its orders may become deals too."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import koppel_ccvshop
import koppel_exact_globe
import koppel_hubspot
import pytest
from koppel_ccvshop.products import Products
from koppel_ccvshop.sandbox.goods import BY_SKU
from koppel_ccvshop.sandbox.orders import Draft, Line
from koppel_ccvshop.sandbox.people import person
from koppel_hubspot.sandbox import ORDER_STAGES

from tests.flows.hubspot.bench import VAT_IN_CRM, Trio, flow, orders_to_crm
from tests.flows.pairs import entry, go, outcomes, there

Make = Callable[..., Trio]
D = Decimal
ZOE, SMIT = person(0), person(5)
PAID = "2220863726"


def order(buyer: Any, status: int = 2, **more: Any) -> Callable[[Draft], None]:
    """Two saddles and a bell."""

    def write(draft: Draft) -> None:
        draft.person, draft.status = buyer, status
        draft.lines = [Line(BY_SKU["ZADEL-GEL"], D(2)), Line(BY_SKU["BEL-DINGDONG"], D(1))]
        for name, value in more.items():
            setattr(draft, name, value)

    return write


@pytest.fixture
def open_shop(make_trio: Make) -> Callable[..., Trio]:
    """A shop with these orders."""

    def make(*orders: Callable[[Draft], None]) -> Trio:
        return make_trio(shop={"extra_orders": orders})

    return make


Open = Callable[..., Trio]


def test_no_plugin_knows_another() -> None:
    """What is proved here comes of what each says of itself."""
    plugins = (koppel_ccvshop, koppel_exact_globe, koppel_hubspot)
    names = {module.__name__ for module in plugins}
    for module in plugins:
        folder = Path(str(module.__file__)).parent
        for path in folder.rglob("*.py"):
            said = path.read_text(encoding="utf-8")
            assert not [n for n in names - {module.__name__} if n in said], path


# ---- failures


def test_o26_an_order_with_a_product_that_the_crm_lacks_waits_until_it_is_there(
    open_shop: Open,
) -> None:
    trio = open_shop(order(ZOE, lines=[Line(BY_SKU["KET-8V"], D(1))]))
    trio.couple(
        orders=orders_to_crm("webshop.orders"),
        products=flow("webshop.products", "crm.products", product_vat_codes=VAT_IN_CRM),
    )
    (held,) = go(trio, "orders")["entries"]
    assert held["outcome"] == "blocked"
    assert "KET-8V" in held["reason"]
    go(trio, "products")
    assert outcomes(go(trio, "orders")) == {"created": 1}


def test_o24_a_dropped_answer_makes_no_order_and_no_line_twice(open_shop: Open) -> None:
    trio = open_shop(order(ZOE), order(SMIT))
    trio.couple(orders=orders_to_crm("webshop.orders"))
    trio.sandbox.fault("drop_after", path="orders/batch/create", times=1)
    go(trio, "orders")
    go(trio, "orders")
    assert len(trio.of("orders")) == 2
    lines = trio.of("line_items")
    tied = [
        line["id"] for o in trio.of("orders") for line in trio.tied("orders", o["id"], "line_items")
    ]
    assert sorted(tied) == sorted(line["id"] for line in lines), "no line belongs to nothing"


# ---- orders


def test_o20_orders_of_the_shop_become_orders_tied_to_lines_contact_and_company(
    open_shop: Open,
) -> None:
    """Also O01, O05, O09, O13, O22, O27 to O29 and O36 to O49 for this pair."""
    trio = open_shop(order(ZOE, shipping=D("6.95")), order(SMIT))
    trio.couple(orders=orders_to_crm("webshop.orders", source_store="Winkel NL"))
    ran = go(trio, "orders")
    assert outcomes(ran) == {"created": 2}, ran["entries"]
    of_zoe, of_smit = sorted(trio.of("orders"), key=lambda o: int(o["id"]))
    if of_zoe["properties"]["hs_billing_address_email"] != ZOE.email:
        of_zoe, of_smit = of_smit, of_zoe
    (contact,) = trio.tied("orders", of_zoe["id"], "contacts")
    assert contact["properties"]["email"] == ZOE.email
    assert trio.tied("orders", of_zoe["id"], "companies") == []
    (firm,) = trio.tied("orders", of_smit["id"], "companies")
    assert firm["properties"]["name"] == SMIT.company
    assert firm["properties"]["vat_number"] == SMIT.vat_number
    (kees,) = trio.tied("orders", of_smit["id"], "contacts")
    assert firm in trio.tied("contacts", kees["id"], "companies")
    own = of_zoe["properties"]
    assert own["hs_source_store"] == "Winkel NL"
    assert own["hs_billing_address_city"] == own["hs_shipping_address_city"] == ZOE.city
    assert own["hs_billing_address_postal_code"] == ZOE.zipcode
    assert str(ZOE.house) in own["hs_billing_address_street"]
    assert [own[f"hs_billing_address_{n}name"] for n in ("first", "last")] == [ZOE.first, ZOE.last]
    lines = [line["properties"] for line in trio.tied("orders", of_zoe["id"], "line_items")]
    assert {line["hs_sku"] for line in lines} >= {"ZADEL-GEL", "BEL-DINGDONG", "VERZENDKOSTEN"}
    assert {line["hs_tax_rate_group_id"] for line in lines} == {"15970230"}
    gross = sum(D(line["hs_post_tax_amount"]) for line in lines)
    assert abs(gross - D(own["hs_total_price"])) <= D("0.02")
    since = trio.mark()
    go(trio, "orders")
    assert trio.writes(since) == [], "a second run writes nothing"


def test_o21_only_orders_of_the_chosen_status_go_over(open_shop: Open) -> None:
    trio = open_shop(order(ZOE, status=2), order(SMIT, status=1))
    chosen = {"statuses": ["2"]}
    trio.couple(orders=orders_to_crm("webshop.orders", filter=chosen))
    assert outcomes(go(trio, "orders")) == {"created": 1}
    (made,) = trio.of("orders")
    assert made["properties"]["hs_billing_address_email"] == ZOE.email


def test_o16_the_status_of_the_shop_becomes_the_stage(open_shop: Open) -> None:
    trio = open_shop(order(ZOE, status=2), order(SMIT, status=5))
    rows = {"2": ORDER_STAGES["Processed"], "5": ORDER_STAGES["Shipped"]}
    trio.couple(
        orders=orders_to_crm(
            "webshop.orders", statuses={"rows": rows}, send_status=True, new_stage=None
        )
    )
    go(trio, "orders")
    stages = {
        o["properties"]["hs_billing_address_email"]: o["properties"]["hs_pipeline_stage"]
        for o in trio.of("orders")
    }
    assert stages == {ZOE.email: rows["2"], SMIT.email: rows["5"]}


def test_o30_orders_of_the_shop_become_deals_of_a_pipeline_where_the_flow_says_so(
    open_shop: Open,
) -> None:
    trio = open_shop(order(SMIT))
    settings = {"vat_codes": VAT_IN_CRM, "shipping_item": "VERZENDKOSTEN"}
    settings |= {"payment_item": "BETAALKOSTEN", "rounding_item": "AFRONDING"}
    deals = flow(
        "webshop.orders",
        "crm.deals",
        **settings,
        new_deal_stage=PAID,
        deal_name="Bestelling {number} van {name}",
    )
    trio.couple(deals=deals)
    ran = go(trio, "deals")
    assert outcomes(ran) == {"created": 1}, ran["entries"]
    (deal,) = trio.of("deals")
    own = deal["properties"]
    assert (own["pipeline"], own["dealstage"]) == ("2220863724", PAID)
    assert own["dealname"] == f"Bestelling {own['hub_external_id']} van {SMIT.company}"
    assert len(trio.tied("deals", deal["id"], "line_items")) >= 2
    assert trio.tied("deals", deal["id"], "contacts")
    assert trio.tied("deals", deal["id"], "companies")
    since = trio.mark()
    go(trio, "deals")
    assert trio.writes(since) == []


# ---- customers, products, stock


def test_c08_customers_go_both_ways_between_shop_and_crm(trio: Trio) -> None:
    """Also C03, C07, C09 and C10 for this pair."""
    groups = {"rows": {"3303": "Wederverkoper"}, "default": "Particulier"}
    trio.couple(
        forth=flow("webshop.customers", "crm.customers", classifications=groups),
        back=flow("crm.customers", "webshop.customers"),
    )
    ran = go(trio, "forth")
    assert ran["status"] == "succeeded", ran["entries"]
    firm = trio.one("companies", name=SMIT.company)
    assert firm["customer_classification"] == "Wederverkoper"
    assert trio.one("contacts", email=ZOE.email)["lastname"] == ZOE.last
    made = {"email": "anouk@post.example", "firstname": "Anouk", "lastname": "de Vries"}
    place = {"address": "Utrechtsestraat 12 bis", "zip": "1017 VH", "city": "Amsterdam"}
    contact = trio.change("contacts", properties={**made, **place, "country": "NL"})
    came = go(trio, "back")
    new = entry(came, f"contact-{contact['id']}")
    assert new["outcome"] == "created", new
    trio.change("contacts", contact["id"], properties={"city": "Weesp"})
    assert entry(go(trio, "back"), f"contact-{contact['id']}")["outcome"] == "updated"


def test_p13_p14_products_of_the_shop_and_their_variants_go_over_without_pictures(
    trio: Trio,
) -> None:
    """Also P08, P11, P17, P19, P20, P22 to P28, K01 and O06 for this pair."""
    products = flow("webshop.products", "crm.products", product_vat_codes=VAT_IN_CRM)
    trio.couple(products=products, stock=flow("webshop.stock", "crm.stock"))
    ran = go(trio, "products")
    assert ran["status"] == "succeeded", ran["entries"]
    own, article = trio.one("products", hs_sku="KET-8V"), BY_SKU["KET-8V"]
    assert (own["name"], own["hub_ean"]) == (article.name, article.ean)
    assert (D(own["price"]) * D("1.21")).quantize(D("0.01")) == article.price
    sold = there(trio, "webshop", Products(), "sku", "KET-8V")
    assert own.get("hs_rich_text_description") == sold.description
    assert own.get("hub_short_description") == sold.short_description
    assert D(own["hub_stock"]) == sold.stock, "the quantity comes with a new product"
    assert own["hub_category"]
    assert not own.get("hs_images"), "HubSpot keeps addresses of pictures only"
    variants = trio.of("products", hub_parent_sku="HELM")
    assert {v["properties"]["hs_sku"] for v in variants} == {"HELM-M", "HELM-L"}
    assert len({v["properties"]["hub_variant_options"] for v in variants}) == 2
    since = trio.mark()
    go(trio, "products")
    assert trio.writes(since) == []
    go(trio, "stock")
    assert trio.one("products", hs_sku="KET-8V")["hub_stock"]
