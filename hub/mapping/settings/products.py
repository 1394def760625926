"""How a product becomes a product in the target."""

from __future__ import annotations

from typing import Literal

from hub.mapping.settings.tables import ROLES, RoleTable, VatTable
from hub.mapping.settings.where import ProductWhere, where
from hub.sdk.forms import Form, MappingTable, ask, choice, flag, number, table, text


class ProductSettings(Form):
    """How a product becomes a product in the target."""

    match: Literal["sku", "ean"] = choice(
        "Recognise products by",
        default="sku",
        options=(("sku", "SKU"), ("ean", "EAN")),
        group="Products",
    )
    create_missing: bool = flag(
        "Create products that are not there yet", default=True, group="Products"
    )
    update: bool = flag(
        "Update products that are there",
        default=True,
        help="What may be overwritten, the mapping says field by field.",
        group="Products",
    )
    deactivate_missing: bool = flag(
        "Switch off products that the source has no more",
        default=False,
        help="Only products that this flow has made or recognised; they are never deleted.",
        group="Products",
    )
    where: ProductWhere | None = where()
    ean_check: Literal["note", "drop", "block"] = choice(
        "An EAN with a wrong check digit",
        default="note",
        options=(
            ("note", "Send it all the same and note it"),
            ("drop", "Leave the EAN out and note it"),
            ("block", "Hold the product back"),
        ),
        group="Products",
        advanced=True,
    )
    price_basis: Literal["target", "gross", "net"] = choice(
        "Prices in the target",
        default="target",
        options=(
            ("target", "As the target wants them"),
            ("gross", "With VAT"),
            ("net", "Without VAT"),
        ),
        group="Prices",
    )
    price_decimals: int = number(
        "Most decimals of a price without VAT",
        default=6,
        ge=2,
        le=8,
        help="When VAT is taken out of a price, so many decimals as it takes to come back to the "
        "very same price with VAT, and no more than these.",
        group="Prices",
        advanced=True,
    )
    currency: str | None = text(
        "Currency of the target",
        default=None,
        pattern="^[A-Z]{3}$",
        help="A product priced in another currency is held back; prices are not converted.",
        example="EUR",
        group="Prices",
        advanced=True,
    )
    product_country: str = text(
        "Country that the VAT of prices is of",
        default="NL",
        pattern="^[A-Z]{2}$",
        group="Prices",
        advanced=True,
    )
    product_vat_codes: VatTable = ask(
        "vat_table",
        "VAT codes of products",
        default=VatTable(),
        lookup="vat_codes",
        side="target",
        keys="vat_rates",
        help="Which VAT code a product gets, by its rate and assortment. Empty: as the target "
        "makes it of the rate.",
        blank="As the target makes it of the rate",
        group="Prices",
    )
    attribute_roles: RoleTable = ask(
        "table",
        "What attributes are for",
        default=RoleTable(),
        options=ROLES,
        keys="product_attributes",
        side="target",
        help="It makes variants, as a size does; or it only informs, as the country of origin "
        "does; or it is left out.",
        blank="As the source has it",
        group="Attributes",
    )
    attribute_names: MappingTable = table(
        "Names of attributes",
        keys="product_attributes",
        lookup="product_attributes",
        help="What an attribute of the source is called in the target. Without a row it keeps "
        "its name.",
        blank="Keep its name",
        group="Attributes",
    )
    categories: Literal["update", "create", "none"] = choice(
        "Categories",
        default="update",
        options=(
            ("update", "Create them and keep them as in the source"),
            ("create", "Only when a product is created"),
            ("none", "Leave categories alone"),
        ),
        group="Categories",
    )
    category_names: MappingTable = table(
        "Names of categories",
        keys="categories",
        lookup="categories",
        help="The whole path in the source and in the target: Tea > Green tea. Without a row a "
        "category keeps its path.",
        blank="Keep its path",
        group="Categories",
        advanced=True,
    )
    images: bool = flag(
        "Send pictures",
        default=True,
        help="The main picture first; no more than the target can hold.",
        group="Pictures",
    )
