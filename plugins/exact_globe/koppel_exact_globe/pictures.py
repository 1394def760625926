"""The one picture of an item: kept as a Binary, which the item refers to."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from hub.model import Image, Json, Product
from hub.sdk import Api, Raw
from hub.sdk.pictures import decoded, picture

from . import api as globe
from . import odata
from .reading import code

BINARY = "Binary"


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
    """The main picture, and the variants' own. The name holds a mark of what is in it, or of where
    it comes from, so that a picture that is there already is not sent again."""
    chosen = next((i for i in document.images if i.main), None)
    image = chosen or (document.images[0] if document.images else None)
    if image is not None and (image.content or image.url):
        where = f"images[{document.images.index(image)}]"
        _put(payload, image, document.sku or "picture", where)
    elif document.custom.get("picture_filename"):
        payload["PictureFilename"] = document.custom["picture_filename"]
    for position, variant in enumerate(document.variants):
        own = variant.image
        if own is not None and (own.content or own.url) and variant.sku:
            items = payload["items"]
            items += [{} for _ in range(position + 1 - len(items))]
            _put(items[position], own, variant.sku, f"variants[{position}].image")


def _put(payload: Json, image: Image, sku: str, where: str) -> None:
    name, ending = image.filename or sku, "jpg"
    if image.content:
        found = decoded(image.content, where)
        ending, known = found.kind, found.content
        payload["Picture"] = {"Data": found.base64, "Field": where}
    else:
        url = str(image.url)
        name = image.filename or urlsplit(url).path.rpartition("/")[2] or sku
        known = url.encode()
        payload["Picture"] = {"Url": url, "Field": where}
    stem, _, told = name.rpartition(".")
    stem, ending = (stem, told) if stem and len(told) <= 4 else (name, ending)
    mark = hashlib.sha256(known).hexdigest()[:10]
    stem = re.sub(r"(-[0-9a-f]{10})+$|[^\w-]+", "-", stem).strip("-")[:80]
    payload["PictureFilename"] = f"{stem}-{mark}.{ending.lower()}"


def content_of(api: Api, sent: Json) -> str:
    """What is to be sent, in base64; fetched only when it is. Raises RecordError."""
    if sent.get("Data"):
        return str(sent["Data"])
    return picture(api, str(sent.get("Field") or "images[0]"), url=sent.get("Url")).base64
