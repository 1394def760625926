"""What a fresh pretended administration holds: look-ups, a bicycle shop's items, some debtors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import masters
from .table import Row
from .values import from_body
from .world import World

_LOOKUPS: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "VAT": (
        ("VATCode", "Description", "Percentage", "Excluded", "VATListing"),
        [
            ("0", "Geen btw", 0.0, "N", "N"),
            ("1", "Btw hoog, excl.", 21.0, "E", "N"),
            ("2", "Btw laag, excl.", 9.0, "E", "N"),
            ("3", "Btw hoog, incl.", 21.0, "I", "N"),
            ("4", "Btw laag, incl.", 9.0, "I", "N"),
            ("5", "Levering binnen de EU", 0.0, "E", "L"),
            ("6", "Export buiten de EU", 0.0, "E", "N"),
            ("7", "OSS Duitsland, incl.", 19.0, "I", "N"),
            ("8", "OSS Belgie, incl.", 21.0, "I", "N"),
        ],
    ),
    "PaymentCondition": (
        ("PaymentConditionCode", "Description", "NumberOfDays1"),
        [
            ("00", "Contant", 0),
            ("14", "Binnen 14 dagen", 14),
            ("30", "Binnen 30 dagen", 30),
            ("IN", "Automatische incasso", 7),
            ("ID", "iDEAL, reeds betaald", 0),
            ("PP", "PayPal, reeds betaald", 0),
        ],
    ),
    "ShippingMethod": (
        ("ShippingMethodProperty", "Description"),
        [
            ("AFH", "Afhalen"),
            ("POST", "PostNL"),
            ("DHL", "DHL"),
            ("DPD", "DPD"),
            ("GLS", "GLS"),
        ],
    ),
    "GeneralLedgerAccount": (
        ("GeneralLedgerCode", "GeneralLedgerDescription"),
        [
            ("1000", "Kas"),
            ("1100", "Bank"),
            ("1300", "Debiteuren"),
            ("1500", "Af te dragen btw hoog"),
            ("1501", "Af te dragen btw laag"),
            ("1600", "Crediteuren"),
            ("2300", "Tussenrekening betaaldiensten"),
            ("3000", "Voorraad"),
            ("4700", "Transactiekosten"),
            ("7000", "Kostprijs omzet"),
            ("8000", "Omzet hoog"),
            ("8010", "Omzet laag"),
            ("8020", "Omzet EU"),
            ("8030", "Omzet buiten EU"),
            ("8040", "Omzet OSS"),
            ("8100", "Omzet diensten"),
            ("8900", "Verzendkosten"),
            ("8950", "Kortingen en afronding"),
        ],
    ),
    "BrowserData_Journal": (
        ("JournalNumber", "Description", "JournalType"),
        [
            ("10", "Kas", "K"),
            ("20", "Bank", "B"),
            ("60", "Inkoop", "I"),
            ("70", "Verkoop", "V"),
            ("71", "Verkoop webshop", "V"),
            ("90", "Memoriaal", "M"),
        ],
    ),
    "BrowserData_SelectionCode": (
        ("Code", "Description"),
        [("SP", "Spoed"), ("NA", "Nalevering"), ("WB", "Webshop")],
    ),
    "CostCenter": (
        ("Code", "Description"),
        [("WEB", "Webshop"), ("WINKEL", "Winkel"), ("B2B", "Zakelijk"), ("ALG", "Algemeen")],
    ),
    "CostUnit": (
        ("Code", "Description"),
        [("KD01", "Fietsen"), ("KD02", "Onderdelen"), ("KD99", "Overig")],
    ),
    "Warehouse": (
        ("Code", "Description", "Blocked"),
        [("1", "Hoofdmagazijn", False), ("WEB", "Webmagazijn", False), ("RET", "Retouren", True)],
    ),
    "ItemAssortment": (
        ("Assortment", "Code", "Description"),
        [
            (0, "STD", "Standaard"),
            (1, "KLED", "Kleding"),
            (2, "FOOD", "Voeding"),
            (3, "BOEK", "Boeken en kaarten"),
            (4, "FIETS", "Fietsonderdelen"),
            (5, "MEUB", "Meubels"),
            (6, "DIENST", "Diensten"),
            (7, "OVERIG", "Overig"),
        ],
    ),
    "Classification": (
        ("ID", "Description"),
        [("WEB", "Webshopklant"), ("B2B", "Zakelijke klant"), ("GRT", "Groothandel")],
    ),
    "Title": (
        ("TitleCode", "Abbreviation", "Description", "Gender"),
        [
            ("DHR", "dhr.", "De heer", "M"),
            ("MEVR", "mevr.", "Mevrouw", "V"),
            ("LS", "L.S.", "L.S.", "O"),
        ],
    ),
    "Country": (
        ("Code", "Description"),
        [
            ("NL", "Nederland"),
            ("BE", "Belgie"),
            ("DE", "Duitsland"),
            ("FR", "Frankrijk"),
            ("IT", "Italie"),
            ("ES", "Spanje"),
            ("GB", "Verenigd Koninkrijk"),
            ("LU", "Luxemburg"),
            ("AT", "Oostenrijk"),
            ("US", "Verenigde Staten"),
            ("DK", "Denemarken"),
            ("SE", "Zweden"),
            ("PL", "Polen"),
            ("CH", "Zwitserland"),
        ],
    ),
    "Currency": (
        ("CurrencyCode", "Description"),
        [("EUR", "Euro"), ("USD", "Amerikaanse dollar"), ("GBP", "Britse pond")],
    ),
    "ItemUnit": (("Unit",), [("stuk",), ("doos",), ("kg",), ("m",), ("uur",)]),
}

# code, description, price with VAT, VAT code, assortment, stock
_ITEMS: list[tuple[str, str, float, str, int, int]] = [
    ("KET-8V", "Ketting 8 versnellingen", 18.95, "3", 4, 40),
    ("KET-11V", "Ketting 11 versnellingen", 34.95, "3", 4, 25),
    ("BAND-28-37", "Buitenband 28 inch 37 mm", 24.95, "3", 4, 80),
    ("BAND-28-40", "Buitenband 28 inch 40 mm", 27.50, "3", 4, 60),
    ("BINNEN-28", "Binnenband 28 inch", 6.95, "3", 4, 200),
    ("ZADEL-GEL", "Zadel met gel", 39.95, "3", 4, 15),
    ("ZADEL-SPORT", "Zadel sport", 54.50, "3", 4, 10),
    ("LAMP-V-LED", "Koplamp led", 29.95, "3", 4, 35),
    ("LAMP-A-LED", "Achterlicht led", 19.95, "3", 4, 35),
    ("BEL-DINGDONG", "Bel ding-dong", 9.95, "3", 4, 90),
    ("SLOT-AXA", "Ringslot", 32.95, "3", 4, 30),
    ("SLOT-KETTING", "Kettingslot 110 cm", 59.95, "3", 4, 20),
    ("POMP-VLOER", "Vloerpomp", 34.50, "3", 4, 18),
    ("POMP-MINI", "Minipomp", 14.95, "3", 4, 45),
    ("HELM-M", "Helm maat M", 64.95, "3", 1, 12),
    ("HELM-L", "Helm maat L", 64.95, "3", 1, 12),
    ("TAS-DUBBEL", "Dubbele fietstas", 49.95, "3", 4, 22),
    ("TAS-STUUR", "Stuurtas", 36.95, "3", 4, 16),
    ("MAND-RIET", "Rieten mand", 42.50, "3", 4, 9),
    ("STANDAARD", "Standaard verstelbaar", 17.95, "3", 4, 28),
    ("REM-BLOK", "Remblokken, paar", 8.95, "3", 4, 120),
    ("REM-KABEL", "Remkabel", 5.95, "3", 4, 150),
    ("PEDAAL-MTB", "Pedalen mtb, paar", 44.95, "3", 4, 14),
    ("PEDAAL-STAD", "Pedalen stad, paar", 15.95, "3", 4, 26),
    ("SPAAK-260", "Spaak 260 mm", 0.65, "3", 4, 900),
    ("KAART-FIETS", "Fietskaart knooppunten", 12.50, "4", 3, 50),
    ("BOEK-ROUTES", "Boek met fietsroutes", 24.99, "4", 3, 30),
    ("OLIE-100ML", "Kettingolie 100 ml", 7.95, "3", 4, 70),
    ("HANDSCHOEN-L", "Handschoenen maat L", 27.95, "3", 1, 24),
    ("JAS-REGEN-M", "Regenjas maat M", 79.95, "3", 1, 8),
]
_SERVICES = [
    ("VERZENDKOSTEN", "Verzendkosten", 4.95),
    ("BETAALKOSTEN", "Betaalkosten", 0.0),
    ("KORTING", "Korting", 0.0),
    ("AFRONDING", "Afronding", 0.0),
]
_REFUSED = [
    {"ItemCode": "OUD-MODEL", "Description0": "Uit het assortiment", "IsSalesItem": True}
    | {"Condition": "B", "SalesVATCode": "3", "SalesPrice": 10.0},
    {"ItemCode": "INKOOP-DOOS", "Description0": "Verpakking, niet te koop", "IsSalesItem": False}
    | {"SalesVATCode": "3", "SalesPrice": 0.5},
]
_ACCOUNTS: list[Row] = [
    {"AccountName": "Losse verkoop webshop", "DebtorNumber": "1000", "AccountCode": "1000"}
    | {"CustomerType": "C", "CustomerStatus": "A", "ClassificationID": "WEB"},
    {"AccountName": "Fietsenmaker Om de Hoek B.V.", "CustomerType": "C", "CustomerStatus": "A"}
    | {"EmailAddress": "info@omdehoek.example", "ContactEmail": "info@omdehoek.example"}
    | {"MailingAddress1": "Dorpsstraat 3", "MailingPostcode": "3511 AB", "MailingCity": "Utrecht"}
    | {"ContactFirstName": "Noor", "ContactLastName": "Visser", "PaymentCondition": "30"}
    | {"VATNumber": "NL000000000B00", "ClassificationID": "B2B"},
    {"AccountName": "T. de Wit", "CustomerType": "C", "CustomerStatus": "A"}
    | {"EmailAddress": "t.dewit@post.example", "ContactEmail": "t.dewit@post.example"}
    | {"ContactFirstName": "Tom", "ContactMiddleName": "de", "ContactLastName": "Wit"},
    {"AccountName": "Gesloten Zaak B.V.", "CustomerType": "C", "CustomerStatus": "B"}
    | {"EmailAddress": "gesloten@zaak.example"},
    {"AccountName": "Misschien Later", "CustomerType": "P", "CustomerStatus": "N"}
    | {"EmailAddress": "later@misschien.example"},
]


_DAYS = 200


def fill(
    world: World, items: Iterable[Mapping[str, Any]], accounts: Iterable[Mapping[str, Any]]
) -> None:
    """Put the look-ups, the usual items and debtors, and then *items* and *accounts* in."""
    world.history = world.now() - _DAYS * 86_400_000
    for entity, (names, rows) in _LOOKUPS.items():
        for number, row in enumerate(rows, start=1):
            _look_up(world, entity, number, dict(zip(names, row, strict=True)))
    division = {"Code": world.database[:3], "Name": "Koppel Fietsen", "CurrencyCode": "EUR"}
    _look_up(world, "Division", 1, division | {"CountryCode": "NL"})
    for number, (code, text, price, vat, assortment, stock) in enumerate(_ITEMS, start=1):
        item: Row = {"ItemCode": code, "Description0": text, "SalesPrice": price}
        item |= {
            "SalesVATCode": vat,
            "Assortment": assortment,
            "GTIN": _gtin(number),
            "IsSalesItem": True,
        }
        make(world, "Item", item | {"IsStockItem": True})
        world.stock[code.casefold(), "1"] = stock
    for code, text, price in _SERVICES:
        item = {"ItemCode": code, "Description0": text, "SalesPrice": price, "SalesVATCode": "3"}
        make(world, "Item", item | {"Assortment": 6, "IsSalesItem": True})
    for more in (*_REFUSED, *items):
        make(world, "Item", more)
    for account in (*_ACCOUNTS, *accounts):
        make(world, "Account", account)
    world.history = None


def _look_up(world: World, entity: str, number: int, row: Row) -> None:
    kind = world.types[entity]
    if kind.key == "ID" and kind.key_property.kind == "int":
        row["ID"] = number
    if "ModifiedDate" in kind.properties:
        row = world.stamp(row)
    checked = {n: v for n, v in row.items() if n in ("ID", "CreatedDate", "ModifiedDate")}
    rest = {n: v for n, v in row.items() if n not in checked and n in kind.properties}
    world.add(entity, from_body(kind, rest) | checked)


def make(world: World, entity: str, values: Mapping[str, Any]) -> None:
    masters.create(world, entity, from_body(world.types[entity], dict(values)))
    assert world.history is not None
    if len(world.tables[entity]) % 2 == 0:  # every two were made at the very same moment
        world.history += 60_000


def _gtin(number: int) -> str:
    """A valid EAN-13 from a range that is nobody's."""
    digits = f"200000{number:06}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"
