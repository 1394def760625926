"""What a rule makes of a record is what is looked up: products, customers."""

from __future__ import annotations

from collections.abc import Callable

from tests.flows.conftest import Bench
from tests.flows.pairs import outcomes


def _debtors(bench: Bench, email: str) -> int:
    rows = bench.erp.extensions["world"].tables["Account"]
    return sum(str(row.get("EmailAddress") or "").strip().casefold() == email for row in rows)


def test_o35_a_product_is_looked_up_by_the_sku_that_a_rule_gave_it(
    make_bench: Callable[..., Bench],
) -> None:
    rule = {"to": "lines[].sku", "value": "SPAAK-260"}
    bench = make_bench(shop={"orders": 0}, rules=[rule])
    bench.place("unknown_sku")
    summary = bench.run()
    assert outcomes(summary) == {"created": 1}, summary["entries"]
    lines = bench.erp.extensions["world"].tables["SalesOrderLine"]
    assert "SPAAK-260" in {str(row["Itemcode"]).strip() for row in lines}


def test_o29_a_customer_is_looked_up_by_the_address_that_a_rule_gave_it(
    make_bench: Callable[..., Bench],
) -> None:
    """Else every order would make a debtor of its own, which only this hub believes to be new."""
    email = "inkoop@keten.example"
    bench = make_bench(shop={"orders": 0}, rules=[{"to": "customer.email", "value": email}])
    for _ in range(3):
        bench.place("plain", 2)
        assert outcomes(bench.run())["created"] == 2
    assert _debtors(bench, email) == 1
