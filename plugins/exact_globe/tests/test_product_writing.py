"""Products become items: one call each, only what differs, families whole, never anything twice."""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe.entities import Products
from koppel_exact_globe.forms_goods import ProductSettings

from hub.model import Attribute, Category, FieldError, Image, Json, Product, Variant
from hub.sdk import Api, Blocked, NotFound, RecordError, RejectedError, UnknownOutcome

from .conftest import Globe, effect

SETTINGS = ProductSettings(vat_code="3", assortment="7")
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n a picture").decode()
OTHER = base64.b64encode(b"\x89PNG\r\n\x1a\n another one").decode()


@pytest.fixture
def globe(connect: Callable[..., Globe]) -> Globe:
    """The plugin on a service with families of items."""
    return connect(plugin={"settings": {"family_field": "TextFreeField1"}})


def _bell(**values: Any) -> Product:
    given: dict[str, Any] = {
        "sku": "BEL-KOPER",
        "ean": "8710000000016",
        "name": "Koperen bel",
        "price": Decimal("12.10"),
        "prices": "gross",
        "tax_rate": Decimal(21),
        "currency": "EUR",
        "active": True,
    }
    return Product(**{**given, **values})


def _sock(*sizes: str, **values: Any) -> Product:
    variants = [
        Variant(
            sku=f"SOK-{size}",
            price=Decimal("7.95"),
            attributes=[Attribute(name="Maat", value=size), Attribute(name="Kleur", value="Groen")],
        )
        for size in sizes
    ]
    return _bell(**{"sku": "SOK", "ean": None, "name": "Sok", "variants": variants, **values})


def _create(globe: Globe, product: Product, api: Api | None = None) -> Any:
    payload = globe.rendered(Products(), product, SETTINGS)
    return Products().create(api or globe.api(), payload, effect())


def _update(globe: Globe, key: str, product: Product, api: Api | None = None) -> None:
    payload = globe.rendered(Products(), product, SETTINGS, creating=False)
    Products().update(api or globe.api(), key, payload, effect())


def _item(api: Api, code: str) -> Json:
    row = globe_api.one(api, "Item", f"'{code}'")
    assert row is not None
    return row


# ---- what is refused


@pytest.mark.parametrize(
    ("product", "settings", "text"),
    [
        (_bell(sku=None), SETTINGS, "Item code"),
        (_bell(sku="X" * 31), SETTINGS, "30 characters"),
        (_bell(description="x" * 9000), SETTINGS, "8191 characters"),
        (_bell(), ProductSettings(), "VAT code"),
        (_bell(name=None), SETTINGS, "description"),
        (_sock("S", "s"), SETTINGS, "SKU SOK-s"),
        (_bell(variants=[Variant(ean="1")]), SETTINGS, "no SKU"),
        (_bell(images=[Image(content="!!", filename="x.png")]), SETTINGS, "not valid base64"),
        (_bell(images=[Image(content="JVBERi0xLjc=")]), SETTINGS, "neither JPEG, PNG"),
    ],
)
def test_a_product_that_cannot_be_an_item_is_held_back_before_any_call(
    globe: Globe, product: Product, settings: ProductSettings, text: str
) -> None:
    with pytest.raises(RecordError, match=text) as caught:
        globe.rendered(Products(), product, settings)
    assert caught.value.field
    assert globe.service.calls() == []


def test_a_picture_of_forty_megabytes_is_held_back_with_its_size(globe: Globe) -> None:
    huge = Image(content="A" * (40 * 1024 * 1024 * 4 // 3 + 4), filename="huge.png")
    with pytest.raises(RecordError, match="this one is 40 MB large") as caught:
        globe.rendered(Products(), _bell(images=[huge]), SETTINGS)
    assert caught.value.field == "images[0]"


def test_a_price_of_ten_to_the_four_hundredth_is_no_price() -> None:
    with pytest.raises(FieldError, match="price"):
        Product.from_dict({"price": "1e400"})


def test_p14_variants_without_a_family_field_wait_for_the_setting(
    connect: Callable[..., Globe],
) -> None:
    globe = connect()
    with pytest.raises(Blocked, match="which field of an item holds its family") as caught:
        globe.rendered(Products(), _sock("S"), SETTINGS)
    assert caught.value.fix == "family_field"


def test_a_refusal_names_the_variant(globe: Globe) -> None:
    product = _sock("S", "M")
    product.variants[1].sku = "SOK-M" + "x" * 30
    with pytest.raises(RecordError, match="30 characters"):
        globe.rendered(Products(), product, SETTINGS)
    product = _sock("S", "M", vat_code="77")
    with pytest.raises(RejectedError, match=r"SOK-S: .*VAT code - 77") as caught:
        _create(globe, product)
    assert caught.value.field == "variants[0]"


def test_an_attribute_without_a_field_is_named(globe: Globe) -> None:
    product = _sock("S")
    product.variants[0].attributes.append(Attribute(name="Drager", value="A"))
    with pytest.raises(RecordError, match=r"called “Drager”.*Maat \(Class01\)"):
        _create(globe, product)


def test_an_unknown_assortment_waits_unless_it_may_be_made(
    globe: Globe, connect: Callable[..., Globe]
) -> None:
    with pytest.raises(Blocked, match="no assortment “Bellen”") as caught:
        _create(globe, _bell(assortment="Bellen"))
    assert caught.value.fix == "create_assortments"
    generous = connect(plugin={"settings": {"create_assortments": True}})
    api = generous.api()
    _create(generous, _bell(assortment="Bellen"), api)
    _create(generous, _bell(sku="BEL-2", assortment="bellen"), api)
    assert _item(api, "BEL-KOPER")["AssortmentDescription"] == "Bellen"
    assert len(generous.bodies("ItemAssortment")) == 1


def test_a_price_of_another_rate_than_the_vat_code_is_held_back(globe: Globe) -> None:
    product = _bell(prices="net", tax_rate=Decimal(9), vat_code="3")
    with pytest.raises(RecordError, match="9% VAT, but VAT code 3"):
        _create(globe, product)


def test_p02_an_item_that_is_gone_is_not_updated(globe: Globe) -> None:
    with pytest.raises(NotFound, match="BEL-KOPER is no longer"):
        _update(globe, "BEL-KOPER", _bell())


def test_a_family_is_not_overwritten_by_a_product_without_variants(globe: Globe) -> None:
    with pytest.raises(RecordError, match="family of 3 items"):
        _update(globe, "TS-RED", _bell(sku="TS-RED"))


# ---- what is made


def test_p13_a_simple_product_is_one_item_in_one_call(globe: Globe) -> None:
    api = globe.api()
    Products().find(api, "sku", ["BEL-KOPER"])
    api.system.lookup("vat_codes").fetch(api)  # type: ignore[union-attr]
    product = _bell(
        description="<p>Koper</p>",
        cost_price=Decimal("4.20"),
        unit="per stuk",
        weight=Decimal("0.18"),
        stock_managed=True,
        categories=[Category(name="Kleding", path=["Sport", "Kleding"])],
    )
    settings = SETTINGS.model_copy(update={"revenue_account": "8010"})
    payload = globe.rendered(Products(), product, settings)
    written = Products().create(api, payload, effect())
    assert (written.key, written.number) == ("BEL-KOPER", "BEL-KOPER")
    assert globe.bodies("Item") == [
        {
            "ItemCode": "BEL-KOPER",
            "GTIN": "8710000000016",
            "Description0": "Koperen bel",
            "TextDescription": "<p>Koper</p>",
            "SalesPrice": 12.1,
            "SalesCurrency": "EUR",
            "SalesVATCode": "3",
            "CostPriceStandard": 4.2,
            "PackageDescription": "per stuk",
            "NetWeight": 0.18,
            "Assortment": 1,
            "Condition": "A",
            "IsStockItem": True,
            "IsSalesItem": True,
            "GLAccountRevenue": "8010",
        }
    ]
    assert "BEL-KOPER" in Products().find(api, "sku", ["BEL-KOPER"])


def test_a_price_and_weight_finer_than_their_columns_do_not_differ_for_ever(globe: Globe) -> None:
    """Globe keeps four decimals of a price and two of a weight."""
    api = globe.api()
    fine = _bell(price=Decimal("0.333333"), weight=Decimal("1.2345"))
    _create(globe, fine, api)
    item = _item(api, "BEL-KOPER")
    assert (item["SalesPrice"], item["NetWeight"]) == (Decimal("0.3333"), Decimal("1.23"))
    _update(globe, "BEL-KOPER", fine, api)
    assert globe.bodies("Item", "MERGE") == []


def test_p26_a_price_of_the_other_kind_is_converted(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(price=Decimal("10.00"), prices="net"), api)
    assert _item(api, "BEL-KOPER")["SalesPrice"] == Decimal("12.1")
    _create(globe, _bell(sku="B2", price=Decimal("12.10"), vat_code="1"), api)
    assert _item(api, "B2")["SalesPrice"] == 10


@pytest.mark.parametrize("name", ["حذاء رياضي", "Bel 🔔 koper", "Ünïcode ẞ", "O'Brien & zn."])
def test_names_of_all_scripts_are_kept(globe: Globe, name: str) -> None:
    api = globe.api()
    _create(globe, _bell(name=name), api)
    assert _item(api, "BEL-KOPER")["Description0"] == name
    record = Products().get(api, ["BEL-KOPER"])["BEL-KOPER"]
    assert globe.understood(Products(), record).name == name


def test_an_ean_with_a_wrong_check_digit_is_passed_on(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(ean="8710000000017"), api)
    assert _item(api, "BEL-KOPER")["GTIN"] == "8710000000017"


def test_p17_a_family_is_an_item_per_variant_with_its_classes(globe: Globe) -> None:
    api = globe.api()
    written = _create(globe, _sock("S", "Reuzenmaat"), api)
    assert written.key == "SOK"
    small, giant = globe.bodies("Item")
    assert (small["ItemCode"], small["Description0"]) == ("SOK-S", "Sok S Groen")
    assert (small["TextFreeField1"], small["Class01Code"]) == ("SOK", "S")
    assert (giant["Class01Code"], giant["Class02Code"]) == ("Reuzenmaat", "Groen")
    sent = globe.bodies("ItemCategoryProperty")
    assert {(b["ClassOrder"], b["ItemJobLevel"]) for b in sent} == {(0, 10)}, "mandatory in Globe"
    assert [b["ItemClassCode"] for b in sent] == [
        "Groen",
        "Reuzenmaat",
    ]
    record = Products().get(api, ["SOK"])["SOK"]
    sock = globe.understood(Products(), record)
    assert sock.name == "Sok"
    assert {v.sku: [a.value for a in v.attributes] for v in sock.variants} == {
        "SOK-S": ["Small", "Groen"],
        "SOK-Reuzenmaat": ["Reuzenmaat", "Groen"],
    }


@pytest.mark.parametrize("product", [_bell(unit="stuk"), _sock("Small", "Medium")])
def test_what_was_written_is_read_back_as_the_same_payload(globe: Globe, product: Product) -> None:
    api, entity = globe.api(), Products()
    product.assortment = "Kleding"
    written = _create(globe, product, api)
    record = entity.get(api, [written.key])[written.key]
    ours = globe.rendered(entity, product, SETTINGS, creating=False)
    theirs = globe.rendered(entity, globe.understood(entity, record), SETTINGS, creating=False)
    for payload in (ours, theirs):
        payload["items"] = sorted(payload.get("items", []), key=lambda i: str(i["ItemCode"]))
    assert {name: theirs.get(name) for name in ours if name != "items"} == {
        name: value for name, value in ours.items() if name != "items"
    }
    for mine, other in zip(ours["items"], theirs["items"], strict=True):
        assert {name: other.get(name) for name in mine} == mine


def test_the_second_time_nothing_is_written(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(), api)
    _create(globe, _sock("S", "M"), api)
    globe.service.sandbox.requests.clear()
    _update(globe, "BEL-KOPER", _bell(), api)
    _update(globe, "SOK", _sock("S", "M"), api)
    assert globe.service.sandbox.asked("POST|MERGE") == []
    assert globe.service.calls() == ["GET Item('BEL-KOPER')", "GET Item"]


def test_only_what_differs_is_merged(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _sock("S", "M"), api)
    product = _sock("S", "M")
    product.variants[1].price = Decimal("8.95")
    _update(globe, "SOK", product, api)
    assert globe.bodies("Item", "MERGE") == [{"SalesPrice": 8.95}]


def test_what_the_payload_leaves_out_is_not_touched(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(description="Eigen tekst"), api)
    _update(globe, "BEL-KOPER", _bell(description=None, price=None, name="Bel"), api)
    assert globe.bodies("Item", "MERGE") == [{"Description0": "Bel"}]


def test_variants_that_are_new_are_made_and_those_that_are_gone_retire(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _sock("S", "M"), api)
    _update(globe, "SOK", _sock("M", "L"), api)
    assert _item(api, "SOK-S")["Condition"] == "E"
    joined = _item(api, "SOK-L")
    assert (joined["IsSalesItem"], joined["SalesVATCode"], joined["Assortment"]) == (True, "3", 7)
    record = Products().get(api, ["SOK"])["SOK"]
    assert [i["ItemCode"] for i in record["items"]] == ["SOK-L", "SOK-M"]


def test_variants_that_are_gone_may_stay(connect: Callable[..., Globe]) -> None:
    settings = {"family_field": "TextFreeField1", "retire_variants": False}
    globe = connect(plugin={"settings": settings})
    api = globe.api()
    _create(globe, _sock("S", "M"), api)
    _update(globe, "SOK", _sock("M"), api)
    assert _item(api, "SOK-S")["Condition"] == "A"


def test_an_item_that_is_there_joins_the_family(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(sku="SOK-S", name="Oude sok"), api)
    _create(globe, _sock("S", "M"), api)
    assert (_item(api, "SOK-S")["TextFreeField1"], len(globe.bodies("Item"))) == ("SOK", 2)


def test_switching_off_is_condition_e_and_other_ways_of_being_off_are_left(globe: Globe) -> None:
    api = globe.api()
    _create(globe, _bell(), api)
    _update(globe, "BEL-KOPER", _bell(active=False), api)
    assert _item(api, "BEL-KOPER")["Condition"] == "E"
    globe_api.merge(api, "Item", "'BEL-KOPER'", {"Condition": "D"})
    _update(globe, "BEL-KOPER", _bell(active=False), api)
    assert _item(api, "BEL-KOPER")["Condition"] == "D"
    _update(globe, "BEL-KOPER", _bell(), api)
    assert _item(api, "BEL-KOPER")["Condition"] == "A"


def test_p20_a_picture_is_sent_once_and_again_when_it_changes(globe: Globe) -> None:
    api = globe.api()
    picture = Image(content=PICTURE, filename="bel.png")
    _create(globe, _bell(images=[picture, Image(content=OTHER)]), api)
    made = _item(api, "BEL-KOPER")
    assert made["PictureFilename"].startswith("bel-")
    assert made["PictureFilename"].endswith(".png")
    assert globe.bodies("Binary") == [{"Data": PICTURE}]
    _update(globe, "BEL-KOPER", _bell(images=[picture]))
    assert len(globe.bodies("Binary")) == 1
    _update(globe, "BEL-KOPER", _bell(images=[Image(content=OTHER, filename="bel.png")]))
    assert len(globe.bodies("Binary")) == 2
    assert _item(api, "BEL-KOPER")["MessageID"] != made["MessageID"]


def test_the_variants_of_a_product_share_its_picture(globe: Globe) -> None:
    api = globe.api()
    picture = Image(content=PICTURE, filename="sok.png")
    _create(globe, _sock("S", "M", images=[picture]), api)
    assert len(globe.bodies("Binary")) == 1
    assert _item(api, "SOK-S")["MessageID"] == _item(api, "SOK-M")["MessageID"]


# ---- answers that get lost


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_family_whose_making_was_broken_off_is_made_whole(
    globe: Globe, kind: Any, position: int
) -> None:
    api, entity = globe.api(), Products()
    api.system.check(api)
    payload = globe.rendered(entity, _sock("S", "M", "L"), SETTINGS)
    globe.service.sandbox.fault(kind, method="POST", path="Item$", skip=position, times=1)
    with pytest.raises(UnknownOutcome):
        entity.create(api, payload, effect())
    assert entity.find(api, "sku", ["SOK"]) == {}  # not all of it is there
    entity.create(api, payload, effect())
    assert len(entity.find(api, "sku", ["SOK"])) == 1
    record = entity.get(api, ["SOK"])["SOK"]
    assert len(record["items"]) == 3
    posted = [b["ItemCode"] for b in globe.bodies("Item")]
    assert len(posted) <= 4


def test_after_a_crash_the_update_makes_the_family_whole(globe: Globe) -> None:
    api = globe.api()
    api.system.check(api)
    payload = globe.rendered(Products(), _sock("S", "M"), SETTINGS)
    globe.service.sandbox.fault("drop_before", method="POST", path="Item$", skip=1, times=1)
    with pytest.raises(UnknownOutcome):
        Products().create(api, payload, effect())
    later = globe.api()
    found = Products().find(later, "sku", ["SOK"])
    _update(globe, Products().key_of(found["SOK"]), _sock("S", "M"), later)
    assert len(Products().get(later, ["SOK"])["SOK"]["items"]) == 2
