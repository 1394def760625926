"""The wizard for products, stock and customers: what it suggests, offers and begins with."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlmodel import select

from hub.engine.hub import Hub
from hub.store.tables import Flow

from .conftest import Furnish, Visitor

TO_SHOP, TO_BOOKS = ("erp", "webshop"), ("webshop", "erp")


@pytest.fixture
def coupled(anna: Visitor, furnish: Furnish, hub: Hub) -> Any:
    """Answers the first two steps; gives the number of the draft."""
    furnish()

    def make(ends: tuple[str, str], pair: str) -> int:
        anna.get("/wizard")
        answer = anna.post("/wizard", {"source": ends[0], "target": ends[1]})
        draft = int(re.findall(r"/wizard/(\d+)/", answer.headers["Location"])[0])
        anna.get(f"/wizard/{draft}/what")
        assert anna.post(f"/wizard/{draft}/what", {"pair": f"forward:{pair}"}).status_code == 303
        return draft

    return make


def since(page: str) -> str:
    """What the last step begins with."""
    found = re.search(r'<input[^>]*name="since"[^>]*>', page)
    assert found is not None, "it is not asked"
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


@pytest.mark.parametrize("pair", ["products:products", "customers:customers"])
def test_a_first_run_of_products_or_customers_takes_all_there_are(
    anna: Visitor, coupled: Any, pair: str
) -> None:
    assert since(anna.get(f"/wizard/{coupled(TO_SHOP, pair)}/live").text) == ""


def test_a_first_run_of_orders_begins_today(anna: Visitor, coupled: Any) -> None:
    draft = coupled(TO_BOOKS, "orders:orders")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", since(anna.get(f"/wizard/{draft}/live").text))


def test_the_status_is_asked_only_where_the_target_can_be_updated(
    anna: Visitor, coupled: Any
) -> None:
    label = "Send the status of orders that are there"
    to_books = anna.get(f"/wizard/{coupled(TO_BOOKS, 'orders:orders')}/questions").text
    assert label not in to_books
    assert "An order that is refunded after it was booked" in to_books
    assert "Write the amount to the target" not in to_books
    to_shop = anna.get(f"/wizard/{coupled(TO_SHOP, 'orders:orders')}/questions").text
    assert label in to_shop


def test_tables_of_products_say_what_happens_without_a_row(anna: Visitor, coupled: Any) -> None:
    page = html.unescape(
        anna.get(f"/wizard/{coupled(TO_SHOP, 'products:products')}/questions").text
    )
    for blank in ("Keep its name", "Keep its path", "As the source has it"):
        assert blank in page, blank
    headings = re.findall(r"<h3[^>]*>([^<]+)</h3>", page)
    assert len(headings) == len(set(headings)), "a group stands in one place"


def test_only_the_rates_of_ones_own_country_are_suggested_for_products(
    anna: Visitor, coupled: Any, hub: Hub
) -> None:
    draft = coupled(TO_BOOKS, "products:products")
    page = anna.get(f"/wizard/{draft}/questions").text
    countries = re.findall(r'name="settings-product_vat_codes.country"[^>]*value="([^"]*)"', page)
    assert {country for country in countries if country} == {"NL"}
    with hub.database.session() as session:
        row = session.exec(select(Flow).where(Flow.id == draft)).one()
        assert row.settings == {}, "a suggestion counts when it is saved"
