"""Product, its variants and its stock levels."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from hub.model.base import Document, Part
from hub.model.order import Prices


@dataclass(slots=True, kw_only=True)
class Attribute(Part):
    """A name with a value: an attribute makes a variant, a feature only informs.

    name: such as "Size". value: such as "M".
    """

    name: str | None = None
    value: str | None = None


@dataclass(slots=True, kw_only=True)
class Category(Part):
    """A place in a tree of categories.

    path: the names from the root on, the category's own last. description: HTML.
    """

    key: str | None = None
    name: str | None = None
    path: list[str] = field(default_factory=list)
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class Image(Part):
    """A picture: its address, or its bytes.

    content: in base64. alt: what it shows, in words. main: whether it is the first one shown.
    """

    url: str | None = None
    content: str | None = None
    filename: str | None = None
    alt: str | None = None
    main: bool | None = None


@dataclass(slots=True, kw_only=True)
class Variant(Part):
    """A sellable unit of a product that comes in several.

    name: only when it has one of its own. price, cost_price: as the product's; None: the same.
    attributes: what tells it from the others. weight: in kilograms.
    item: what documents in that system call it, when that is not the SKU.
    """

    key: str | None = None
    sku: str | None = None
    ean: str | None = None
    name: str | None = None
    price: Decimal | None = None
    cost_price: Decimal | None = None
    weight: Decimal | None = None
    item: str | None = None
    image: Image | None = None
    stock: Decimal | None = None
    active: bool | None = None
    attributes: list[Attribute] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Product(Document):
    """What is sold. price: in `currency` and per `unit`; `prices` says gross or net.

    mpn: the maker's number. description: HTML. short_description: plain or HTML.
    discount: what comes off the price. cost_price: what it costs the seller. prices: gross or net.
    tax_rate: VAT percentage. unit: what one is ("piece", "kg"). weight: in kilograms.
    assortment: the group it belongs to there. stock_managed: whether its stock is counted.
    attributes: what its variants differ in. features: what only informs. variants: see there.
    item: what documents in that system call the product, when it is not the SKU.
    vat_code: that system's own code for the product's VAT.
    sellable: false when an order for it would be refused there.
    """

    kind: ClassVar[str] = "product"

    sku: str | None = None
    ean: str | None = None
    mpn: str | None = None
    name: str | None = None
    short_description: str | None = None
    description: str | None = None
    price: Decimal | None = None
    discount: Decimal | None = None
    cost_price: Decimal | None = None
    prices: Prices | None = None
    currency: str | None = None
    tax_rate: Decimal | None = None
    vat_code: str | None = None
    unit: str | None = None
    weight: Decimal | None = None
    brand: str | None = None
    assortment: str | None = None
    active: bool | None = None
    sellable: bool | None = None
    stock_managed: bool | None = None
    stock: Decimal | None = None
    item: str | None = None
    categories: list[Category] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    features: list[Attribute] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class WarehouseLevel(Part):
    """How many there are of one SKU in one warehouse; the figures as in StockLevel."""

    warehouse: str | None = None
    physical: Decimal | None = None
    reserved: Decimal | None = None
    available: Decimal | None = None
    incoming: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class StockLevel(Document):
    """How many there are of one SKU.

    physical: on the shelf. reserved: by sales orders. incoming: by purchases.
    available: physical less reserved, unless the system gives its own figure. A system with
    several warehouses gives its figures in `levels`, one per warehouse, and no others.
    quantity: what the target is told; the policies work it out.
    managed: whether the stock is counted at all.
    """

    kind: ClassVar[str] = "stock"

    sku: str | None = None
    ean: str | None = None
    physical: Decimal | None = None
    reserved: Decimal | None = None
    available: Decimal | None = None
    incoming: Decimal | None = None
    levels: list[WarehouseLevel] = field(default_factory=list)
    quantity: Decimal | None = None
    managed: bool | None = None
