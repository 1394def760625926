"""The debtor of a document: what its account says of who buys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.sdk import Api, Field, Raw

from . import odata
from .customers import ACCOUNT, Customers
from .reading import code, gathered, paths_of

DEBTOR = "Debtor"
_OF_ITSELF = frozenset({"key", "number", "reference", "modified_at", "created_at"})


def debtor_fields() -> Iterator[Field]:
    """What the account behind a document says of who buys."""
    for field in Customers.fields:
        if field.meaning and field.only != "write" and field.meaning not in _OF_ITSELF:
            yield Field(
                f"{DEBTOR}.{field.path}",
                f"customer.{field.meaning}",
                read=field.read,
                only="read",
                label=f"Debtor: {field.label[:1].lower()}{field.label[1:]}",
            )


def with_debtors(api: Api, records: Sequence[Raw], name: str) -> list[Raw]:
    """Documents with the accounts of their debtors, whose numbers they hold in *name*."""
    numbers = {code(record.get(name)) for record in records if DEBTOR not in record} - {None}
    if not numbers:
        return list(records)
    select = paths_of(Customers, "CustomerStatus", "ContactEmail", "ContactPhoneNumber")
    found = gathered(
        api, ACCOUNT, "DebtorNumber", sorted(map(str, numbers)), _padded, select=select
    )
    whole = []
    for record in records:
        accounts = found.get(code(record.get(name)) or "")
        whole.append({**record, DEBTOR: accounts[0]} if accounts else record)
    return whole


def _padded(number: str) -> str:
    return odata.padded("DebtorNumber", number)
