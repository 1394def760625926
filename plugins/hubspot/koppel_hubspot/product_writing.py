"""Writes products by their SKU, a hundred a request; variants as products of a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, Raw, RecordError, Written

from .batches import NotUnique, Result, folded, read_many, wire
from .families import FAMILY
from .refusals import Refusal
from .schema import write
from .searching import by_values, found_among

KIND = "products"
SKU = "hs_sku"
FEW = 20
_FOUND = ("hs_sku", "name", "price", "hub_parent_sku", "hub_ean", "hs_status", "hs_product_type")
#: What a variant has from its family when it has none of its own.
_SHARED = (
    *("name", "price", "description", "hs_rich_text_description", "hub_short_description"),
    *(
        "hub_category",
        "hub_features",
        "hs_tax_rate_group_id",
        "hs_product_type",
        "hs_status",
        "hub_unit",
    ),
    *("hub_brand", "hs_url"),
)


def shown(record: Json) -> Raw:
    """A product as it was found: under its own key, or that of its family."""
    parent = str(record["properties"].get("hub_parent_sku") or "").strip()
    key = f"{FAMILY}{parent.casefold()}" if parent else record["id"]
    return {**record, "id": key, "item": record["id"]}


def by_sku(api: Api, values: Sequence[str], properties: Sequence[str] = _FOUND) -> dict[str, Json]:
    """Products by SKU, at once where the account keeps SKUs unique, else through search."""
    if not api.memo.get("SKU is not unique"):
        try:
            return read_many(api, KIND, values, properties, SKU)
        except NotUnique:
            api.memo["SKU is not unique"] = True
    return found_among(api, KIND, SKU, values, properties)


def find_by_sku(api: Api, values: Sequence[str]) -> dict[str, Raw]:
    """Products and variants by SKU; a few that are none may be the SKU of a family."""
    found = {value: shown(record) for value, record in by_sku(api, values).items()}
    rest = [value for value in values if value not in found and value.strip()]
    if rest and len(rest) <= FEW:
        members = found_among(api, KIND, "hub_parent_sku", rest, _FOUND)
        found |= {value: shown(record) for value, record in members.items()}
    return found


# -- what is written -------------------------------------------------------------------------------


def _parts(payload: Json) -> list[tuple[str, Json]]:
    """Where each product of a payload stands in it, and its properties."""
    own = dict(payload.get("properties") or {})
    variants = payload.get("variants")
    if variants is None:
        return [("properties", own)]
    shared = {name: own[name] for name in _SHARED if name in own}
    return [
        (f"variants[{n}].properties", {**shared, **(v.get("properties") or {})})
        for n, v in enumerate(variants)
    ]


def create(api: Api, payloads: Sequence[Json]) -> list[Written | RecordError]:
    """Create, or update what has the SKU already; an answer for each payload."""
    answers = _upsert(api, [_parts(payload) for payload in payloads])
    results: list[Written | RecordError] = []
    for payload, answer in zip(payloads, answers, strict=True):
        if isinstance(answer, RecordError):
            results.append(answer)
            continue
        first = answer[0]
        sku = str((payload.get("properties") or {}).get(SKU) or "").strip()
        key = first["id"] if payload.get("variants") is None else f"{FAMILY}{folded(sku)}"
        results.append(Written(key, sku or None, record=first, known_as=first["id"]))
    return results


def update(api: Api, changes: Sequence[tuple[str, Json]]) -> list[Written | RecordError]:
    """Products by id, families by the SKUs of their variants."""
    results: list[Written | RecordError | None] = [None] * len(changes)
    singles = {n: key for n, (key, _) in enumerate(changes) if key.isdigit()}
    families = [n for n, (key, _) in enumerate(changes) if key.startswith(FAMILY)]
    for n in range(len(changes)):
        if n not in singles and n not in families:
            error = f"{changes[n][0]} is no key of a product in HubSpot"
            results[n] = RecordError(error, code="not_found")
    plain: dict[int, Json] = {
        n: {"id": key, "properties": wire(changes[n][1].get("properties") or {})}
        for n, key in singles.items()
        if changes[n][1].get("variants") is None
    }
    unique = {one["id"]: one for one in plain.values() if one["properties"]}
    answers = dict(zip(unique, write(api, KIND, "update", list(unique.values())), strict=True))
    for n, one in plain.items():
        answer = answers.get(one["id"])
        results[n] = answer if isinstance(answer, RecordError) else Written(one["id"])
    grouped = [n for n in range(len(changes)) if results[n] is None]
    with_variants = [n for n in grouped if changes[n][1].get("variants") is not None]
    parts = [_parts(changes[n][1]) for n in with_variants]
    for n, found in zip(with_variants, _upsert(api, parts), strict=True):
        results[n] = found if isinstance(found, RecordError) else Written(changes[n][0])
    _retire(api, [changes[n] for n in with_variants if isinstance(results[n], Written)])
    _all_members(api, changes, [n for n in grouped if n not in set(with_variants)], results)
    return [result or Written(changes[n][0]) for n, result in enumerate(results)]


def _all_members(
    api: Api,
    changes: Sequence[tuple[str, Json]],
    places: Sequence[int],
    results: list[Written | RecordError | None],
) -> None:
    """What is said of a family without its variants (switched off) is said of each of them."""
    if not places:
        return
    inputs: dict[str, Json] = {}
    owners: dict[str, int] = {}
    parents = {changes[n][0].removeprefix(FAMILY): n for n in places}
    for record in by_values(api, KIND, "hub_parent_sku", list(parents), ["hub_parent_sku"]):
        n = parents.get(folded(record["properties"].get("hub_parent_sku") or ""))
        if n is not None:
            own = changes[n][1].get("properties") or {}
            values = {k: v for k, v in own.items() if k in _SHARED and k != "name"}
            if values:
                inputs[record["id"]] = {"id": record["id"], "properties": wire(values)}
                owners[record["id"]] = n
    for key, answer in zip(inputs, write(api, KIND, "update", list(inputs.values())), strict=True):
        if isinstance(answer, RecordError):
            results[owners[key]] = answer


def _retire(api: Api, changes: Sequence[tuple[str, Json]]) -> None:
    """Variants that the other system has no more stay in HubSpot, inactive."""
    wanted = {
        key.removeprefix(FAMILY): {
            folded((v.get("properties") or {}).get(SKU) or "") for v in payload["variants"]
        }
        for key, payload in changes
        if key.startswith(FAMILY)
    }
    if not wanted:
        return
    names = [SKU, "hub_parent_sku", "hs_status"]
    gone = []
    for record in by_values(api, KIND, "hub_parent_sku", list(wanted), names):
        own = record["properties"]
        there = wanted.get(folded(own.get("hub_parent_sku") or ""))
        if there is None or folded(own.get(SKU) or "") in there:
            continue
        if own.get("hs_status") != "inactive":
            gone.append({"id": record["id"], "properties": {"hs_status": "inactive"}})
    if gone:
        write(api, KIND, "update", gone)


def _upsert(
    api: Api, payloads: Sequence[Sequence[tuple[str, Json]]]
) -> list[list[Json] | RecordError]:
    """Each payload's products, or what is wrong with the first that is refused."""
    inputs: dict[str, Json] = {}
    where: list[list[tuple[str, str]]] = []
    problems: dict[int, RecordError] = {}
    for n, parts in enumerate(payloads):
        own: list[tuple[str, str]] = []
        for path, properties in parts:
            sku = str(properties.get(SKU) or "").strip()
            if not sku:
                problems[n] = RecordError(
                    "HubSpot's products are recognised by their SKU, and this one has none",
                    field=f"{path}.{SKU}".replace("properties.hs_sku", "sku").lstrip("."),
                    code="no_sku",
                )
                break
            if folded(sku) in inputs or any(folded(sku) == key for key, _ in own):
                problems[n] = RecordError(
                    f"SKU {sku} occurs twice: HubSpot keeps one product for a SKU",
                    field=path.replace("properties", "sku"),
                    code="double_sku",
                )
                break
            own.append((folded(sku), path))
        if n not in problems:
            for (key, _), (_, properties) in zip(own, parts, strict=True):
                sku = str(properties[SKU]).strip()
                inputs[key] = {
                    "id": sku,
                    "idProperty": SKU,
                    "properties": wire({**properties, SKU: sku}, creating=True),
                }
        where.append(own)
    answers = dict(zip(inputs, _written(api, list(inputs.values())), strict=True))
    results: list[list[Json] | RecordError] = []
    for n, own in enumerate(where):
        if n in problems:
            results.append(problems[n])
            continue
        found: list[Json] = []
        for key, path in own:
            answer = answers[key]
            if isinstance(answer, RecordError):
                problems.setdefault(n, _at(answer, path, inputs[key]["id"]))
            else:
                found.append(answer)
        results.append(problems.get(n, found))
    return results


def _at(error: RecordError, path: str, sku: str) -> RecordError:
    if not path.startswith("variants"):
        return error
    field = (error.field or "").removeprefix("properties.")
    return RecordError(f"Variant {sku}: {error}", field=f"{path}.{field}", code=error.code)


def _written(api: Api, inputs: list[Json]) -> list[Result]:
    if not api.memo.get("SKU is not unique"):
        try:
            return write(api, KIND, "upsert", inputs)
        except NotUnique:
            api.memo["SKU is not unique"] = True
    there = by_sku(api, [one["id"] for one in inputs], [SKU])
    known: dict[int, Any] = {n: there.get(one["id"]) for n, one in enumerate(inputs)}
    old = [n for n, record in known.items() if record is not None]
    new = [n for n, record in known.items() if record is None]
    changes = [{"id": known[n]["id"], "properties": inputs[n]["properties"]} for n in old]
    fresh = [{"properties": inputs[n]["properties"]} for n in new]
    answers = dict(zip(old, write(api, KIND, "update", changes), strict=True))
    answers |= dict(zip(new, write(api, KIND, "create", fresh, by=(SKU,)), strict=True))
    for n in new:
        answer = answers[n]
        if isinstance(answer, Refusal) and answer.existing and answer.taken == SKU:
            # Search did not know it yet.
            body = [{"id": answer.existing, "properties": inputs[n]["properties"]}]
            answers[n] = write(api, KIND, "update", body)[0]
    return [answers[n] for n in range(len(inputs))]
