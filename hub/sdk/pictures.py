"""Pictures on their way from one system to another: decoded or fetched, and held to limits.

An address comes from a record, which others have written: nothing is fetched from within one's own
network but from the very hosts that the connection itself talks to.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from hub.sdk.api import Api
from hub.sdk.errors import RecordError
from hub.sdk.http import URL, Client, HTTPError, InvalidURL, Timeout

BIGGEST = 10 * 1024 * 1024
"""Bytes of a picture; more than any page needs."""
KINDS = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"))
REDIRECTS = 3
_SHOWN = 120


@dataclass(frozen=True)
class Picture:
    """A picture's bytes. kind: jpg, png, gif or webp, as its first bytes say."""

    content: bytes
    kind: str

    @property
    def base64(self) -> str:
        """As most interfaces take it, without a `data:` prefix."""
        return base64.b64encode(self.content).decode()


def picture(api: Api, field: str, *, content: str | None = None, url: str | None = None) -> Picture:
    """The picture behind base64 content, or else behind an address.

    field: the document's, which every RecordError names.
    """
    if content:
        return decoded(content, field)
    if not url or not url.strip():
        raise RecordError(
            "The picture has neither address nor content", field=field, code="picture"
        )
    found = fetch(api, url.strip(), field)
    return Picture(found, kind_of(found, field))


def decoded(content: str, field: str) -> Picture:
    """A picture in base64, with or without a `data:` prefix. Raises RecordError."""
    if len(content) * 3 // 4 > BIGGEST + _SHOWN:
        raise _too_big(field, len(content) * 3 // 4)
    if content.startswith("data:"):
        content = content.partition(",")[2]
    try:
        found = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RecordError("The picture is not valid base64", field=field, code="picture") from None
    if len(found) > BIGGEST:
        raise _too_big(field, len(found))
    return Picture(found, kind_of(found, field))


def kind_of(content: bytes, field: str) -> str:
    """What kind of picture it is, by its first bytes; a name may say anything."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    for start, kind in KINDS:
        if content.startswith(start):
            return kind
    raise RecordError(
        "The picture is neither JPEG, PNG, GIF nor WebP", field=field, code="file_type"
    )


def fetch(api: Api, url: str, field: str) -> bytes:
    """A picture from the web, no more than BIGGEST bytes of it. Raises RecordError.

    api: the connection that it is for, whose own host may be within one's network.
    """
    first: str | None = None
    with Client(
        timeout=Timeout(30.0, connect=10.0),
        follow_redirects=False,
        headers={"User-Agent": "Koppel", "Accept": "image/*"},
    ) as client:
        for _ in range(REDIRECTS + 1):
            address, host = _allowed(api, url, field)
            first = first or host
            if host != first and not url.startswith("https:"):
                raise _refused(f"The picture {url[:_SHOWN]} is on another host, without TLS", field)
            # Asked for at the very address that was judged: a name may point elsewhere in a moment.
            request = client.build_request(
                "GET",
                URL(url).copy_with(host=address),
                headers={"Host": URL(url).netloc.decode()},
                extensions={"sni_hostname": host},
            )
            try:
                answer = client.send(request, stream=True)
                try:
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers.get("location", ""))
                        continue
                    if answer.status_code != 200:
                        raise _refused(
                            f"The picture {url[:_SHOWN]} could not be fetched: its server answered "
                            f"{answer.status_code}",
                            field,
                        )
                    return _within(answer.iter_bytes(), answer.headers.get("content-length"), field)
                finally:
                    answer.close()
            except (HTTPError, InvalidURL) as error:
                raise _refused(
                    f"The picture {url[:_SHOWN]} could not be fetched: "
                    f"{error or type(error).__name__}",
                    field,
                ) from error
    raise _refused(f"The picture {url[:_SHOWN]} is redirected again and again", field)


def _allowed(api: Api, url: str, field: str) -> tuple[str, str]:
    """The address to connect to and the host's name. Raises RecordError where none may be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise _refused(f"{url[:_SHOWN]} is no web address of a picture", field)
    own = urlsplit(api.system.base_url(api.credentials)).hostname or ""
    try:
        found = socket.getaddrinfo(
            host, port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise _refused(
            f"The picture {url[:_SHOWN]} is on a host that is not known", field
        ) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        mapped = getattr(address, "ipv4_mapped", None) or address
        near = mapped.is_loopback and _loopback(own)
        if not (mapped.is_global or near or host.casefold() == own.casefold()):
            raise _refused(
                f"The picture {url[:_SHOWN]} is within your own network, from which no pictures "
                "are fetched",
                field,
            )
    return str(addresses[0]), host


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _within(chunks: Iterator[bytes], length: str | None, field: str) -> bytes:
    if length and length.isdigit() and int(length) > BIGGEST:
        raise _too_big(field, int(length))
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


def _refused(message: str, field: str) -> RecordError:
    return RecordError(message, field=field, code="picture")
