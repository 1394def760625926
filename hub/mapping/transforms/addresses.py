"""Transforms on addresses."""

from __future__ import annotations

from typing import Any, Final

from hub.mapping import address, countries
from hub.mapping.postcodes import tidy_postcode
from hub.mapping.values import ValueProblem, short, text_of


def street(value: str, country: str = "NL") -> str:
    """Take the street out of a line; a line that cannot be split with certainty stays whole.

    country: whose customs to follow, in two letters.

    >>> street("Plein 1944 7", country="NL")
    'Plein 1944'
    >>> street("12, rue de Rivoli", country="FR")
    'rue de Rivoli'
    """
    return address.split_line(value, country).street


def house_number(value: str, country: str = "NL") -> str | None:
    """Take the house number out of a line; no value when it is not certain.

    country: whose customs to follow, in two letters.

    >>> house_number("Kerkstraat 12 bis", country="NL")
    '12'
    >>> house_number("Kerkstraat 12 3", country="NL")
    """
    return address.split_line(value, country).number


def house_suffix(value: str, country: str = "NL") -> str | None:
    """Take out what stands behind the house number; no value when it is not certain.

    country: whose customs to follow, in two letters.

    >>> house_suffix("Rue de la Loi 16 bte 3", country="BE")
    'bte 3'
    """
    return address.split_line(value, country).suffix


def join_street(
    value: Any, country: str = "NL", number: str | None = None, suffix: str | None = None
) -> str:
    """Make one line of a street and its number; takes an address, or the street.

    country: whose customs to follow, in two letters, when the address does not say.
    number: the house number, when the value is only the street.
    suffix: what stands behind it.

    >>> join_street({"street": "rue de Rivoli", "house_number": "12", "country": "FR"})
    '12 rue de Rivoli'
    >>> join_street("Kerkstraat", number="115", suffix="3")
    'Kerkstraat 115-3'
    """
    if isinstance(value, dict):
        land = text_of(value.get("country")) or country
        home, tail = text_of(value.get("house_number")), text_of(value.get("house_number_suffix"))
        return address.join_line(text_of(value.get("street")), home, tail, land)
    return address.join_line(text_of(value), number, suffix, country)


def country_code(value: str, default: str | None = None) -> str:
    """Make the two letters of a country from its name (five languages) or its three letters.

    default: what to give for a country that is not known; without it, that stops the record.

    >>> country_code("België")
    'BE'
    >>> country_code("NLD")
    'NL'
    """
    code = countries.country_code(value) or default
    if code is None:
        raise ValueProblem(f"{short(value)} is not a country this transform knows")
    return code


def country_code_3(value: str) -> str:
    """Make the three letters of a country from its name or its two letters.

    >>> country_code_3("NL")
    'NLD'
    """
    code = countries.country_code(value)
    three = countries.alpha_3(code) if code else None
    if three is None:
        raise ValueProblem(f"{short(value)} is not a country this transform knows")
    return three


def country_name(value: str) -> str:
    """Make the English name of a country from its two or three letters.

    >>> country_name("NL")
    'Netherlands'
    """
    code = countries.country_code(value)
    if code is None:
        raise ValueProblem(f"{short(value)} is not a country this transform knows")
    return countries.NAMES[code]


def postcode(value: str, country: str = "NL") -> str:
    """Write a postal code the way its country does.

    country: which country, in two letters.

    >>> postcode("1234ab", country="NL")
    '1234 AB'
    >>> postcode("D-10115", country="DE")
    '10115'
    """
    return tidy_postcode(value, country)


FAMILY: Final = (
    street,
    house_number,
    house_suffix,
    join_street,
    country_code,
    country_code_3,
    country_name,
    postcode,
)
