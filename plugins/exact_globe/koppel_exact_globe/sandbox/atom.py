"""The service's XML: Atom for who does not ask for JSON, and the metadata document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from .schema import EntityType, Property
from .table import Row

_ATOM = "http://www.w3.org/2005/Atom"
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_META = f"{_DATA}/metadata"
_EDM = {
    "int": "Edm.Int32",
    "number": "Edm.Double",
    "date": "Edm.DateTime",
    "flag": "Edm.Boolean",
    "guid": "Edm.Guid",
}


def _type(prop: Property) -> str:
    return "Edm.String" if prop.is_text else _EDM[prop.kind]


def entry(entity: EntityType, row: Row, address: str) -> Element:
    """One record as an Atom entry."""
    made = Element(f"{{{_ATOM}}}entry")
    SubElement(made, f"{{{_ATOM}}}id").text = address
    content = SubElement(made, f"{{{_ATOM}}}content", type="application/xml")
    properties = SubElement(content, f"{{{_META}}}properties")
    for name, prop in entity.properties.items():
        cell = SubElement(properties, f"{{{_DATA}}}{name}", {f"{{{_META}}}type": _type(prop)})
        if name in row:
            cell.text = _text(row[name])
        else:
            cell.set(f"{{{_META}}}null", "true")
    return made


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def feed(entries: Iterable[Element], following: str | None) -> Element:
    """A set as an Atom feed."""
    made = Element(f"{{{_ATOM}}}feed")
    made.extend(entries)
    if following:
        SubElement(made, f"{{{_ATOM}}}link", rel="next", href=following)
    return made


def metadata(entities: Iterable[EntityType]) -> bytes:
    """`$metadata`: every entity with its key and properties."""
    edmx = "http://schemas.microsoft.com/ado/2007/06/edmx"
    edm = "http://schemas.microsoft.com/ado/2008/09/edm"
    root = Element(f"{{{edmx}}}Edmx", Version="1.0")
    services = SubElement(
        root, f"{{{edmx}}}DataServices", {f"{{{_META}}}DataServiceVersion": "2.0"}
    )
    schema = SubElement(services, f"{{{edm}}}Schema", Namespace="Exact.Metadata.Entity")
    for entity in entities:
        kind = SubElement(schema, f"{{{edm}}}EntityType", Name=entity.name)
        SubElement(SubElement(kind, f"{{{edm}}}Key"), f"{{{edm}}}PropertyRef", Name=entity.key)
        for prop in entity.properties.values():
            length = {"MaxLength": str(prop.length)} if prop.is_text and prop.length else {}
            attributes = {"Name": prop.name, "Type": _type(prop), **length}
            SubElement(kind, f"{{{edm}}}Property", attributes)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
