"""What the pretend account holds: objects, links, definitions, and an index that lags behind."""

from __future__ import annotations

import copy
import datetime as dt
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .definitions import CREATED, GROUPS, MODIFIED, Definition, checked, names, stamp, standard
from .errors import PORTAL, Refused, invalid, not_found
from .world import (
    ALIASES,
    CLOSED_STAGES,
    INVERSE,
    LINKS,
    PIPELINES,
    PRIMARY,
    TAX_RATES,
    TYPES,
)

Record = dict[str, Any]
CENT = Decimal("0.01")
_DEFAULT = {
    "contacts": "createdate email firstname hs_object_id lastmodifieddate lastname",
    "companies": "createdate domain hs_lastmodifieddate hs_object_id name",
    "deals": "amount closedate createdate dealname dealstage hs_lastmodifieddate pipeline",
    "products": "createdate description hs_lastmodifieddate hs_object_id name price",
    "line_items": "createdate hs_lastmodifieddate hs_object_id quantity",
}


class Store:
    """All records of an account. `lag`: seconds before search sees a write."""

    def __init__(
        self,
        *,
        lag: float = 0.0,
        unique_sku: bool = True,
        without_unique: Iterable[str] = (),
        unknown_key_is_named: bool = False,
        without_group: Iterable[str] = (),
    ) -> None:
        self.lock = threading.RLock()
        self.lag = lag
        self.without_unique = {"products", *without_unique}
        self.objects: dict[str, dict[str, Record]] = {kind: {} for kind in TYPES}
        self.known: dict[str, dict[str, Definition]] = {kind: standard(kind) for kind in TYPES}
        self.known["products"]["hs_sku"].unique = unique_sku
        self.unknown_key_is_named = unknown_key_is_named
        self.groups = {kind: {GROUPS[kind]} for kind in GROUPS}
        for kind in without_group:
            self.groups[kind] = {"own_group"}
        self.links: dict[tuple[str, str], dict[tuple[str, str], list[int]]] = defaultdict(dict)
        self.taken: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self.index: dict[str, dict[str, Record]] = {kind: {} for kind in TYPES}
        self.pending: deque[tuple[float, str, str, Record | None]] = deque()
        self.pipelines = PIPELINES
        self.changed: Callable[[str, str, str, dict[str, Any]], None] | None = None
        self._next = 54_805_205_000
        self._clock: dt.datetime | None = None

    # -- time and numbers ----------------------------------------------------------------------

    def at(self, moment: dt.datetime | None) -> None:
        """Let everything be written at that moment; None: now."""
        self._clock = moment

    def now(self) -> str:
        """The stamp of a write."""
        return stamp(self._clock or dt.datetime.now(dt.UTC))

    def number(self) -> str:
        """The next id."""
        self._next += 3
        return str(self._next)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is written inside leaves no trace."""
        kept = copy.deepcopy((self.objects, self.links, self.taken, self.index))
        pending, told, number = list(self.pending), self.changed, self._next
        self.changed = None
        try:
            yield
        finally:
            self.objects, self.links, self.taken, self.index = kept
            self.pending, self.changed, self._next = deque(pending), told, number

    # -- writing -------------------------------------------------------------------------------

    def create(
        self, kind: str, values: dict[str, Any], links: Iterable[dict[str, Any]] = ()
    ) -> Record:
        """A new record with its links, or nothing at all. Raises Refused."""
        kept = checked(self.known[kind], values, new=True)
        if kind == "line_items":
            kept = {**self._from_product(kept), **kept}
        self._complete_enough(kind, kept)
        self._fits_pipeline(kind, kept, {})
        tied = [self._link(kind, link) for link in links]
        key = self.number()
        self._unique(kind, key, kept)
        now = self.now()
        record = {
            "id": key,
            "properties": kept,
            "createdAt": now,
            "updatedAt": now,
            "archived": False,
        }
        self.objects[kind][key] = record
        self._take(kind, key, {}, kept)
        self._stamped(kind, record, now, new=True)
        for other, to, types in tied:
            self.tie(kind, key, other, to, types)
        self._told(kind, key, "creation", kept)
        return record

    def update(self, kind: str, key: str, values: dict[str, Any]) -> Record:
        """Change some properties. Raises Refused."""
        record = self.one(kind, key)
        kept = checked(self.known[kind], values, new=False)
        self._fits_pipeline(kind, kept, record["properties"])
        self._unique(kind, key, kept)
        before = dict(record["properties"])
        self._take(kind, key, before, kept)
        record["properties"].update(kept)
        now = self.now()
        record["updatedAt"] = now
        self._stamped(kind, record, now)
        changed = {n: v for n, v in kept.items() if before.get(n) != v}
        if changed:
            self._told(kind, key, "propertyChange", changed)
        return record

    def archive(self, kind: str, key: str) -> None:
        """Put it in the bin."""
        record = self.objects[kind].pop(key, None)
        if record is None:
            return
        for name, value in record["properties"].items():
            if value and self.taken[kind, name].get(_folded(value)) == key:
                del self.taken[kind, name][_folded(value)]
        self.publish(kind, key, None)
        self._told(kind, key, "deletion", {})

    def _stamped(self, kind: str, record: Record, now: str, *, new: bool = False) -> None:
        properties = record["properties"]
        properties["hs_object_id"] = record["id"]
        properties[MODIFIED.get(kind, "hs_lastmodifieddate")] = now
        if new:
            properties[CREATED.get(kind, "createdate")] = now
        if kind == "line_items":
            self._reckon(properties)
        if kind == "orders":
            stage = properties.get("hs_pipeline_stage")
            properties["hs_is_closed"] = str(stage in CLOSED_STAGES).lower()
        self.publish(kind, record["id"], record)

    def publish(self, kind: str, key: str, record: Record | None) -> None:
        """Let search know the record as it is now, at once or when the index has caught up."""
        if record is not None:
            record = {**record, "properties": dict(record["properties"])}
        if self.lag and self._clock is None:
            self.pending.append((time.monotonic() + self.lag, kind, key, record))
        elif record is None:
            self.index[kind].pop(key, None)
        else:
            self.index[kind][key] = record

    def searchable(self, kind: str) -> list[Record]:
        """What search knows by now."""
        while self.pending and self.pending[0][0] <= time.monotonic():
            _, other, key, record = self.pending.popleft()
            if record is None:
                self.index[other].pop(key, None)
            else:
                self.index[other][key] = record
        return list(self.index[kind].values())

    def _told(self, kind: str, key: str, what: str, changed: dict[str, Any]) -> None:
        if self.changed is not None and self._clock is None:
            self.changed(kind, key, what, changed)

    # -- rules ---------------------------------------------------------------------------------

    def _from_product(self, kept: dict[str, Any]) -> dict[str, Any]:
        key = kept.get("hs_product_id")
        if not key:
            return {}
        product = self.objects["products"].get(str(key))
        if product is None:
            text = f"Product {key} does not exist"
            raise invalid([("hs_product_id", "INVALID_OPTION", text)])
        own = product["properties"]
        return {n: own.get(n) for n in ("name", "price", "hs_sku", "description") if own.get(n)}

    def _complete_enough(self, kind: str, kept: dict[str, Any]) -> None:
        needed = {
            "contacts": ("email", "firstname", "lastname"),
            "companies": ("name", "domain"),
            "invoices": ("hs_currency",),
        }.get(kind)
        if needed and not any(kept.get(name) for name in needed):
            text = f"At least one of {', '.join(needed)} is required"
            raise invalid([(needed[0], "REQUIRED_PROPERTY", text)])

    def _fits_pipeline(self, kind: str, kept: dict[str, Any], before: dict[str, Any]) -> None:
        names_of = {
            "orders": ("hs_pipeline", "hs_pipeline_stage"),
            "deals": ("pipeline", "dealstage"),
        }
        if kind not in names_of:
            return
        first, second = names_of[kind]
        if not kept.get(first) and not kept.get(second):
            return
        pipeline = kept.get(first) or before.get(first) or self.pipelines[kind][0]["id"]
        found = next((p for p in self.pipelines[kind] if p["id"] == pipeline), None)
        stages = [stage["id"] for stage in found["stages"]] if found else []
        stage = kept.get(second) or before.get(second)
        if found is None:
            listed = ", ".join(p["id"] for p in self.pipelines[kind])
            text = f"{pipeline} was not one of the allowed options: [{listed}]"
            raise invalid([(first, "INVALID_OPTION", text)])
        if stage and stage not in stages:
            text = f"{stage} was not one of the allowed options: [{', '.join(stages)}]"
            raise invalid([(second, "INVALID_OPTION", text)])

    def _unique(self, kind: str, key: str, kept: dict[str, Any]) -> None:
        for name, value in kept.items():
            if value and self._is_unique(kind, name):
                holder = self.taken[kind, name].get(_folded(value))
                if holder is None or holder == key:
                    continue
                if (kind, name) == ("contacts", "email"):
                    text = f"Contact already exists. Existing ID: {holder}"
                    raise Refused(409, text, "CONFLICT")
                own = TYPES[kind][0].upper()
                raise Refused(
                    400,
                    f"Cannot set PropertyValueCoordinates{{portalId={PORTAL}, objectTypeId="
                    f"ObjectTypeId{{legacyObjectType={own}}}, propertyName={name}, value={value}}} "
                    f"on {key}. {holder} already has that value.",
                )

    def _is_unique(self, kind: str, name: str) -> bool:
        definition = self.known[kind].get(name)
        return (definition is not None and definition.unique) or (kind, name) == (
            "products",
            "hs_sku",
        )

    def _take(self, kind: str, key: str, before: dict[str, Any], kept: dict[str, Any]) -> None:
        for name, value in kept.items():
            if self._is_unique(kind, name):
                old = before.get(name)
                if old:
                    self.taken[kind, name].pop(_folded(old), None)
                if value:
                    self.taken[kind, name][_folded(value)] = key

    def _reckon(self, line: dict[str, Any]) -> None:
        quantity, price = _decimal(line.get("quantity")), _decimal(line.get("price"))
        percentage = line.get("hs_discount_percentage")
        off = price * _decimal(percentage) / 100 if percentage else _decimal(line.get("discount"))
        amount = (quantity * (price - off)).quantize(CENT, ROUND_HALF_UP)
        line["amount"] = f"{amount:f}"
        rate = next((r for r in TAX_RATES if r["id"] == line.get("hs_tax_rate_group_id")), None)
        if rate is not None:
            share = Decimal(str(rate["percentageRate"]))
            tax = (amount * share / 100).quantize(CENT, ROUND_HALF_UP)
            line["hs_tax_rate"] = f"{share.normalize():f}"
            line["hs_tax_amount"], line["hs_post_tax_amount"] = f"{tax:f}", f"{amount + tax:f}"

    # -- reading -------------------------------------------------------------------------------

    def kind(self, name: str) -> str:
        """The plural of a type as it was spelt. Raises Refused."""
        found = ALIASES.get(name)
        if found is None:
            raise Refused(400, f"Unable to infer object type from: {name}")
        return found

    def one(self, kind: str, key: str, by: str | None = None) -> Record:
        """A record by its id, or by a unique property. Raises Refused."""
        if by and by != "hs_object_id":
            self.must_be_unique(kind, by)
            key = self.taken[kind, by].get(_folded(key), "")
        record = self.objects[kind].get(key)
        if record is None:
            raise not_found()
        return record

    def must_be_unique(self, kind: str, by: str) -> None:
        """Raises Refused unless records can be told apart by it."""
        definition = self.known[kind].get(by)
        if definition is None and self.unknown_key_is_named:
            text = f'Property "{by}" does not exist'
            raise invalid([(by, "PROPERTY_DOESNT_EXIST", text)])
        if definition is None or not definition.unique:
            number = TYPES[kind][1]
            raise Refused(
                400, f"Unable to perform update/upsert by non-unique {number} property {by}"
            )

    def shown(self, kind: str, record: Record, wanted: Iterable[str] | None) -> Record:
        """A record with the properties that were asked for."""
        asked = list(wanted or _DEFAULT.get(kind, "").split())
        properties = record["properties"]
        found = {name: properties.get(name) for name in names(self.known[kind], asked, kind)}
        return {**record, "properties": found}

    # -- links ---------------------------------------------------------------------------------

    def _link(self, kind: str, link: dict[str, Any]) -> tuple[str, str, list[int]]:
        refused = Refused(400, "one or more associations are not valid")
        try:
            to = str(link["to"]["id"])
            types = [int(t["associationTypeId"]) for t in link["types"]]
            categories = {t["associationCategory"] for t in link["types"]}
        except (KeyError, TypeError, ValueError):
            raise refused from None
        if not types or categories != {"HUBSPOT_DEFINED"}:
            raise refused
        for (one, other), ids in LINKS.items():
            if one == kind and types[0] in ids:
                if any(t not in ids for t in types) or to not in self.objects[other]:
                    raise refused
                return other, to, types
        raise refused

    def tie(self, kind: str, key: str, other: str, to: str, types: Iterable[int]) -> None:
        """Set links in both directions; a primary one replaces another primary."""
        for type_ in types:
            ids = LINKS[kind, other]
            if type_ not in ids:
                raise Refused(400, "one or more associations are not valid")
            found = self.links[kind, key].setdefault((other, to), [])
            back = self.links[other, to].setdefault((kind, key), [])
            if type_ in PRIMARY:
                for (there, _), present in self.links[kind, key].items():
                    if there == other and type_ in present:
                        present.remove(type_)
            for each, value in ((found, type_), (back, INVERSE[type_])):
                if value not in each:
                    each.append(value)
            plain = ids[-1]
            if plain not in found:
                found.append(plain)
                back.append(INVERSE[plain])

    def untie(self, kind: str, key: str, other: str, to: str) -> None:
        """Remove all links of a pair."""
        self.links[kind, key].pop((other, to), None)
        self.links[other, to].pop((kind, key), None)

    def tied(self, kind: str, key: str, other: str) -> list[tuple[str, list[int]]]:
        """Ids of linked records, with the types of each link."""
        return [
            (to, types)
            for (there, to), types in self.links.get((kind, key), {}).items()
            if there == other and to in self.objects[other]
        ]


def _folded(value: Any) -> str:
    return str(value).strip().casefold()


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value)) if value else Decimal(0)
