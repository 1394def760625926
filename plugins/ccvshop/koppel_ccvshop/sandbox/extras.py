"""What hangs on the pretend shop's products: categories, pictures and features."""

from __future__ import annotations

import base64
import binascii
import itertools
import struct
import zlib
from collections.abc import Callable
from typing import Any

from .asked import Asked, Refused, invalid, missing
from .assortment import Assortment
from .features import Features
from .goods import JSON, PRODUCT_ID, words
from .schemas import (
    CATEGORY,
    CATEGORY_LINK,
    CATEGORY_LINK_PATCH,
    PHOTO,
    PHOTO_PATCH,
    PHOTOS,
    same,
    taken,
)

Answered = tuple[int, Any]
PICTURE_TYPES = ("jpg", "jpeg", "png", "gif", "webp")
BIGGEST_PICTURE = 10 * 1024 * 1024
#: Paths from the root on; the seeded tree is three deep.
CATEGORIES: tuple[tuple[str, ...], ...] = (
    ("Onderdelen",),
    ("Onderdelen", "Banden"),
    ("Onderdelen", "Banden", "Binnenbanden"),
    ("Onderdelen", "Aandrijving"),
    ("Accessoires",),
    ("Accessoires", "Verlichting"),
    ("Kaarten en boeken",),
)
PLACED = {
    "BINNEN-28": (("Onderdelen", "Banden", "Binnenbanden"),),
    "BAND-28": (("Onderdelen", "Banden"),),
    "KET-8V": (("Onderdelen", "Aandrijving"),),
    "KET-11V": (("Onderdelen", "Aandrijving"),),
    "LAMP-V-LED": (("Accessoires", "Verlichting"), ("Accessoires",)),
    "KAART-FIETS": (("Kaarten en boeken",),),
    "BOEK-ROUTES": (("Kaarten en boeken",),),
}
PICTURED = ("HELM", "KET-8V", "JAS-REGEN-M")


def picture(red: int, green: int, blue: int) -> bytes:
    """A tiny PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes((0, red, green, blue)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


class Extras:
    """Categories, pictures and property groups, with what is linked to which product."""

    def __init__(self, goods: Assortment) -> None:
        self.goods = goods
        self.categories: dict[int, JSON] = {}
        self.links: dict[int, JSON] = {}
        self.photos: dict[int, JSON] = {}
        self.features = Features(goods)
        firsts = (("categories", 2812901), ("links", 5400001), ("photos", 60210701))
        self._ids = {name: itertools.count(first) for name, first in firsts}
        self._seed()
        self.routes: dict[str, Callable[..., JSON]] = {
            "categories": self._categories,
            "categories/#": self._category,
            "categorytree": self._tree,
            "products/#/producttocategories": self._of("producttocategories"),
            "producttocategories/#": self._link,
            "products/#/productphotos": self._of("productphotos"),
            "productphotos/#": self._photo,
            **self.features.routes,
        }
        self.writes: dict[tuple[str, str], Callable[..., Answered]] = {
            ("POST", "categories"): self._post_category,
            ("PATCH", "categories/#"): self._patch_category,
            ("POST", "producttocategories"): self._post_link,
            ("PATCH", "producttocategories/#"): self._patch_link,
            ("DELETE", "producttocategories/#"): self._delete_link,
            ("POST", "products/#/productphotos"): self._post_photo,
            ("PUT", "products/#/productphotos"): self._put_photos,
            ("PATCH", "productphotos/#"): self._patch_photo,
            ("DELETE", "productphotos/#"): self._delete_photo,
            **self.features.writes,
        }

    def _next(self, name: str) -> int:
        return next(self._ids[name])

    def _seed(self) -> None:
        for path in CATEGORIES:
            parent = self.category_at(path[:-1])
            self._make_category({"name": path[-1], "parentcategory_id": parent})
        for sku, paths in PLACED.items():
            for path in paths:
                own = self.category_at(path)
                self._make_link({"product_id": PRODUCT_ID[sku], "category_id": own, "position": 1})
        for place, sku in enumerate(PICTURED):
            self._keep_photo(
                PRODUCT_ID[sku], picture(40 * place, 90, 200), "png", f"Foto van {sku}", True
            )

    def forget(self, product_id: int) -> None:
        """The product is gone."""
        features = (self.features.group_links, self.features.values)
        for kept in (self.links, self.photos, *features):
            for own in [o for o, v in kept.items() if v["product_id"] == product_id]:
                del kept[own]

    def part(self, asked: Asked, product_id: int, name: str) -> list[JSON]:
        """One of the collections of a product; those that are not played are empty."""
        mine = {
            "producttocategories": (self.links, self._link),
            "productphotos": (self.photos, self._photo),
            "producttopropertygroups": (self.features.group_links, self.features.group_link),
        }.get(name)
        if mine is None:
            return []
        kept, show = mine
        return [show(asked, own) for own, v in kept.items() if v["product_id"] == product_id]

    def _of(self, name: str) -> Callable[..., JSON]:
        def show(asked: Asked, own: int) -> JSON:
            self._must_be(own)
            return asked.all(self.part(asked, own, name))

        return show

    def _must_be(self, product_id: int) -> None:
        if product_id not in self.goods.products:
            raise missing("products", product_id)

    # -- categories ----------------------------------------------------------------------------

    def category_at(self, path: tuple[str, ...]) -> int | None:
        """The id of the category at a path of names."""
        parent: int | None = None
        for name in path:
            parent = next(
                own
                for own, c in self.categories.items()
                if c["parentcategory_id"] == parent and c["name"] == name
            )
        return parent

    def products_in(self, own: int) -> list[int]:
        if own not in self.categories:
            raise missing("categories", own)
        return [link["product_id"] for link in self.links.values() if link["category_id"] == own]

    def _make_category(self, values: JSON) -> int:
        own = self._next("categories")
        usual = {"description": "", "position": 1, "show_on_website": True}
        self.categories[own] = {**usual, "parentcategory_id": None, **values}
        return own

    def _categories(self, asked: Asked) -> JSON:
        asked.only("start", "size", "orderby")
        found = asked.ordered(self.categories, {"id": lambda own: own})
        return asked.paged(found, lambda own: self._category(asked, own))

    def _category(self, asked: Asked, own: int) -> JSON:
        if own not in self.categories:
            raise missing("categories", own)
        kept = dict(self.categories[own])
        parent = kept.pop("parentcategory_id")
        href = f"{asked.at}/categories/{own}/"
        return {
            "href": href,
            "id": own,
            **{k: v for k, v in kept.items() if not k.startswith("photo_")},
            "parentcategory": parent and {"id": parent, "href": f"{asked.at}/categories/{parent}/"},
            "categories": {"href": f"{href}categories/"},
        }

    def _tree(self, asked: Asked) -> JSON:
        def below(parent: int | None) -> list[JSON]:
            return [
                {
                    "href": f"{asked.at}/categories/{own}/",
                    "id": own,
                    **{n: kept[n] for n in words("name description position show_on_website")},
                    "deeplink": f"https://fietsen.example/c{own}",
                    "children": below(own),
                }
                for own, kept in self.categories.items()
                if kept["parentcategory_id"] == parent
            ]

        asked.only()
        return {"href": asked.href, "root_categories": below(None)}

    def _post_category(self, asked: Asked) -> Answered:
        values = CATEGORY.check(asked.json())
        if values.get("parentcategory_id", None) not in (None, *self.categories):
            raise invalid(f"parentcategory_id: no category {values['parentcategory_id']}")
        return 201, self._category(asked, self._make_category(values))

    def _patch_category(self, asked: Asked, own: int) -> Answered:
        self._category(asked, own)
        self.categories[own].update(CATEGORY.check(asked.json(), patch=True))
        return 204, None

    def _make_link(self, values: JSON) -> int:
        own = self._next("links")
        self.links[own] = {"position": 1, **values}
        return own

    def _link(self, asked: Asked, own: int) -> JSON:
        if own not in self.links:
            raise missing("producttocategories", own)
        kept = self.links[own]
        return {
            "href": f"{asked.at}/producttocategories/{own}/",
            "id": own,
            **kept,
            "product_href": f"{asked.at}/products/{kept['product_id']}/",
            "category_href": f"{asked.at}/categories/{kept['category_id']}/",
        }

    def _post_link(self, asked: Asked) -> Answered:
        values = CATEGORY_LINK.check(asked.json())
        self._must_be(values["product_id"])
        self._category(asked, values["category_id"])
        pair = (values["product_id"], values["category_id"])
        if any((k["product_id"], k["category_id"]) == pair for k in self.links.values()):
            raise taken("category_id")
        self.goods.touch(values["product_id"])
        return 201, self._link(asked, self._make_link(values))

    def _patch_link(self, asked: Asked, own: int) -> Answered:
        self._link(asked, own)
        self.links[own].update(CATEGORY_LINK_PATCH.check(asked.json(), patch=True))
        return 204, None

    def _delete_link(self, asked: Asked, own: int) -> Answered:
        self._link(asked, own)
        self.goods.touch(self.links.pop(own)["product_id"])
        return 204, None

    # -- pictures ------------------------------------------------------------------------------

    def main_photo(self, product_id: int) -> str | None:
        """The address of the photo that lists show."""
        mine = [p for p in self.photos.values() if p["product_id"] == product_id]
        return next((str(p["filename"]) for p in mine if p["is_mainphoto"]), None)

    def _keep_photo(self, product_id: int, content: bytes, kind: str, alt: str, main: bool) -> int:
        own = self._next("photos")
        if main:
            for photo in self.photos.values():
                if photo["product_id"] == product_id:
                    photo["is_mainphoto"] = False
        self.photos[own] = {
            "product_id": product_id,
            "filename": f"{own}.{kind}",
            "alttext": alt,
            "is_mainphoto": main,
            "content": content,
        }
        return own

    def _photo(self, asked: Asked, own: int) -> JSON:
        if own not in self.photos:
            raise missing("productphotos", own)
        kept = self.photos[own]
        shop = asked.at.removesuffix("/api/rest/v1")
        return {
            "href": f"{asked.at}/productphotos/{own}/",
            "id": own,
            **{name: kept[name] for name in words("filename alttext is_mainphoto")},
            "deeplink": f"{shop}/photos/{kept['filename']}",
            "parent": {"href": f"{asked.at}/products/{kept['product_id']}/"},
        }

    def _decoded(self, values: JSON) -> bytes:
        if values["file_type"].lower() not in PICTURE_TYPES:
            raise Refused(500, "500.22", "The file type is not valid.")
        try:
            content = base64.b64decode(values["source"], validate=True)
        except (binascii.Error, ValueError):
            raise Refused(500, "500.23", "The file could not be saved.") from None
        if len(content) > BIGGEST_PICTURE:
            raise Refused(500, "500.21", "The file is too big.")
        return content

    def _post_photo(self, asked: Asked, own: int) -> Answered:
        self._must_be(own)
        values = PHOTO.check(asked.json())
        made = self._add_photo(own, values, self._decoded(values))
        self.goods.touch(own)
        return 201, self._photo(asked, made)

    def _add_photo(self, own: int, values: JSON, content: bytes) -> int:
        main = values.get("is_mainphoto", False)
        kind = values["file_type"].lower()
        return self._keep_photo(own, content, kind, values.get("alttext", ""), main)

    def _put_photos(self, asked: Asked, own: int) -> Answered:
        self._must_be(own)
        wanted = PHOTOS.check(asked.json())["productphotos"]
        checked = [PHOTO.check(v, "productphotos.") for v in wanted]
        contents = [self._decoded(v) for v in checked]
        for old in [o for o, p in self.photos.items() if p["product_id"] == own]:
            del self.photos[old]
        for values, content in zip(checked, contents, strict=True):
            self._add_photo(own, values, content)
        self.goods.touch(own)
        return 204, None

    def _patch_photo(self, asked: Asked, own: int) -> Answered:
        before = self._photo(asked, own)
        values = PHOTO_PATCH.check(asked.json(), patch=True)
        if all(before[name] == value for name, value in values.items()):
            raise same()
        self.photos[own].update(values)
        return 204, None

    def _delete_photo(self, asked: Asked, own: int) -> Answered:
        self._photo(asked, own)
        self.goods.touch(self.photos.pop(own)["product_id"])
        return 204, None
