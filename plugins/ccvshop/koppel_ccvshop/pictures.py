"""Pictures on their way into the shop: fetched or decoded, checked, and sent only when changed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from hub.model import Json
from hub.sdk import Api, Index, IndexPage, IndexRow, KoppelError, RecordError
from hub.sdk.entity import fingerprint
from hub.sdk.http import Client, HTTPError, InvalidURL, Timeout

from .api import everything
from .understanding import text

BIGGEST = 10 * 1024 * 1024
"""Bytes of a picture. The shop does not say what it takes; this is more than any page needs."""
_KINDS = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
)


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


# -- fetching --------------------------------------------------------------------------------------


def load(wanted: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """The pictures with their bytes; the first is the main one unless another says so.

    Raises RecordError naming the picture.
    """
    main = next((n for n, p in enumerate(wanted) if p.get("is_mainphoto")), 0)
    made = []
    for position, picture in enumerate(wanted):
        field = f"images[{position}]"
        content = _bytes(picture, field)
        made.append(
            Picture(
                content, _kind(content, field), text(picture.get("alttext") or ""), position == main
            )
        )
    return made


def _bytes(picture: Mapping[str, Any], field: str) -> bytes:
    if picture.get("content"):
        source = str(picture["content"])
        if len(source) * 3 // 4 > BIGGEST:
            raise _too_big(field, len(source) * 3 // 4)
        if source.startswith("data:"):
            source = source.partition(",")[2]
        try:
            return base64.b64decode("".join(source.split()), validate=True)
        except (binascii.Error, ValueError):
            raise RecordError(
                "The picture is not valid base64", field=field, code="picture"
            ) from None
    url = text(picture.get("url") or "")
    if not url:
        raise RecordError(
            "The picture has neither address nor content", field=field, code="picture"
        )
    return fetch(url, field)


def fetch(url: str, field: str) -> bytes:
    """A picture from the web, no more than BIGGEST bytes of it. Raises RecordError."""
    with Client(
        timeout=Timeout(30.0, connect=10.0),
        follow_redirects=False,
        headers={"User-Agent": "Koppel", "Accept": "image/*"},
    ) as client:
        for _ in range(4):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise RecordError(
                    f"{url[:120]} is no web address of a picture", field=field, code="picture"
                )
            try:
                with client.stream("GET", url) as answer:
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers.get("location", ""))
                        continue
                    if answer.status_code != 200:
                        raise RecordError(
                            f"The picture {url[:120]} could not be fetched: its server answered "
                            f"{answer.status_code}",
                            field=field,
                            code="picture",
                        )
                    return _within(answer.iter_bytes(), field)
            except (HTTPError, InvalidURL) as error:
                raise RecordError(
                    f"The picture {url[:120]} could not be fetched: "
                    f"{error or type(error).__name__}",
                    field=field,
                    code="picture",
                ) from error
    raise RecordError(
        f"The picture {url[:120]} is redirected again and again", field=field, code="picture"
    )


def _within(chunks: Iterator[bytes], field: str) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > BIGGEST:
            raise _too_big(field, None)
    return bytes(content)


def _too_big(field: str, size: int | None) -> RecordError:
    shown = f"{size / 1048576:.0f} MB large" if size else "larger than that"
    return RecordError(
        f"The picture may be {BIGGEST // 1048576} MB large at most, this one is {shown}. Make it "
        "smaller in the source.",
        field=field,
        code="file_too_big",
    )


def _kind(content: bytes, field: str) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    for start, kind in _KINDS:
        if content.startswith(start):
            return kind
    raise RecordError(
        "The picture is neither JPEG, PNG, GIF nor WebP", field=field, code="file_type"
    )


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
    pictures = list(loaded) if loaded is not None else load(wanted)
    if old is not None and len(pictures) == 1 and _same(old, pictures[0]):
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


def _same(old: Mapping[str, Any], picture: Picture) -> bool:
    """Whether the shop shows this very picture already; asked when nothing is known of it."""
    url = text(old.get("deeplink") or "")
    if not url:
        return False
    try:
        return fetch(url, "images[0]") == picture.content
    except KoppelError:
        return False


def photos_of(api: Api, product: int) -> list[Json]:
    """The shop's photos of a product."""
    return everything(api, f"/products/{product}/productphotos/")
