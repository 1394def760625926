"""The one picture of an item: kept as a Binary, which the item refers to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from hub.model import Image, Json, Product
from hub.sdk import Api, Raw, RecordError

from . import api as globe
from . import odata
from .reading import code

BINARY = "Binary"
LARGEST = 10 * 1024 * 1024


def fetched(api: Api, record: Raw) -> Raw:
    """The record with its pictures, where the connection wants them."""
    if not api.settings.pictures:
        return record
    keys = {code(row.get("MessageID")) for row in (record, *(record.get("items") or ()))}
    found = {}
    for key in sorted(key for key in keys if key and odata.is_guid(key)):
        row = globe.one(api, BINARY, odata.guid_key(key), select=("MessageID", "Data"))
        if row is not None and row.get("Data"):
            found[key] = row["Data"]
    return {**record, "Pictures": found} if found else record


def understood(document: Json, record: Raw) -> None:
    """The picture of the item; of a family the first one, and each variant's own."""
    contents = record.get("Pictures")
    if not contents:
        return
    items = record.get("items") or ()
    for variant, item in zip(document.get("variants") or (), items, strict=False):
        if shown := _image(item, contents):
            variant["image"] = shown
    images = [image for row in (record, *items) if (image := _image(row, contents))]
    document["images"] = [{**images[0], "main": True}] if images else []


def _image(row: Json, contents: Json) -> Json | None:
    content = contents.get(code(row.get("MessageID")) or "")
    name = code(row.get("PictureFilename")) or "picture"
    return {"content": content, "filename": name} if content else None


def rendered(payload: Json, document: Product) -> None:
    """The main picture, and the variants' own. The name holds a mark of what is in it, so that a
    picture that is there already is not sent again."""
    chosen = next((i for i in document.images if i.main), None)
    image = chosen or (document.images[0] if document.images else None)
    if image is not None and image.content:
        _put(payload, image, document.sku or "picture", "images[0].content")
    elif document.custom.get("picture_filename"):
        payload["PictureFilename"] = document.custom["picture_filename"]
    for position, variant in enumerate(document.variants):
        if variant.image is not None and variant.image.content and variant.sku:
            items = payload["items"]
            items += [{} for _ in range(position + 1 - len(items))]
            where = f"variants[{position}].image.content"
            _put(items[position], variant.image, variant.sku, where)


def _put(payload: Json, image: Image, sku: str, where: str) -> None:
    text = (image.content or "").partition("base64,")[2] or image.content or ""
    size = len(text) * 3 // 4
    if size > LARGEST:
        raise RecordError(
            f"The picture {image.filename or ''} of {sku} has {size / 1024 / 1024:.1f} MB; no more "
            f"than {LARGEST // 1024 // 1024} MB are sent to Globe.".replace("  ", " "),
            field=where,
            code="too_large",
        )
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordError(
            f"The picture of {sku} is not base64: {error}", field=where, code="bad_value"
        ) from error
    stem, _, ending = (image.filename or sku).rpartition(".")
    stem, ending = (stem, ending) if stem and len(ending) <= 4 else (image.filename or sku, "jpg")
    mark = hashlib.sha256(content).hexdigest()[:10]
    stem = re.sub(r"(-[0-9a-f]{10})+$|[^\w-]+", "-", stem).strip("-")[:80]
    payload["PictureFilename"] = f"{stem}-{mark}.{ending.lower()}"
    payload["Picture"] = {"Data": text}
