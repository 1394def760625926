"""The pretend shop's customers: persons and companies in the Netherlands, Belgium and Germany."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .goods import JSON, words

ACCOUNT_ID = 61234001  # the user id of the first customer
COUNTRIES = {"NL": "Nederland", "BE": "België", "DE": "Duitsland"}
#: id: name, discount in percent
GROUPS = {3301: ("Particulier", 0), 3302: ("Zakelijk", 0), 3303: ("Wederverkopers", 10)}

#: Kinds of customers, by the last digit of their number.
CONSUMERS, RESELLER, COMPANY, BELGIAN, GERMAN, FOREIGN_COMPANY = range(5), 5, 6, 7, 8, 9

#: The text fields of a shop's customer besides the addresses, all of them always sent.
TEXTS = words(
    "email customertype bankaccount iban bic bank tenname bankname reference reservationnumber "
    "income branche branch website clubcity clubcomment clubname beurs stand fair booth carbrand "
    "cartype carweight birthdate birthtime birthplace cardnumber btw kvk costcentre findus "
    "ssnnumber zzppass"
)


@dataclass(frozen=True)
class Person:
    """A customer, with or without an account, for himself or for a company."""

    index: int
    first: str
    last: str
    gender: str
    street: str
    house: int
    suffix: str
    zipcode: str
    city: str
    country: str
    phone: str = ""
    company: str = ""
    vat_number: str = ""
    coc_number: str = ""
    free_lines: bool = False  # the shop has free address lines: street and number are not apart

    @property
    def has_account(self) -> bool:
        return self.index % 10 not in (3, BELGIAN)

    @property
    def group(self) -> int:
        return 3303 if self.index % 10 == RESELLER else 3302 if self.company else 3301

    @property
    def email(self) -> str:
        if self.company:
            name = f"inkoop{self.index}"
        else:
            plain = unicodedata.normalize("NFKD", f"{self.first}.{self.last}".replace(" ", ""))
            name = plain.encode("ascii", "ignore").decode().lower() + str(self.index)
        return f"{name}@example.{self.country.lower()}"

    def personalinfo(self, *, elsewhere: bool = False, comment: str = "") -> JSON:
        """The customer as in orders and users; *elsewhere*: the goods go to a second address."""
        info: JSON = dict.fromkeys(TEXTS, "")
        info["email"] = self.email
        info["customertype"] = "b2b" if self.company else "b2c"
        info["btw"] = self.vat_number
        info["kvk"] = self.coc_number
        info["reference"] = str(10001 + self.index) if self.has_account else ""
        name = {"first_name": self.first, "last_name": self.last}
        info["billingaddress"] = self._address(name, fax="", comment=comment)
        info["deliveryaddress"] = (
            replace(self, **_second_address(self))._address({}, comment="")
            if elsewhere
            else dict.fromkeys(self._address({}, comment=""), "") | {"housenumber": None}
        )
        return info

    def _address(self, name: JSON, **more: str) -> JSON:
        line = " ".join(filter(None, (self.street, str(self.house), self.suffix)))
        apart = not self.free_lines
        return {
            "gender": self.gender,
            "initials": "",
            **name,
            "full_name": f"{self.first} {self.last}".strip(),
            "company": self.company,
            "address_line_1": line,
            "address_line_2": "",
            "street": self.street if apart else "",
            "housenumber": self.house if apart else None,
            "housenumber_suffix": self.suffix if apart else "",
            "zipcode": self.zipcode,
            "city": self.city,
            "province": "",
            "country": COUNTRIES[self.country],
            "country_code": self.country,
            "telephone": self.phone,
            "mobile": "",
            **more,
        }


def _p(*parts: Any, **more: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return parts, more


_WRITTEN = (
    _p("Zoë", "van den Berg", "female", "Utrechtsestraat", 12, "bis", "1017 VH", "Amsterdam", "NL",
       phone="+31201234567"),
    _p("Jan", "de Vries", "male", "Dorpsstraat", 45, "", "3511 AB", "Utrecht", "NL"),
    _p("Fatima", "El Amrani", "F", "Kanaalstraat", 112, "A", "3531 CK", "Utrecht", "NL"),
    _p("Pieter", "Jansen", "M", "Burgemeester de Withstraat", 7, "", "3732 DJ", "De Bilt", "NL"),
    _p("Anne", "Bakker", "", "Oudegracht", 112, "bis", "3511 AX", "Utrecht", "NL", free_lines=True),
    _p("Kees", "Smit", "male", "Industrieweg", 23, "", "5683 CC", "Best", "NL",
       company="Smit Tweewielers", vat_number="NL100000010B01", coc_number="30000001",
       phone="+31499000001"),
    _p("Marieke", "Visser", "female", "Havenstraat", 1, "", "1271 AD", "Huizen", "NL",
       company="Café 't Hoekje", vat_number="NL103888895B01", coc_number="30000002"),
    _p("Luc", "Peeters", "male", "Grote Steenweg", 214, "bus 3", "2600", "Antwerpen", "BE",
       phone="+3230000000"),
    _p("Jürgen", "Müller", "male", "Straße des 17. Juni", 135, "", "10623", "Berlin", "DE"),
    _p("Sofie", "Claes", "female", "Kerkstraat", 8, "", "9000", "Gent", "BE",
       company="Fietspunt Claes BV", vat_number="BE0200046662"),
    _p("Willem", "Mulder", "male", "Plein 1944", 30, "", "6511 JB", "Nijmegen", "NL"),
    _p("Aïcha", "Öztürk", "female", "2e Jan van der Heijdenstraat", 67, "III", "1074 XR",
       "Amsterdam", "NL"),
    _p("Thijs", "Hendriks", "male", "Stationsplein", 5, "", "5611 AC", "Eindhoven", "NL"),
    _p("Ans", "Dekker", "female", "Zuiderdijk", 19, "zwart", "1608 MP", "Wijdenes", "NL"),
    _p("Bram", "van Dijk", "male", "Lange Nieuwstraat", 88, "", "3512 PN", "Utrecht", "NL"),
    _p("Els", "Brouwer", "female", "Marktstraat", 14, "", "7511 GC", "Enschede", "NL",
       company="Rijwielhandel Brouwer", vat_number="NL104333339B01", coc_number="30000003"),
    _p("Rob", "de Boer", "male", "Kade", 2, "C", "8911 AA", "Leeuwarden", "NL",
       company="Gemeentewerken Noord", vat_number="NL104777783B01", coc_number="30000004"),
    _p("Marie", "Dubois", "female", "Rue de la Loi", 155, "", "1040", "Brussel", "BE"),
    _p("Heike", "Schäfer", "female", "Bahnhofstraße", 3, "a", "48143", "Münster", "DE"),
    _p("Uwe", "Krämer", "male", "Am Markt", 11, "", "47798", "Krefeld", "DE",
       company="Radhaus Krämer GmbH", vat_number="DE101000000"),
)  # fmt: skip

_FIRST = ("Daan", "Sanne", "Lars", "Femke", "Ruben", "Noor", "Sjoerd", "Iris", "Hugo", "Eva")
_LAST = ("Kok", "van Leeuwen", "Post", "Kuipers", "Schouten", "de Wit", "Vos", "Prins", "Blom")
_STREETS = {
    "NL": ("Molenweg", "Beatrixlaan", "Kerkpad", "Prins Hendrikstraat", "Veldweg"),
    "BE": ("Stationsstraat", "Nieuwstraat", "Molenstraat", "Veldstraat", "Markt"),
    "DE": ("Hauptstraße", "Gartenweg", "Schulstraße", "Ringstraße", "Lindenallee"),
}
_CITIES = {
    "NL": (("1811 BB", "Alkmaar"), ("2011 CD", "Haarlem"), ("9711 EF", "Groningen")),
    "BE": (("3000", "Leuven"), ("8000", "Brugge"), ("2800", "Mechelen")),
    "DE": (("50667", "Köln"), ("40213", "Düsseldorf"), ("28195", "Bremen")),
}


def _second_address(person: Person) -> dict[str, Any]:
    zipcode, city = _CITIES[person.country][person.index % 3]
    street = _STREETS[person.country][person.index % 5]
    return {
        "street": street,
        "house": 3 + person.index % 90,
        "suffix": "",
        "zipcode": zipcode,
        "city": city,
        "free_lines": False,
    }


@lru_cache(maxsize=4096)
def person(index: int, seed: int = 1) -> Person:
    """Customer number *index*: the first twenty by hand, the rest made up the same each time."""
    if index < len(_WRITTEN):
        parts, more = _WRITTEN[index]
        return Person(index, *parts, **more)
    rng = random.Random(seed * 1_000_003 + index)
    kind = index % 10
    country = {BELGIAN: "BE", GERMAN: "DE", FOREIGN_COMPANY: "BE"}.get(kind, "NL")
    zipcode, city = rng.choice(_CITIES[country])
    last = rng.choice(_LAST)
    made = Person(
        index,
        rng.choice(_FIRST),
        last,
        rng.choice(("male", "female", "M", "F", "")),
        rng.choice(_STREETS[country]),
        rng.randint(1, 240),
        rng.choice(("", "", "", "", "a", "B", "bis", "2 hoog")),
        zipcode,
        city,
        country,
    )
    if kind not in (RESELLER, COMPANY, FOREIGN_COMPANY):
        return made
    if country == "BE":
        return replace(made, company=f"{last} & Zn {index}", vat_number="BE0200155540")
    return replace(made, company=f"Fietsenhuis {last} {index}", coc_number=f"3{index:07d}")
