"""What of an order arrives where: one order at a time, looked at in the ERP, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.sandbox.goods import BY_SKU
from koppel_ccvshop.sandbox.orders import Draft, Line
from koppel_ccvshop.sandbox.people import person
from sqlmodel import select

from hub.engine.configfile import ConfigFileError
from hub.store.tables import Entry, Flow

from .conftest import FLOW, VAT_ROWS, Bench, order_settings

Make = Callable[..., Bench]
Change = Callable[[Draft], None]
ZOE, SMIT, GERMAN = person(0), person(5), person(8)
IDEAL, ON_ACCOUNT = 6002, 6006


def order(*changes: Change, **values: Any) -> Change:
    """Two chains and a map for Zoë in Amsterdam, paid with iDEAL, sent for 6.95; and changes."""

    def write(draft: Draft) -> None:
        draft.person = ZOE
        draft.lines = [Line(BY_SKU["KET-8V"], Decimal(2)), Line(BY_SKU["KAART-FIETS"], Decimal(1))]
        draft.status, draft.paid, draft.paymethod_id = 2, True, IDEAL
        for name, value in values.items():
            setattr(draft, name, value)
        for change in changes:
            change(draft)

    return write


@dataclass
class Taken:
    """One order after a run: how it ended, and what the ERP holds of it."""

    bench: Bench
    entry: dict[str, Any]

    @property
    def fix(self) -> str | None:
        """The setting that would mend it, as the log has it."""
        with self.bench.hub.database.session() as session:
            return session.get_one(Entry, self.entry["entry"]).fix

    @property
    def header(self) -> dict[str, Any]:
        """The sales order; there must be exactly one."""
        assert self.entry["outcome"] == "created", self.entry["reason"]
        booked = rows_of(self.bench, "SalesOrderHeader")
        (found,) = [r for r in booked if r["SalesOrderNumber"].strip() == self.entry["target"]]
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its lines in order, without blanks around codes."""
        number = self.header["SalesOrderNumber"]
        rows = [r for r in rows_of(self.bench, "SalesOrderLine") if r["SalesOrderNumber"] == number]
        return sorted(rows, key=lambda row: int(row["LineNumber"]))

    def line(self, item: str) -> dict[str, Any]:
        """The one line with this item."""
        (found,) = [line for line in self.lines if line["Itemcode"].strip() == item]
        return found

    @property
    def account(self) -> dict[str, Any]:
        """The customer it was booked on."""
        debtor = self.header["OrderDebtor"]
        (found,) = [r for r in rows_of(self.bench, "Account") if r.get("DebtorNumber") == debtor]
        return found


def rows_of(bench: Bench, entity: str) -> list[dict[str, Any]]:
    """What the ERP holds."""
    return [dict(row) for row in bench.erp.extensions["world"].tables[entity]]


def customers(bench: Bench) -> int:
    """How many accounts the ERP holds."""
    return len(rows_of(bench, "Account"))


def written(bench: Bench, path: str = ".*") -> list[dict[str, Any]]:
    """The writes that the ERP accepted or refused; a handshake is none."""
    return [r for r in bench.erp_sandbox.asked("POST|MERGE", path) if r["status"] != 401]


@pytest.fixture
def take(make_bench: Make) -> Callable[..., Taken]:
    """Let one order come in, under the usual settings with changes; run the flow once."""

    def run(what: Change | None = None, erp: dict[str, Any] | None = None, **changes: Any) -> Taken:
        flow = {name: changes.pop(name) for name in ("rules", "filter") if name in changes}
        bench = make_bench(
            shop={"orders": 0, "extra_orders": [what or order()]},
            erp=erp,
            settings=order_settings(**changes),
            **flow,
        )
        (entry,) = bench.run()["entries"]
        return Taken(bench, entry)

    return run


Take = Callable[..., Taken]


# -- the kind of document, the direction --------------------------------------------------------


def test_o20_what_an_interface_has_no_way_to_do_is_refused_with_the_reason(bench: Bench) -> None:
    with pytest.raises(ConfigFileError, match="has no way to write stock"):
        bench.configure(**{"from": "webshop.stock", "to": "erp.stock", "settings": {}})
    assert bench.flow().source_entity == "orders"


def test_o20_c08_customers_go_the_way_that_the_flow_says(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    before = customers(bench)
    bench.configure(**{"from": "webshop.customers", "to": "erp.customers", "settings": {}})
    told = bench.run()
    assert told["created"] > 0, told["entries"]
    assert customers(bench) == before + told["created"]


def test_o01_an_order_becomes_a_sales_order_and_no_other_document(take: Take) -> None:
    taken = take()
    assert taken.header["SalesOrderNumber"]
    assert len(taken.lines) == 3, "two products and the shipping costs"
    assert not rows_of(taken.bench, "InvoiceHeader")
    assert not rows_of(taken.bench, "FinancialHeader")


def test_o01_the_shops_number_is_the_reference_behind_the_prefix_of_the_flow(take: Take) -> None:
    taken = take(reference_prefix="WEB-")
    assert taken.header["YourReference"] == "WEB-10001"


def test_o34_the_default_mapping_alone_makes_an_order_sendable(take: Take) -> None:
    taken = take(rules=[])
    assert taken.header["TotalAmount"] == pytest.approx(54.8)


def test_o35_a_rule_changes_the_default_mapping_and_without_it_the_default_is_back(
    take: Take,
) -> None:
    rule = {"to": "Description1", "template": "Webshop {number}"}
    name = {"to": "lines[].name", "from": "lines[].name", "via": ["upper"]}
    taken = take(rules=[rule, name])
    assert taken.header["Description1"] == "Webshop 10001"
    assert taken.line("KET-8V")["Description"] == "KETTING 8 VERSNELLINGEN"
    taken.bench.configure(rules=[])
    (key,) = taken.bench.place()
    told = taken.bench.run()
    (second,) = [e for e in told["entries"] if e["key"] == key]
    after = Taken(taken.bench, second)
    assert after.header.get("Description1") is None
    assert all(not line["Description"].isupper() for line in after.lines)


# -- what is added and looked up before anything is sent ----------------------------------------


def test_o23_an_order_that_lacks_something_sends_nothing_at_all(take: Take) -> None:
    taken = take(shipping_item=None)
    assert taken.entry["outcome"] == "blocked"
    assert not written(taken.bench), "not even its customer is made"


def test_o26_an_order_with_a_missing_product_sends_no_line_of_it(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0, "extra_orders": ["unknown_sku"]})
    (entry,) = bench.run()["entries"]
    assert entry["outcome"] == "blocked"
    assert "WIEL-OUD-26" in entry["reason"]
    assert not written(bench)


def test_o23_the_header_that_makes_the_order_is_sent_after_everything_else(take: Take) -> None:
    paths = [r["path"].rpartition("/")[2] for r in written(take().bench)]
    assert [path for path in paths if path.startswith("Account")], "the customer is made"
    assert paths[-1] == "SalesOrderHeader"
    assert paths.count("SalesOrderHeader") == 1
    assert paths.count("SalesOrderLine") == 3


def test_o22_what_the_source_does_not_know_is_added_from_the_settings(take: Take) -> None:
    taken = take(
        warehouse="WEB",
        selection_code="WB",
        cost_center="WEB",
        cost_unit="KD02",
        delivery_days=3,
        customer_classification="B2B",
    )
    header = taken.header
    assert header["Warehouse"].strip() == "WEB"
    assert header["SelectionCode"].strip() == "WB"
    assert header["CostCenter"].strip() == "WEB"
    assert header["DeliveryDate"] - header["SalesOrderDate"] == 3 * 86_400_000
    assert {line["CostUnit"].strip() for line in taken.lines} == {"KD02"}
    assert taken.account["ClassificationID"].strip() == "B2B"


def test_o22_without_those_settings_the_erp_decides(take: Take) -> None:
    taken = take()
    assert taken.header["Warehouse"].strip() == "1", "Globe's own default"
    assert taken.header.get("SelectionCode") is None
    assert taken.header.get("CostCenter") is None


# -- the customer -------------------------------------------------------------------------------


def known(**values: Any) -> dict[str, Any]:
    """A customer whom the ERP has already under Zoë's e-mail address."""
    return {
        "AccountName": "Zoe v.d. Berg",
        "CustomerType": "C",
        "CustomerStatus": "A",
        "EmailAddress": ZOE.email,
        "MailingAddress1": "Oude Weg 1",
        "MailingPostcode": "1000 AA",
        "MailingCity": "Weesp",
    } | values


def test_o05_the_order_flow_makes_the_customer_itself(take: Take) -> None:
    taken = take()
    assert taken.account["EmailAddress"] == ZOE.email
    with taken.bench.hub.database.session() as session:
        assert [flow.name for flow in session.exec(select(Flow))] == [FLOW], (
            "no other flow is there"
        )


def test_o25_an_unknown_customer_is_created_once(take: Take) -> None:
    taken = take()
    made = [r for r in written(taken.bench, "Account") if r["method"] == "POST"]
    assert len(made) == 1


def test_o25_an_existing_customer_is_updated_and_not_made_again(take: Take) -> None:
    taken = take(erp={"accounts": [known()]})
    assert taken.account["MailingAddress1"] == "Utrechtsestraat 12 bis"
    assert taken.account["MailingCity"] == "Amsterdam"
    same = [r for r in rows_of(taken.bench, "Account") if r.get("EmailAddress") == ZOE.email]
    assert len(same) == 1


def test_o25_a_customer_is_left_alone_when_updates_are_switched_off(take: Take) -> None:
    taken = take(erp={"accounts": [known()]}, update_customers=False)
    assert taken.account["MailingAddress1"] == "Oude Weg 1"
    assert not written(taken.bench, "Account")


def test_o25_where_none_may_be_created_an_unknown_customer_blocks_the_order(take: Take) -> None:
    taken = take(create_customers=False)
    assert taken.entry["outcome"] == "blocked"
    assert ZOE.email in taken.entry["reason"]
    assert taken.fix == "create_customers"
    assert not written(taken.bench)


def test_o29_a_customer_is_matched_on_the_email_address_whatever_its_case(take: Take) -> None:
    taken = take(erp={"accounts": [known(EmailAddress=ZOE.email.upper())]})
    assert taken.account["EmailAddress"].casefold() == ZOE.email
    assert len([r for r in written(taken.bench, "Account") if r["method"] == "POST"]) == 0


def test_o17_o33_with_always_every_order_is_booked_on_the_default_debtor(take: Take) -> None:
    taken = take(default_debtor="1000", default_debtor_use="always")
    assert taken.header["OrderDebtor"].strip() == "1000"
    assert taken.header["DeliveryDebtorAddress1"] == "Utrechtsestraat 12 bis"
    assert not written(taken.bench, "Account"), "no customer is made or changed"


def test_o33_as_a_fallback_the_default_debtor_does_not_touch_orders_with_a_customer(
    take: Take,
) -> None:
    taken = take(default_debtor="1000")
    assert taken.header["OrderDebtor"].strip() != "1000"
    assert taken.account["EmailAddress"] == ZOE.email


def test_o27_a_company_is_the_debtor_and_who_ordered_is_its_contact(take: Take) -> None:
    taken = take(order(person=SMIT))
    assert taken.account["AccountName"] == "Smit Tweewielers"
    assert taken.account["ContactFirstName"] == "Kees"
    assert taken.account["ContactLastName"] == "Smit"
    assert taken.account["VATNumber"] == "NL100000010B01"
    assert taken.header["OrderDebtorName"] == "Smit Tweewielers"
    assert taken.header["OrderDebtorContactPerson"] == "Kees Smit"


def test_o28_a_person_is_a_debtor_of_that_name(take: Take) -> None:
    taken = take()
    assert taken.account["AccountName"] == "Zoë van den Berg"
    assert taken.account["ContactLastName"] == "van den Berg"


# -- the tables ---------------------------------------------------------------------------------


def test_o07_each_line_gets_the_vat_code_of_its_rate(take: Take) -> None:
    taken = take()
    assert taken.line("KET-8V")["VATCode"].strip() == "3"
    assert taken.line("KAART-FIETS")["VATCode"].strip() == "4"
    assert taken.line("VERZENDKOSTEN")["VATCode"].strip() == "3"


def test_o08_the_same_goods_get_another_vat_code_in_another_country(take: Take) -> None:
    german = order(person=GERMAN, lines=[Line(BY_SKU["KET-8V"], Decimal(2))])
    rows = [*VAT_ROWS, {"country": "DE", "rate": 19, "code": "7"}]
    charged = {Decimal(21): Decimal(19)}

    def oss(draft: Draft) -> None:
        draft.vat = charged
        draft.shipping = Decimal(0)

    taken = take(order(german, oss), vat_codes={"rows": rows})
    assert taken.line("KET-8V")["VATCode"].strip() == "7"
    assert taken.header["TotalAmount"] == pytest.approx(35.9)


def test_o08_a_country_and_rate_without_a_row_block_the_order_and_name_both(take: Take) -> None:
    rows = [row for row in VAT_ROWS if row.get("country") != "DE"]
    taken = take(order(person=GERMAN), vat_codes={"rows": rows})
    assert taken.entry["outcome"] == "blocked"
    assert "DE 21%" in taken.entry["reason"]
    assert taken.fix == "vat_codes"


def test_o09_without_an_item_for_shipping_costs_the_order_waits_and_says_how_much(
    take: Take,
) -> None:
    taken = take(shipping_item=None)
    assert "6.95" in taken.entry["reason"]
    assert taken.fix == "shipping_item"


def test_o09_an_item_that_the_erp_does_not_have_blocks_and_is_named(take: Take) -> None:
    taken = take(shipping_item="VERZENDING")
    assert taken.entry["outcome"] == "blocked"
    assert "'VERZENDING'" in taken.entry["reason"]
    assert taken.fix == "shipping_item"


def test_o09_shipping_costs_are_a_line_with_the_amount_that_was_charged(take: Take) -> None:
    line = take().line("VERZENDKOSTEN")
    assert line["Price"] == pytest.approx(6.95)
    assert line["Quantity"] == 1


def test_o09_payment_and_other_costs_are_lines_of_their_own(take: Take) -> None:
    costs = order(paymethod_costs=Decimal("1.50"), extra_costs=Decimal("2.50"))
    taken = take(costs, extra_item="KORTING")
    assert taken.line("BETAALKOSTEN")["Price"] == pytest.approx(1.5)
    assert taken.line("KORTING")["Price"] == pytest.approx(2.5)


def test_o10_a_shipping_method_that_the_table_does_not_know_blocks_the_order(take: Take) -> None:
    taken = take(shipping_methods={"rows": {"pickup": "AFH"}})
    assert taken.entry["outcome"] == "blocked"
    assert "'shipping'" in taken.entry["reason"]
    assert taken.fix == "shipping_methods"


@pytest.mark.parametrize(("method", "code"), [("shipping", "DHL"), ("pickup", "AFH")])
def test_o10_the_shipping_method_table_sets_the_erps_shipping_method(
    take: Take, method: str, code: str
) -> None:
    table = {"rows": {"pickup": "AFH", "Shipping ": "DHL"}}
    taken = take(order(deliver_method=method), shipping_methods=table)
    assert taken.header["ShippingVia"].strip() == code


def test_o11_a_payment_condition_that_is_not_in_the_table_blocks_the_order(take: Take) -> None:
    taken = take(payment_conditions={"rows": {"Mollie PayPal": "PP"}})
    assert taken.entry["outcome"] == "blocked"
    assert "'Mollie iDEAL'" in taken.entry["reason"]
    assert taken.fix == "payment_conditions"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"rows": {"Mollie iDEAL": "ID"}, "default": "30"}, "ID"),
        ({"rows": {"Mollie PayPal": "PP"}, "default": "14"}, "14"),
        ({"rows": {"Mollie iDEAL": "ID"}, "default": "14", "force": True}, "14"),
    ],
    ids=["row", "default", "force"],
)
def test_o11_o32_the_payment_condition_follows_the_table_its_default_or_is_forced(
    take: Take, table: dict[str, Any], code: str
) -> None:
    assert take(payment_conditions=table).header["PaymentCondition"].strip() == code


def test_o12_the_payment_method_follows_a_table_of_its_own(take: Take) -> None:
    taken = take(payment_methods={"rows": {"Mollie iDEAL": "I"}, "default": "B"})
    assert taken.header["PaymentMethod"].strip() == "I"


def test_o12_without_a_table_the_payment_method_is_left_to_the_erp(take: Take) -> None:
    assert take().header.get("PaymentMethod") is None


def coupon(draft: Draft) -> None:
    """Five euros off."""
    draft.coupon = ("WELKOM5", "amount", Decimal("5.00"))


def test_o13_a_discount_as_a_line_without_an_item_blocks_the_order(take: Take) -> None:
    taken = take(order(coupon), discount="line")
    assert taken.entry["outcome"] == "blocked"
    assert "5.00" in taken.entry["reason"]
    assert taken.fix == "discount_item"


def test_o13_a_discount_is_taken_off_the_line_prices(take: Take) -> None:
    taken = take(order(coupon), discount="price")
    goods = [line for line in taken.lines if line["Itemcode"].strip() != "VERZENDKOSTEN"]
    assert len(goods) == 2, "no line of its own"
    assert sum(line["NetPrice"] * line["Quantity"] for line in goods) == pytest.approx(42.85)
    assert taken.header["TotalAmount"] == pytest.approx(49.8)


def test_o13_a_discount_becomes_a_line_below_zero_for_each_rate(take: Take) -> None:
    taken = take(order(coupon), discount="line", discount_item="KORTING")
    off = [line for line in taken.lines if line["Itemcode"].strip() == "KORTING"]
    assert {line["VATCode"].strip() for line in off} == {"3", "4"}
    assert sum(line["Price"] for line in off) == pytest.approx(-5)
    assert taken.line("KET-8V")["Price"] == pytest.approx(17.95)
    assert taken.header["TotalAmount"] == pytest.approx(49.8)


# -- the default mapping, field by field --------------------------------------------------------


def test_o36_the_customers_name_arrives_in_the_order_and_the_account(take: Take) -> None:
    taken = take()
    assert taken.header["OrderDebtorName"] == "Zoë van den Berg"
    assert taken.header["InvoiceDebtorName"] == "Zoë van den Berg"
    assert taken.account["AccountName"] == "Zoë van den Berg"


def test_o37_o38_billing_street_and_house_number_arrive(take: Take) -> None:
    taken = take()
    assert taken.header["OrderDebtorAddress1"] == "Utrechtsestraat 12 bis"
    assert taken.header["InvoiceDebtorAddress1"] == "Utrechtsestraat 12 bis"
    assert taken.account["MailingAddress1"] == "Utrechtsestraat 12 bis"
    assert taken.account["InvoiceAddress"] == "Utrechtsestraat 12 bis"


def test_o37_o38_street_and_house_number_can_be_told_apart_in_a_rule(take: Take) -> None:
    rules = [
        {"to": "Description1", "from": "document.billing.street"},
        {"to": "Description2", "from": "document.billing.house_number"},
        {"to": "Description3", "from": "document.billing.house_number_suffix"},
    ]
    free_lines = order(person=person(4))  # this shop keeps "Oudegracht 112 bis" in one line
    header = take(free_lines, rules=[{**rule, "to": f"target.{rule['to']}"} for rule in rules])
    found = [header.header[f"Description{n}"] for n in (1, 2, 3)]
    assert found == ["Oudegracht", "112", "bis"]


def test_o39_the_billing_postal_code_arrives(take: Take) -> None:
    taken = take()
    assert taken.header["InvoiceDebtorPostCode"] == "1017 VH"
    assert taken.account["MailingPostcode"] == "1017 VH"


def test_o40_the_billing_city_arrives(take: Take) -> None:
    taken = take()
    assert taken.header["InvoiceDebtorCity"] == "Amsterdam"
    assert taken.account["MailingCity"] == "Amsterdam"


def test_o41_the_billing_country_arrives_as_a_code(take: Take) -> None:
    taken = take(order(person=GERMAN))
    assert taken.header["InvoiceDebtorCountryCode"].strip() == "DE"
    assert taken.account["MailingCountry"].strip() == "DE"


@pytest.fixture
def elsewhere(take: Take) -> dict[str, Any]:
    """The header of an order that goes to another address, on a debtor that has none of its own.

    Globe fills in what an order does not say from its debtor: here there is nothing to fill in.
    """
    taken = take(order(elsewhere=True), default_debtor="1000", default_debtor_use="always")
    return taken.header


def test_o42_o43_the_delivery_street_and_house_number_arrive(elsewhere: dict[str, Any]) -> None:
    assert elsewhere["DeliveryDebtorAddress1"] == "Molenweg 3"
    assert elsewhere["InvoiceDebtorAddress1"] == "Utrechtsestraat 12 bis"


def test_o44_the_delivery_postal_code_arrives(elsewhere: dict[str, Any]) -> None:
    assert elsewhere["DeliveryDebtorPostCode"] == "1811 BB"


def test_o45_the_delivery_city_arrives(elsewhere: dict[str, Any]) -> None:
    assert elsewhere["DeliveryDebtorCity"] == "Alkmaar"


def test_o46_the_delivery_country_arrives_as_a_code(take: Take) -> None:
    german = order(person=GERMAN, elsewhere=True)
    taken = take(german, default_debtor="1000", default_debtor_use="always")
    assert taken.header["DeliveryDebtorCountryCode"].strip() == "DE"


def test_o42_to_o46_the_delivery_address_is_kept_with_the_customer_too(take: Take) -> None:
    account = take(order(elsewhere=True)).account
    assert account["DeliveryAddressline1"] == "Molenweg 3"
    assert account["DeliveryPostCode"] == "1811 BB"
    assert account["DeliveryCity"] == "Alkmaar"
    assert account["DeliveryCountry"].strip() == "NL"


def test_o42_to_o46_without_a_delivery_address_the_goods_go_to_the_billing_address(
    take: Take,
) -> None:
    header = take().header
    assert header["DeliveryDebtorAddress1"] == "Utrechtsestraat 12 bis"
    assert header["DeliveryDebtorPostCode"] == "1017 VH"
    assert header["DeliveryDebtorCity"] == "Amsterdam"
    assert header["DeliveryDebtorCountryCode"].strip() == "NL"


def test_o47_the_sku_finds_the_item(take: Take) -> None:
    items = [line["Itemcode"].strip() for line in take().lines]
    assert items[:2] == ["KET-8V", "KAART-FIETS"]


def test_o48_the_quantity_arrives_broken_ones_too(take: Take) -> None:
    cable = [Line(BY_SKU["REM-KABEL"], Decimal("2.5"))]
    assert take(order(lines=cable)).line("REM-KABEL")["Quantity"] == pytest.approx(2.5)


def test_o49_the_price_of_a_line_arrives(take: Take) -> None:
    taken = take()
    assert taken.line("KET-8V")["Price"] == pytest.approx(17.95)
    assert taken.line("KAART-FIETS")["Price"] == pytest.approx(11.95)


@pytest.mark.parametrize(
    ("sku", "off", "price", "percent"),
    [("BOEK-ROUTES", "2.45", 24.5, 10), ("JAS-REGEN-M", "7.00", 62.95, 0)],
    ids=["a percentage where that is exact", "else the lower price"],
)
def test_o49_o13_what_comes_off_a_line_arrives_to_the_cent(
    take: Take, sku: str, off: str, price: float, percent: int
) -> None:
    article = BY_SKU[sku]
    line = take(order(lines=[Line(article, Decimal(2), discount=Decimal(off))])).line(sku)
    assert line["Price"] == pytest.approx(price)
    assert line["DiscountPercentage"] == percent
    assert line["NetPrice"] * 2 == pytest.approx(float((article.price - Decimal(off)) * 2))
