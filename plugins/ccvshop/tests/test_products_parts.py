"""Categories, features and pictures of products: found, made, and only what differs."""

from __future__ import annotations

import base64

import pytest
from koppel_ccvshop.forms import ProductsSettings
from koppel_ccvshop.products import Products
from koppel_ccvshop.sandbox.extras import picture

from hub.model import Attribute, Category, Image
from hub.sdk import Blocked, RecordError

from .conftest import Memory, Open, written
from .goods import BLUE, RED, D, got, tea

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
