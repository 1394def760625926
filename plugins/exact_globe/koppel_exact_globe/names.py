"""Names: the properties of Globe's entities, as its own description of the service lists them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree

from hub.sdk import Api, RejectedError

_MEMO = "properties by entity"


def properties(api: Api) -> dict[str, list[str]]:
    """Entity -> its properties; asked once while the connection is open."""
    if _MEMO not in api.memo:
        answer = api.request(
            "GET", "$metadata", headers={"Accept": "application/xml"}, decode=False
        )
        api.memo[_MEMO] = _read(answer.content)
    found: dict[str, list[str]] = api.memo[_MEMO]
    return found


def writable(api: Api, entity: str, prefix: str = "") -> Iterator[str]:
    """Paths of a payload of this entity."""
    for name in properties(api).get(entity, ()):
        yield f"{prefix}{name}"


def _read(document: bytes) -> dict[str, list[str]]:
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        raise RejectedError(f"Exact Globe's $metadata is no XML: {error}") from None
    found: dict[str, list[str]] = defaultdict(list)
    for kind in root.iter():
        if _local(kind.tag) == "EntityType":
            for one in kind:
                if _local(one.tag) == "Property" and one.get("Name"):
                    found[str(kind.get("Name"))].append(str(one.get("Name")))
    return dict(found)


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]
