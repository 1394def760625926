"""Properties of the account: found live, and ours made when a write turns out to need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hub.model import Json
from hub.sdk import Api, ConfigurationError, Field, NotFound

from .batches import NotUnique, Result, folded, read_many, write_many
from .fitting import fitted, learned
from .refusals import Refusal
from .searching import by_values, found_among

PROPERTIES = "/crm/v3/properties"
REFERENCE = "hub_external_id"
LINE = "hub_line_id"


@dataclass(frozen=True)
class Own:
    """A property that the hub makes. unique: records are told apart by it."""

    label: str
    type: str = "string"
    unique: bool = False


_REFERENCE = Own("Number in the other system", unique=True)
OURS: dict[str, dict[str, Own]] = {
    "contacts": {
        REFERENCE: _REFERENCE,
        "payment_condition": Own("Payment condition"),
        "customer_classification": Own("Customer classification"),
    },
    "companies": {
        REFERENCE: _REFERENCE,
        "vat_number": Own("VAT number"),
        "chamber_number": Own("Chamber of commerce number"),
        "payment_condition": Own("Payment condition"),
        "customer_classification": Own("Customer classification"),
    },
    "products": {
        "hub_parent_sku": Own("SKU of the product it is a variant of"),
        "hub_variant_options": Own("What tells it from other variants"),
        "hub_ean": Own("EAN"),
        "hub_category": Own("Category"),
        "hub_features": Own("Features"),
        "hub_short_description": Own("Short description"),
        "hub_stock": Own("Stock", "number"),
        "hub_unit": Own("Unit"),
        "hub_weight": Own("Weight in kilograms", "number"),
        "hub_brand": Own("Brand"),
    },
    "orders": {
        REFERENCE: _REFERENCE,
        "hub_shipping_method": Own("Shipping method"),
        "payment_condition": Own("Payment condition"),
    },
    "deals": {REFERENCE: _REFERENCE},
    "line_items": {LINE: Own("Line of an order", unique=True)},
}
OWN_GROUP = "hub_integration"
GROUPS = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "products": "productinformation",
    "orders": "order_information",
    "deals": "dealinformation",
    "line_items": "lineiteminformation",
}


def definitions(api: Api, kind: str) -> dict[str, Json]:
    """All properties of a type of object by name; asked once per open connection."""
    key = f"properties of {kind}"
    if key not in api.memo:
        answer = api.get(f"{PROPERTIES}/{kind}")
        found = answer.get("results") if isinstance(answer, dict) else None
        api.memo[key] = {
            str(one["name"]): one
            for one in found or ()
            if isinstance(one, dict) and one.get("name") and not one.get("archived")
        }
    known: dict[str, Json] = api.memo[key]
    return known


def custom(api: Api, kind: str) -> list[Json]:
    """What people (or the hub) added to a type of object."""
    return [one for one in definitions(api, kind).values() if not one.get("hubspotDefined")]


def readable(api: Api, kind: str, standard: Sequence[str]) -> list[str]:
    """The properties to read: what the plugin knows, and all that are custom."""
    names = [*standard, *OURS.get(kind, {}), *(str(one["name"]) for one in custom(api, kind))]
    return list(dict.fromkeys(names))


def discovered(api: Api, kind: str, path: str, known: Iterable[Field]) -> list[Field]:
    """Fields for the custom properties that have none yet."""
    taken = {field.path for field in known}
    return [
        Field(f"{path}{one['name']}", label=str(one.get("label") or one["name"]))
        for one in custom(api, kind)
        if f"{path}{one['name']}" not in taken
    ]


def named(api: Api, kind: str, path: str) -> Iterator[str]:
    """Every property that can be written, HubSpot's own as well."""
    for name, one in definitions(api, kind).items():
        if not (one.get("modificationMetadata") or {}).get("readOnlyValue"):
            yield f"{path}{name}"


def ensure(api: Api, kind: str, names: Iterable[str]) -> bool:
    """Make those of our properties that are not there; whether any was made.

    Where HubSpot has no unique values for this type of object, one without is made. Raises
    ConfigurationError when they may not be made.
    """
    api.memo.pop(f"properties of {kind}", None)
    there = definitions(api, kind)
    wanted = [name for name in dict.fromkeys(names) if name in OURS.get(kind, {})]
    lacking = [name for name in wanted if name not in there]
    if not lacking:
        return False
    if not api.settings.create_properties:
        raise ConfigurationError(
            f"HubSpot has no property {', '.join(lacking)} of {kind}, and the settings of this "
            "connection say that the hub may not make any. Allow it, or make it in HubSpot"
            + (" with unique values." if any(OURS[kind][n].unique for n in lacking) else "."),
            setting="create_properties",
        )
    bodies = [_body(kind, name, OURS[kind][name]) for name in lacking]
    try:
        answer = api.post(f"{PROPERTIES}/{kind}/batch/create", {"inputs": bodies})
    except Refusal:
        answer = None
    if not isinstance(answer, dict) or answer.get("errors"):
        # Another process may have made one of them meanwhile: each by itself then.
        for body in bodies:
            _make(api, kind, body)
    api.memo.pop(f"properties of {kind}", None)
    return True


def _make(api: Api, kind: str, body: Json) -> None:
    try:
        api.post(f"{PROPERTIES}/{kind}", body)
    except Refusal as error:
        if error.status == 409:
            _same_type(api, kind, body)
            return
        if _other_group(api, kind, body):
            _make(api, kind, body)
            return
        if not body.pop("hasUniqueValue", False):
            raise _no_property(kind, [str(body["name"])], error) from error
        _make(api, kind, body)


def _same_type(api: Api, kind: str, body: Json) -> None:
    """What is there under that name already has to be of a kind that takes our values."""
    try:
        there = api.get(f"{PROPERTIES}/{kind}/{body['name']}")
    except NotFound:
        return
    found = there.get("type") if isinstance(there, dict) else None
    if found and found not in (body["type"], "string"):
        raise ConfigurationError(
            f"HubSpot has a property {body['name']} of {kind} already, and it is of type {found}. "
            f"The hub needs one of type {body['type']}: rename or delete it in HubSpot.",
            setting="create_properties",
        )


def _other_group(api: Api, kind: str, body: Json) -> bool:
    """Move to a group of our own where the usual one is not there; whether that was so."""
    if body["groupName"] == OWN_GROUP:
        return False
    key = f"groups of {kind}"
    if key not in api.memo:
        answer = api.get(f"{PROPERTIES}/{kind}/groups")
        found = answer.get("results") if isinstance(answer, dict) else None
        names = {one.get("name") for one in found or ()}
        if names and not names & {GROUPS[kind], OWN_GROUP}:
            with suppress(Refusal):  # it is there already
                group = {"name": OWN_GROUP, "label": "Integration hub"}
                api.post(f"{PROPERTIES}/{kind}/groups", group)
        api.memo[key] = names
    if not api.memo[key] or GROUPS[kind] in api.memo[key]:
        return False
    body["groupName"] = OWN_GROUP
    return True


def _body(kind: str, name: str, own: Own) -> Json:
    return {
        "name": name,
        "label": own.label,
        "type": own.type,
        "fieldType": "number" if own.type == "number" else "text",
        "groupName": GROUPS[kind],
        "description": "Kept by the integration hub.",
        "formField": False,
        **({"hasUniqueValue": True} if own.unique else {}),
    }


def _no_property(kind: str, names: Sequence[str], error: Refusal) -> ConfigurationError:
    return ConfigurationError(
        f"HubSpot does not let the hub make the property {', '.join(names)} of {kind}: "
        f"{error.said[:200]}",
        setting="create_properties",
    )


def write(
    api: Api, kind: str, action: str, inputs: Sequence[Json], by: Sequence[str] = ()
) -> list[Result]:
    """As `write_many`; properties of ours that turn out to be missing are made, once."""
    if not inputs:
        return []
    found = _by_key(api, kind, action, inputs, by)
    lacking: dict[int, list[str]] = {}
    for place, result in enumerate(found):
        if isinstance(result, Refusal):
            names = [n for n in result.about("PROPERTY_DOESNT_EXIST") if n in OURS.get(kind, {})]
            if names:
                lacking[place] = names
    places = {n for n, one in enumerate(inputs) if learned(api, kind, one, found[n])}
    if lacking and ensure(api, kind, [n for names in lacking.values() for n in names]):
        places |= set(lacking)
    again = sorted(places)
    for place, result in zip(
        again, _by_key(api, kind, action, [inputs[n] for n in again], by), strict=True
    ):
        found[place] = result
    return found


def _by_key(
    api: Api, kind: str, action: str, inputs: Sequence[Json], by: Sequence[str]
) -> list[Result]:
    """Written by a property of ours that tells records apart; it is made when it is not there."""
    if not inputs:
        return []
    inputs, key = fitted(api, kind, inputs), inputs[0].get("idProperty")
    try:
        return write_many(api, kind, action, inputs, by)
    except NotUnique:
        if key not in OURS.get(kind, {}):
            raise
        ensure(api, kind, [str(key)])
        if definitions(api, kind).get(str(key), {}).get("hasUniqueValue"):
            return write_many(api, kind, action, inputs, by)
        return _without_unique(api, kind, inputs, str(key))


def found_by(api: Api, kind: str, name: str, values: Sequence[str]) -> dict[str, Json]:
    """Value -> record by a property of ours: at once, or through search where it is not unique."""
    try:
        return read_many(api, kind, values, [name], name)
    except NotUnique:
        return found_among(api, kind, name, values, [name])


def _without_unique(api: Api, kind: str, inputs: Sequence[Json], key: str) -> list[Result]:
    """Update what search finds and what was made a moment ago, create the rest."""
    known: dict[str, str] = api.memo.setdefault(f"made {kind}", {})
    there = by_values(api, kind, key, [str(one["id"]) for one in inputs], [key])
    known |= {folded(record["properties"].get(key) or ""): record["id"] for record in there}
    places: dict[str, list[int]] = {"update": [], "create": []}
    bodies: dict[str, list[Json]] = {"update": [], "create": []}
    for place, one in enumerate(inputs):
        own = {"properties": {**one["properties"], key: one["id"]}}
        present = known.get(folded(one["id"]))
        action = "update" if present else "create"
        places[action].append(place)
        bodies[action].append({**own, "id": present} if present else own)
    found: dict[int, Result] = {}
    for action, own_places in places.items():
        answers = write_many(api, kind, action, bodies[action], by=(key,))
        for place, answer in zip(own_places, answers, strict=True):
            if isinstance(answer, dict) and action == "create":
                answer = {**answer, "new": True}
            found[place] = answer
    for place, result in found.items():
        if isinstance(result, dict):
            known[folded(inputs[place]["id"])] = str(result["id"])
    return [found[place] for place in range(len(inputs))]
