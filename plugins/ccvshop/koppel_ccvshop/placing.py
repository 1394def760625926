"""Where products stand in the shop, and what is said of them: categories and features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, Blocked, KoppelError, RecordError, RejectedError

from .api import everything, posted
from .understanding import text

SEPARATOR = " > "
Path = tuple[str, ...]


# -- categories --------------------------------------------------------------------------------


class Categories:
    """The tree of categories, read in one request, by path and by id."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.paths: dict[int, Path] = {}
        self._ids: dict[Path, int] = {}
        tree = api.get("/categorytree/")
        self._add(tree.get("root_categories") if isinstance(tree, dict) else (), ())

    @classmethod
    def of(cls, api: Api) -> Categories:
        """Those of this connection."""
        if "categories" not in api.memo:
            api.memo["categories"] = cls(api)
        found: Categories = api.memo["categories"]
        return found

    def _add(self, nodes: Iterable[Any] | None, above: Path) -> None:
        for node in nodes or ():
            if not isinstance(node, dict) or node.get("id") is None:
                continue
            path = (*above, str(node.get("name") or "").strip())
            self._keep(int(node["id"]), path)
            self._add(node.get("children"), path)

    def _keep(self, own: int, path: Path) -> None:
        self.paths[own] = path
        self._ids.setdefault(_folded(path), own)

    def find(self, path: Sequence[str]) -> int | None:
        """The id of the category at a path of names."""
        return self._ids.get(_folded(path))

    def ensure(self, path: Sequence[str], description: str | None, *, create: bool) -> int:
        """The id of the category at a path; it and those above it are made where allowed.

        Raises Blocked when it is not there and may not be made.
        """
        own = self.find(path)
        if own is not None:
            return own
        if not create:
            raise Blocked(
                f"CCV Shop has no category {SEPARATOR.join(path)}. Make it there, or let the flow "
                "make categories.",
                field="categories",
                code="missing_category",
                fix="new_categories",
            )
        body: Json = {"name": path[-1], "show_on_website": True}
        if len(path) > 1:
            body["parentcategory_id"] = self.ensure(path[:-1], None, create=True)
        if description:
            body["description"] = description
        own = int(posted(self._api, "/categories/", body)["id"])
        self._keep(own, tuple(path))
        return own


def _folded(path: Sequence[str]) -> Path:
    return tuple(name.strip().casefold() for name in path)


def write_categories(
    api: Api,
    product: int,
    wanted: Sequence[Mapping[str, Any]],
    present: Sequence[Mapping[str, Any]],
    *,
    create: bool,
) -> None:
    """Put the product in these categories and in no others."""
    try:
        ids = [_category(api, category, create=create) for category in wanted]
    except KoppelError:
        api.memo.pop("categories", None)  # a new one may have been made: read the tree again
        raise
    linked = {int(link["category_id"]): link for link in present}
    for position, own in enumerate(dict.fromkeys(ids), 1):
        if own in linked:
            continue
        body = {"product_id": product, "category_id": own, "position": position}
        try:
            api.post("/producttocategories/", body)
        except RejectedError as error:
            if error.code != "duplicate":  # it is there already: an answer was lost before
                raise
    for own, link in linked.items():
        if own not in ids:
            api.delete(f"/producttocategories/{link['id']}/", safe=True)


def check_categories(wanted: Sequence[Mapping[str, Any]]) -> None:
    """Raises RecordError for a category that says nothing."""
    for position, category in enumerate(wanted):
        path = category.get("path")
        named = isinstance(path, list) and path and all(text(str(n or "")) for n in path)
        if not named and not str(category.get("category_id") or "").isdigit():
            raise RecordError(
                f"Category {position + 1} has no name, or one above it has none",
                field=f"categories[{position}]",
                code="bad_value",
            )
        if named and any(len(str(name)) > 255 for name in path or ()):
            raise RecordError(
                "The name of a category may be 255 characters long",
                field=f"categories[{position}].path",
                code="too_long",
            )


def _category(api: Api, category: Mapping[str, Any], *, create: bool) -> int:
    if category.get("path"):
        path = [str(name).strip() for name in category["path"]]
        return Categories.of(api).ensure(path, category.get("description"), create=create)
    return int(category["category_id"])


# -- features ----------------------------------------------------------------------------------


class Properties:
    """Property groups with their properties and options, read once and made when missing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._groups: dict[str, int] = {}
        self.properties: dict[int, Json] = {}
        self._group_of: dict[int, int] = {}
        for group in everything(api, "/productpropertygroups/"):
            self._groups.setdefault(str(group.get("name")).strip().casefold(), group["id"])
            path = f"/productpropertygroups/{group['id']}/productproperties/"
            for found in everything(api, path):
                self._keep(found, group["id"])

    @classmethod
    def of(cls, api: Api) -> Properties:
        """Those of this connection."""
        if "properties" not in api.memo:
            api.memo["properties"] = cls(api)
        found: Properties = api.memo["properties"]
        return found

    def _keep(self, record: Json, group: int) -> None:
        self.properties[record["id"]] = record
        self._group_of[record["id"]] = group

    def group_of(self, own: int) -> int:
        """The group a property is in."""
        return self._group_of[own]

    def shown(self, own: int, value: Any) -> tuple[str, str] | None:
        """Name and value as people read them; None for a property that nobody knows."""
        known = self.properties.get(own)
        if known is None:
            return None
        found = text(str(value if value is not None else "")) or ""
        if known.get("type") == "option":
            options = {str(o["id"]): str(o.get("name")) for o in self._options(known)}
            found = options.get(found, found)
        elif known.get("type") == "checkbox":
            found = "yes" if found.casefold() in ("1", "true", "yes", "ja") else "no"
        return str(known.get("name")), found

    def property(self, name: str, group: str) -> int:
        """The id of a property, in whatever group it is; made in *group* when there is none."""
        wanted = name.strip().casefold()
        for own, known in self.properties.items():
            if str(known.get("name")).strip().casefold() == wanted:
                return own
        parent = self._groups.get(group.strip().casefold())
        if parent is None:
            made = posted(self._api, "/productpropertygroups/", {"name": group})
            parent = self._groups[group.strip().casefold()] = int(made["id"])
        path = f"/productpropertygroups/{parent}/productproperties/"
        record = posted(self._api, path, {"name": name.strip(), "type": "text"})
        self._keep(record, parent)
        return int(record["id"])

    def stored(self, own: int, value: str) -> Any:
        """A value as the shop keeps it: a text, a boolean, or the id of an option."""
        known = self.properties[own]
        if known.get("type") == "checkbox":
            return value.strip().casefold() in ("1", "true", "yes", "ja", "y", "j")
        if known.get("type") != "option":
            return value
        for option in self._options(known):
            if str(option.get("name")).strip().casefold() == value.strip().casefold():
                return option["id"]
        path = f"/productproperties/{own}/productpropertyoptions/"
        made = posted(self._api, path, {"name": value.strip()})
        self._options(known).append(made)
        return made["id"]

    def _options(self, record: Json) -> list[Json]:
        """The options of a property; asked for, once, where they do not come with it."""
        options = record.get("options")
        if not isinstance(options, dict):
            options = record["options"] = {}
        if not isinstance(options.get("collection"), list):
            path = f"/productproperties/{record['id']}/productpropertyoptions/"
            options["collection"] = everything(self._api, path)
        found: list[Json] = options["collection"]
        return found


def features_of(api: Api, record: Mapping[str, Any]) -> list[Json]:
    """The features of a product, as name and value."""
    found = []
    for value in _values(record):
        shown = Properties.of(api).shown(value["product_property_id"], value.get("value"))
        if shown is not None:
            found.append({"name": shown[0], "value": shown[1]})
    return found


def groups_of(record: Mapping[str, Any] | None) -> list[Json]:
    """The property groups that came with a product."""
    part = (record or {}).get("producttopropertygroups")
    found = part.get("collection") if isinstance(part, Mapping) else None
    return [g for g in found or () if isinstance(g, dict)]


def _values(record: Mapping[str, Any] | None) -> list[Json]:
    return [
        value
        for group in groups_of(record)
        for value in (group.get("values") or {}).get("collection") or ()
    ]


def write_features(
    api: Api,
    product: int,
    wanted: Sequence[Mapping[str, Any]],
    present: Mapping[str, Any] | None,
    group: str,
) -> None:
    """Give the product these features and no others. present: the product, None when just made."""
    try:
        _write_features(api, product, wanted, present, group)
    except KoppelError:
        api.memo.pop("properties", None)
        raise


def _write_features(
    api: Api,
    product: int,
    wanted: Sequence[Mapping[str, Any]],
    present: Mapping[str, Any] | None,
    group: str,
) -> None:
    properties = Properties.of(api)
    there = {value["product_property_id"]: value for value in _values(present)}
    linked = {g.get("product_property_group_id") for g in groups_of(present)}
    named: dict[int, str] = {}
    for feature in wanted:
        name, value = text(feature.get("name") or ""), text(feature.get("value") or "")
        if name and value:
            named.setdefault(properties.property(name, group), value)
    for own, value in named.items():
        known = there.get(own)
        shown = properties.shown(own, known.get("value")) if known else None
        stored = properties.stored(own, value)
        if known is not None and shown is not None:
            if shown != properties.shown(own, stored):
                api.patch(f"/productpropertyvalues/{known['id']}/", {"value": stored}, safe=True)
            continue
        parent = properties.group_of(own)
        if parent not in linked:
            link = {"product_id": product, "product_property_group_id": parent}
            _unless_there(api, "/producttopropertygroups/", link)
            linked.add(parent)
        body = {"product_id": product, "product_property_id": own, "value": stored}
        _unless_there(api, "/productpropertyvalues/", body)
    for own, known in there.items():
        if own not in named:
            api.delete(f"/productpropertyvalues/{known['id']}/", safe=True)


def _unless_there(api: Api, path: str, body: Json) -> None:
    try:
        api.post(path, body)
    except RejectedError as error:
        if error.code != "duplicate":
            raise
