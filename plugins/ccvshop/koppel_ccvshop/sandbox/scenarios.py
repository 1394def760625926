"""What orders look like: the twenty kinds that are seeded, and odd ones on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .goods import BY_SKU, JSON, PAYMETHODS, Article, D
from .orders import Draft, Line
from .people import BELGIAN, COMPANY, FOREIGN_COMPANY, GERMAN, RESELLER, person

Scenario = Callable[[Draft], None]

# -- what the seeded orders look like: order n follows scenario n mod 20 -----------------------


def plain(draft: Draft) -> None:
    draft.pick(draft.rng.choice((1, 2, 2, 3)))
    draft.status = draft.rng.choice((2, 2, 2, 1, 5, 7))
    if draft.status in (5, 7):
        draft.carrier = "PostNL"


def delivered_elsewhere(draft: Draft) -> None:
    plain(draft)
    draft.elsewhere = True
    draft.comment = "Graag bij de buren afgeven"


def company(draft: Draft) -> None:
    plain(draft)
    draft.pick(2)
    draft.paymethod_id = 6006


def coupon(draft: Draft) -> None:
    plain(draft)
    draft.lines.append(Line(BY_SKU["ZADEL-GEL"], D(1)))
    draft.coupon = ("WELKOM5", "amount", D("5.00"))


def row_discount(draft: Draft) -> None:
    draft.pick(1)
    draft.lines.append(Line(BY_SKU["JAS-REGEN-M"], D(2), discount=D("7.00")))


def mixed_vat(draft: Draft) -> None:
    draft.pick(1)
    draft.pick(2, low_rate=True)


def unpaid(draft: Draft) -> None:
    draft.pick(2)
    draft.paymethod_id, draft.paid, draft.status = 6001, False, 4


def reseller(draft: Draft) -> None:
    draft.pick(3)
    draft.user_discount, draft.paymethod_id = D(10), 6006


def variants(draft: Draft) -> None:
    draft.lines = [Line(BY_SKU["HELM-L"], D(1)), Line(BY_SKU["BAND-28-40"], D(2))]
    draft.lines.append(Line(BY_SKU["HELM-M"], D(1), discount=D("6.00")))


def pay_later(draft: Draft) -> None:
    draft.pick(2)
    draft.paymethod_id, draft.paymethod_costs = 6005, PAYMETHODS[6005][3]


def free_item(draft: Draft) -> None:
    draft.pick(2)
    draft.lines.append(Line(BY_SKU["KAART-FIETS"], D(1), custom_price=D(0)))


def picked_up(draft: Draft) -> None:
    draft.pick(1)
    draft.deliver_method, draft.paymethod_id, draft.status = "pickup", 6007, 11
    draft.paid = False


def removed_paymethod(draft: Draft) -> None:
    plain(draft)
    draft.paymethod_id = 6009


def gift_wrapped(draft: Draft) -> None:
    plain(draft)
    draft.extra_costs, draft.extra_description = D("2.50"), "Cadeauverpakking"


def many_rows(draft: Draft) -> None:
    draft.pick(6)
    draft.pick(1, low_rate=True)
    draft.lines.append(Line(BY_SKU["BINNEN-28"], D(25)))
    draft.coupon = ("VOORJAAR", "percentage", D("7.5"))


def cancelled(draft: Draft) -> None:
    draft.pick(2)
    draft.status, draft.paid, draft.paymethod_id = 8, False, 6001


def belgian(draft: Draft) -> None:
    plain(draft)
    draft.paymethod_id = 6004


def intra_community(draft: Draft) -> None:
    draft.pick(3)
    draft.intra_community, draft.paymethod_id = True, 6001


#: (what the customer is, what the order is); None: any Dutch consumer.
SCENARIOS: tuple[tuple[int | None, Scenario], ...] = (
    *((None, plain), (None, delivered_elsewhere), (COMPANY, company), (None, coupon)),
    *((None, row_discount), (BELGIAN, belgian), (GERMAN, plain)),
    *((FOREIGN_COMPANY, intra_community), (None, mixed_vat), (None, unpaid)),
    *((RESELLER, reseller), (None, variants), (None, pay_later), (None, free_item)),
    *((None, picked_up), (None, removed_paymethod), (None, plain), (None, gift_wrapped)),
    *((COMPANY, many_rows), (None, cancelled)),
)

# -- odd orders, on request --------------------------------------------------------------------


def no_email(draft: Draft) -> None:
    """The customer left no e-mail address."""
    plain(draft)
    draft.finish.append(lambda order, rows: order["customer"].update(email=""))


def unknown_vat(draft: Draft) -> None:
    """A rate of 17% that no country in the shop's list knows."""
    draft.lines = [Line(BY_SKU["POMP-VLOER"], D(1))]
    draft.vat = {D(21): D(17)}


def oss(draft: Draft) -> None:
    """A German consumer charged 19%."""
    draft.person = person(8)
    draft.pick(2)
    draft.vat = {D(21): D(19), D(9): D(7)}


def row_without_sku(draft: Draft) -> None:
    """A row typed in by hand: no number, no product."""
    plain(draft)
    draft.lines.append(Line(_loose("", "Maatwerk wiel"), D(1)))


def unknown_sku(draft: Draft) -> None:
    """A row with a product that only the shop knows."""
    plain(draft)
    draft.lines.append(Line(_loose("WIEL-OUD-26", "Wiel 26 inch (uitlopend)"), D(1)))


def cent_off(draft: Draft) -> None:
    """The total is one cent more than the parts."""
    plain(draft)
    draft.finish.append(
        lambda order, rows: order.update(total_price=round(order["total_price"] + 0.01, 2))
    )


def wrong_total(draft: Draft) -> None:
    """The total is ten euros more than the parts."""
    plain(draft)
    draft.finish.append(
        lambda order, rows: order.update(total_price=round(order["total_price"] + 10, 2))
    )


def deposit(draft: Draft) -> None:
    """A deposit row (statiegeld), without VAT."""
    draft.lines = [Line(BY_SKU["OLIE-100ML"], D(4))]
    draft.lines.append(Line(replace(_loose("", "Statiegeld"), price=D("0.15"), vat=D(0)), D(4)))
    draft.finish.append(lambda order, rows: rows[1].update(product_type="container_deposit"))


def net_prices(draft: Draft) -> None:
    """A company that sees prices without VAT: rows and shipping are net, the total is not."""
    draft.person = person(6)
    draft.pick(2)
    draft.pick(1, low_rate=True)
    draft.row_taxes_included = False


def basket(draft: Draft) -> None:
    """Never completed: a basket without number and status."""
    draft.pick(1)
    draft.completed, draft.paid = False, False


def no_rows(draft: Draft) -> None:
    """Nothing was ordered; the shop allows it."""
    draft.shipping = D(0)


def fraction(draft: Draft) -> None:
    """Two and a half of something."""
    draft.lines = [Line(BY_SKU["REM-KABEL"], D("2.5"))]


def negative_extra(draft: Draft) -> None:
    """Extra costs below zero, and credit points used."""
    draft.pick(2)
    draft.lines.append(Line(BY_SKU["TAS-DUBBEL"], D(1)))
    draft.extra_costs, draft.extra_description = D("-2.50"), "Korting wegens vertraging"
    draft.credit_points = D("3.00")


def no_name(draft: Draft) -> None:
    """An order typed in without a customer."""
    plain(draft)

    def strip(order: JSON, rows: list[JSON]) -> None:
        order["customer"].update(email="", billingaddress=None, deliveryaddress=None)

    draft.finish.append(strip)


def long_comment(draft: Draft) -> None:
    """Ten thousand characters in the customer's remark, markup and all."""
    plain(draft)
    draft.comment = "<script>alert('è')</script> & \"ü\" " + "x" * 10_000


#: By name, for `create_app(extra_orders=[...])` and POST `/_sandbox/orders`.
ODD_ORDERS: dict[str, Scenario] = {
    f.__name__: f
    for f in (
        *(plain, no_email, unknown_vat, oss, row_without_sku, unknown_sku, cent_off, wrong_total),
        *(deposit, net_prices, basket, no_rows, fraction, negative_extra, no_name, long_comment),
    )
}


def _loose(sku: str, name: str) -> Article:
    return Article(sku, name, "", D("19.95"), D(8), D(1))


#: Every kind of order by name, with what the customer has to be (None: any Dutch consumer).
KINDS: dict[str, tuple[int | None, Scenario]] = {
    **{scenario.__name__: (who, scenario) for who, scenario in reversed(SCENARIOS)},
    **{name: (None, scenario) for name, scenario in ODD_ORDERS.items()},
}
