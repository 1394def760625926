"""What a product of the shop means: its field table, and what a table cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model import Json, Product
from hub.sdk import Context, Field

from .forms import ProductsSettings
from .numbers import combinations_of, sku_of
from .reading import time_text
from .tariffs import TARIFFS
from .understanding import code, text

VARIANT = "attributecombinations.collection[]"
PHOTO = "productphotos.collection[]"
LINK = "producttocategories.collection[]"


def _tariff(value: Any) -> str | None:
    """A VAT code of the shop's own; another system's code is not one."""
    found = str(value).strip()
    return found if found in TARIFFS else None


#: What can be written and has no common meaning, with the names people know.
PLAIN = (
    ("stocktype", "Where stock is kept (Product or Attribute)"),
    ("stocklocation", "Stock location"),
    ("ordering_without_stock", "Ordering without stock (global_setting, allow, disallow)"),
    ("memo", "Memo (internal)"),
    ("subcategory", "Subcategory for feeds"),
    ("container_deposit_price", "Container deposit (statiegeld)"),
    ("safety_deposit_price", "Safety deposit (borg)"),
    ("credit_points_custom", "Credit points"),
    ("minimal_order_amount", "Least to order"),
    ("decimal_amount", "Decimals in amounts"),
    ("stock_delivery_number", "Delivery time: number"),
    ("stock_delivery_type", "Delivery time: days, weeks, months..."),
    ("stock_delivery_standard", "Delivery time: text"),
    ("show_order_button", "Order button (Y, QUOTATION, N)"),
    ("photo_size", "Size of the photo (NONE, SMALL, BIG)"),
    ("product_layout", "Layout of the page (1 to 4)"),
    ("hide_without_category", "Without a category (YES, NO_DIRECTLINK, NO_SEARCHRESULTS)"),
    ("show_in_template", "Shown in the template"),
    ("show_on_beginpage", "Shown on the first page"),
    ("show_on_facebook", "Shown on Facebook"),
    ("alias", "Address: alias"),
    ("page_title", "Page title"),
    ("meta_description", "Meta description"),
    ("meta_keywords", "Meta keywords"),
    ("no_index", "Not for search engines"),
    ("no_follow", "Links not for search engines"),
    ("specs", "Specifications (link)"),
    ("amount_sold", "Sold so far"),
    ("fixed_staggered_prices", "Fixed staggered prices"),
    ("is_included_for_export_feed", "In export feeds"),
    ("google_shopping_category", "Google Shopping category"),
    ("marktplaats_active", "Marktplaats: active"),
    ("marktplaats_status", "Marktplaats: status"),
    ("marktplaats_cpc", "Marktplaats: cost per click"),
    ("marktplaats_daily_budget", "Marktplaats: daily budget"),
    ("marktplaats_total_budget", "Marktplaats: total budget"),
    ("marktplaats_category_id", "Marktplaats: category id"),
    ("marktplaats_price_type", "Marktplaats: price type"),
)
_WRITE_ONLY = (
    ("package_id", "Package id"),
    ("brand_id", "Brand id"),
    ("condition", "Condition"),
    ("condition_id", "Condition id"),
    ("color_id", "Colour id"),
    ("supplier_id", "Supplier id"),
)
_READ_ONLY = (
    ("condition.name", "Condition, as read"),
    ("color.name", "Colour, as read"),
    ("supplier.name", "Supplier, as read"),
    ("package.id", "Package id, as read"),
    ("brand.id", "Brand id, as read"),
    ("tradecodesystem.code", "HS code"),
    ("tradecodesystem.coo", "Country of origin"),
    ("deeplink", "Address in the shop"),
    ("is_visible", "Visible"),
    ("is_multishop_product", "Product of a multishop system"),
    ("productshippingcosts.costs", "Shipping costs"),
)

FIELDS = (
    Field("id", "key", read=code, only="read", label="Id"),
    Field("productnumber", "sku", read=text, max_length=50, label="Product number"),
    Field("eannumber", "ean", read=text, max_length=50, label="EAN"),
    Field("mpnnumber", "mpn", read=text, max_length=50, label="Manufacturer's number"),
    Field("name", "name", read=text, max_length=200, label="Name"),
    Field(
        "shortdescription",
        "short_description",
        read=text,
        max_length=255,
        label="Short description",
    ),
    Field("description", "description", read=text, max_length=65536, label="Description"),
    Field("price", "price", label="Price"),
    Field("discount", "discount", label="Discount"),
    Field("purchaseprice", "cost_price", label="Purchase price, without VAT"),
    Field(
        "vatrate",
        "tax_rate",
        label="VAT percentage",
        help="The shop's tariff with this percentage is written.",
    ),
    Field(
        "taxtariff",
        "vat_code",
        read=text,
        write=_tariff,
        label="VAT tariff",
        help="normal, low a, low b, extra low or zero.",
    ),
    Field("unit", "unit", read=text, label="Unit"),
    Field("weight", "weight", label="Weight in kilograms"),
    Field("brand.name", "brand", read=text, only="read", label="Brand, as read"),
    Field("brand", "brand", only="write", label="Brand", help="A new name makes a new brand."),
    Field("maincategory", "assortment", read=text, label="Main category for feeds"),
    Field("is_active", "active", only="read", label="Switched on, as read"),
    Field("active", "active", only="write", label="Switched on"),
    Field("can_be_ordered", "sellable", only="read", label="Can be ordered"),
    Field("stockenabled", "stock_managed", label="Stock is kept"),
    Field("stock", "stock", when="create", label="Stock", help="Later the stock flow keeps it."),
    Field("createdate", "created_at", read=time_text, only="read", label="Created at"),
    Field("modifydate", "modified_at", read=time_text, only="read", label="Changed at"),
    Field("shop_settings.currency", "currency", read=text, only="read", label="Currency"),
    Field(f"{PHOTO}.deeplink", "images[].url", read=text, only="read", label="Picture"),
    Field(f"{PHOTO}.url", "images[].url", only="write", label="Picture to fetch"),
    Field(f"{PHOTO}.content", "images[].content", only="write", label="Picture in base64"),
    Field(f"{PHOTO}.alttext", "images[].alt", read=text, label="Picture text"),
    Field(f"{PHOTO}.is_mainphoto", "images[].main", label="Main picture"),
    Field(f"{LINK}.category_id", "categories[].key", read=code, only="read", label="Category id"),
    Field(f"{LINK}.path[]", "categories[].path[]", label="Category, from the root on"),
    Field(
        f"{LINK}.description",
        "categories[].description",
        only="write",
        label="Description of a category that is made",
    ),
    Field("features[].name", "features[].name", label="Feature"),
    Field("features[].value", "features[].value", label="Value of a feature"),
    Field(f"{VARIANT}.id", "variants[].key", read=code, only="read", label="Variant id"),
    Field(
        f"{VARIANT}.sku_number",
        "variants[].sku",
        read=text,
        max_length=50,
        label="Variant SKU number",
    ),
    Field(
        f"{VARIANT}.product_number",
        "variants[].sku",
        only="write",
        max_length=50,
        label="Variant product number",
    ),
    Field(f"{VARIANT}.ean_number", "variants[].ean", read=text, max_length=50, label="Variant EAN"),
    Field(f"{VARIANT}.price", "variants[].price", label="Variant price, surcharges included"),
    Field(f"{VARIANT}.stock", "variants[].stock", when="create", label="Variant stock"),
    Field(f"{VARIANT}.active", "variants[].active", label="Variant switched on"),
    Field(
        f"{VARIANT}.combination[].attribute.name",
        "variants[].attributes[].name",
        label="Variant attribute",
    ),
    Field(
        f"{VARIANT}.combination[].attribute_value.name",
        "variants[].attributes[].value",
        label="Variant attribute value",
    ),
    Field(f"{VARIANT}.note", label="Variant note"),
    Field(f"{VARIANT}.delivery_time", label="Variant delivery time: number"),
    Field(f"{VARIANT}.delivery_time_type", label="Variant delivery time: days, weeks..."),
    Field(f"{VARIANT}.delivery_default_text", label="Variant delivery time: text"),
    *(Field(path, label=label) for path, label in PLAIN),
    *(Field(path, only="write", label=label) for path, label in _WRITE_ONLY),
    *(Field(path, only="read", label=label) for path, label in _READ_ONLY),
)


def understood(document: Json, record: Mapping[str, Any]) -> None:
    """Basis of the price, the SKUs of variants, categories by name, the main picture first."""
    settings = record.get("shop_settings") or {}
    if settings.get("prices_include_vat") is not None:
        document["prices"] = "gross" if settings["prices_include_vat"] else "net"
    variants = []
    for variant, raw in zip(document.get("variants") or (), combinations_of(record), strict=False):
        variant["sku"] = sku_of(raw)
        # What the shop made for want of a choice is no variant: it was never sold.
        if variant["sku"] or variant.get("active") is not False:
            variants.append(variant)
    document["variants"] = variants
    for category in document.get("categories") or ():
        if category.get("path"):
            category["name"] = category["path"][-1]
    if document.get("images"):
        document["images"].sort(key=lambda image: not image.get("main"))


def rendered(payload: Json, document: Product, context: Context) -> None:
    """Package and stock of a new product, how categories and features are made."""
    settings = context.settings
    if not isinstance(settings, ProductsSettings):
        settings = ProductsSettings.model_construct(package="")
    if document.variants:
        payload["stocktype"] = "Attribute"
    if document.categories:
        links = payload.setdefault("producttocategories", {}).setdefault("collection", [])
        links += [{} for _ in range(len(document.categories) - len(links))]
        for link, category in zip(links, document.categories, strict=False):
            if not link.get("path") and category.name:
                link["path"] = [category.name]
            elif not link.get("path") and category.key:
                link["category_id"] = category.key
        payload["producttocategories"]["create_missing"] = settings.new_categories
    if payload.get("features"):
        payload["features_group"] = settings.features_group
    if context.creating:
        payload.setdefault("discount", 0)
        if document.variants and document.number:
            # What is sold are the variants; the product above them still needs a number.
            payload.setdefault("productnumber", document.number[:50])
        if settings.package:
            payload.setdefault("package_id", int(settings.package))
        if settings.new_stock != "source" and document.stock_managed is None:
            payload.setdefault("stockenabled", settings.new_stock == "on")
