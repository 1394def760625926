"""Customers: accounts that are debtors, a company with its contact person or a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model import Customer, Document, Json
from hub.sdk import (
    Api,
    Context,
    Effect,
    Entity,
    Field,
    Index,
    IndexPage,
    IndexRow,
    NotFound,
    Page,
    Query,
    Raw,
    UnknownOutcome,
    Written,
)

from . import api as globe
from . import odata
from .forms import CustomerSettings, CustomersFilter, NewCustomers
from .lookups import BLOCKED
from .reading import changed_pages, code, cursor_at, index_pages, localised, paths_of, zone_in
from .writing import changes

ACCOUNT = "Account"
_KNOWN = ("ID", "AccountCode", "DebtorNumber", "CustomerStatus", "EmailAddress")
_GENDERS = {"male": "M", "female": "V"}


def _upper(value: str) -> str:
    return value.upper()


def _gender(value: str) -> str | None:
    return {"M": "male", "V": "female"}.get(value)


def _place(meaning: str, label: str, names: Sequence[str], **more: Any) -> tuple[Field, ...]:
    """The fields of one of the account's addresses, whose names are uneven."""
    line1, line2, line3, postcode, city, country = names
    return (
        Field(
            line1, f"{meaning}.line1", max_length=100, cut=True, label=f"{label} address", **more
        ),
        Field(
            line2, f"{meaning}.line2", max_length=100, cut=True, label=f"{label} 2nd line", **more
        ),
        Field(
            line3, f"{meaning}.line3", max_length=100, cut=True, label=f"{label} 3rd line", **more
        ),
        Field(postcode, f"{meaning}.postal_code", max_length=20, label=f"{label} postcode", **more),
        Field(city, f"{meaning}.city", max_length=100, cut=True, label=f"{label} city", **more),
        Field(
            country,
            f"{meaning}.country",
            write=_upper,
            max_length=3,
            label=f"{label} country",
            **more,
        ),
    )


_MAILING = ("MailingAddress1", "MailingAddress2", "MailingAddress3", "MailingPostcode")
_INVOICE = ("InvoiceAddress", "InvoiceAddress2", "InvoiceAddress3", "InvoiceAddressPostCode")
_DELIVERY = (*(f"DeliveryAddressline{n}" for n in (1, 2, 3)), "DeliveryPostCode")


class Customers(Entity):
    """Accounts that are customers and have a debtor number.

    A company keeps its contact person in the account; a person is both at once. Accounts that are
    no debtor (suppliers, prospects) are left alone.
    """

    name = "customers"
    title = "Customers"
    document = Customer
    key = "ID"
    number = "DebtorNumber"
    known_as = "DebtorNumber"
    modified = "ModifiedDate"
    match = ("email",)
    filter = CustomersFilter
    settings = CustomerSettings
    fields = (
        Field("ID", "key", only="read", label="ID"),
        Field("DebtorNumber", "number", read=code, only="read", label="Debtor number"),
        Field("AccountCode", "reference", read=code, only="read", label="Account code"),
        Field("AccountName", "name", required=True, max_length=50, cut=True, label="Name"),
        Field("CustomerType", value="C", only="write", when="create", label="Type"),
        Field("CustomerStatus", value="A", only="write", when="create", label="Status"),
        Field("EmailAddress", "email", max_length=128, label="E-mail address"),
        Field("PhoneNumber", "phone", max_length=25, cut=True, label="Telephone"),
        Field("WebAddress", "website", max_length=128, label="Website"),
        Field(
            "ContactFirstName", "first_name", max_length=30, cut=True, label="Contact: first name"
        ),
        Field("ContactMiddleName", "middle_name", max_length=30, cut=True, label="Contact: infix"),
        Field("ContactLastName", "last_name", max_length=50, cut=True, label="Contact: last name"),
        Field("ContactInitials", "initials", max_length=10, cut=True, label="Contact: initials"),
        Field(
            "ContactGender",
            "gender",
            read=_gender,
            write=_GENDERS.get,
            label="Contact: gender",
        ),
        Field("ContactEmail", "email", max_length=128, only="write", label="Contact: e-mail"),
        Field(
            "ContactPhoneNumber",
            "phone",
            max_length=25,
            cut=True,
            only="write",
            label="Contact: telephone",
        ),
        Field("ContactMobileNumber", "mobile", max_length=25, cut=True, label="Contact: mobile"),
        *_place("billing", "Visiting", (*_MAILING, "MailingCity", "MailingCountry")),
        *_place("billing", "Invoice", (*_INVOICE, "InvoiceCity", "InvoiceCountry"), only="write"),
        *_place("delivery", "Delivery", (*_DELIVERY, "DeliveryCity", "DeliveryCountry")),
        Field("VATNumber", "vat_number", max_length=20, label="VAT number"),
        Field("ChamberofCommerceNumber", "chamber_number", max_length=20, label="Chamber number"),
        # Groups and price lists are called otherwise in the source: written when a rule says so.
        Field(
            "ClassificationID",
            "classification",
            max_length=3,
            when="never",
            label="Classification",
        ),
        Field("PaymentCondition", "payment_condition", max_length=2, label="Payment condition"),
        Field("VatCode", "vat_code", max_length=15, label="VAT code"),
        Field("CurrencyCode", "currency", max_length=3, when="create", label="Currency"),
        Field("PriceList", "price_list", max_length=15, when="never", label="Price list"),
        Field("Discount", "discount_percentage", label="Discount, percent"),
        Field("ModifiedDate", "modified_at", read=odata.wall_clock, only="read", label="Changed"),
        Field("CreatedDate", "created_at", read=odata.wall_clock, only="read", label="Made"),
        *(
            Field(name, label=name)
            for name in (
                "ContactTitle",
                "ContactLanguage",
                "FaxNumber",
                "InvoiceDebtor",
                "DeliveryMethod",
                "CreditLine",
                *(f"TextFreeField{n}" for n in range(1, 11)),
                *(f"NumberFreeField{n}" for n in range(1, 6)),
                *(f"YesNoFreeField{n}" for n in range(1, 6)),
            )
        ),
    )

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Customers that changed since."""
        wanted = query.filter if isinstance(query.filter, CustomersFilter) else CustomersFilter()
        where = ["CustomerType eq 'C'"]
        if wanted.classification:
            where.append(f"ClassificationID eq {odata.text(wanted.classification)}")
        for page in changed_pages(api, ACCOUNT, query, where, self._select()):
            rows = [row for row in page.records if self._wanted(row, wanted)]
            yield Page(rows, page.cursor)

    @staticmethod
    def _wanted(row: Raw, wanted: CustomersFilter) -> bool:
        return not (wanted.active_only and row.get("CustomerStatus") in BLOCKED)

    def _select(self) -> list[str]:
        return paths_of(type(self), "CustomerStatus", "CustomerType")

    def cursor_at(self, moment: dt.datetime) -> Json:
        """What changed at that moment and later."""
        return cursor_at(moment)

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """One call a customer."""
        rows = {
            key: globe.one(api, ACCOUNT, odata.guid_key(key), select=self._select())
            for key in keys
            if odata.is_guid(key)
        }
        return {key: row for key, row in rows.items() if row is not None}

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Company or person: Globe does not say, but a person is called like its contact."""
        localised(document, zone_in(context))
        names = ("first_name", "middle_name", "last_name")
        person = " ".join(str(document[name]) for name in names if document.get(name))
        name = str(document.get("name") or "")
        if person.casefold() == name.casefold():
            document["type"] = "person"
        else:
            document["type"], document["company"] = "company", name or None
        document["active"] = record.get("CustomerStatus") not in BLOCKED

    # -- recognising ---------------------------------------------------------------------------

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Debtors by e-mail address, all at once."""
        return api.find(DEBTORS, by, values)

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """The contact person of a company, and what new customers get."""
        assert isinstance(document, Customer)
        if document.type == "company" and document.contacts:
            _contact(payload, document)
        elif document.name and not document.last_name and context.creating:
            payload.setdefault("ContactLastName", document.name[:50].rstrip())
        settings = context.settings
        if isinstance(settings, NewCustomers) and context.creating:
            for name, value in (
                ("ClassificationID", settings.customer_classification),
                ("PaymentCondition", settings.customer_payment_condition),
                ("VatCode", settings.customer_vat_code),
                ("CompanySize", settings.customer_size),
                ("SectorCode", settings.customer_sector),
                ("Source", settings.customer_source),
                ("Rating", settings.customer_rating),
            ):
                if value:
                    payload.setdefault(name, value)
        payload.update(odata.wire(payload, zone_in(context)))

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One call; Globe gives the debtor number out."""
        made = globe.create(api, ACCOUNT, payload)
        if code(made.get("ID")):
            api.remember(DEBTORS, _row(made))
        return self._written(made)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """What is there is compared first, and only what differs is sent: at most two calls."""
        path = odata.guid_key(key)
        there = globe.one(api, ACCOUNT, path, select=sorted({*payload, *_KNOWN}))
        if there is None:
            raise NotFound(
                f"The customer is no longer in Exact Globe (account {key} was deleted there)",
                code="not_found",
            )
        differing = changes(api, there, payload)
        if differing:
            globe.merge(api, ACCOUNT, path, differing)
        return self._written({**there, **differing})

    def _written(self, record: Raw) -> Written:
        known_as, key = code(record.get("DebtorNumber")), code(record.get("ID"))
        if key is None:
            raise UnknownOutcome("Exact Globe took the customer and told no key")
        return Written(
            key=key,
            number=known_as or code(record.get("AccountCode")),
            record=record,
            known_as=known_as,
        )


def _contact(payload: Json, document: Customer) -> None:
    """The first contact person, where it says more than the customer itself."""
    person = document.contacts[0]
    for name, value, size in (
        ("ContactFirstName", person.first_name, 30),
        ("ContactMiddleName", person.middle_name, 30),
        ("ContactLastName", person.last_name, 50),
        ("ContactInitials", person.initials, 10),
        ("ContactGender", _GENDERS.get(person.gender or ""), 1),
        ("ContactEmail", person.email, 128),
        ("ContactPhoneNumber", person.phone, 25),
        ("ContactMobileNumber", person.mobile, 25),
        ("JobDescription", person.job_title, 50),
    ):
        if value:
            payload[name] = value[:size].rstrip()


# -- the map of debtors that are there -------------------------------------------------------------


def _row(row: Json) -> IndexRow:
    facts = {name: row.get(name) for name in ("ID", "AccountCode", "DebtorNumber")}
    # An account that is no debtor cannot be ordered for: it is not found.
    email = code(row.get("EmailAddress")) if code(row.get("DebtorNumber")) else None
    return IndexRow(key=str(row["ID"]), values={"email": email}, data=facts)


def _changed(api: Api, since: Json | None) -> Iterator[IndexPage]:
    return index_pages(api, ACCOUNT, since, _KNOWN, _row)


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    where = [f"EmailAddress eq {odata.text(value.strip())}"]
    rows = globe.some(api, ACCOUNT, where=where, select=_KNOWN, top=10)
    debtors = [row for row in rows if code(row.get("DebtorNumber"))]
    # One address may stand on several accounts: one that may buy comes first.
    debtors.sort(key=lambda row: row.get("CustomerStatus") in BLOCKED)
    return _row(debtors[0]) if debtors else None


DEBTORS = Index(name="debtors", read=_changed, one=_one)
