"""Products arrive in the shop whole: variants, categories, features, picture; and only once."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.forms import ProductsSettings
from koppel_ccvshop.products import Products
from koppel_ccvshop.sandbox.extras import picture

from hub.model import Attribute, Category, Image, Product, Variant
from hub.sdk import Blocked, Effect, RecordError, RejectedError, UnknownOutcome

from .conftest import Memory, Open, Shop, rendered, understood, written

D = Decimal
RED = base64.b64encode(picture(255, 0, 0)).decode()
BLUE = base64.b64encode(picture(0, 0, 255)).decode()


def tea(**more: Any) -> Product:
    """A simple product."""
    values: dict[str, Any] = {
        "sku": "THEE",
        "ean": "8719000000017",
        "name": "Theepot Zoë",
        "short_description": "Gietijzer",
        "description": "<p>Gietijzeren theepot.</p>",
        "price": D("34.95"),
        "tax_rate": D(21),
        "cost_price": D("14.5"),
        "brand": "Ångström",
        "weight": D("0.8"),
        "stock": D(12),
        "stock_managed": True,
        "active": True,
    }
    return Product(**{**values, **more})


def shirt(*variants: tuple[str, str, str], **more: Any) -> Product:
    """A product in sizes and colours: SKU, size and price of each; colour from the SKU."""
    made = [
        Variant(
            sku=sku,
            ean=f"87190000001{n:02}",
            price=D(price),
            stock=D(5),
            attributes=[
                Attribute(name="Maat", value=size),
                Attribute(name="Kleur", value=sku.rpartition("-")[2]),
            ],
        )
        for n, (sku, size, price) in enumerate(variants)
    ]
    return tea(sku="HEMD", name="Hemd", price=D(20), stock=None, variants=made, **more)


def got(shop: Shop, key: str) -> Product:
    found = Products().get(shop.api, [key])[key]
    assert not isinstance(found, RecordError)
    document = understood(Products(), found)
    assert isinstance(document, Product)
    return document


def test_a_simple_product_is_one_request_and_comes_back_as_it_was_sent(opened: Open) -> None:
    """P13, P22-P28: every field of the default mapping."""
    shop = opened(orders=0)

    key = written(shop, Products(), tea())

    assert shop.writes() == ["POST products"]
    made = got(shop, key)
    sent = tea()
    for name in (
        *("sku", "ean", "name", "short_description", "description", "price", "tax_rate", "brand"),
        *("cost_price", "weight", "stock", "stock_managed", "active"),
    ):
        assert getattr(made, name) == getattr(sent, name), name
    assert (made.prices, made.vat_code, made.currency) == ("gross", "normal", "EUR")


def test_what_was_written_renders_to_the_same_payload_again(opened: Open) -> None:
    """The round trip by which a plan tells what would change."""
    shop = opened(orders=0)
    product = shirt(
        ("HEMD-M-Rood", "M", "20"),
        ("HEMD-L-Rood", "L", "22.5"),
        categories=[Category(path=["Kleding", "Hemden"])],
        features=[Attribute(name="Materiaal", value="Katoen")],
    )
    key = written(shop, Products(), product)

    now = rendered(Products(), got(shop, key), creating=False)

    wanted = rendered(Products(), product, creating=False)
    assert within(wanted, now)


def within(wanted: Any, present: Any) -> bool:
    """Whether all that is wanted is there; what is not said does not count."""
    if isinstance(wanted, dict):
        return all(within(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(wanted, present, strict=True)
        return len(wanted) == len(present) and all(within(w, p) for w, p in pairs)
    return bool(wanted == present)


@pytest.mark.parametrize("field", ["sku", "name", "price", "tax_rate"])
def test_a_new_product_without_what_the_shop_requires_is_refused_before_it_is_sent(
    opened: Open, field: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError) as error:
        written(shop, Products(), tea(**{field: None}))

    assert (error.value.field, error.value.code) == (field, "missing")
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"tax_rate": D(17)}, "tax_rate", "no VAT tariff of 17%.*21% \\(normal\\), 9% \\(low a\\)"),
        ({"name": "x" * 201}, "name", "200 characters"),
        ({"sku": "x" * 51}, "sku", "50 characters"),
        ({"price": D("1e12")}, "price", "must be a number"),
        ({"categories": [Category(path=["Thee", ""])]}, r"categories\[0\]", "no name"),
    ],
)
def test_what_the_shop_cannot_take_is_said_of_the_field(
    opened: Open, changes: dict[str, Any], field: str, says: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match=says) as error:
        written(shop, Products(), tea(**changes))

    assert error.value.field == field.replace("\\", "")
    assert shop.writes() == []


def test_a_price_of_1e400_out_of_a_rule_is_refused(opened: Open) -> None:
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {"price": D("1e400")}

    with pytest.raises(RecordError, match="price must be a number"):
        Products().create(shop.api, payload, Effect("t"))


def test_a_field_that_the_shop_does_not_have_is_named(opened: Open) -> None:
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {"colour": "red"}

    with pytest.raises(RecordError, match="no field colour"):
        Products().create(shop.api, payload, Effect("t"))


def test_every_plain_field_takes_what_a_rule_puts_there_as_text(opened: Open) -> None:
    """P21: extra fields of the API can be mapped."""
    shop = opened(orders=0)
    payload = rendered(Products(), tea()) | {
        "memo": "Exact 1001",
        "minimal_order_amount": "6",
        "product_layout": "2",
        "no_index": "yes",
        "stock_delivery_type": "days",
    }

    key = Products().create(shop.api, payload, Effect("t")).key

    found: Any = Products().get(shop.api, [key])[key]
    assert (found["memo"], found["minimal_order_amount"]) == ("Exact 1001", 6)
    assert (found["product_layout"], found["no_index"]) == (2, True)


def test_right_to_left_and_emoji_names_arrive_as_they_are(opened: Open) -> None:
    shop = opened(orders=0)
    name = "إبريق شاي 🫖 ‏חליטה"

    assert got(shop, written(shop, Products(), tea(name=name))).name == name


def test_the_limit_of_the_subscription_is_told_in_the_shops_own_words(opened: Open) -> None:
    shop = opened(orders=0, product_limit=3)

    with pytest.raises(RejectedError, match="product limit is exceeded") as error:
        written(shop, Products(), tea())

    assert error.value.code == "product_limit"


# -- variants --------------------------------------------------------------------------------------


def test_variants_are_made_of_attributes_and_those_not_sold_are_switched_off(opened: Open) -> None:
    """P14, P17."""
    shop = opened(orders=0)
    product = shirt(
        ("HEMD-M-Rood", "M", "20"), ("HEMD-L-Rood", "L", "22.5"), ("HEMD-L-Blauw", "L", "23")
    )

    key = written(shop, Products(), product)

    assert shop.writes() == [
        "POST products",
        # "Maat" and "M", "L" are known here because the helmets have them.
        "POST attributes",
        *["POST attributes/#/attributevalues"] * 2,
        *["POST products/#/productattributevalues"] * 4,
        *["PATCH attributecombinations/#"] * 4,
    ]
    made = {v.sku: v for v in got(shop, key).variants}
    assert set(made) == {"HEMD-M-Rood", "HEMD-L-Rood", "HEMD-L-Blauw"}
    assert [made[sku].price for sku in sorted(made)] == [D(23), D("22.5"), D(20)]
    assert {v.stock for v in made.values()} == {D(5)}
    assert {(a.name, a.value) for a in made["HEMD-L-Blauw"].attributes} == {
        ("Maat", "L"),
        ("Kleur", "Blauw"),
    }


def test_a_second_product_with_the_same_attributes_makes_no_new_ones(opened: Open) -> None:
    shop = opened(orders=0)
    written(shop, Products(), shirt(("HEMD-M-Rood", "M", "20")))
    shop.reset()

    second = shirt(("BROEK-M-Rood", "m", "20"))
    second.sku = "BROEK"
    written(shop, Products(), second)

    assert not [w for w in shop.writes() if w.startswith("POST attributes")]


def test_a_price_that_is_no_sum_of_surcharges_names_the_variant_and_sends_nothing(
    opened: Open,
) -> None:
    shop = opened(orders=0)
    product = shirt(
        *(("A-Rood", "M", "20"), ("B-Blauw", "M", "21")),
        *(("C-Rood", "L", "25"), ("D-Blauw", "L", "27")),
    )

    with pytest.raises(RecordError, match="Variant D-Blauw costs 27, which CCV Shop cannot") as e:
        written(shop, Products(), product)

    assert (e.value.field, e.value.code) == ("variants[3].price", "variant_price")
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("second", "says", "field"),
    [
        (("HEMD-M-Rood", "L", "20"), "Variants 1 and 2 have the same SKU", "variants[1].sku"),
        (("X-Rood", "M", "20"), "have the same attributes: Maat M", "variants[1].attributes"),
    ],
)
def test_two_variants_that_cannot_be_told_apart_are_refused(
    opened: Open, second: tuple[str, str, str], says: str, field: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match=says) as error:
        written(shop, Products(), shirt(("HEMD-M-Rood", "M", "20"), second))

    assert error.value.field == field
    assert shop.writes() == []


def test_a_variant_without_attributes_is_refused_by_name(opened: Open) -> None:
    product = shirt(("HEMD-M-Rood", "M", "20"))
    product.variants[0].attributes = []

    with pytest.raises(RecordError, match="Variant HEMD-M-Rood has no attributes"):
        written(opened(orders=0), Products(), product)


def test_variants_that_differ_in_different_things_are_refused(opened: Open) -> None:
    product = shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20"))
    product.variants[1].attributes.pop()

    with pytest.raises(RecordError, match="B-Rood differs in Maat, but A-Rood in Maat and Kleur"):
        written(opened(orders=0), Products(), product)


def test_a_variant_that_is_gone_is_switched_off_and_a_new_one_is_made(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20")))
    shop.reset()

    written(shop, Products(), shirt(("A-Rood", "M", "20"), ("C-Rood", "XL", "21")), key=key)

    made = {v.sku: v for v in got(shop, key).variants}
    assert {sku: v.active for sku, v in made.items()} == {
        "A-Rood": True,
        "B-Rood": False,
        "C-Rood": True,
    }
    assert made["C-Rood"].price == D(21)


def test_an_attribute_that_is_gone_no_longer_multiplies_the_variants(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20")))
    product = shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20"))
    for variant in product.variants:
        variant.attributes.pop()

    written(shop, Products(), product, key=key)

    assert [len(v.attributes) for v in got(shop, key).variants] == [1, 1]


def test_a_price_that_changed_is_one_patch_of_the_option(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "22")))
    shop.reset()

    written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "24")), key=key)

    assert shop.writes() == ["PATCH productattributevalues/#"]
    assert sorted(v.price or D(0) for v in got(shop, key).variants) == [D(20), D(24)]


# -- updates ---------------------------------------------------------------------------------------


def test_an_update_of_the_product_alone_is_one_request(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())
    shop.reset()

    written(shop, Products(), Product(sku="THEE", price=D("36.95")), key=key)

    assert shop.writes() == ["PATCH products/#"]
    assert len(shop.sandbox.requests) == 1
    assert got(shop, key).price == D("36.95")


def test_an_update_without_changes_writes_nothing(opened: Open) -> None:
    shop = opened(orders=0)
    product = shirt(
        ("A-Rood", "M", "20"),
        categories=[Category(path=["Kleding"])],
        features=[Attribute(name="Materiaal", value="Katoen")],
        images=[Image(content=RED, alt="Rood")],
    )
    key = written(shop, Products(), product)
    shop.reset()

    written(shop, Products(), product, key=key)

    assert shop.writes() == []


def test_what_the_policy_leaves_out_is_not_touched(opened: Open) -> None:
    """P12: a text that was enriched in the shop survives."""
    shop = opened(orders=0)
    key = written(shop, Products(), tea(categories=[Category(path=["Thee"])]))

    written(shop, Products(), Product(sku="THEE", name="Theepot"), key=key)

    made = got(shop, key)
    assert (made.name, made.description) == ("Theepot", "<p>Gietijzeren theepot.</p>")
    assert [c.path for c in made.categories] == [["Thee"]]


def test_stock_is_only_written_to_a_new_product(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())

    written(shop, Products(), tea(stock=D(3), price=D(30)), key=key)

    made = got(shop, key)
    assert (made.stock, made.price) == (D(12), D(30))


def test_a_product_is_switched_off_and_never_deleted(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea())
    shop.reset()

    written(shop, Products(), Product(active=False), key=key)

    assert shop.writes() == ["PATCH products/#"]
    assert got(shop, key).active is False


# -- categories and features -----------------------------------------------------------------------


def test_categories_are_found_by_their_path_and_made_when_missing(opened: Open) -> None:
    """P19."""
    shop = opened(orders=0)
    paths = [["onderdelen", "Banden"], ["Onderdelen", "Banden", "Vouwbanden", "Race"]]

    key = written(shop, Products(), tea(categories=[Category(path=p) for p in paths]))

    assert shop.writes() == [
        "POST products",
        *["POST categories"] * 2,
        *["POST producttocategories"] * 2,
    ]
    assert [c.path for c in got(shop, key).categories] == [
        ["Onderdelen", "Banden"],
        ["Onderdelen", "Banden", "Vouwbanden", "Race"],
    ]


def test_a_missing_category_holds_the_product_back_when_none_may_be_made(opened: Open) -> None:
    shop = opened(orders=0)
    settings = ProductsSettings(package="12002", new_categories=False)
    product = tea(categories=[Category(path=["Thee", "Groen"])])

    with pytest.raises(Blocked, match="no category Thee > Groen") as error:
        written(shop, Products(), product, settings=settings)

    assert error.value.fix == "new_categories"
    assert "POST categories" not in shop.writes()


def test_a_product_leaves_the_categories_that_are_no_longer_named(opened: Open) -> None:
    shop = opened(orders=0)
    both = tea(categories=[Category(path=["Thee"]), Category(path=["Actie"])])
    key = written(shop, Products(), both)
    shop.reset()

    written(shop, Products(), tea(categories=[Category(path=["Thee"])]), key=key)

    assert shop.writes() == ["DELETE producttocategories/#"]


def test_features_go_where_the_shop_has_them_and_new_ones_to_the_group_of_the_settings(
    opened: Open,
) -> None:
    """P18: text, option and yes-or-no features."""
    shop = opened(orders=0)
    features = {"materiaal": "Gietijzer", "Land van herkomst": "JP"}
    features |= {"Waterdicht": "ja", "Inhoud": "1 l"}
    product = tea(features=[Attribute(name=n, value=v) for n, v in features.items()])

    key = written(shop, Products(), product)

    assert {f.name: f.value for f in got(shop, key).features} == {
        "Materiaal": "Gietijzer",
        "Land van herkomst": "JP",
        "Waterdicht": "yes",
        "Inhoud": "1 l",
    }
    assert shop.writes().count("POST producttopropertygroups") == 1
    assert shop.writes().count("POST productproperties/#/productpropertyoptions") == 1


def test_a_feature_that_changed_is_one_patch_and_one_that_is_gone_one_delete(opened: Open) -> None:
    shop = opened(orders=0)
    first = [Attribute(name="Materiaal", value="Glas"), Attribute(name="Inhoud", value="1 l")]
    key = written(shop, Products(), tea(features=first))
    shop.reset()

    written(shop, Products(), tea(features=[Attribute(name="Inhoud", value="2 l")]), key=key)

    assert sorted(shop.writes()) == [
        "DELETE productpropertyvalues/#",
        "PATCH productpropertyvalues/#",
    ]


# -- pictures --------------------------------------------------------------------------------------


def test_the_picture_is_sent_once_and_again_only_when_it_has_changed(opened: Open) -> None:
    """P05, P20."""
    shop = opened(orders=0)
    key = written(shop, Products(), tea(images=[Image(content=RED, alt="Theepot")]))
    assert shop.writes() == ["POST products", "PUT products/#/productphotos"]
    shop.reset()

    written(shop, Products(), tea(images=[Image(content=RED, alt="Theepot")], price=D(1)), key=key)
    assert shop.writes() == ["PATCH products/#"]
    shop.reset()

    written(shop, Products(), tea(images=[Image(content=BLUE)], price=D(1)), key=key)
    assert shop.writes() == ["POST products/#/productphotos", "DELETE productphotos/#"]
    (image,) = got(shop, key).images
    assert image.url
    assert shop.bare.get(image.url).content == picture(0, 0, 255)


def test_a_picture_that_is_there_is_recognised_when_nobody_remembers_sending_it(
    opened: Open,
) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea(images=[Image(content=RED)]))
    shop.api.indexes = Memory()
    shop.reset()

    written(shop, Products(), tea(images=[Image(content=RED)]), key=key)

    assert shop.writes() == []


def test_pictures_that_people_added_stay_when_the_main_one_is_replaced(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), tea(images=[Image(content=RED)]))
    more = {"file_type": "png", "source": BLUE, "is_mainphoto": False, "alttext": "Detail"}
    shop.api.post(f"/products/{key}/productphotos/", more)

    green = base64.b64encode(picture(0, 255, 0)).decode()
    written(shop, Products(), tea(images=[Image(content=green)]), key=key)

    assert [i.alt for i in got(shop, key).images if not i.main] == ["Detail"]


def test_a_picture_is_fetched_from_its_address(opened: Open) -> None:
    shop = opened(orders=0)
    url = f"{shop.url}/photos/60210702.png"  # that of another product

    key = written(shop, Products(), tea(images=[Image(url=url)]))

    (image,) = got(shop, key).images
    assert image.url
    assert shop.bare.get(image.url).content == shop.bare.get(url).content


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (Image(content=base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40 << 20)).decode()), "40 MB"),
        (Image(content="nonsense!"), "not valid base64"),
        (Image(content=base64.b64encode(b"%PDF-1.7").decode()), "neither JPEG, PNG"),
        (Image(url="ftp://example.nl/a.jpg"), "no web address"),
        (Image(url="http://127.0.0.1:9/a.jpg"), "could not be fetched"),
        (Image(alt="nothing"), "neither address nor content"),
    ],
)
def test_a_picture_that_cannot_be_sent_is_named_before_anything_is(
    opened: Open, image: Image, says: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match=says) as error:
        written(shop, Products(), tea(images=[image]))

    assert error.value.field == "images[0]"
    assert shop.writes() == []


def test_a_picture_that_is_gone_at_its_address_says_so(opened: Open) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match="server answered 404"):
        written(shop, Products(), tea(images=[Image(url=f"{shop.url}/photos/1.png")]))


# -- crashes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("skip", range(14))
def test_a_lost_answer_at_any_write_leaves_one_whole_product(
    opened: Open, kind: Any, skip: int
) -> None:
    shop = opened(orders=0)
    product = shirt(
        *(("A-Rood", "M", "20"), ("B-Rood", "L", "22")),
        categories=[Category(path=["Kleding", "Hemden"])],
        features=[Attribute(name="Wasvoorschrift", value="30 graden")],
        images=[Image(content=RED)],
    )
    shop.sandbox.fault(kind, method="POST|PUT|PATCH", skip=skip, times=1)
    effect = Effect("token")

    for _ in range(3):
        try:
            key = written(shop, Products(), product, effect=effect)
            break
        except UnknownOutcome:
            continue

    same = shop.api.get("/products/?productnumber=HEMD&start=0&size=9")["items"]
    assert [str(p["id"]) for p in same] == [key]
    made = got(shop, key)
    assert [(v.sku, v.price) for v in made.variants] == [("A-Rood", D(20)), ("B-Rood", D(22))]
    assert [c.path for c in made.categories] == [["Kleding", "Hemden"]]
    assert [(f.name, f.value) for f in made.features] == [("Wasvoorschrift", "30 graden")]
    assert len(made.images) == 1


def test_a_write_that_was_broken_off_is_taken_up_where_it_was(opened: Open) -> None:
    shop = opened(orders=0)
    effect = Effect("token")
    product = shirt(("A-Rood", "M", "20"))
    outage = shop.sandbox.fault("status", method="PATCH", status=503)
    with pytest.raises(RecordError, match="was made in CCV Shop, but not all of its") as error:
        written(shop, Products(), product, effect=effect)
    assert error.value.code == "unfinished"
    shop.sandbox.faults.remove(outage)
    shop.reset()

    key = written(shop, Products(), product, effect=effect)

    assert shop.writes() == ["PATCH attributecombinations/#"]
    assert [v.sku for v in got(shop, key).variants] == ["A-Rood"]


def test_a_post_that_answers_nothing_although_it_worked_makes_no_second_product(
    opened: Open,
) -> None:
    shop = opened(orders=0, middleware=_silent_posts)

    key = written(shop, Products(), tea())

    assert got(shop, key).sku == "THEE"
    assert shop.writes() == ["POST products"]


def _silent_posts(app: Any) -> Any:
    """The shop now and then makes a record and answers 204 without a body."""

    def call(environ: dict[str, Any], start: Any) -> Any:
        def quiet(status: str, headers: list[Any], exc: Any = None) -> Any:
            if environ["REQUEST_METHOD"] == "POST" and status.startswith("201"):
                return start("204 NO CONTENT", [])
            return start(status, headers, exc)

        body = app(environ, quiet)
        return [] if environ["REQUEST_METHOD"] == "POST" else body

    return call


def test_a_product_that_is_only_its_variants_gets_the_number_of_the_source(opened: Open) -> None:
    shop = opened(orders=0)
    product = shirt(("A-Rood", "M", "20"), number="GROEP-7")
    product.sku = None

    key = written(shop, Products(), product)

    assert got(shop, key).sku == "GROEP-7"
    assert list(Products().find(shop.api, "sku", ["A-Rood"])) == ["A-Rood"]
