"""Customer: who buys, a company with contact persons or a person; and addresses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from hub.model.base import Document, Part


@dataclass(slots=True, kw_only=True)
class Address(Part):
    """One postal address. Either `line1` or the split parts or both may be known.

    name: who lives there, when it differs from the customer's name. company: the company there.
    contact: who takes things in there. line1: street and number in one. line2, line3: what follows.
    house_number_suffix: what stands behind the number ("bis", "2 hoog").
    region: province or state. country: ISO 3166 alpha-2.
    unsure: true when a line could not be split into street and house number with confidence.
    """

    name: str | None = None
    company: str | None = None
    contact: str | None = None
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    street: str | None = None
    house_number: str | None = None
    house_number_suffix: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    phone: str | None = None
    email: str | None = None
    unsure: bool | None = None


@dataclass(slots=True, kw_only=True)
class Contact(Part):
    """A contact person of a company.

    key: over there. middle_name: what stands between first and last name ("van den").
    language: ISO 639-1.
    """

    key: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    initials: str | None = None
    gender: Literal["male", "female"] | None = None
    job_title: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    language: str | None = None


@dataclass(slots=True, kw_only=True)
class Customer(Document):
    """Who buys: a company (with contact persons below it) or a person.

    type: company or person; the hub decides by the company name when the source does not say.
    name: what to call the customer: the company's name or the person's full name.
    middle_name: what stands between first and last name ("van den").
    language: ISO 639-1. currency: ISO 4217. vat_number: with its country prefix, as given.
    chamber_number: of the chamber of commerce. classification: the customer group there.
    payment_condition, vat_code, revenue_account, cost_center, cost_unit, price_list: codes of the
    system that the document is for. discount_percentage: 0..100.
    reference: the customer's number in the system it comes from, for people.
    billing: where the invoice goes. delivery: where the goods go. contacts: people of a company.
    """

    kind: ClassVar[str] = "customer"

    type: Literal["company", "person"] | None = None
    name: str | None = None
    company: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    initials: str | None = None
    gender: Literal["male", "female"] | None = None
    birth_date: dt.date | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    website: str | None = None
    language: str | None = None
    currency: str | None = None
    vat_number: str | None = None
    chamber_number: str | None = None
    iban: str | None = None
    classification: str | None = None
    payment_condition: str | None = None
    vat_code: str | None = None
    revenue_account: str | None = None
    cost_center: str | None = None
    cost_unit: str | None = None
    price_list: str | None = None
    discount_percentage: Decimal | None = None
    active: bool | None = None
    reference: str | None = None
    note: str | None = None
    billing: Address = field(default_factory=Address)
    delivery: Address = field(default_factory=Address)
    contacts: list[Contact] = field(default_factory=list)
