"""What the target has right already is not written, even when the hub is new to it."""

from __future__ import annotations

from sqlalchemy import text

from tests.flows.hubspot.bench import VAT_IN_CRM, Trio, flow
from tests.flows.pairs import go, outcomes


def test_a_first_run_over_what_is_right_already_writes_nothing_and_the_plan_says_so(
    trio: Trio,
) -> None:
    products = flow("erp.products", "crm.products", product_vat_codes=VAT_IN_CRM)
    trio.couple(products=products, stock=flow("erp.stock", "crm.stock"))
    go(trio, "products")
    told = outcomes(go(trio, "stock"))["updated"]
    assert told > 20
    with trio.hub.database.begin() as connection:
        connection.execute(text("DELETE FROM link"))
    before = trio.mark()
    assert outcomes(go(trio, "stock", kind="plan", full=True)) == {"unchanged": told}
    assert outcomes(go(trio, "stock", full=True)) == {"unchanged": told}
    assert outcomes(go(trio, "stock", full=True)) == {"unchanged": told}
    assert trio.writes(before) == []
