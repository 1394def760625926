"""What the pretend shop sells: the catalogue, as the products and combinations of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

JSON = dict[str, Any]
D = Decimal
NONE, LOW, HIGH = D(0), D(9), D(21)


def words(text: str) -> tuple[str, ...]:
    """The words of a long list of names."""
    return tuple(text.split())


@dataclass(frozen=True)
class Article:
    """One sellable thing. `price` is per unit, VAT included, surcharge of its option included."""

    sku: str
    name: str
    ean: str
    price: Decimal
    purchase: Decimal
    weight: Decimal
    brand: str = ""
    vat: Decimal = HIGH
    parent: str = ""
    option: tuple[str, str] = ("", "")
    surcharge: Decimal = NONE


def _a(
    sku: str, name: str, ean: str, price: str, purchase: str, weight: str, **more: Any
) -> Article:
    return Article(sku, name, ean, D(price), D(purchase), D(weight), **more)


#: Everything the shop sells: 30 SKUs. `BAND-28` and `HELM` are products with two variants each;
#: the map and the book carry the low Dutch rate of 9%, all else 21%.
CATALOGUE: tuple[Article, ...] = (
    _a(
        "KET-8V",
        "Ketting 8 versnellingen",
        "8719000010071",
        "17.95",
        "6.80",
        "0.31",
        brand="Kedeng",
    ),
    _a(
        "KET-11V",
        "Ketting 11 versnellingen",
        "8719000010149",
        "34.95",
        "14.50",
        "0.27",
        brand="Kedeng",
    ),
    _a(
        *("BAND-28-37", "Buitenband 28 inch, 37 mm", "8719000010217", "24.95", "10.40", "0.72"),
        brand="Rolsoepel",
        parent="BAND-28",
        option=("Breedte", "37 mm"),
    ),
    _a(
        *("BAND-28-40", "Buitenband 28 inch, 40 mm", "8719000010286", "26.95", "11.20", "0.80"),
        brand="Rolsoepel",
        parent="BAND-28",
        option=("Breedte", "40 mm"),
        surcharge=D("2.00"),
    ),
    _a(
        "BINNEN-28",
        "Binnenband 28 inch",
        "8719000010354",
        "6.95",
        "2.10",
        "0.18",
        brand="Rolsoepel",
    ),
    _a("ZADEL-GEL", "Gelzadel Comfort", "8719000010422", "39.95", "16.75", "0.68", brand="Zitgoed"),
    _a("ZADEL-SPORT", "Sportzadel", "8719000010491", "49.95", "21.00", "0.34", brand="Zitgoed"),
    _a("LAMP-V-LED", "Ledkoplamp", "8719000010569", "22.95", "9.10", "0.12", brand="Lichtpunt"),
    _a("LAMP-A-LED", "Ledachterlicht", "8719000010637", "14.95", "5.60", "0.08", brand="Lichtpunt"),
    _a("BEL-DINGDONG", "Dingdongbel", "8719000010705", "9.95", "3.35", "0.15"),
    _a("SLOT-AXA", "Ringslot", "8719000010774", "32.95", "14.20", "0.90"),
    _a("SLOT-KETTING", "Kettingslot 110 cm", "8719000010842", "44.95", "19.80", "1.75"),
    _a("POMP-VLOER", "Vloerpomp met meter", "8719000010910", "29.95", "12.30", "1.60"),
    _a("POMP-MINI", "Minipomp", "8719000010989", "12.95", "4.70", "0.11"),
    _a(
        *("HELM-M", "Fietshelm maat M", "8719000011054", "59.95", "26.50", "0.29"),
        brand="Kopzorg",
        parent="HELM",
        option=("Maat", "M"),
    ),
    _a(
        *("HELM-L", "Fietshelm maat L", "8719000011122", "64.95", "28.00", "0.31"),
        brand="Kopzorg",
        parent="HELM",
        option=("Maat", "L"),
        surcharge=D("5.00"),
    ),
    _a("TAS-DUBBEL", "Dubbele fietstas 30 liter", "8719000011191", "54.95", "23.40", "1.10"),
    _a("TAS-STUUR", "Stuurtas", "8719000011269", "27.95", "11.90", "0.42"),
    _a("MAND-RIET", "Rieten mand", "8719000011337", "36.95", "15.10", "0.95"),
    _a("STANDAARD", "Zijstandaard", "8719000011405", "16.95", "6.20", "0.41"),
    _a("REM-BLOK", "Remblokken, set van 2", "8719000011474", "8.95", "2.85", "0.06"),
    _a("REM-KABEL", "Remkabel met buitenkabel", "8719000011542", "5.95", "1.75", "0.09"),
    _a("PEDAAL-MTB", "Pedalen mountainbike", "8719000011610", "41.95", "18.25", "0.52"),
    _a("PEDAAL-STAD", "Pedalen stadsfiets", "8719000011689", "18.95", "7.45", "0.44"),
    _a("SPAAK-260", "Spaak 260 mm", "8719000011757", "0.65", "0.18", "0.01"),
    _a("KAART-FIETS", "Fietskaart Nederland", "8719000011825", "11.95", "6.10", "0.10", vat=LOW),
    _a("BOEK-ROUTES", "Boek: 50 fietsroutes", "8719000011894", "24.50", "13.20", "0.55", vat=LOW),
    _a("OLIE-100ML", "Kettingolie 100 ml", "8719000011962", "7.95", "2.60", "0.12"),
    _a("HANDSCHOEN-L", "Fietshandschoenen maat L", "8719000012037", "19.95", "8.15", "0.09"),
    _a("JAS-REGEN-M", "Regenjas maat M", "8719000012105", "69.95", "31.00", "0.48"),
)
BY_SKU = {article.sku: article for article in CATALOGUE}
#: Product ids as the shop numbers them; both variants of a product share one.
PRODUCT_ID = {
    number: 830456101 + 3 * n
    for n, number in enumerate(dict.fromkeys(a.parent or a.sku for a in CATALOGUE))
}
COMBINATION_ID = {a.sku: 44120301 + 2 * n for n, a in enumerate(x for x in CATALOGUE if x.parent)}
PACKAGES = {12001: "Brievenbus", 12002: "Pakket", 12003: "Groot pakket"}

#: psp, method, label, fixed costs. Method 6009 was removed from the shop, yet old orders name it.
PAYMETHODS: dict[int, tuple[str, str, str, Decimal]] = {
    6001: ("", "Bankoverschrijving", "Vooraf overmaken", D(0)),
    6002: ("Mollie", "iDEAL", "iDEAL", D(0)),
    6003: ("Mollie", "Creditcard", "Creditcard", D(0)),
    6004: ("Mollie", "Bancontact", "Bancontact", D(0)),
    6005: ("Klarna", "Achteraf betalen", "Achteraf betalen", D("1.50")),
    6006: ("", "Op rekening", "Op rekening", D(0)),
    6007: ("", "Betalen bij afhalen", "Betalen bij afhalen", D(0)),
}
REMOVED_PAYMETHOD = (6009, "AfterPay Digitale acceptgiro", "Acceptgiro")

#: The texts of the order statuses; the numbers are the same in every shop.
ORDER_STATUS = {
    1: "Nieuw",
    2: "In behandeling",
    3: "Wacht op fabrikant",
    4: "Wacht op betaling",
    5: "Verzonden",
    6: "Afgeleverd",
    7: "Afgerond",
    8: "Geannuleerd",
    9: "Wacht op leverancier",
    10: "Wordt ingepakt",
    11: "Klaar om af te halen",
    12: "Wordt gemonteerd",
    13: "Nalevering",
    14: "Gereserveerd",
}


def cents(value: Decimal) -> Decimal:
    """Rounded half up to two decimals, as shops do."""
    return value.quantize(D("0.01"), ROUND_HALF_UP)


def number(value: Decimal | int | None) -> int | float | None:
    """A JSON number as the shop writes it: 12 and 34.95, never 12.0."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def when(moment: datetime) -> str:
    """The shop's way to write a time: UTC with a Z, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


PRODUCT_EXPANSIONS = frozenset(
    words(
        "attributecombinations productattachments productattributesets productkeywords "
        "productphotos productrelevant productreviews productshippingcosts productstaggeredprices "
        "producttopropertygroups producttocategories productvariants productvideos "
        "producttaxtariffexceptions"
    )
)
TARIFF = {HIGH: "normal", LOW: "low a", NONE: "zero"}


def articles_of(product_number: str) -> list[Article]:
    """The variants of a product, or the one article that it is."""
    return [a for a in CATALOGUE if (a.parent or a.sku) == product_number]


OPTION_IDS = {
    name: 301201 + n
    for n, name in enumerate(dict.fromkeys(a.option[0] for a in CATALOGUE if a.parent))
}
VALUE_IDS = {a.option: 1402301 + n for n, a in enumerate(x for x in CATALOGUE if x.parent)}


def stock_of(article: Article) -> int:
    """How many are on the shelf; two articles are out of stock."""
    return (int(article.ean[-4:]) * 7) % 60 if article.sku not in ("MAND-RIET", "REM-KABEL") else 0


#: What every product says that says nothing else.
PRODUCT_SAME: JSON = {
    "productnumber": "",
    "eannumber": "",
    "mpnnumber": "",
    "active": True,
    "shortdescription": "",
    "description": "",
    "taxtariff": "normal",
    "price": 0,
    "discount": 0,
    "purchaseprice": 0,
    "container_deposit_price": 0,
    "safety_deposit_price": 0,
    "credit_points_custom": None,
    "unit": "",
    "stockenabled": True,
    "stocktype": "Product",
    "stock": 0,
    "stocklocation": "",
    "ordering_without_stock": "global_setting",
    "weight": 0,
    "maincategory": "",
    "subcategory": "",
    "meta_description": "",
    "meta_keywords": "",
    "page_title": "",
    "no_index": False,
    "no_follow": False,
    "alias": "",
    "specs": None,
    "decimal_amount": 0,
    "amount_sold": 0,
    "minimal_order_amount": 1,
    "stock_delivery_number": 0,
    "stock_delivery_type": "unknown",
    "stock_delivery_standard": "",
    "show_in_template": False,
    "show_on_beginpage": False,
    "show_on_facebook": False,
    "show_order_button": "Y",
    "product_layout": 1,
    "photo_size": "BIG",
    "hide_without_category": "NO_SEARCHRESULTS",
    "memo": "",
    "is_included_for_export_feed": True,
    "fixed_staggered_prices": False,
    "google_shopping_category": None,
    "brand_id": None,
    "condition": None,
    "condition_id": None,
    "color_id": None,
    "supplier_id": None,
    "package_id": 12001,
}


def ean13(start: int) -> str:
    """An EAN with its check digit, out of its first twelve digits."""
    digits = f"{start:012}"
    weighed = sum(int(d) * (3 if n % 2 else 1) for n, d in enumerate(digits))
    return f"{digits}{-weighed % 10}"


BRAND_IDS = {
    name: 88001 + n for n, name in enumerate(dict.fromkeys(a.brand for a in CATALOGUE if a.brand))
}
