"""What the pretend shop answers about products and brands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .asked import Asked, Refused, invalid, missing
from .assortment import RATES, Assortment, known_package
from .extras import Extras
from .goods import JSON, PRODUCT_EXPANSIONS
from .menus import Menus
from .schemas import NAME, PRODUCT, same, taken

Answered = tuple[int, Any]


class Shelves:
    """Products as `products` shows them, and all that can be written to them."""

    def __init__(self, assortment: Assortment, extras: Extras, product_limit: int) -> None:
        self.goods, self.extras, self.product_limit = assortment, extras, product_limit
        self.menus = Menus(assortment)
        self.routes: dict[str, Callable[..., JSON]] = {
            "brands": self._brands,
            "brands/#": self._brand,
            "brands/#/products": self._brand_products,
            "categories/#/products": self._category_products,
            "products": self._products,
            "products/#": self._product,
            "productqueries": self._productqueries,
            **self.menus.routes,
        }
        self.writes: dict[tuple[str, str], Callable[..., Answered]] = {
            ("POST", "brands"): self._post_brand,
            ("POST", "products"): self._post,
            ("PATCH", "products/#"): self._patch,
            ("DELETE", "products/#"): self._delete,
            **self.menus.writes,
        }

    # -- brands --------------------------------------------------------------------------------

    def _brands(self, asked: Asked) -> JSON:
        return asked.all(self._brand(asked, own) for own in list(self.goods.brands))

    def _brand(self, asked: Asked, own: int) -> JSON:
        if own not in self.goods.brands:
            raise missing("brands", own)
        return {"href": f"{asked.at}/brands/{own}/", "id": own, "name": self.goods.brands[own]}

    def _post_brand(self, asked: Asked) -> Answered:
        name = NAME.check(asked.json())["name"]
        if name.casefold() in {known.casefold() for known in self.goods.brands.values()}:
            raise taken("name")
        return 201, self._brand(asked, self.goods.brand(name))

    # -- products ------------------------------------------------------------------------------

    def show(self, asked: Asked, own: int, expand: frozenset[str]) -> JSON:
        """A product with links to its parts, those in *expand* filled in."""
        if own not in self.goods.products:
            raise missing("products", own)
        kept = self.goods.record(own)
        href = f"{asked.at}/products/{own}/"
        names = ("active", "brand_id", "condition", "condition_id", "color_id", "supplier_id")
        record: JSON = {
            "href": href,
            "id": own,
            "is_active": kept["active"],
            **{k: v for k, v in kept.items() if k not in (*names, "package_id")},
            "vatrate": RATES[kept["taxtariff"]],
            "stock": self.goods.stock(own),
            "is_multishop_product": False,
            "multishop_href": None,
            "tradecodesystem": None,
            "credit_points_calculated": 0,
            "brand": None,
            "condition": None,
            "color": None,
            "supplier": None,
            "productmainphoto": self.extras.main_photo(own),
            "deeplink": f"https://fietsen.example/{kept['alias']}",
            "package": {
                "href": f"{asked.at}/packages/{kept['package_id']}/",
                "id": kept["package_id"],
            },
            "is_visible": kept["active"],
            "can_be_ordered": kept["active"],
            "productlabels": {"href": f"{href}productlabels/"},
            "webshops": {"href": f"{href}webshops/"},
        }
        if kept["brand_id"] is not None:
            record["brand"] = self._brand(asked, kept["brand_id"])
        for name in PRODUCT_EXPANSIONS - {"productvariants"}:
            record[name] = {"href": f"{href}{name}/"}
            if name in expand:
                record[name]["collection"] = self._part(asked, own, name)
        record["productshippingcosts"] |= {"costs": 6.95, "default_country": "NL", "quantity": 1}
        return record

    def _part(self, asked: Asked, own: int, name: str) -> list[JSON]:
        if name == "attributecombinations":
            return [
                self.menus.combination(asked, c) for c in self.goods.combinations_of_product(own)
            ]
        return self.extras.part(asked, own, name)

    def _expand(self, asked: Asked) -> frozenset[str]:
        names = frozenset(filter(None, asked.query.get("expand", "").split(",")))
        if unknown := names - PRODUCT_EXPANSIONS:
            raise invalid(f"expand: {', '.join(sorted(unknown))} unknown")
        return names

    def _brand_products(self, asked: Asked, own: int) -> JSON:
        self._brand(asked, own)
        goods = self.goods
        return self._listed(
            asked, [p for p in goods.products if goods.record(p)["brand_id"] == own]
        )

    def _category_products(self, asked: Asked, own: int) -> JSON:
        return self._listed(asked, self.extras.products_in(own))

    def _products(self, asked: Asked) -> JSON:
        return self._listed(asked, self.goods.products)

    def _listed(self, asked: Asked, among: Iterable[int]) -> JSON:
        texts = ("productnumber", "eannumber", "mpnnumber", "productname", "color")
        ranges = ("price", "discount", "sellprice", "stock")
        bounds = [f"{end}{name}" for name in ranges for end in ("min", "max")]
        asked.only(
            *("start", "size", "orderby", "expand", "active", "quantity", "stock", *texts, *bounds)
        )
        if "productname" in asked.query and len(asked.query["productname"]) < 3:
            raise invalid("productname: at least 3 characters")
        expand, active, stock = self._expand(asked), asked.flag("active"), asked.amount("stock")
        limits = {name: asked.amount(name) for name in bounds}
        limited = any(value is not None for value in limits.values())
        name = asked.query.get("productname", "").lower()
        found = []
        for own in among:
            record = self.goods.record(own)
            fits = name in record["name"].lower() and active in (None, record["active"])
            for text in ("productnumber", "eannumber", "mpnnumber"):
                fits &= text not in asked.query or record[text] == asked.query[text]
            if fits and limited:
                has = {
                    **{n: record[n] for n in ("price", "discount")},
                    "sellprice": record["price"] - record["discount"],
                    "stock": self.goods.stock(own),
                }
                for n in ranges:
                    low, high = limits[f"min{n}"], limits[f"max{n}"]
                    fits &= (low is None or has[n] >= low) and (high is None or has[n] <= high)
            fits &= stock is None or stock == self.goods.stock(own)
            if fits and "color" not in asked.query:
                found.append(own)
        by: dict[str, Callable[[int], Any]] = {
            "id": lambda p: p,
            "name": lambda p: (self.goods.products[p]["name"], p),
            "createdate": lambda p: (self.goods.products[p]["createdate"], p),
            "modifydate": lambda p: (self.goods.products[p]["modifydate"], p),
        }
        return asked.paged(asked.ordered(found, by), lambda p: self.show(asked, p, expand))

    def _product(self, asked: Asked, own: int) -> JSON:
        asked.only("expand")
        return self.show(asked, own, self._expand(asked))

    def _productqueries(self, asked: Asked) -> JSON:
        asked.only("productnumber", "eannumber", "mpnnumber", "skunumber")
        if not asked.query:
            raise invalid("productnumber, eannumber, mpnnumber or skunumber: required")
        names = ("productnumber", "skunumber", "eannumber")
        found = []
        for own in self.goods.products:
            has = {
                n: set(v)
                for n, v in zip(names, zip(*self.goods.numbers(own), strict=True), strict=True)
            }
            has["mpnnumber"] = {self.goods.record(own)["mpnnumber"]}
            if all(value and value in has[name] for name, value in asked.query.items()):
                found.append(self.show(asked, own, frozenset()))
        return {"href": asked.href, "items": found}

    def _checked(self, asked: Asked, *, patch: bool) -> JSON:
        values = dict(PRODUCT.check(asked.json(), patch=patch))
        if not patch and not {"taxtariff", "vatrate"} & values.keys():
            raise invalid("taxtariff or vatrate: required")
        if "vatrate" in values:
            rate = values.pop("vatrate")
            tariff = next((t for t, percentage in RATES.items() if percentage == rate), None)
            if tariff is None:
                raise invalid(f"vatrate: the shop has no tariff of {rate}")
            values.setdefault("taxtariff", tariff)
        if "package_id" in values and not known_package(values["package_id"]):
            raise invalid(f"package_id: there is no package {values['package_id']}")
        if "brand_id" in values and values["brand_id"] not in self.goods.brands:
            raise invalid(f"brand_id: there is no brand {values['brand_id']}")
        if name := values.pop("brand", None):
            values["brand_id"] = self.goods.brand(name)
        for other in ("condition", "condition_id", "color_id", "supplier_id"):
            if values.get(other) is not None:
                raise Refused(501, "501.10", f"{other} is not implemented in this sandbox.")
        return values

    def _post(self, asked: Asked) -> Answered:
        values = self._checked(asked, patch=False)
        if 0 <= self.product_limit <= len(self.goods.products):
            raise Refused(500, "500.60", "The product limit is exceeded.")
        return 201, self.show(asked, self.goods.add_product(values), frozenset())

    def _patch(self, asked: Asked, own: int) -> Answered:
        if own not in self.goods.products:
            raise missing("products", own)
        values = self._checked(asked, patch=True)
        before = self.goods.record(own)
        if all(before.get(name) == value for name, value in values.items()):
            raise same()
        self.goods.products[own].update(values)
        self.goods.touch(own)
        return 204, None

    def _delete(self, asked: Asked, own: int) -> Answered:
        if own not in self.goods.products:
            raise missing("products", own)
        self.goods.remove_product(own)
        self.extras.forget(own)
        return 204, None
