"""Customers of the shop: its accounts, read, found by e-mail address, made and kept up to date."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hub.model import Address, Customer, Document, Json
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
    RecordError,
    RejectedError,
    Written,
)

from .api import posted, walk
from .forms import CustomersFilter
from .reading import many, moment_of, stamp
from .understanding import address_fields, code, person_fields, person_understood, text
from .userinfo import LINES, PARTS, body_of, note_spelling, whole

READ_FOR = 120.0
"""Seconds that an account that was just read is known, when it is written."""
WALK_AGAIN = dt.timedelta(hours=24)
"""The shop does not say which accounts were changed: so often the index reads all of them."""
_SIMPLE = ("company", "zipcode", "city", "province", "country_code", "telephone")


_MORE = (
    ("bankaccount", "Bank account"),
    ("bank", "Bank"),
    ("bankname", "Name of the bank"),
    ("tenname", "In the name of"),
    ("income", "Income"),
    ("clubname", "Club"),
    ("clubcity", "City of the club"),
    ("clubcomment", "Remark on the club"),
    ("beurs", "Trade fair (beurs)"),
    ("fair", "Trade fair"),
    ("stand", "Stand"),
    ("booth", "Booth"),
    ("carbrand", "Brand of the car"),
    ("cartype", "Type of the car"),
    ("carweight", "Weight of the car"),
    ("birthtime", "Time of birth"),
    ("birthplace", "Place of birth"),
    ("cardnumber", "Card number"),
    ("findus", "How the customer found the shop"),
    ("ssnnumber", "Citizen service number"),
    ("zzppass", "Pass of the self-employed"),
)
"""Free texts of the shop's forms, for rules."""


def _group(value: Any) -> int | None:
    """A customer group of the shop's own: a number. Another system's code is none."""
    found = str(value).strip()
    return int(found) if found.isdigit() else None


def _fields() -> Iterator[Field]:
    """Both directions, but what the shop makes up of other fields."""
    for field in person_fields("userinfo", addresses=False):
        # A number that the shop goes by already is not replaced by another system's.
        own = field.meaning == "reference"
        yield dataclasses.replace(field, when="create") if own else field
    for path, meaning, label in (
        ("userinfo.billingaddress", "billing", "Billing"),
        ("userinfo.deliveryaddress", "delivery", "Delivery"),
    ):
        for field in address_fields(path, meaning, label):
            name = field.path.rpartition(".")[2]
            if name in _SIMPLE and (meaning == "delivery" or name not in ("company", "telephone")):
                yield field
            else:
                yield Field(
                    field.path, field.meaning, read=field.read, only="read", label=field.label
                )
        yield from (
            Field(f"{path}.{name}", only="write", label=f"{label} {name.replace('_', ' ')}")
            for name in (*LINES, *PARTS)
        )


class Customers(Entity):
    """Customers with an account in the webshop. Who orders as a guest is only in the order.

    The shop does not say when an account was changed, so all accounts are read each time. A new
    account gets a password that nobody knows: its owner asks the shop for another one.
    """

    name = "customers"
    title = "Users"
    document = Customer
    key = "id"
    match = ("email", "number")
    cannot: ClassVar[Mapping[str, str]] = {
        "delete": "Accounts are not deleted; switched off they cannot log in any more."
    }
    filter = CustomersFilter
    all_fields = True
    fields = (
        Field("id", "key", read=code, only="read", label="Id"),
        Field("status", "active", label="May log in"),
        Field("group_id", "classification", read=code, write=_group, label="Customer group"),
        *_fields(),
        Field("userinfo.billingaddress.comment", "note", read=text, label="Remark"),
        Field(
            "username",
            "email",
            only="write",
            when="create",
            label="User name",
            help="What a customer logs in with; it must be unique in the shop.",
        ),
        Field("username", only="read", label="User name, as read"),
        Field("approval_status", only="read", label="Approval"),
        *(Field(f"userinfo.{name}", label=label) for name, label in _MORE),
        Field("product_in_category_discount", label="Which discount counts (highest, lowest)"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """All accounts, in pages of 250."""
        wanted = query.filter
        assert isinstance(wanted, CustomersFilter)
        for records in _walk(api, "id"):
            yield Page([record for record in records if _fits(record, wanted)])

    def wanted(self, record: Raw, query: Query) -> bool:
        """By customer group."""
        return not isinstance(query.filter, CustomersFilter) or _fits(record, query.filter)

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One request a customer, or for many as many as the whole list takes."""
        found = many(api, "users", keys, {})
        known = {k: record for k, record in found.items() if not isinstance(record, RecordError)}
        note_spelling(api, known.values())
        api.memo["users read"] = (time.monotonic(), known)
        return found

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Accounts by e-mail address or number, out of an index of all of them."""
        return api.find(USERS, by, values)

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One request; an account that has the user name already is updated instead."""
        body = body_of(api, payload)
        name = text(body.get("username") or "")
        if name is None:
            raise RecordError(
                "An account in CCV Shop needs an e-mail address to log in with",
                field="email",
                code="missing",
            )
        try:
            made = posted(api, "/users/", {**body, "password": _password(api)})
        except RejectedError as error:
            if error.code != "duplicate":
                raise
            with api.doubting():
                known = self.find(api, "username", [name]).get(name)
            if known is None:
                raise RecordError(
                    f"CCV Shop has an account with the user name {name} already, which was not "
                    "found. Try again tomorrow, when all accounts have been read again, or change "
                    "the user name in the shop.",
                    field="email",
                    code="duplicate",
                ) from error
            key = self.key_of(known)
            update = {n: v for n, v in payload.items() if n != "username"}
            return self.update(api, key, update, effect)
        api.remember(USERS, _row(made))
        return Written(str(made["id"]), number=_number(made))

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One request, two when the account was not just read; what is not written stays."""
        if not key.isdigit():
            raise NotFound(f"{key} is not an id of CCV Shop", code="not_found")
        body = body_of(api, payload)
        if not body.get("userinfo"):
            if body:
                api.patch(f"/users/{key}/", body, safe=True)
            return Written(key)
        present = _present(api, key)
        body = body_of(api, payload)  # by now it is known how this shop spells an address
        body["userinfo"] = whole(present, body["userinfo"])
        api.patch(f"/users/{key}/", body, safe=True)
        record = {**present, **body, "id": int(key)}
        api.remember(USERS, _row(record))
        return Written(key, number=_number(record))

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Names, contact person and delivery address; a user name that is an e-mail address."""
        info = record.get("userinfo")
        person_understood(document, info if isinstance(info, Mapping) else {})
        document["email"] = _email(record)
        document["number"] = _number(record)

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Company or person, the contact's name, and each address in one of its two forms."""
        assert isinstance(document, Customer)
        info: Json = payload.setdefault("userinfo", {})
        company = document.company or (document.name if document.type == "company" else None)
        if document.type or company or document.first_name or document.last_name:
            info["customertype"] = "b2b" if company else "b2c"
        billing = info.setdefault("billingaddress", {})
        _name(billing, document)
        if company:
            billing["company"] = company
        for name, address in (("billing", document.billing), ("delivery", document.delivery)):
            target = info.setdefault(f"{name}address", {})
            _place(target, address)
            placed = any(target.get(n) for n in ("street", "address_line_1"))
            full_name = address.name or _full_name(billing) or document.name
            if name == "delivery" and placed and full_name:
                target["full_name"] = full_name
            if not target:
                del info[f"{name}address"]
        if not info:
            del payload["userinfo"]


def _fits(record: Raw, wanted: CustomersFilter) -> bool:
    return not wanted.groups or code(record.get("group_id")) in wanted.groups


def _name(billing: Json, document: Customer) -> None:
    """First and last name; of a company, those of its contact person."""
    who: Any = document
    if not (document.first_name or document.last_name) and document.contacts:
        who = document.contacts[0]
    first, last = who.first_name, " ".join(filter(None, (who.middle_name, who.last_name)))
    if not first and not last and document.type == "person":
        last = document.name or ""
    if first:
        billing["first_name"] = first
    if last:
        billing["last_name"] = last


def _full_name(billing: Json) -> str:
    return " ".join(filter(None, (billing.get("first_name"), billing.get("last_name"))))


def _place(target: Json, address: Address) -> None:
    """Street and number apart when the number is one, else the lines; never both."""
    found = re.match(r"\d{1,9}", address.house_number or "")
    if address.street and found and not address.line2:
        rest = (address.house_number or "")[found.end() :].strip(" -/")
        suffix = " ".join(filter(None, (rest, address.house_number_suffix)))
        target |= {"street": address.street, "housenumber": int(found[0])}
        target["housenumber_suffix"] = suffix
        return
    parts = (address.street, address.house_number, address.house_number_suffix)
    line = address.line1 or " ".join(filter(None, parts))
    if line:
        target["address_line_1"] = line
        target["address_line_2"] = ", ".join(filter(None, (address.line2, address.line3)))


def _present(api: Api, key: str) -> Raw:
    """The account as it is, asked for unless it was just read; used once."""
    at, known = api.memo.get("users read", (0.0, {}))
    record = known.pop(key, None) if time.monotonic() - at < READ_FOR else None
    if record is None:
        answer = api.get(f"/users/{key}/")
        record = answer if isinstance(answer, dict) else {}
        note_spelling(api, [record])
    found: Raw = record
    return found


def _password(api: Api) -> str:
    """A password that nobody knows: half of it is the same for a run, and kept out of the log."""
    if "password" not in api.memo:
        api.memo["password"] = secrets.token_urlsafe(24)
        api.hide(api.memo["password"])
    return f"{api.memo['password']}{secrets.token_urlsafe(6)}"


# -- the index -------------------------------------------------------------------------------------


def _email(record: Mapping[str, Any]) -> str | None:
    info = record.get("userinfo")
    email = text(info.get("email") or "") if isinstance(info, Mapping) else None
    username = text(record.get("username") or "")
    return email or (username if username and "@" in username else None)


def _number(record: Mapping[str, Any]) -> str | None:
    info = record.get("userinfo")
    reference = text(info.get("reference") or "") if isinstance(info, Mapping) else None
    return reference or code(record.get("id"))


def _row(record: Mapping[str, Any]) -> IndexRow:
    """One account; nothing of the person is kept but hashes."""
    username = text(record.get("username") or "")
    values = {"email": _email(record), "number": _number(record), "username": username}
    return IndexRow(key=str(record["id"]), values=values, data={"id": record["id"]})


def _walk(api: Api, order: str) -> Iterator[list[Raw]]:
    for records in walk(api, "/users/", {"orderby": order}):
        note_spelling(api, records)
        yield records


def _read(api: Api, since: Json | None) -> Iterator[IndexPage]:
    """All accounts at first and once a day; in between only those that are new."""
    now = dt.datetime.now(dt.UTC)
    walked = moment_of((since or {}).get("names_walked"))
    newest = int((since or {}).get("newest") or 0)
    if walked is None or now - walked >= WALK_AGAIN:
        for records in _walk(api, "id"):
            newest = max([newest, *(int(r["id"]) for r in records)])
            yield IndexPage([_row(record) for record in records])
        yield IndexPage([], {"names_walked": stamp(now), "newest": newest})
        return
    known = newest
    for records in _walk(api, "id_desc"):
        new = [r for r in records if int(r["id"]) > known]
        newest = max([newest, *(int(r["id"]) for r in new)])
        yield IndexPage([_row(record) for record in new])
        if len(new) < len(records):
            break
    yield IndexPage([], {**(since or {}), "newest": newest})


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    """The shop cannot be asked for an e-mail address: look through all accounts."""
    wanted = value.strip().casefold()
    for records in _walk(api, "id"):
        for record in records:
            row = _row(record)
            if (row.values[by] or "").casefold() == wanted:
                return row
    return None


USERS = Index(name="users", read=_read, one=_one, few=0)
