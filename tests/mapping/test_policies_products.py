"""Products on their way out (P02-P29) and what is wrong with them, said before a write."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.policies import Facts, VatCode
from hub.mapping.policies.products_out import adjust_product
from hub.mapping.settings import ProductSettings
from hub.model import FieldError, Product
from hub.sdk import Blocked

D = Decimal
TEA: dict[str, Any] = {
    "sku": "THEE",
    "name": "Theepot",
    "price": "34.95",
    "prices": "gross",
    "tax_rate": 21,
}
CODES = {"4": VatCode(code="4", rate=D(9)), "3": VatCode(code="3", rate=D(21))}


def adjust(
    settings: dict[str, Any] | None = None, *, creating: bool = True, **said: Any
) -> tuple[Product, list[str]]:
    facts = {k: said.pop(k) for k in ("want", "most", "codes") if k in said}
    product = Product.from_dict(TEA | said)
    given = deepcopy(product)
    made = adjust_product(
        product,
        ProductSettings.model_validate(settings or {}),
        Facts(
            source="erp",
            target="webshop",
            prices=facts.get("want"),
            max_images=facts.get("most"),
            vat_codes=facts.get("codes", {}),
        ),
        creating=creating,
    )
    assert product == given, "the product given was changed"
    return made


def blocked(settings: dict[str, Any] | None = None, **said: Any) -> Blocked:
    with pytest.raises(Blocked) as caught:
        adjust(settings, **said)
    return caught.value


def variant(sku: str | None, **attributes: str) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in attributes.items()]
    return {"sku": sku, "attributes": pairs}


# --- bad input -------------------------------------------------------------------------------


def test_p14_two_variants_with_one_sku_are_named() -> None:
    error = blocked(variants=[variant("A", Kleur="Rood"), variant("a ", Kleur="Blauw")])
    assert str(error) == (
        "Product THEE (Theepot): variant A (Rood) and variant a  (Blauw) have the same SKU 'a '. "
        "Each needs its own."
    )
    assert (error.field, error.code) == ("variants[1].sku", "same_sku")
    error = blocked({"match": "ean"}, variants=[
        variant("A", Kleur="Rood") | {"ean": "8719000000027"},
        variant("A", Kleur="Blauw") | {"ean": "8710398500106"},
    ])  # fmt: skip
    assert error.code == "same_sku"


def test_p11_a_product_without_the_code_it_is_recognised_by_is_held_back() -> None:
    assert blocked(sku=None).code == "no_sku"
    assert "products are recognised by it" in str(blocked({"match": "ean"}))
    assert blocked(variants=[variant(None, Kleur="Rood")]).field == "variants[0].sku"


def test_p17_variants_that_nothing_tells_apart_are_named() -> None:
    error = blocked(variants=[variant("A", Kleur="Rood"), variant("B", kleur="rood")])
    assert "variant A (Rood) and variant B (rood) have the same attributes" in str(error)
    assert blocked(variants=[variant("A")]).code == "no_attributes"
    error = blocked(variants=[variant("A", Kleur="Rood", Maat="M"), variant("B", Kleur="Rood")])
    assert "variant B (Rood) has no Maat, which other variants have" in str(error)


@pytest.mark.parametrize("price", ["1e400", "NaN", "Infinity", "1e15", "twelve"])
def test_a_price_that_cannot_be_right_does_not_become_a_document(price: str) -> None:
    with pytest.raises(FieldError, match=r"variants\[0\]\.price"):
        Product.from_dict({"variants": [{"price": price}]})


def test_a_price_that_a_rule_or_formula_made_is_looked_at_again() -> None:
    product = Product.from_dict(TEA)
    for price in (D("1e400"), D("NaN"), D("-1")):
        product.price = price
        with pytest.raises(Blocked) as caught:
            adjust_product(product, ProductSettings(), Facts())
        assert (caught.value.field, caught.value.code) == ("price", "bad_price")
        assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("ean", "words"),
    [
        ("8719000000018", "whose check digit is wrong: it ends in 8 and should end in 0"),
        ("871900000001", "whose check digit is wrong"),
        ("87190000000", "which has 11 digits"),
        ("871900000001X", "which has other signs than digits"),
    ],
)
def test_p28_an_ean_with_a_wrong_check_digit_is_noted_left_out_or_held_back(
    ean: str, words: str
) -> None:
    made, notes = adjust(ean=ean)
    assert made.ean == ean
    assert any(words in note for note in notes)
    made, notes = adjust({"ean_check": "drop"}, ean=ean)
    assert made.ean is None
    assert any("left out" in note for note in notes)
    error = blocked({"ean_check": "block"}, ean=ean)
    assert (error.field, error.code, error.fix) == ("ean", "bad_ean", "ean_check")
    assert words in str(error)
    assert blocked({"match": "ean"}, ean=ean).code == "bad_ean"


def test_p28_a_good_ean_is_tidied_and_not_mentioned() -> None:
    made, notes = adjust(ean="8 719000-000010")
    assert made.ean == "8719000000010"
    assert notes == []


def test_p19_a_category_below_itself_is_a_circle() -> None:
    tree = [{"path": ["Thee", "Groen", "thee"]}]
    error = blocked(categories=tree)
    assert "goes round in a circle: 'thee' is below itself" in str(error)
    assert error.fix == "category_names"
    mapped = {"category_names": {"rows": {"Thee>Groen>Thee": "Groene thee"}}}
    assert adjust(mapped, categories=tree)[0].categories[0].path == ["Groene thee"]


def test_p29_a_price_in_another_currency_is_not_converted() -> None:
    assert adjust({"currency": "EUR"})[0].currency == "EUR"
    error = blocked({"currency": "EUR"}, currency="USD")
    assert (error.code, error.fix) == ("other_currency", "currency")


# --- attributes and features -----------------------------------------------------------------

SHIRT = [variant("A", Size="M", Fabric="Katoen"), variant("B", Size="L", Fabric="Katoen")]


def test_p16_attributes_get_their_role_and_name_by_the_tables() -> None:
    settings = {
        "attribute_roles": {"rows": {"fabric": "feature", "Season": "leave"}},
        "attribute_names": {"rows": {"Size": "Maat", "FABRIC": "Stof"}},
    }
    features = [{"name": "Origin", "value": "Assam"}, {"name": "Season", "value": "2026"}]
    made, _ = adjust(settings, variants=SHIRT, features=features)
    assert [[(a.name, a.value) for a in v.attributes] for v in made.variants] == [
        [("Maat", "M")],
        [("Maat", "L")],
    ]
    assert [(f.name, f.value) for f in made.features] == [("Origin", "Assam"), ("Stof", "Katoen")]


def test_p18_what_variants_differ_in_becomes_one_feature_with_all_values() -> None:
    made, _ = adjust({"attribute_roles": {"rows": {"Fabric": "feature"}}}, variants=[
        variant("A", Size="M", Fabric="Katoen"), variant("B", Size="L", Fabric="Linnen"),
    ])  # fmt: skip
    assert [(f.name, f.value) for f in made.features] == [("Fabric", "Katoen, Linnen")]
    assert blocked({"attribute_roles": {"rows": {"Size": "leave"}}}, variants=SHIRT).code == (
        "same_attributes"
    )


def test_p17_a_feature_can_make_variants_only_where_there_are_none() -> None:
    roles = {"attribute_roles": {"rows": {"Size": "variant"}}}
    features = [{"name": "Size", "value": "M"}]
    made, _ = adjust(roles, features=features)
    assert [(a.name, a.value) for a in made.attributes] == [("Size", "M")]
    made, notes = adjust(roles, features=features, variants=SHIRT)
    assert [f.name for f in made.features] == ["Size"]
    assert any("stays a feature" in note for note in notes)


def test_a_role_that_does_not_exist_is_refused_when_the_form_is_read() -> None:
    with pytest.raises(ValueError, match="'varient' must be one of variant, feature, leave"):
        ProductSettings.model_validate({"attribute_roles": {"rows": {"Size": "varient"}}})


# --- prices and VAT --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "rate", "net"),
    [("34.95", 21, "28.884"), ("19.99", 21, "16.52"), ("1.00", 9, "0.92"), ("0.03", 21, "0.025")],
)
def test_p26_net_prices_have_the_decimals_it_takes_to_come_back(
    price: str, rate: int, net: str
) -> None:
    made, _ = adjust(price=price, tax_rate=rate, want="net")
    assert (made.price, made.prices) == (D(net), "net")


def test_p26_every_price_comes_back_to_the_cent() -> None:
    for amount in range(1, 3000):
        made, _ = adjust(price=D(amount).scaleb(-2), tax_rate=21 if amount % 2 else 9, want="net")
        assert made.price is not None
        assert made.tax_rate is not None
        gross = (made.price * (100 + made.tax_rate) / 100).quantize(D("0.01"), "ROUND_HALF_UP")
        assert gross == D(amount).scaleb(-2)


def test_p26_prices_of_variants_and_discounts_are_converted_with_it() -> None:
    variants = [variant("A", Maat="M") | {"price": "12.10"}, variant("B", Maat="L")]
    made, notes = adjust(price="24.20", discount="12.10", variants=variants, want="net")
    assert (made.price, made.discount) == (D("20.00"), D("10.00"))
    assert [v.price for v in made.variants] == [D("10.00"), None]
    assert "Price 24.20 with VAT is 20.00 without VAT (21%)" in notes
    made, _ = adjust({"price_basis": "gross"}, price="20", prices="net", want="net")
    assert (made.price, made.prices) == (D("24.20"), "gross")


def test_p26_a_price_nobody_knows_the_vat_of_is_held_back() -> None:
    assert blocked(prices=None, want="net").code == "no_price_basis"
    assert blocked(tax_rate=None, want="net").code == "no_tax_rate"
    assert adjust(prices=None)[0].price == D("34.95")


def test_o07_products_get_a_vat_code_by_rate_and_assortment() -> None:
    table = {
        "product_vat_codes": {
            "rows": [{"rate": 21, "code": "3"}, {"rate": 21, "goods": "Boeken", "code": "4"}]
        }
    }
    assert adjust(table, codes=CODES)[0].vat_code == "3"
    error = blocked(table, codes=CODES, assortment="boeken")
    assert error.code == "wrong_vat_rate"
    assert blocked(table, codes=CODES, tax_rate=6).code == "no_vat_code"
    assert adjust(codes=CODES, vat_code="normal")[0].vat_code is None
    assert adjust(codes=CODES, vat_code="3")[0].vat_code == "3"


# --- categories and pictures -----------------------------------------------------------------


def test_p19_categories_are_kept_made_once_or_left_alone() -> None:
    tree = [{"path": ["Thee", "Groen"]}, {"name": "Nieuw"}, {"path": ["thee", "groen"]}]
    made, _ = adjust({"category_names": {"rows": {"nieuw": "Actie > Nieuw"}}}, categories=tree)
    assert [c.path for c in made.categories] == [["Thee", "Groen"], ["Actie", "Nieuw"]]
    assert made.categories[1].name == "Nieuw"
    assert adjust({"categories": "create"}, categories=tree)[0].categories
    assert not adjust({"categories": "create"}, categories=tree, creating=False)[0].categories
    assert not adjust({"categories": "none"}, categories=tree)[0].categories


def test_p20_the_main_picture_comes_first_and_the_rest_is_said() -> None:
    images = [{"url": "https://x/a.jpg"}, {"url": "https://x/b.jpg", "main": True}]
    made, notes = adjust(images=images, most=1)
    assert [i.url for i in made.images] == ["https://x/b.jpg"]
    assert notes == ["webshop holds 1 picture; 1 left out: a.jpg"]
    assert len(adjust(images=images)[0].images) == 2
    assert adjust({"images": False}, images=images)[0].images == []


def test_names_in_any_script_pass_unchanged() -> None:
    for name in ("קומקום תה", "🫖 Theepot 👩‍🍳", "شاي", "e\u0301"):
        assert adjust(name=name)[0].name == name
