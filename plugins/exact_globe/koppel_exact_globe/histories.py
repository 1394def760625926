"""What has left order entry: delivery notes and printed invoices, by order and by reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.model import Json
from hub.sdk import Api, Index, IndexPage, IndexRow, RejectedError

from . import api as globe
from . import odata
from .reading import code

NOTES, INVOICES = "OrderHistoryHeader", "InvoiceHistoryHeader"
CONCEPTS = "InvoiceHeader"
_INVOICE = ("ID", "InvoiceNumber", "SalesOrderNumber", "YourReference", "InvoiceDate")
_CONCEPT = ("ID", "YourReference")


def newest(api: Api, entity: str) -> int:
    """The highest id there is."""
    rows = globe.some(api, entity, select=("ID",), order="ID desc", top=1)
    return int(rows[0]["ID"]) if rows else 0


def after(api: Api, entity: str, last: int, select: Sequence[str]) -> Iterator[list[Json]]:
    """What came after an id, oldest first."""
    yield from globe.batches(api, entity, where=[f"ID gt {last}"], select=select, order="ID")


def _rows(api: Api, entity: str, select: Sequence[str], since: Json | None) -> Iterator[IndexPage]:
    for rows in after(api, entity, int((since or {}).get("id", 0)), select):
        ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
        made = [_printed(r) if entity == INVOICES else _concept(r) for r in rows]
        yield IndexPage(made, {"id": max(ids)} if ids else None)


# -- printed invoices ------------------------------------------------------------------------------


def _printed(row: Json) -> IndexRow:
    facts = {name: code(row.get(name)) for name in _INVOICE if name != "ID"}
    facts["Key"] = facts["InvoiceNumber"]
    values = {
        "reference": facts["YourReference"],
        "order": facts["SalesOrderNumber"],
    }
    return IndexRow(key=str(row["ID"]), values=values, data=facts)


def _one_printed(api: Api, by: str, value: str) -> IndexRow | None:
    name = "SalesOrderNumber" if by == "order" else "YourReference"
    where = [f"{name} eq {odata.text(value.strip())}"]
    rows = globe.some(api, INVOICES, where=where, select=_INVOICE)
    return _printed(rows[0]) if rows else None


PRINTED = Index(
    name="printed invoices",
    read=lambda api, since: _rows(api, INVOICES, _INVOICE, since),
    one=_one_printed,
)


# -- invoices that are not printed yet -------------------------------------------------------------


def _concept(row: Json) -> IndexRow:
    key = f"#{row['ID']}"
    values = {"reference": code(row.get("YourReference"))}
    return IndexRow(key=key, values=values, data={"Key": key, "ID": row["ID"]})


def _one_concept(api: Api, by: str, value: str) -> IndexRow | None:
    where = [f"YourReference eq {odata.text(value.strip())}"]
    rows = globe.some(api, CONCEPTS, where=where, select=_CONCEPT)
    return _concept(rows[0]) if rows else None


_UNPRINTED = Index(
    name="unprinted invoices",
    read=lambda api, since: _rows(api, CONCEPTS, _CONCEPT, since),
    one=_one_concept,
)


def invoices_by_reference(api: Api, values: Sequence[str]) -> dict[str, Json]:
    """Invoices of these references, printed ones and, where Globe shows them, others."""
    found = dict(api.find(PRINTED, "reference", values))
    left = [value for value in values if value not in found]
    if left and concepts_readable(api):
        try:
            found |= api.find(_UNPRINTED, "reference", left)
        except RejectedError as error:
            if error.code != "not_offered":
                raise
            api.memo[CONCEPTS] = False
    return found


def concepts_readable(api: Api) -> bool:
    """Whether this version of Globe shows invoices that are not printed yet."""
    return bool(api.memo.get(CONCEPTS, True))
