"""The tables that settings are made of: VAT codes, and values by country."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.mapping.countries import EU, EU_MEMBERS, country_code
from hub.sdk.forms import MappingTable

CustomerWord = Literal["business", "company", "person"]


class VatRow(BaseModel):
    """One row of the VAT table. What is None fits anything; the most specific row wins.

    country: where the goods go, ISO 3166 alpha-2, or EU for any other member state. rate:
    percentage charged (21, 9, 0). customer: business (a company with a valid VAT number), company
    (any company) or person. goods: the kind of goods: an assortment or product group, or what a
    line stands for (product, shipping, payment, extra, discount, deposit). code: the target's VAT
    code.
    """

    model_config = ConfigDict(extra="forbid")

    country: str | None = Field(None, pattern="^[A-Za-z]{2}$")
    rate: Decimal | None = Field(None, ge=0, le=100)
    customer: CustomerWord | None = None
    goods: str | None = Field(None, min_length=1, max_length=100)
    code: str = Field(min_length=1)


class VatTable(BaseModel):
    """Country, rate, customer and goods -> the target's VAT code, with a default for all else.

    rows: see below. default: the code for what no row fits.
    """

    model_config = ConfigDict(extra="forbid")

    default: str | None = None
    rows: list[VatRow] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_row_a_case(self) -> VatTable:
        seen: dict[tuple[object, ...], int] = {}
        for number, row in enumerate(self.rows, 1):
            country, goods = (row.country or "").upper(), (row.goods or "").strip().casefold()
            case = (country, row.rate, row.customer, goods)
            if case in seen:
                raise ValueError(
                    f"rows {seen[case]} and {number} say the same case; leave one of them out"
                )
            seen[case] = number
        return self


class CountryTable(MappingTable):
    """Country -> the target's value, with EU for any other member state, and a default.

    rows: two letters (NL), or EU, and the target's value. default: for every other country.
    force: use the default whatever the country.
    """

    @field_validator("rows")
    @classmethod
    def _countries(cls, rows: dict[str, str]) -> dict[str, str]:
        tidy: dict[str, str] = {}
        for key, value in rows.items():
            code = EU if key.strip().upper() == EU else country_code(key)
            if code is None:
                raise ValueError(f"{key!r} is not a country; use two letters such as NL, or EU")
            if code in tidy:
                raise ValueError(f"{code} is there twice; leave one of the rows out")
            tidy[code] = value
        return tidy

    def for_country(self, country: str | None, home: str) -> str | None:
        """The value for a country; EU stands for the member states besides one's own."""
        if self.force or not country:
            return self.default
        if country in self.rows:
            return self.rows[country]
        if EU in self.rows and country in EU_MEMBERS and country != home:
            return self.rows[EU]
        return self.default


Role = Literal["variant", "feature", "leave"]


class RoleTable(MappingTable):
    """Attribute of the source -> variant (it makes variants), feature (it informs) or leave.

    rows: the attribute's name and its role. default: for names without a row; nothing said: as in
    the source.
    """

    @field_validator("rows")
    @classmethod
    def _roles(cls, rows: dict[str, str]) -> dict[str, str]:
        for name, role in rows.items():
            _check_role(role, name)
        return rows

    @field_validator("default")
    @classmethod
    def _default_role(cls, role: str | None) -> str | None:
        if role is not None:
            _check_role(role, "the default")
        return role


ROLES = (("variant", "Makes variants"), ("feature", "Only informs"), ("leave", "Leave it out"))


def _check_role(role: str, name: str) -> None:
    known = [value for value, _ in ROLES]
    if role not in known:
        raise ValueError(f"{name}: {role!r} must be one of {', '.join(known)}")
