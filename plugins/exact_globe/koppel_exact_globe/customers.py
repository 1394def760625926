"""Customers: accounts that are debtors, a company with its contact person or a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from . import contacts, names, odata
from .forms import CustomerSettings, CustomersFilter, NewCustomers
from .lookups import BLOCKED
from .reading import (
    changed_pages,
    code,
    cursor_at,
    index_pages,
    localised,
    paths_of,
    zone_in,
)
from .writing import changes

ACCOUNT, CONTACTS = "Account", contacts.CONTACTS
_KNOWN = ("ID", "AccountCode", "DebtorNumber", "CustomerStatus", "EmailAddress")


def _upper(value: str) -> str:
    return value.upper()


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
    ignored = (CONTACTS,)
    match = ("email", "number")
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
            read=contacts.gender_of,
            write=contacts.GENDERS.get,
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
        Field(
            "ClassificationID",
            "classification",
            read=code,
            label="Classification",
            help="A code that Globe does not have is left out: map the source's groups to Globe's.",
        ),
        Field(
            "OffsetLedgerAccount",
            "revenue_account",
            read=code,
            max_length=9,
            label="Revenue account",
            help="Globe's offset account of a debtor.",
        ),
        Field("IBAN", "iban", read=code, only="read", label="IBAN"),
        Field("PaymentCondition", "payment_condition", max_length=2, label="Payment condition"),
        Field("VatCode", "vat_code", max_length=15, label="VAT code"),
        Field("CurrencyCode", "currency", max_length=3, when="create", label="Currency"),
        # Price lists are called otherwise in the source: written when a rule says so.
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
                *(f"Category_{n:02}" for n in range(1, 16)),
            )
        ),
        Field("ContactID", only="read", label="Contact: key"),
        Field("JobDescription", only="read", label="Contact: function"),
    )

    def __init__(self) -> None:
        # The classifications that there are, once somebody has asked.
        self._classes: frozenset[str] | None = None

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
        return paths_of(
            type(self), "CustomerStatus", "CustomerType", "ContactEmail", "ContactPhoneNumber"
        )

    def cursor_at(self, moment: dt.datetime) -> Json:
        """What changed at that moment and later."""
        return cursor_at(moment)

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw]:
        """Further contact persons, where the connection wants them: one call each."""
        if not api.settings.further_contacts:
            return records
        return [{**record, CONTACTS: contacts.fetched(api, record)} for record in records]

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """One call a customer."""
        rows = {
            key: globe.one(api, ACCOUNT, odata.guid_key(key), select=self._select())
            for key in keys
            if odata.is_guid(key)
        }
        found = {key: row for key, row in rows.items() if row is not None}
        return dict(zip(found, self.complete(api, list(found.values())), strict=True))

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Company or person: Globe does not say, but a person is called like its contact."""
        localised(document, zone_in(context))
        contacts.company_or_person(document, record)
        settings = context.settings
        if isinstance(settings, CustomerSettings):
            for part, field in _cost_fields(settings).items():
                document[part] = code(record.get(field))
        document["active"] = record.get("CustomerStatus") not in BLOCKED

    # -- recognising ---------------------------------------------------------------------------

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Debtors by e-mail address or debtor number, all at once."""
        self._known_classes(api)
        return api.find(DEBTORS, by, values)

    def writable(self, api: Api) -> Iterable[str]:
        """Every property of an account."""
        return names.writable(api, ACCOUNT)

    def discover(self, api: Api) -> Iterable[Field]:
        """Categories of customers under the names that Globe gives them."""
        for rows in globe.batches(api, "AccountCategoryName", select=("CategoryID", "Description")):
            for row in rows:
                if code(row.get("Description")):
                    yield Field(f"Category_{row['CategoryID']:02}", label=str(row["Description"]))

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """The contact person of a company, and what new customers get."""
        assert isinstance(document, Customer)
        if document.type == "company" and document.contacts:
            contacts.put_main(payload, document)
        elif document.name and not document.last_name and context.creating:
            payload.setdefault("ContactLastName", document.name[:50].rstrip())
        settings = context.settings
        if not self._is_class(payload.get("ClassificationID")):
            payload.pop("ClassificationID", None)
        if isinstance(settings, CustomerSettings):
            for part, field in _cost_fields(settings).items():
                if getattr(document, part):
                    payload[field] = getattr(document, part)
        if document.active is False and not context.creating:
            payload["CustomerStatus"] = "E"
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
        made = globe.create(api, ACCOUNT, self._checked(api, payload))
        if code(made.get("ID")):
            api.remember(DEBTORS, _row(made))
        return self._written(made)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """What is there is compared first, and only what differs is sent: at most two calls."""
        path = odata.guid_key(key)
        payload = self._checked(api, payload)
        wanted = sorted({*payload, *_KNOWN, "ContactMiddleName"})
        there = globe.one(api, ACCOUNT, path, select=wanted)
        if there is None:
            raise NotFound(
                f"The customer is no longer in Exact Globe (account {key} was deleted there)",
                code="not_found",
            )
        differing = changes(api, there, contacts.same_infix(payload, there))
        if differing:
            globe.merge(api, ACCOUNT, path, differing)
        return self._written({**there, **differing})

    def _known_classes(self, api: Api) -> frozenset[str]:
        known: frozenset[str] | None = api.memo.get("classifications")
        if known is None:
            rows = globe.batches(api, "Classification", select=("ID",))
            known = frozenset(str(row["ID"]).strip().casefold() for b in rows for row in b)
            api.memo["classifications"] = known
        self._classes = known
        return known

    def _is_class(self, value: Any) -> bool:
        text = str(value or "").strip()
        return len(text) <= 3 if self._classes is None else text.casefold() in self._classes

    def _checked(self, api: Api, payload: Json) -> Json:
        """The payload without a classification that Globe does not have."""
        value = payload.get("ClassificationID")
        if value is None:
            return payload
        self._known_classes(api)
        if self._is_class(value):
            return payload
        return {name: v for name, v in payload.items() if name != "ClassificationID"}

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


def _cost_fields(settings: CustomerSettings) -> dict[str, str]:
    """Globe's accounts have no cost centre and unit: the free fields that were named for them."""
    named = {"cost_center": settings.cost_center_field, "cost_unit": settings.cost_unit_field}
    return {part: str(field) for part, field in named.items() if field != "none"}


# -- the map of debtors that are there -------------------------------------------------------------


def _row(row: Json) -> IndexRow:
    names = ("ID", "AccountCode", "DebtorNumber", "CustomerStatus")
    facts = {name: row.get(name) for name in names}
    # An account that is no debtor cannot be ordered for: it is not found.
    email = code(row.get("EmailAddress")) if code(row.get("DebtorNumber")) else None
    values = {"email": email, "number": code(row.get("DebtorNumber"))}
    return IndexRow(key=str(row["ID"]), values=values, data=facts)


def _changed(api: Api, since: Json | None) -> Iterator[IndexPage]:
    return index_pages(api, ACCOUNT, since, _KNOWN, _row)


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    where = [f"EmailAddress eq {odata.text(value.strip())}"]
    if by == "number":
        if len(value.strip()) > odata.WIDTHS["DebtorNumber"]:
            return None
        where = [f"DebtorNumber eq {odata.padded('DebtorNumber', value)}"]
    rows = globe.some(api, ACCOUNT, where=where, select=_KNOWN, top=10)
    debtors = [row for row in rows if code(row.get("DebtorNumber"))]
    debtors.sort(key=_blocked)
    return _row(debtors[0]) if debtors else None


def _blocked(row: Json) -> bool:
    """One address may stand on several accounts: one that may buy comes first."""
    return row.get("CustomerStatus") in BLOCKED


DEBTORS = Index(name="debtors by e-mail and number", read=_changed, one=_one, last=_blocked)
