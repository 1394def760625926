"""What the sandbox takes and shows has the vendor's own names and types, where they can be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from koppel_ccvshop import productwrite
from koppel_ccvshop.sandbox import schemas
from koppel_ccvshop.sandbox.schemas import Schema

from .conftest import Open

FIELDS = Path(__file__).parents[4] / "shared" / "specs" / "ccvshop" / "fields.json"
pytestmark = pytest.mark.skipif(not FIELDS.is_file(), reason="the vendor's fields are not here")
TYPES = {"int": (int,), "float": (int, float), "bool": (bool,), "string": (str,)}


def model(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIELDS.read_text())[name]
    return found


@pytest.mark.parametrize(
    ("name", "schema", "left_out"),
    [
        ("Products/Post/Post", schemas.PRODUCT, {"color_id"}),
        ("Attributecombinations/Patch/Patch", schemas.COMBINATION, set()),
        ("Attributes/Input/Input", schemas.ATTRIBUTE, set()),
        ("Attributevalues/Post/Post", schemas.ATTRIBUTE_VALUE, set()),
        ("Productattributevalues/Post/Post", schemas.PRODUCT_VALUE, set()),
        ("Productattributevalues/Patch/Patch", schemas.PRODUCT_VALUE_PATCH, set()),
        ("Producttocategories/Post/Post", schemas.CATEGORY_LINK, set()),
        ("Productphotos/Post/Post", schemas.PHOTO, set()),
        ("Productphotos/Patch/Patch", schemas.PHOTO_PATCH, set()),
        ("Productproperties/Post/Post", schemas.PROPERTY, set()),
        ("Productpropertyoptions/Post/Post", schemas.OPTION, set()),
        ("Producttopropertygroups/Post/Post", schemas.GROUP_LINK, set()),
        ("Users/Post/Post", schemas.USER, {"userinfo"}),
        ("Users/Patch/Patch", schemas.USER_PATCH, {"userinfo", "gender"}),
        ("Orders/Patch/Patch", schemas.ORDER_PATCH, {"customer", "orderrows"}),
        ("Invoices/Input/Input", schemas.INVOICE_PATCH, set()),
    ],
)
def test_a_body_has_the_fields_and_types_of_the_vendor(
    name: str, schema: Schema, left_out: set[str]
) -> None:
    wanted = {
        field: TYPES.get(about["type"], about["type"])
        for field, about in model(f"Internal/Resource/{name}").items()
        if field not in left_out
    }
    ours = {field: kinds for field, kinds in schema.fields.items() if field not in left_out}

    assert ours == wanted


def test_categories_are_made_with_fields_that_the_vendor_has() -> None:
    assert set(schemas.CATEGORY.fields) <= set(model("Internal/Resource/Categories/Post/Post"))


def test_every_field_of_a_product_that_the_vendor_takes_can_be_written() -> None:
    """P21."""
    ours = productwrite._TEXT | productwrite._NUMBER | productwrite._WHOLE | productwrite._FLAG

    assert ours == set(model("Internal/Resource/Products/Post/Post"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/products/830456143/", "Products/Products"),
        ("/attributecombinations/44120301/", "Attributecombinations/Attributecombinations"),
        ("/productphotos/60210701/", "Productphotos/Productphotos"),
        ("/producttocategories/5400001/", "Producttocategories/Producttocategories"),
        ("/productpropertyvalues/24001/", "Productpropertyvalues/Productpropertyvalues"),
        ("/productpropertygroups/3101/", "Productpropertygroups/Productpropertygroups"),
        ("/users/61234001/", "Users/Users"),
        ("/invoices/30118801/", "Invoices/Invoices"),
    ],
)
def test_an_answer_has_the_fields_of_the_vendor(opened: Open, path: str, name: str) -> None:
    answer = opened(orders=1).api.get(path)
    known = model(f"Vnd/Verto/Webshop/Resource/{name}")

    assert set(answer) <= set(known)
    lacking = {n for n, about in known.items() if not about["nullable"]} - set(answer)
    assert not lacking
