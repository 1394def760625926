"""Contact persons: the main one is a part of its account, further ones stand by themselves."""

from __future__ import annotations

from typing import Any

from hub.model import Customer, Json
from hub.sdk import Api, Raw

from . import api as globe
from . import odata
from .reading import code

CONTACTS = "ContactPerson"
_PERSON = (
    "ContactID",
    "FirstName",
    "MiddleName",
    "LastName",
    "Initials",
    "Gender",
    "JobDescription",
    "EmailAddress",
    "PhoneNumber",
    "MobileNumber",
)
_PARTS = (
    "key",
    "first_name",
    "middle_name",
    "last_name",
    "initials",
    "gender",
    "job_title",
    "email",
    "phone",
    "mobile",
)
GENDERS = {"male": "M", "female": "V"}


def gender_of(value: str) -> str | None:
    return {"M": "male", "V": "female"}.get(value)


def fetched(api: Api, record: Raw) -> list[Json]:
    """The contact persons of an account besides the main one."""
    where = [f"AccountID eq {odata.guid_key(str(record['ID']))}"]
    return [
        row
        for rows in globe.batches(api, CONTACTS, where=where, select=_PERSON, order="ContactID")
        for row in rows
        if row.get("ContactID") != record.get("ContactID")
    ]


def company_or_person(document: Json, record: Raw) -> None:
    """Globe does not say, but a person is called like its contact."""
    names = ("first_name", "middle_name", "last_name")
    person = " ".join(str(document[name]) for name in names if document.get(name))
    name = str(document.get("name") or "")
    if person.casefold() == name.casefold():
        document["type"] = "person"
    else:
        document["type"], document["company"] = "company", name or None
        document["contacts"] = people(record, document, name)


def people(record: Raw, document: Json, company: str) -> list[Json]:
    """The company's contact persons, the main one first; not one that is just the company."""
    main = {
        "key": code(record.get("ContactID")),
        **{n: document.get(n) for n in ("first_name", "middle_name", "last_name", "initials")},
        "gender": document.get("gender"),
        "job_title": _told(record.get("JobDescription")),
        "email": code(record.get("ContactEmail")) or document.get("email"),
        "phone": code(record.get("ContactPhoneNumber")),
        "mobile": document.get("mobile"),
    }
    people = [main] if main["last_name"] and main["last_name"] != company[:50].rstrip() else []
    for row in record.get(CONTACTS) or ():
        person = {part: code(row.get(name)) for name, part in zip(_PERSON, _PARTS, strict=True)}
        person |= {"gender": gender_of(str(row.get("Gender")))}
        person |= {"job_title": _told(row.get("JobDescription"))}
        people.append(person)
    return people


def _told(value: Any) -> str | None:
    """Globe writes two dashes for no function."""
    return None if value in (None, "", "--") else str(value)


def put_main(payload: Json, document: Customer) -> None:
    """The first contact person, where it says more than the customer itself."""
    person = document.contacts[0]
    for name, value, size in (
        ("ContactFirstName", person.first_name, 30),
        ("ContactMiddleName", person.middle_name, 30),
        ("ContactLastName", person.last_name, 50),
        ("ContactInitials", person.initials, 10),
        ("ContactGender", GENDERS.get(person.gender or ""), 1),
        ("ContactEmail", person.email, 128),
        ("ContactPhoneNumber", person.phone, 25),
        ("ContactMobileNumber", person.mobile, 25),
        ("JobDescription", person.job_title, 50),
    ):
        if value:
            payload[name] = value[:size].rstrip()


def same_infix(payload: Json, there: Raw) -> Json:
    """The payload when who sends it keeps infix and last name together, and Globe does not.

    "de Wit" is what Globe has as "de" and "Wit"; a name without that infix clears it.
    """
    infix, last = code(there.get("ContactMiddleName")), str(payload.get("ContactLastName") or "")
    if not infix or not last or "ContactMiddleName" in payload:
        return payload
    if last.casefold().startswith(f"{infix} ".casefold()):
        return {**payload, "ContactLastName": last[len(infix) :].strip()}
    return {**payload, "ContactMiddleName": ""}
