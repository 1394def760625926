"""Customers: a company with its contacts, or a contact without a company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.model import Customer, Document, Json
from hub.sdk import Api, Context, Effect, Field, Page, Query, Raw, RecordError, Written

from . import addresses, customer_changes, customer_writing
from .forms import CustomersFilter, CustomersSettings
from .links import linked
from .reading import Made, by_ids, joined, later, line_of, since_of, text
from .schema import REFERENCE, discovered, found_by, named, readable
from .searching import Reached, changed, condition, gathered, milliseconds, stamp_of

CONTACT = "contact-"
COMPANY = "company-"
CONTACT_PROPERTIES = (
    *("email", "firstname", "lastname", "salutation", "phone", "mobilephone", "jobtitle"),
    *("website", "address", "city", "zip", "state", "country", "hs_country_region_code"),
    *("hs_language", "lifecyclestage", "hs_additional_emails", "company", "createdate"),
)
COMPANY_PROPERTIES = (
    *("name", "domain", "address", "address2", "city", "zip", "state", "country", "phone"),
    *("website", "description", "lifecyclestage", "createdate"),
)
_LANGUAGES = frozenset({"nl", "de", "it", "fr", "en"})


def _language(value: Any) -> str | None:
    found = str(value).strip().lower()[:2]
    return found if found in _LANGUAGES else None


def _upper(value: str) -> str:
    return value.upper()


def _both(company: str, contact: str, meaning: str, label: str, **more: Any) -> tuple[Field, ...]:
    """One meaning, kept by companies and by persons under names of their own."""
    return (
        Field(f"contact.properties.{contact}", meaning, label=f"Contact: {label}", **more),
        Field(f"company.properties.{company}", meaning, label=f"Company: {label}", **more),
    )


class Customers(Made):
    """Companies with their contacts, and contacts that belong to no company.

    A company is one customer, however many contacts it has; its e-mail address is that of its main
    contact. Contacts are recognised by e-mail address, companies by that of a contact or by their
    number in the other system.
    """

    name = "customers"
    title = "Contacts and companies"
    document = Customer
    object = "contacts"
    key = "id"
    match = ("email", "number")
    filter = CustomersFilter
    settings = CustomersSettings
    fields = (
        Field("id", "key", only="read", label="Key"),
        *_both(
            REFERENCE, REFERENCE, "reference", "number in the other system", read=text, only="read"
        ),
        *_both("phone", "phone", "phone", "telephone", read=text),
        *_both("website", "website", "website", "website", read=text),
        *_both("city", "city", "billing.city", "city", read=text),
        *_both("zip", "zip", "billing.postal_code", "postal code", read=text),
        *_both("state", "state", "billing.region", "province", read=text),
        *_both("country", "country", "billing.country", "country", read=text, write=_upper),
        *_both("address", "address", "billing.line1", "address", read=text),
        *_both("payment_condition", "payment_condition", "payment_condition", "payment condition"),
        *_both(
            "customer_classification",
            "customer_classification",
            "classification",
            "classification",
        ),
        Field("contact.properties.email", "email", read=text, label="Contact: e-mail address"),
        Field("contact.properties.firstname", "first_name", read=text, label="Contact: first name"),
        Field("contact.properties.lastname", "last_name", read=text, label="Contact: last name"),
        Field("contact.properties.mobilephone", "mobile", read=text, label="Contact: mobile"),
        Field(
            "contact.properties.hs_language",
            "language",
            read=_language,
            write=_language,
            label="Contact: language",
        ),
        Field("contact.properties.jobtitle", label="Contact: job title"),
        Field("contact.properties.salutation", label="Contact: salutation"),
        Field("contact.properties.lifecyclestage", label="Contact: lifecycle stage"),
        Field("contact.properties.company", label="Contact: name of a company, as text"),
        Field("company.properties.name", "company", read=text, label="Company: name"),
        Field("company.properties.address2", "billing.line2", read=text, label="Company: 2nd line"),
        Field("company.properties.domain", label="Company: domain"),
        Field("company.properties.description", "note", read=text, label="Company: description"),
        Field(
            "company.properties.vat_number", "vat_number", read=text, label="Company: VAT number"
        ),
        Field(
            "company.properties.chamber_number",
            "chamber_number",
            read=text,
            label="Company: chamber of commerce number",
        ),
        Field("company.properties.lifecyclestage", label="Company: lifecycle stage"),
        Field("contacts[].id", "contacts[].key", only="read", label="Contacts: id"),
        *(
            Field(
                f"contacts[].properties.{name}",
                f"contacts[].{meaning}",
                read=text,
                label=f"Contacts: {label}",
            )
            for name, meaning, label in (
                ("email", "email", "e-mail address"),
                ("firstname", "first_name", "first name"),
                ("lastname", "last_name", "last name"),
                ("phone", "phone", "telephone"),
                ("mobilephone", "mobile", "mobile"),
                ("jobtitle", "job_title", "job title"),
            )
        ),
    )

    # -- reading -------------------------------------------------------------------------------

    def cursor_at(self, moment: dt.datetime) -> Json | None:
        """Changes since then."""
        return {"companies": milliseconds(moment), "contacts": milliseconds(moment)}

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Companies that changed, with their contacts; then contacts that did."""
        wanted = query.filter if isinstance(query.filter, CustomersFilter) else CustomersFilter()
        cursor: Json = {} if query.full else dict(query.since or {})
        told: set[str] = set()
        known: dict[str, int] = {}
        stages = wanted.lifecycle_stages
        where = [condition("lifecyclestage", "IN", stages)] if stages else []
        if wanted.kind != "persons":
            start = since_of(query, "companies")
            names = readable(api, "companies", COMPANY_PROPERTIES)
            reached = Reached()
            pages = changed(api, "companies", names, since=start, where=where, reached=reached)
            for firms in gathered(pages, 400):
                records = _with_contacts(api, firms)
                told |= {record["id"] for record in records}
                known |= {c["id"]: stamp_of("contacts", c) for r in records for c in r["contacts"]}
                cursor = _moved(cursor, "companies", reached)
                yield Page(records, dict(cursor))
        start = since_of(query, "contacts")
        names = readable(api, "contacts", CONTACT_PROPERTIES)
        reached = Reached()
        pages = changed(api, "contacts", names, since=start, reached=reached)
        for people in gathered(pages, 1000):
            # What came along with its company is known, unless it has changed since.
            news = [p for p in people if known.get(p["id"]) != stamp_of("contacts", p)]
            records = [
                record
                for record in self._of_contacts(api, news)
                if (record["id"] not in told or _moved_on(record, known)) and _fits(record, wanted)
            ]
            told |= {record["id"] for record in records}
            cursor = _moved(cursor, "contacts", reached)
            yield Page(records, dict(cursor))

    def _of_contacts(self, api: Api, people: Sequence[Json]) -> list[Raw]:
        """The customers that contacts belong to: their companies, or they themselves."""
        homes = linked(api, "contacts", "companies", [p["id"] for p in people]) if people else {}
        names = readable(api, "companies", COMPANY_PROPERTIES)
        firms = by_ids(api, "companies", {h[0] for h in homes.values()}, names) if homes else {}
        whole = {r["company"]["id"]: r for r in _with_contacts(api, list(firms.values()))}
        records = []
        for person in people:
            home = homes.get(person["id"], [""])[0]
            if home not in firms:
                records.append(_person(person))
            elif home in whole:
                records.append(whole.pop(home))
        return records

    def wanted(self, record: Raw, query: Query) -> bool:
        """The filter again, for a record that a webhook told of."""
        return not isinstance(query.filter, CustomersFilter) or _fits(record, query.filter)

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """Many in four requests; a contact of a company gives the company."""
        found: dict[str, Raw | RecordError] = {}
        firms = [key for key in keys if key.startswith(COMPANY)]
        people = [key for key in keys if key.startswith(CONTACT)]
        if firms:
            names = readable(api, "companies", COMPANY_PROPERTIES)
            there = by_ids(api, "companies", [_id(key) for key in firms], names)
            found |= {r["id"]: r for r in _with_contacts(api, list(there.values()))}
        if people:
            names = readable(api, "contacts", CONTACT_PROPERTIES)
            persons = by_ids(api, "contacts", [_id(key) for key in people], names)
            homes = linked(api, "contacts", "companies", persons) if persons else {}
            records = self._of_contacts(api, list(persons.values()))
            by_key = {record["id"]: record for record in records}
            for key in people:
                home = homes.get(_id(key), [""])[0]
                record = by_key.get(f"{COMPANY}{home}") or by_key.get(key)
                if record is not None:
                    found[key] = record
        return {key: found[key] for key in keys if key in found}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By e-mail address of a contact, or by number: a hundred a request."""
        if by == "email":
            return addresses.find_by_email(api, values)
        found: dict[str, Raw] = {}
        for kind, make in (("companies", _company), ("contacts", _person)):
            rest = [value for value in values if value not in found]
            there = found_by(api, kind, REFERENCE, rest) if rest else {}
            found |= {value: make(record) for value, record in there.items()}
        keys = [v for v in values if v not in found and v.startswith((CONTACT, COMPANY))]
        found |= {k: r for k, r in self.get(api, keys).items() if not isinstance(r, RecordError)}
        return found

    def number_of(self, record: Raw) -> str:
        """The number in the other system, else the key."""
        own = record.get("company") or record.get("contact") or {}
        return str(own.get("properties", {}).get(REFERENCE) or record["id"])

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Company or person, its name, and what is said of both."""
        company = "company" in record
        document["type"] = "company" if company else "person"
        person = joined(document.get("first_name"), document.get("last_name"))
        document["name"] = document.get("company") or person or document.get("email")
        document["number"] = self.number_of(record)
        own = record["company" if company else "contact"]
        document["created_at"] = own["properties"].get("createdate") or own.get("createdAt")
        document["modified_at"] = record.get("updatedAt")
        place = document.setdefault("billing", {})
        code = (record.get("contact") or {}).get("properties", {}).get("hs_country_region_code")
        if not company and code and not place.get("country"):
            place["country"] = text(code)
        if place:
            document["delivery"] = dict(place)
        for name in ("created_at", "modified_at"):
            if not document[name]:
                del document[name]

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """A company with its contacts, or a person: what belongs to the other is left out."""
        assert isinstance(document, Customer)
        line, company = line_of(document.billing), _is_company(document)
        settings = context.settings
        # An order tells nothing new about the number of a customer that is there, nor about the
        # name of a person that it has in one piece only.
        mine = context.creating or isinstance(settings, CustomersSettings)
        person = payload.pop("contact", {}).get("properties", {})
        firm = payload.pop("company", {}).get("properties", {})
        people = payload.pop("contacts", [])
        if document.middle_name and document.last_name:
            person["lastname"] = f"{document.middle_name} {document.last_name}"
        for place in (person, firm):
            if line:
                place["address"] = line
        for contact, each in zip(document.contacts, people, strict=False):
            if contact.middle_name and contact.last_name:
                each["properties"]["lastname"] = f"{contact.middle_name} {contact.last_name}"
        own = firm if company else person
        if company:
            firm.setdefault("name", document.company or document.name)
            payload["company"] = {"properties": firm}
            payload["contacts"] = [one for one in people if one.get("properties")]
            if document.email and not any(
                str(one["properties"].get("email")).casefold() == document.email.casefold()
                for one in payload["contacts"]
            ):
                names = ("email", "firstname", "lastname", "phone", "mobilephone")
                first = {name: person[name] for name in names if person.get(name)}
                payload["contacts"].insert(0, {"properties": first})
        else:
            nameless = not any(person.get(n) for n in ("firstname", "lastname"))
            if nameless and document.name and mine:
                person["lastname"] = document.name
            if document.billing.line2:
                person["address"] = joined(person.get("address"), document.billing.line2, by=", ")
            payload["contact"] = {"properties": person}
        number = document.number or document.reference
        if mine and number and not number.startswith((CONTACT, COMPANY)):
            own[REFERENCE] = number
        if context.creating:
            stage = settings.lifecycle_stage if isinstance(settings, CustomersSettings) else None
            if stage:
                own.setdefault("lifecyclestage", stage)

    def create_many(
        self, api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred companies and a hundred contacts a request, links included."""
        return customer_writing.create(api, payloads, effects)

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """The same; contacts that a company does not have yet are made."""
        return customer_changes.update(api, changes)

    def writable(self, api: Api) -> Iterable[str]:
        """Every property of contacts and of companies."""
        yield from named(api, "contacts", "contact.properties.")
        yield from named(api, "companies", "company.properties.")

    def discover(self, api: Api) -> Iterable[Field]:
        """Custom properties of contacts and of companies."""
        return [
            *discovered(api, "contacts", "contact.properties.", self.fields),
            *discovered(api, "companies", "company.properties.", self.fields),
        ]


def _is_company(document: Customer) -> bool:
    return document.type == "company" or (document.type is None and bool(document.company))


def _id(key: str) -> str:
    return key.partition("-")[2]


def _person(contact: Json) -> Raw:
    stamp = contact.get("updatedAt")
    return {"id": f"{CONTACT}{contact['id']}", "contact": contact, "updatedAt": stamp}


def _company(company: Json) -> Raw:
    stamp = company.get("updatedAt")
    return {"id": f"{COMPANY}{company['id']}", "company": company, "updatedAt": stamp}


def _with_contacts(api: Api, firms: Sequence[Json]) -> list[Raw]:
    """Companies with their contacts, the primary one first; one read of links for all of them."""
    if not firms:
        return []
    people = linked(api, "companies", "contacts", [firm["id"] for firm in firms])
    wanted = dict.fromkeys(key for keys in people.values() for key in keys)
    names = readable(api, "contacts", CONTACT_PROPERTIES)
    there = by_ids(api, "contacts", wanted, names) if wanted else {}
    records = []
    for firm in firms:
        own = [there[key] for key in people.get(firm["id"], ()) if key in there]
        record = {**_company(firm), "contacts": own}
        main = next((one for one in own if one["properties"].get("email")), None)
        if main or own:
            record["contact"] = main or own[0]
        records.append(record)
    return records


def _fits(record: Raw, wanted: CustomersFilter) -> bool:
    company = "company" in record
    if wanted.kind != "all" and (wanted.kind == "companies") is not company:
        return False
    own = record["company" if company else "contact"]["properties"]
    return not wanted.lifecycle_stages or own.get("lifecyclestage") in wanted.lifecycle_stages


def _moved(cursor: Json, name: str, reached: Reached) -> Json:
    newest = later(cursor.get(name), reached.at)
    return cursor if newest is None else {**cursor, name: newest}


def _moved_on(record: Raw, known: Mapping[str, int]) -> bool:
    """Whether a contact of a company that was told already has changed meanwhile."""
    return any(
        contact["id"] in known and known[contact["id"]] != stamp_of("contacts", contact)
        for contact in record.get("contacts") or ()
    )
