"""What is the same in every pretend account: types, links, pipelines, tax rates, articles."""

from __future__ import annotations

from typing import Any

TYPES = {
    "contacts": ("contact", "0-1"),
    "companies": ("company", "0-2"),
    "deals": ("deal", "0-3"),
    "products": ("product", "0-7"),
    "line_items": ("line_item", "0-8"),
    "invoices": ("invoice", "0-53"),
    "orders": ("order", "0-123"),
}
ALIASES = {name: plural for plural, names in TYPES.items() for name in (plural, *names)}

#: (from, to) -> type ids that exist in that direction, the unlabelled one last.
LINKS: dict[tuple[str, str], tuple[int, ...]] = {
    ("orders", "contacts"): (507,),
    ("contacts", "orders"): (508,),
    ("orders", "companies"): (509, 934),
    ("companies", "orders"): (510, 935),
    ("orders", "line_items"): (513,),
    ("line_items", "orders"): (514,),
    ("orders", "deals"): (512,),
    ("deals", "orders"): (511,),
    ("orders", "invoices"): (518,),
    ("invoices", "orders"): (517,),
    ("invoices", "contacts"): (177,),
    ("contacts", "invoices"): (178,),
    ("invoices", "companies"): (179,),
    ("companies", "invoices"): (180,),
    ("invoices", "line_items"): (409,),
    ("line_items", "invoices"): (410,),
    ("deals", "line_items"): (19,),
    ("line_items", "deals"): (20,),
    ("deals", "contacts"): (3,),
    ("contacts", "deals"): (4,),
    ("deals", "companies"): (5, 341),
    ("companies", "deals"): (6, 342),
    ("contacts", "companies"): (1, 279),
    ("companies", "contacts"): (2, 280),
}
#: What setting one direction sets in the other.
INVERSE = {
    one: other
    for pair, there in LINKS.items()
    for one, other in zip(there, LINKS[pair[1], pair[0]], strict=True)
}
PRIMARY = {509, 510, 5, 6, 1, 2}

ORDER_PIPELINE = "14a2e10e-5471-408a-906e-c51f3b04369e"
ORDER_STAGES = {
    "Open": "4b27b500-f031-4927-9811-68a0b525cbae",
    "Processed": "937ea84d-0a4f-4dcf-9028-3f9c2aafbf03",
    "Shipped": "aa99e8d0-c1d5-4071-b915-d240bbb1aed9",
    "Delivered": "3725360f-519b-4b18-a593-494d60a29c9f",
    "Cancelled": "3c85a297-e9ce-400b-b42e-9f16853d69d6",
}
CLOSED_STAGES = {ORDER_STAGES[name] for name in ("Shipped", "Delivered", "Cancelled")}
_MADE = {"createdAt": "2026-01-05T08:00:00.000Z", "updatedAt": "2026-01-05T08:00:00.000Z"}


def _stage(key: str, label: str, place: int, **metadata: str) -> dict[str, Any]:
    return {
        "id": key,
        "label": label,
        "displayOrder": place,
        "metadata": metadata,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        **_MADE,
    }


def _pipeline(key: str, label: str, place: int, stages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": key,
        "label": label,
        "displayOrder": place,
        "archived": False,
        "stages": stages,
        **_MADE,
    }


_DEALS = (
    ("appointmentscheduled", "Appointment scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified to buy", "0.4"),
    ("presentationscheduled", "Presentation scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision maker bought-in", "0.8"),
    ("contractsent", "Contract sent", "0.9"),
    ("closedwon", "Closed won", "1.0"),
    ("closedlost", "Closed lost", "0.0"),
)
PIPELINES: dict[str, list[dict[str, Any]]] = {
    "orders": [
        _pipeline(
            ORDER_PIPELINE,
            "Order Pipeline",
            0,
            [
                _stage(key, label, n, state="CLOSED" if key in CLOSED_STAGES else "OPEN")
                for n, (label, key) in enumerate(ORDER_STAGES.items())
            ],
        )
    ],
    "deals": [
        _pipeline(
            "default",
            "Sales Pipeline",
            0,
            [
                _stage(
                    key,
                    label,
                    n,
                    isClosed=str(probability in ("1.0", "0.0")).lower(),
                    probability=probability,
                )
                for n, (key, label, probability) in enumerate(_DEALS)
            ],
        ),
        _pipeline(
            "2220863724",
            "Webshop",
            1,
            [
                _stage("2220863725", "New", 0, isClosed="false", probability="0.5"),
                _stage("2220863726", "Paid", 1, isClosed="true", probability="1.0"),
            ],
        ),
    ],
}
TAX_RATES = [
    {"id": "15970230", "name": "NL hoog", "label": "BTW 21%", "percentageRate": 21.0},
    {"id": "15970231", "name": "NL laag", "label": "BTW 9%", "percentageRate": 9.0},
    {"id": "15970232", "name": "NL nul", "label": "BTW 0%", "percentageRate": 0.0},
]
#: SKU, name, net price, family, what tells it from the others of the family.
ARTICLES = (
    ("BEL-DINGDONG", "Fietsbel DingDong", "8.22", None, None),
    ("ZADEL-GEL", "Zadel met gel", "33.02", None, None),
    ("TS-RED-S", "T-shirt Wielerronde – Rood / S", "16.49", "TS-RED", "Kleur=Rood;Maat=S"),
    ("TS-RED-M", "T-shirt Wielerronde – Rood / M", "16.49", "TS-RED", "Kleur=Rood;Maat=M"),
    ("TS-RED-L", "T-shirt Wielerronde – Rood / L", "16.49", "TS-RED", "Kleur=Rood;Maat=L"),
    ("SLOT-KETTING", "Kettingslot 90 cm", "49.55", None, None),
    ("POMP-VLOER", "Vloerpomp", "28.51", None, None),
    ("VERZENDKOSTEN", "Verzendkosten", "4.95", None, None),
    ("BETAALKOSTEN", "Betaalkosten", "0.41", None, None),
    ("KORTING", "Korting", "0", None, None),
    ("AFRONDING", "Afronding", "0", None, None),
)
FIRST_NAMES = (
    "Anouk",
    "Bram",
    "Chiara",
    "Daan",
    "Elif",
    "Femke",
    "Giulia",
    "Hugo",
    "Iris",
    "Joost",
)
LAST_NAMES = ("de Vries", "Jansen", "Rossi", "van den Berg", "Yılmaz", "Bakker", "Visser", "Smit")
STREETS = ("Utrechtsestraat", "Keizersgracht", "Plein 1944", "Dorpsstraat", "Stationsweg")
CITIES = (("Amsterdam", "1017 VH"), ("Nijmegen", "6511 JB"), ("Utrecht", "3511 LN"))
