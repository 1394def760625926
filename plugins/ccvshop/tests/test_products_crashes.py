"""Lost answers and broken off writes leave one whole product."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_ccvshop.products import Products

from hub.model import Attribute, Category, Image
from hub.sdk import Effect, RecordError, UnknownOutcome

from .conftest import Open, written
from .goods import RED, D, got, shirt, tea

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
