"""How CCV Shop is talked to: signed requests, verified answers, its error codes, its pages."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Generator, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from hub.model import Json
from hub.sdk import (
    OK,
    Account,
    Answer,
    Api,
    AuthenticationError,
    ConfigurationError,
    Http,
    KoppelError,
    NotFound,
    RateLimit,
    RejectedError,
    TemporaryError,
    Throttled,
    UnknownOutcome,
)
from hub.sdk.http import Auth, Request, Response
from hub.sdk.system import Verdict

from .forms import API_PATH, Credentials, Settings

PAGE = 250
EMPTY = 10
"""So many empty pages in a row are walked past; a list that goes on then never ends."""
MINUTE = 60.0
CLOCK_LIMIT = dt.timedelta(minutes=4)  # the shop allows five; near it requests fail now and then
ACCEPT = "application/vnd.verto.webshop+json"
_HTTP_DATE = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT")


def utc_now() -> dt.datetime:
    """The time of this machine."""
    return dt.datetime.now(dt.UTC)


# -- signing -----------------------------------------------------------------------------------


def signature(secret: str, public: str, method: str, uri: str, body: bytes, date: str) -> str:
    """HMAC-SHA512 over `public|METHOD|uri|body|date`, in lower-case hex."""
    message = f"{public}|{method}|{uri}|".encode() + body + f"|{date}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha512).hexdigest()


class HmacAuth(Auth):
    """Signs exactly the path, query and body that go on the wire, and checks signed answers."""

    requires_request_body = True
    requires_response_body = True

    def __init__(self, public: str, secret: str) -> None:
        self._public, self._secret = public, secret

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Sign, send, verify. Raises a KoppelError when an answer has been tampered with."""
        date = utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")
        uri = request.url.raw_path.decode("ascii")
        request.headers["x-public"] = self._public
        request.headers["x-date"] = date
        request.headers["x-hash"] = signature(
            self._secret, self._public, request.method, uri, request.content, date
        )
        response = yield request
        self._verify(request.method, uri, response)

    def _verify(self, method: str, uri: str, response: Response) -> None:
        date, given = response.headers.get("x-date"), response.headers.get("x-hash")
        # A 401 says that the keys differ; its signature cannot match and tells nothing new.
        if not date or not given or response.status_code == 401:
            return
        wanted = signature(self._secret, self._public, method, uri, response.content, date)
        if hmac.compare_digest(given.strip().lower().encode(), wanted.encode()):
            return
        kind = TemporaryError if method == "GET" else UnknownOutcome
        raise kind(
            f"CCV Shop's answer to {method} {uri} does not match its signature: it was damaged or "
            "changed on the way, and is not used. Is there a proxy in between that alters answers?"
        )


def auth(credentials: Credentials) -> Auth:
    """How requests of a connection are signed."""
    return HmacAuth(credentials.api_public, credentials.api_secret.get_secret_value())


def base_url(credentials: Credentials) -> str:
    """Where the API of this shop is."""
    return credentials.shop_url + API_PATH


def http(credentials: Credentials, settings: Settings) -> Http:
    """Uncompressed answers, because the signature is over the bytes of the body."""
    headers = {"Accept": ACCEPT, "Accept-Encoding": "identity"}
    if settings.language:
        headers["Accept-Language"] = settings.language
    return Http(headers=headers)


# -- limits ------------------------------------------------------------------------------------


def resource_of(path: str) -> str:
    """What a request counts for: the collection at the end of its path."""
    names = [part for part in urlsplit(path).path.split("/") if part and not part.isdigit()]
    return names[-1] if names else ""


def limits(settings: Settings) -> tuple[RateLimit, ...]:
    """Per method and resource; product queries are counted more strictly."""

    def reads(method: str, path: str) -> str | None:
        return f"GET {resource_of(path)}" if method == "GET" else None

    def queries(method: str, path: str) -> str | None:
        name = reads(method, path)
        return name if name == "GET productqueries" else None

    def writes(method: str, path: str) -> str | None:
        return None if method == "GET" else f"{method} {resource_of(path)}"

    return (
        RateLimit(settings.reads_per_minute, MINUTE, reads),
        RateLimit(min(28, settings.reads_per_minute), MINUTE, queries),
        RateLimit(settings.writes_per_minute, MINUTE, writes),
    )


# -- what an answer means ------------------------------------------------------------------------

_THROTTLED = frozenset({"429.10", "429.11", "500.10"})
_ONCE_MORE = frozenset({"500.20", "500.23"})
_NOT_OFFERED = frozenset({"404.20", "405.10", "500.25", "501.10", "501.20", "501.30"})
#: Of one record among others, as a product of a multishop; of a collection they are not offered.
_READ_ONLY = frozenset({"405.10", "501.30"})
#: Refusals of one record: a word to group them by, and what to say when the shop says nothing.
_REFUSALS = {
    "500.20": ("vendor_bug", "the shop's answer does not fit its own description"),
    "500.21": ("file_too_big", "the file is too big"),
    "500.22": ("file_type", "the type of the file is not allowed"),
    "500.23": ("file_not_saved", "the file could not be saved"),
    "500.24": ("file_not_found", "the file was not found"),
    "500.40": ("duplicate", "a property that must be unique already exists"),
    "500.60": ("product_limit", "the product limit of the shop's subscription is reached"),
    "500.70": ("not_now", "this is not allowed on the record as it is now"),
    "500.80": ("too_big", "the payload is too big"),
}


def judge(api: Api, answer: Answer) -> Verdict:
    """What an answer means where its status does not say: a 5xx is often a refusal."""
    status = answer.status
    if status < 300:
        _tried(api).discard((answer.method, answer.path))
        return None
    if status < 400:
        to = answer.headers.get("location", "another address")
        return ConfigurationError(
            f"CCV Shop redirects {answer.path} to {to}. Redirects break the signature: enter the "
            "shop's final address, with https:// and with or without www as the shop has it.",
            setting="shop_url",
        )
    if status == 401:
        return AuthenticationError(_unauthorised(answer), setting="api_secret")
    body = answer.json_or_none()
    if not isinstance(body, dict):
        return _strange(answer)
    code = str(body.get("code") or "")
    said = str(body.get("usermessage") or body.get("developermessage") or "").strip()
    where = f"CCV Shop refused {answer.method} {answer.path} ({code or status})"
    return _by_code(api, answer, code, said, where)


def _by_code(api: Api, answer: Answer, code: str, said: str, where: str) -> Verdict:
    if code == "500.50":
        return OK
    if code in _THROTTLED or answer.status == 429:
        return Throttled(f"{where}: too many requests", retry_after=_pause(answer))
    if code in _ONCE_MORE and (once := _once_more(api, answer, code)):
        return once(f"{where}: {said or _REFUSALS[code][1]}", retry_after=1.0)
    if code in _REFUSALS:
        word, meaning = _REFUSALS[code]
        return RejectedError(f"{where}: {said or meaning}", code=word)
    if code == "500.90":
        return ConfigurationError(
            f"{where}: {said or 'an app that is needed is not installed'}. Install it in the back "
            "office of the shop."
        )
    if code in _READ_ONLY and answer.method != "GET" and _one_record(answer.path):
        return RejectedError(
            f"{where}: {said or 'read-only'}. This record can only be read in this shop; a product "
            "of a multishop is changed in its main shop.",
            code="read_only",
        )
    if code in _NOT_OFFERED:
        return ConfigurationError(
            f"{where}: {said or 'not offered'}. This shop does not offer what the flow asks for."
        )
    if answer.status == 404:
        return NotFound(f"{where}: {said or 'not found'}", code="not_found")
    if 400 <= answer.status < 500 and answer.status not in (403, 408, 425):
        if answer.method == "GET" and not _one_record(answer.path):
            return ConfigurationError(f"{where}: {said or 'the question was not understood'}")
        return RejectedError(f"{where}: {said or 'the input was not accepted'}")
    return None  # an outage, or a code nobody knows: the status decides


def _strange(answer: Answer) -> KoppelError | None:
    """No JSON came: a proxy, an outage, or no shop at all."""
    if answer.status == 404 and not _one_record(answer.path):
        return ConfigurationError(
            f"There is no CCV Shop API at this address ({answer.path} was not found). Check the "
            "shop address, and that the API app is installed.",
            setting="shop_url",
        )
    if answer.status == 429:
        return Throttled("CCV Shop: too many requests", retry_after=_pause(answer))
    return None


def _one_record(path: str) -> bool:
    return any(part.isdigit() for part in path.partition("?")[0].split("/"))


def _pause(answer: Answer) -> float:
    """Until the minute is surely over: the shop sends no Retry-After, but a proxy may."""
    try:
        return max(1.0, float(answer.headers["retry-after"]))
    except (KeyError, ValueError):
        return MINUTE


def _once_more(api: Api, answer: Answer, code: str) -> type[TemporaryError] | None:
    """How to say of a refusal that it is worth one more try; None when it is not."""
    if code == "500.20" and answer.method == "POST":
        return UnknownOutcome  # it may well have been done, only the answer is wrong
    if not _first(api, answer):
        return None
    # A file that was not saved may be sent again, a POST as well: nothing was done.
    return Throttled if code == "500.23" else TemporaryError


def _tried(api: Api) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = api.memo.setdefault("tried once more", set())
    return found


def _first(api: Api, answer: Answer) -> bool:
    """Whether this is the first time in a row; what is worth one more try gets one."""
    asked = (answer.method, answer.path)
    if asked in _tried(api):
        _tried(api).discard(asked)
        return False
    _tried(api).add(asked)
    return True


def _unauthorised(answer: Answer) -> str:
    off = clock_difference(answer.headers)
    if off is not None and abs(off) >= CLOCK_LIMIT:
        minutes = round(abs(off).total_seconds() / 60)
        way = "ahead of" if off > dt.timedelta(0) else "behind"
        return (
            "CCV Shop did not accept the signature, because the clock of this machine is "
            f"{minutes} minutes {way} the shop's; at most 5 are allowed. Set the clock (switch on "
            "time synchronisation); the keys may well be right."
        )
    body = answer.json_or_none()
    said = body.get("developermessage") if isinstance(body, Mapping) else None
    return (
        "CCV Shop did not accept the keys (401). Copy the public and the secret key again from My "
        "web shop > Settings > API settings." + (f" The shop says: {said}" if said else "")
    )


def clock_difference(headers: Mapping[str, str]) -> dt.timedelta | None:
    """How far this machine's clock is ahead of the server's, by the Date header of an answer."""
    dates = _HTTP_DATE.findall(headers.get("date") or "")
    if not dates:
        return None
    try:
        return utc_now() - parsedate_to_datetime(dates[-1])
    except ValueError:
        return None


# -- pages ---------------------------------------------------------------------------------------


def walk(api: Api, path: str, params: Mapping[str, Any] | None = None) -> Iterator[list[Json]]:
    """The pages of a list, until the shop says that there is no next one.

    Only the query of the shop's `next` is used, on our own path: what is behind a proxy may name
    itself otherwise, and the signature is over the path.
    """
    first = {**(params or {}), "start": 0, "size": PAGE}

    def fetch(following: str | None) -> tuple[list[Json], str | None]:
        page = api.get(following, None) if following else api.get(path, first)
        records = items(page, path)
        query = urlsplit(str(page.get("next") or "")).query
        return records, f"{path}?{query}" if query else None

    empty = 0
    for records in api.pages(fetch):
        empty = 0 if records else empty + 1
        if empty > EMPTY:
            raise TemporaryError(f"CCV Shop goes on and on answering {path} with empty pages")
        yield list(records)


def everything(api: Api, path: str) -> list[Json]:
    """A list that comes in one answer."""
    return items(api.get(path), path)


def posted(api: Api, path: str, body: Json) -> Json:
    """The record that was made. The shop now and then makes one and does not show it."""
    made = api.post(path, body)
    if not isinstance(made, dict) or made.get("id") is None:
        raise UnknownOutcome(f"CCV Shop took POST {path} and did not show what it made")
    return made


def items(page: Any, path: str) -> list[Json]:
    """The records in a list's answer. Raises TemporaryError when it is no list at all."""
    found = page.get("items") if isinstance(page, dict) else None
    if found is None and isinstance(page, dict) and "items" in page:
        return []
    if not isinstance(found, list):
        raise TemporaryError(f"CCV Shop answered {path} with something that is not a list")
    return [record for record in found if isinstance(record, dict)]


# -- the shop itself -----------------------------------------------------------------------------


def webshop(api: Api) -> Json:
    """The shop behind these keys; asked once."""
    if "webshop" not in api.memo:
        found = everything(api, "/webshops/")
        if not found:
            raise ConfigurationError(
                "CCV Shop names no webshop for these keys. Make a new pair of keys in the shop.",
                setting="api_public",
            )
        api.memo["webshop"] = found[0]
    shop: Json = api.memo["webshop"]
    return shop


def shop_settings(api: Api) -> Json:
    """The shop's own settings: currency, prices with or without VAT, order statuses."""
    if "settings" not in api.memo:
        answer = api.get(f"/webshops/{webshop(api)['id']}/settings/")
        api.memo["settings"] = answer if isinstance(answer, dict) else {}
    found: Json = api.memo["settings"]
    return found


def check(api: Api) -> Account:
    """Whose shop this is: one request."""
    shop = webshop(api)
    limit = shop.get("product_limit")
    facts = {"Webshop id": str(shop.get("id")), "API": str(shop.get("api_root") or "")}
    if limit is not None and limit != -1:
        facts["Products left"] = f"{shop.get('product_limit_left')} of {limit}"
    host = urlsplit(base_url(api.credentials)).netloc
    return Account(name=str(shop.get("name") or host), facts={k: v for k, v in facts.items() if v})
