"""Items as products are read: alone, or all items of a family together as one record."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, Page, Query, Raw

from . import api as globe
from . import odata
from .forms_goods import ProductsFilter, kind_of
from .lookups import vat_codes
from .masters import values_of
from .reading import MODIFIED, changed, changed_pages, code, gathered

ITEM = "Item"
GONE = "E"
"""The condition of an item that is out of use: such a variant is not shown in its family."""
_OWN = frozenset({"ItemCode", "GTIN", "MessageID", "PictureFilename", "SearchCode"})
"""What belongs to one item and says nothing about its family."""
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "startswith": lambda have, want: str(have).startswith(want),
    "contains": lambda have, want: want in str(have),
}


# -- which items are wanted ------------------------------------------------------------------------


def conditions(wanted: ProductsFilter) -> list[str]:
    """The filter as the service understands it."""
    where = []
    if wanted.assortment:
        where.append(f"Assortment eq {int(wanted.assortment)}")
    if wanted.sales_only:
        where.append("IsSalesItem eq true")
    if wanted.active_only:
        where.append("Condition eq 'A'")
    if wanted.webshop_field != "none":
        where.append(f"{wanted.webshop_field} eq true")
    if wanted.field != "none":
        name, literal = str(wanted.field), _literal(wanted)
        if wanted.operator == "startswith":
            where.append(f"startswith({name},{literal})")
        elif wanted.operator == "contains":
            where.append(f"substringof({literal},{name})")
        else:
            where.append(f"{name} {wanted.operator} {literal}")
    return where


def _literal(wanted: ProductsFilter) -> str:
    kind, value = kind_of(str(wanted.field)), wanted.value.strip()
    if kind == "number":
        return f"{odata.number(value.replace(',', '.')):f}"
    return value.lower() if kind == "flag" else odata.text(value)


def fits(row: Json, wanted: ProductsFilter) -> bool:
    """The same for an item that is here already: in a family one that fits brings the others."""
    if wanted.assortment and str(row.get("Assortment")) != str(int(wanted.assortment)):
        return False
    if wanted.sales_only and row.get("IsSalesItem") is not True:
        return False
    if wanted.active_only and row.get("Condition") != "A":
        return False
    if wanted.webshop_field != "none" and row.get(str(wanted.webshop_field)) is not True:
        return False
    return wanted.field == "none" or _compared(row.get(str(wanted.field)), wanted)


def _compared(have: Any, wanted: ProductsFilter) -> bool:
    """As the database compares: without regard to case, and nothing compares with no value."""
    if have is None:
        return False
    kind, value = kind_of(str(wanted.field)), wanted.value.strip()
    if kind == "flag":
        return (have is (value.lower() == "true")) == (wanted.operator == "eq")
    one: Any = odata.number(have)
    other: Any = odata.number(value.replace(",", "."))
    if kind == "text":
        one, other = str(have).rstrip().casefold(), value.casefold()
    return _COMPARE[wanted.operator](one, other)


# -- one record ------------------------------------------------------------------------------------


def single(api: Api, row: Json) -> Raw:
    """An item that is a product of its own."""
    settings = api.settings
    features = list(values_of(api, row, [*settings.attributes, *settings.feature_fields]))
    return {**_with_vat(api, row), **({"Features": features} if features else {})}


def family(api: Api, name: str, members: Sequence[Json]) -> Raw:
    """Items of one family as one product; those out of use are left out while others are not."""
    members = sorted(members, key=lambda row: str(row["ItemCode"]).casefold())
    shown = [row for row in members if row.get("Condition") != GONE] or members
    first = {n: v for n, v in shown[0].items() if n not in _OWN}
    record = _with_vat(api, first)
    record |= {"ItemCode": name, "Family": name}
    record[MODIFIED] = max(members, key=_stamp).get(MODIFIED)
    record["IsSalesItem"] = any(row.get("IsSalesItem") is not False for row in shown)
    active = any(row.get("Condition") in ("A", None) for row in shown)
    record["Condition"] = "A" if active else shown[0].get("Condition")
    features = list(values_of(api, shown[0], api.settings.feature_fields))
    if features:
        record["Features"] = features
    record["items"] = [_variant(api, row) for row in shown]
    return record


def _variant(api: Api, row: Json) -> Json:
    plain = {name: value for name, value in row.items() if value is not None}
    return {**plain, "Attributes": list(values_of(api, row, api.settings.attributes))}


def _stamp(row: Json) -> int:
    return odata.wall_clock_ms(row.get(MODIFIED)) or 0


def _with_vat(api: Api, row: Raw) -> Raw:
    vat = vat_codes(api).get(code(row.get("SalesVATCode")) or "")
    return {**row, "VAT": {"Percentage": vat.rate, "Prices": vat.prices}} if vat else {**row}


# -- reading ---------------------------------------------------------------------------------------


def members(api: Api, names: Iterable[str], select: Sequence[str]) -> dict[str, list[Json]]:
    """All items of these families."""
    field = api.settings.family
    wanted = list(dict.fromkeys(names))
    if field is None or not wanted:
        return {}
    return gathered(api, ITEM, field, wanted, odata.text, select=select, order="ItemCode")


def pages(api: Api, query: Query, select: Sequence[str]) -> Iterator[Page]:
    """Products that changed since; the first time all of them, family by family."""
    wanted = query.filter if isinstance(query.filter, ProductsFilter) else ProductsFilter()
    field = api.settings.family
    if field is None:
        for page in changed_pages(api, ITEM, query, conditions(wanted), select):
            yield Page([single(api, row) for row in page.records], page.cursor)
        return
    since = None if query.full else query.since
    if since is None or "at" in since:
        yield from _everything(api, field, wanted, select, since)
    else:
        yield from _changed(api, field, wanted, select, since)


def _changed(
    api: Api, field: str, wanted: ProductsFilter, select: Sequence[str], since: Json
) -> Iterator[Page]:
    """An item that changed brings its whole family; which items are wanted is told afterwards,
    because an item that is wanted no more has changed its family as well."""
    done: set[str] = set()
    for rows, cursor in changed(api, ITEM, since, (), select):
        alone = [row for row in rows if not code(row.get(field))]
        names = {_key(row, field): code(row[field]) or "" for row in rows if code(row.get(field))}
        news = [name for key, name in names.items() if key not in done]
        done |= set(names)
        records = [single(api, row) for row in alone if fits(row, wanted)]
        for name, found in members(api, news, select).items():
            if any(fits(row, wanted) for row in found):
                records.append(family(api, name, found))
        yield Page(records, cursor)


def _everything(
    api: Api, field: str, wanted: ProductsFilter, select: Sequence[str], since: Json | None
) -> Iterator[Page]:
    """First the items without a family, then family by family. What changes meanwhile has a stamp
    above the mark that is set before the first record is read."""
    at = dict(since["at"]) if since else {}
    mark = since.get("modified") if since else _newest(api)
    if "family" not in at:
        where = [*conditions(wanted), f"{field} eq null"]
        if at.get("item"):
            where.append(f"ItemCode gt {odata.text(at['item'])}")
        for rows in globe.batches(api, ITEM, where=where, select=select, order="ItemCode"):
            last = {"item": rows[-1]["ItemCode"]} if rows else at
            yield Page([single(api, row) for row in rows], {"modified": mark, "at": last})
    where = [f"{field} gt {odata.text(at['family'])}" if at.get("family") else f"{field} ne null"]
    held: list[Json] = []
    for rows in globe.batches(api, ITEM, where=where, select=select, order=f"{field},ItemCode"):
        groups = _groups([*held, *rows], field)
        held = groups.pop() if groups else []
        if groups:
            last = {"family": code(groups[-1][-1].get(field)) or ""}
            yield Page(_built(api, groups, field, wanted), {"modified": mark, "at": last})
    yield Page(
        _built(api, [held] if held else [], field, wanted),
        None if mark is None else {"modified": mark},
    )


def _built(api: Api, groups: Iterable[list[Json]], field: str, wanted: ProductsFilter) -> list[Raw]:
    records: list[Raw] = []
    for group in groups:
        name = code(group[0].get(field))
        fitting = [row for row in group if fits(row, wanted)]
        if name and fitting:
            records.append(family(api, name, group))
        elif not name:  # a family of blanks is none
            records += [single(api, row) for row in fitting]
    return records


def _groups(rows: Sequence[Json], field: str) -> list[list[Json]]:
    groups: list[list[Json]] = []
    for row in rows:
        if groups and _key(groups[-1][0], field) == _key(row, field):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _key(row: Json, field: str) -> str:
    return (code(row.get(field)) or "").casefold()


def _newest(api: Api) -> int | None:
    """The highest change stamp there is."""
    rows = globe.some(api, ITEM, select=("ItemCode", MODIFIED), order=f"{MODIFIED} desc", top=1)
    return odata.wall_clock_ms(rows[0].get(MODIFIED)) if rows else None
