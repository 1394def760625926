"""The rows that are asked of the pairs of this folder: each is named by a test of the folder."""

from __future__ import annotations

from tools.docparts import requirements

ORDERS = "O01 O02 O05 to O14 O16 to O18 O20 to O30 O32 to O49"
CUSTOMERS = "C01 to C05 C07 to C10"
PRODUCTS = "P01 P02 P04 P06 P08 to P29"
STOCK = "K01"
OF_THE_SHOP = "O01 O05 O09 O13 O16 O20 to O22 O24 O26 to O30 C03 C07 to C10 P08 P11 P13 P14 K01"


def rows(text: str) -> set[str]:
    """O01 O05 to O07: O01, O05, O06 and O07."""
    found, last = set[str](), ""
    for word in text.replace(" to ", " to:").split():
        name = word.removeprefix("to:")
        first = int(last[1:]) if word != name else int(name[1:])
        found |= {f"{name[0]}{number:02}" for number in range(first, int(name[1:]) + 1)}
        last = name
    return found


def named_in(*files: str) -> set[str]:
    """The rows that the tests of these files of the folder name."""
    return {
        row
        for node, function in requirements.tests().items()
        if node.startswith("tests/flows/hubspot/") and any(f"/{f}.py" in node for f in files)
        for row in requirements.named(function)
    }


def test_every_row_of_books_and_crm_has_a_test_that_names_it() -> None:
    files = [f"test_hubspot_{n}" for n in ("customers", "orders", "back", "deals")]
    proven = named_in(*files, "test_hubspot_products", "test_hubspot_shop")
    asked = rows(f"{ORDERS} {CUSTOMERS} {PRODUCTS} {STOCK}")
    assert sorted(asked - proven) == []


def test_every_row_of_shop_and_crm_that_the_crm_has_a_say_in_has_a_test_that_names_it() -> None:
    assert sorted(rows(OF_THE_SHOP) - named_in("test_hubspot_shop")) == []


def test_a_span_of_rows_is_all_of_them() -> None:
    assert rows("O01 O05 to O07 K01") == {"O01", "O05", "O06", "O07", "K01"}
