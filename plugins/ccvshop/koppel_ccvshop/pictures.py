"""Pictures on their way into the shop, sent only when they have changed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.model import Json
from hub.sdk import Api, Index, IndexPage, IndexRow, KoppelError
from hub.sdk.entity import fingerprint
from hub.sdk.pictures import fetch, picture

from .api import everything
from .understanding import text


@dataclass(frozen=True)
class Picture:
    """One picture, ready to be sent."""

    content: bytes
    kind: str
    alt: str | None
    main: bool

    def body(self) -> Json:
        """As the shop takes it: base64 without a `data:` prefix."""
        made: Json = {
            "file_type": self.kind,
            "source": base64.b64encode(self.content).decode(),
            "is_mainphoto": self.main,
        }
        return made | ({"alttext": self.alt} if self.alt else {})


# -- what was sent before ------------------------------------------------------------------------


def _nothing(api: Api, since: Json | None) -> Iterator[IndexPage]:
    """The shop cannot say where a picture came from: only what was put in is known."""
    yield IndexPage([], {"kept": True})


def _unknown(api: Api, by: str, value: str) -> IndexRow | None:
    return None


SENT = Index(name="pictures", read=_nothing, one=_unknown, few=0)


def print_of(wanted: Sequence[Mapping[str, Any]]) -> str:
    """A fingerprint of what is to be shown: where it comes from, or what is in it."""
    return fingerprint(
        [
            hashlib.sha256(str(p["content"]).encode()).hexdigest()
            if p.get("content")
            else str(p.get("url"))
            for p in wanted
        ]
    )


# -- loading ---------------------------------------------------------------------------------------


def load(api: Api, wanted: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """The pictures with their bytes; the first is the main one unless another says so.

    Raises RecordError naming the picture.
    """
    main = next((n for n, p in enumerate(wanted) if p.get("is_mainphoto")), 0)
    made = []
    for position, one in enumerate(wanted):
        found = picture(
            api, f"images[{position}]", content=one.get("content"), url=text(one.get("url") or "")
        )
        made.append(
            Picture(found.content, found.kind, text(one.get("alttext") or ""), position == main)
        )
    return made


# -- writing ---------------------------------------------------------------------------------------


def write(
    api: Api,
    product: int,
    wanted: Sequence[Mapping[str, Any]],
    present: Sequence[Mapping[str, Any]],
    loaded: Sequence[Picture] | None = None,
) -> None:
    """Make the product show these pictures; nothing is sent that is there already.

    present: the shop's photos of the product. loaded: the pictures, if they were fetched before.
    A single picture takes the place of the main one, others stay.
    """
    path = f"/products/{product}/productphotos/"
    if not wanted:
        if present:
            api.put(path, {"productphotos": []}, safe=True)
        return
    mark = print_of(wanted)
    old = next((p for p in present if p.get("is_mainphoto")), present[0] if present else None)
    sent = api.find(SENT, "product", [str(product)])
    if old is not None and sent.get(str(product), {}).get("print") == mark:
        _alt(api, wanted, old)
        return
    pictures = list(loaded) if loaded is not None else load(api, wanted)
    if old is not None and len(pictures) == 1 and _same(api, old, pictures[0]):
        _alt(api, wanted, old)
    elif old is None or len(pictures) > 1:
        api.put(path, {"productphotos": [p.body() for p in pictures]}, safe=True)
    else:
        api.post(path, pictures[0].body())
        _remember(api, product, mark)  # before the old one goes: it is never taken for the new
        api.delete(f"/productphotos/{old['id']}/", safe=True)
    _remember(api, product, mark)


def _remember(api: Api, product: int, mark: str) -> None:
    data = {"id": product, "print": mark}
    api.remember(SENT, IndexRow(key=str(product), values={"product": str(product)}, data=data))


def _alt(api: Api, wanted: Sequence[Mapping[str, Any]], old: Mapping[str, Any]) -> None:
    alt = text(wanted[0].get("alttext") or "")
    if alt and len(wanted) == 1 and alt != text(old.get("alttext") or ""):
        api.patch(f"/productphotos/{old['id']}/", {"alttext": alt}, safe=True)


def _same(api: Api, old: Mapping[str, Any], ours: Picture) -> bool:
    """Whether the shop shows this very picture already; asked when nothing is known of it."""
    url = text(old.get("deeplink") or "")
    if not url:
        return False
    try:
        return fetch(api, url, "images[0]") == ours.content
    except KoppelError:
        return False


def photos_of(api: Api, product: int) -> list[Json]:
    """The shop's photos of a product."""
    return everything(api, f"/products/{product}/productphotos/")
