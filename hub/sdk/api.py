"""Api: what plugin code talks through; it signs, paces, retries, records and decodes."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from hub.model import Json
from hub.sdk.answers import Answer, Throttled, judge_status
from hub.sdk.errors import (
    ConfigurationError,
    ConnectError,
    KoppelError,
    RecordError,
    TemporaryError,
    UnknownOutcome,
)
from hub.sdk.exchange import Exchange, NoRecorder, Recorder, Redactor
from hub.sdk.forms import Form, SecretStr
from hub.sdk.http import (
    URL,
    BaseTransport,
    Client,
    ConnectTimeout,
    HttpConnectError,
    HttpPoolTimeout,
    InvalidURL,
    Limits,
    Timeout,
    TimeoutException,
    TransportError,
    UnsupportedProtocol,
    query,
)
from hub.sdk.index import Index, IndexRow, IndexStore, LiveIndex
from hub.sdk.limits import LocalPacer, Pacer, RateLimit
from hub.sdk.oauth import Tokens

if TYPE_CHECKING:
    from hub.sdk.system import System

T = TypeVar("T")
R = TypeVar("R")
TRIES = 4
LONGEST_WAIT = 90.0
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(kw_only=True)
class Api:
    """One connection, open. Made by the hub; plugins only call it.

    credentials, settings: the filled-in forms. memo: anything a plugin wants to remember while
    this connection is open (a fetched list), gone afterwards. tokens: where access tokens come
    from, when the account uses OAuth2.
    """

    system: System
    connection: str
    credentials: Any
    settings: Any
    pacer: Pacer = field(default_factory=LocalPacer)
    recorder: Recorder = field(default_factory=NoRecorder)
    indexes: IndexStore = field(default_factory=LiveIndex)
    tokens: Tokens | None = None
    transport: BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    memo: dict[str, Any] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._doubting = False
        self._token = ""
        self._pool: ThreadPoolExecutor | None = None
        self._limits: Sequence[RateLimit] = self.system.limits_for(self.settings)
        self._redactor = Redactor(secrets_of(self.credentials))
        options = self.system.http_for(self.credentials, self.settings)
        self._base = base = self.system.base_url(self.credentials).rstrip("/")
        sign = self.system.auth if self.tokens is None else None
        try:
            self._client = Client(
                base_url=base,
                auth=sign(self.credentials) if sign else None,
                timeout=Timeout(options.timeout, connect=min(options.timeout, 15)),
                limits=Limits(
                    max_connections=options.connections,
                    max_keepalive_connections=options.connections,
                    keepalive_expiry=60,
                ),
                verify=options.verify,
                follow_redirects=False,
                transport=self.transport,
                headers={"User-Agent": "Koppel", "Accept": "application/json", **options.headers},
            )
        except (InvalidURL, UnsupportedProtocol, OSError) as error:
            raise ConfigurationError(f"{base or 'The address'} cannot be used: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- calls ---------------------------------------------------------------------------------

    def get(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """GET and decode."""
        return self.request("GET", path, params=params, **more).json

    def post(self, path: str, json: Any = None, **more: Any) -> Any:
        """POST and decode."""
        return self.request("POST", path, json=json, **more).json

    def patch(self, path: str, json: Any = None, **more: Any) -> Any:
        """PATCH and decode."""
        return self.request("PATCH", path, json=json, **more).json

    def put(self, path: str, json: Any = None, **more: Any) -> Any:
        """PUT and decode."""
        return self.request("PUT", path, json=json, **more).json

    def delete(self, path: str, **more: Any) -> Any:
        """DELETE and decode."""
        return self.request("DELETE", path, **more).json

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        decode: bool = True,
    ) -> Answer:
        """Send one request; returns the answer of a success, raises the error that fits otherwise.

        path: relative to the base address, or an absolute address on the same host (a next page).
        safe: whether it may be repeated after an unclear outcome; by default GET and HEAD.
        A rate limit or an outage is waited out up to LONGEST_WAIT; writes are repeated only when
        it is certain that they were not done (no connection, 429).
        Raises a KoppelError.
        """
        safe = method in SAFE if safe is None else safe
        if json is not None:
            content = encode(json)
            headers = {"Content-Type": "application/json", **(headers or {})}
        waited = 0.0
        for attempt in range(1, TRIES + 1):
            try:
                return self._call(method, path, params, content, headers, safe, decode)
            except KoppelError as error:
                error.connection = self.connection
                if isinstance(error, UnknownOutcome) or not isinstance(error, TemporaryError):
                    raise
                again = safe or isinstance(error, (ConnectError, Throttled))
                pause = error.retry_after
                if pause is None:
                    pause = 0.4 * 2 ** (attempt - 1) * random.uniform(0.7, 1.3)
                if not again or attempt == TRIES or waited + pause > LONGEST_WAIT:
                    raise
                if isinstance(error, Throttled):
                    self.pacer.hold(pause)
                waited += pause
                self.sleep(pause)
        raise AssertionError("unreachable")

    def pages(
        self, fetch: Callable[[str | None], tuple[Sequence[Json], str | None]]
    ) -> Iterator[Sequence[Json]]:
        """Follow pages: fetch(next) -> (records, next); a next page seen before is an error."""
        seen: set[str] = set()
        following: str | None = None
        while True:
            records, following = fetch(following)
            yield records
            if not following:
                return
            if following in seen:
                raise TemporaryError(
                    f"{self.connection} answers the same page again and again ({following[:80]})"
                )
            seen.add(following)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R | KoppelError]:
        """Call for each item, several at a time as the system allows; same order.

        A RecordError of one item is put in its place; any other error stops all.
        """

        def call(item: T) -> R | KoppelError:
            try:
                return function(item)
            except RecordError as error:
                return error

        work = list(items)
        if self.system.parallel <= 1 or len(work) <= 1:
            return [call(item) for item in work]
        if self._pool is None:  # kept: threads that come and go leave memory in pieces
            self._pool = ThreadPoolExecutor(self.system.parallel)
        return list(self._pool.map(call, work))

    def find(
        self, index: Index, by: str, values: Sequence[str], *, fresh: bool = False
    ) -> dict[str, Json]:
        """Value -> data from an index that the hub keeps. fresh: refresh it even if it was just."""
        return self.indexes.find(self, index, by, values, fresh=fresh or self._doubting)

    @contextmanager
    def doubting(self) -> Iterator[None]:
        """Inside, indexes are refreshed before they answer: the world may just have changed."""
        before, self._doubting = self._doubting, True
        try:
            yield
        finally:
            self._doubting = before

    def remember(self, index: Index, row: IndexRow) -> None:
        """Add to an index what was just written, so that it is found at once."""
        self.indexes.add(self, index, row)

    def hide(self, secret: str) -> None:
        """Keep a secret that a call is about to send (a password made up) out of what is kept."""
        self._redactor.hide(secret)

    # -- inside --------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        safe: bool,
        decode: bool,
    ) -> Answer:
        """One request; with OAuth2 once more when the token turns out to be no good any more."""
        if self.tokens is None:
            answer = self._once(method, path, params, content, headers, safe)
        else:
            token = self.tokens.current()
            answer = self._once(method, path, params, content, self._signed(headers, token), safe)
            if answer.status == 401:  # refused before anything was done: also a write may go again
                token = self.tokens.renewed(token)
                answer = self._once(
                    method, path, params, content, self._signed(headers, token), safe
                )
        verdict = self.system.judge(self, answer) if self.system.judge else None
        if isinstance(verdict, Exception):
            raise verdict
        if verdict is None:
            by_status = judge_status(self.system.title, answer, safe)
            if by_status is not None:
                raise by_status
            if decode:
                self._must_decode(answer, safe)
        return answer

    def _signed(self, headers: Mapping[str, str] | None, token: str) -> Mapping[str, str]:
        if token != self._token:
            self._token = token
            self._redactor.hide(token)
        return {**(headers or {}), "Authorization": f"Bearer {token}"}

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        safe: bool,
    ) -> Answer:
        ticket = self.pacer.wait(self._limits, method, path)
        if "://" in path[:9]:
            self._same_host(path)
            url = path
        else:
            url = f"{self._base}/{path.lstrip('/')}"  # httpx takes its time to join the two
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{query(params)}"
        request = self._client.build_request(method, url, content=content, headers=headers)
        with self._lock:
            self.requests += 1
        started, at = time.perf_counter(), dt.datetime.now(dt.UTC)
        try:
            response = self._client.send(request)
        except KoppelError as error:
            self._record(request, content, None, started, at, str(error))
            raise
        except (HttpConnectError, ConnectTimeout, HttpPoolTimeout) as error:
            self._record(request, content, None, started, at, str(error))
            raise ConnectError(
                f"{self.system.title} cannot be reached at {self._client.base_url}: {error}"
            ) from error
        except (TransportError, TimeoutException) as error:
            self._record(request, content, None, started, at, str(error) or type(error).__name__)
            kind = TemporaryError if safe else UnknownOutcome
            raise kind(
                f"{self.system.title} did not answer {method} {path}: "
                f"{error or type(error).__name__}"
            ) from error
        answer = Answer(method, path, response.status_code, response.headers, response.content)
        said = self.system.observed(answer) if self.system.observed else ()
        if ticket is not None or said:
            self.pacer.done(ticket, said)
        self._record(request, content, answer, started, at, None)
        return answer

    def _must_decode(self, answer: Answer, safe: bool) -> None:
        try:
            _ = answer.json
        except ValueError as error:
            kind = TemporaryError if safe else UnknownOutcome
            start = " ".join(answer.text.split())[:80]
            raise kind(
                f"{self.system.title} answered {answer.method} {answer.path} with something that "
                f"is not JSON (it starts with “{start}”). Is the address right, and is there a "
                f"proxy in between?"
            ) from error

    def _same_host(self, url: str) -> None:
        asked, base = URL(url), self._client.base_url
        if (asked.scheme, asked.netloc, asked.userinfo) != (base.scheme, base.netloc, b""):
            raise TemporaryError(
                f"{self.system.title} pointed to another host ({url[:120]}); not followed"
            )

    def _record(
        self,
        request: Any,
        content: bytes | None,
        answer: Answer | None,
        started: float,
        at: dt.datetime,
        error: str | None,
    ) -> None:
        text = self._redactor.text
        self.recorder.record(
            Exchange(
                method=request.method,
                url=text(str(request.url)) or "",
                body=text(content.decode("utf-8", "replace")) if content else None,
                status=answer.status if answer else None,
                answer=text(answer.text) if answer else None,
                seconds=time.perf_counter() - started,
                at=at,
                error=text(error),
            )
        )


def encode(value: Any) -> bytes:
    """JSON as it goes on the wire: compact UTF-8, Decimals as plain numbers, times as ISO UTC."""
    return jsonlib.dumps(
        _plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def secrets_of(form: Form | Any) -> list[str]:
    """The secret values in a filled-in form."""
    values = vars(form).values() if isinstance(form, Form) else ()
    return [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
