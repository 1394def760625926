"""How Globe is talked to: NTLM or Basic, one call at a time, and what its answers mean."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator, Iterator, Sequence
from zoneinfo import ZoneInfo

import spnego
from spnego.exceptions import SpnegoError

from hub.model import Json
from hub.sdk import (
    Account,
    Answer,
    Api,
    AuthenticationError,
    ConfigurationError,
    Http,
    NotFound,
    RejectedError,
    TemporaryError,
    UnknownOutcome,
)
from hub.sdk.http import Auth, BasicAuth, Request, Response
from hub.sdk.system import Verdict

from . import odata
from .forms import Credentials, Settings

BATCH = 1000
ROOT = "/services/Exact.Entity.REST.EG"


# -- signing in ----------------------------------------------------------------------------------


class NtlmAuth(Auth):
    """Signs the connection in with NTLM when the server asks for it, once and never in a loop.

    The server remembers the connection, not the caller: all three messages go over the same
    connection, of which there is one. A password that is refused is not tried again, because
    Windows locks accounts.
    """

    def __init__(self, username: str, password: str, host: str) -> None:
        self._username, self._password, self._host = username, password, host

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Ask; when told to sign in: negotiate, answer the challenge, and that is that."""
        response = yield request
        if response.status_code != 401 or _offer(response, "ntlm") is None:
            return
        context = spnego.client(
            self._username,
            self._password,
            hostname=self._host,
            service="http",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        request.headers["Authorization"] = _header(context.step())
        response = yield request
        challenge = _offer(response, "ntlm")
        if response.status_code != 401 or not challenge:
            return
        try:
            answer = context.step(base64.b64decode(challenge))
        except (SpnegoError, ValueError) as error:
            raise AuthenticationError(
                f"Exact Globe's NTLM challenge cannot be answered ({error}). Is there a proxy in "
                "between that does not let NTLM through?",
                setting="auth",
            ) from error
        request.headers["Authorization"] = _header(answer)
        yield request


def _header(token: bytes | None) -> str:
    return f"NTLM {base64.b64encode(token or b'').decode()}"


def _offer(response: Response, scheme: str) -> str | None:
    """What the server says after a scheme it offers; several may stand in one header."""
    for line in response.headers.get_list("WWW-Authenticate"):
        for part in line.split(","):
            name, _, rest = part.strip().partition(" ")
            if name.lower() == scheme:
                return str(rest.strip())
    return None


def auth(credentials: Credentials) -> Auth:
    """How requests of a connection are signed."""
    password = credentials.password.get_secret_value()
    if credentials.auth == "basic":
        return BasicAuth(credentials.username, password)
    host = re.sub(r"^https?://|[:/].*$", "", credentials.base_url)
    return NtlmAuth(credentials.username, password, host)


def base_url(credentials: Credentials) -> str:
    """Where the entities are."""
    return credentials.base_url + ROOT


def http(credentials: Credentials, settings: Settings) -> Http:
    """One connection, patience, and the two headers that name the administration."""
    return Http(
        timeout=settings.timeout_s,
        verify=credentials.verify_tls,
        connections=1,
        headers={"ServerName": credentials.server_name, "DatabaseName": credentials.database},
    )


# -- what an answer means ------------------------------------------------------------------------

_WRONG_SERVER = re.compile(r"servername|sql server|network-related|server name", re.IGNORECASE)
_WRONG_DATABASE = re.compile(r"databasename|database|administration|catalog", re.IGNORECASE)
_WORKS = "globe answered"


def judge(api: Api, answer: Answer) -> Verdict:
    """The errors Globe puts in odd places: a refusal is a 500 with a nested EntityFault."""
    status = answer.status
    if status < 300:
        api.memo[_WORKS] = True
        return None
    entity = re.match(r"\w*", answer.path)
    what = entity[0] if entity else answer.path
    said, refused = odata.complaint(answer.text, answer.json_or_none())
    if status == 401:
        return _unauthorised(api, answer)
    if status == 403:
        return AuthenticationError(
            f"Exact Globe knows {api.credentials.username}, but gives it no right to {what}. Give "
            "its employee the function rights in Globe, then check the connection again.",
            setting="username",
        )
    if status in (405, 501) and answer.method == "MERGE":
        return ConfigurationError(
            f"The verb MERGE was not let through ({status}). Switch on “Send changes as POST” in "
            "the connection's settings.",
            setting="tunnel_merge",
        )
    if status in (405, 501):
        return RejectedError(
            f"This version of Exact Globe does not offer {answer.method} for {what}: {said or ''}",
            code="not_offered",
        )
    if status == 500:
        return _failed(api, answer, said, refused)
    if said is None or status >= 500 or status in (408, 425, 429):
        return None  # by the status, like any other system
    if status == 404:
        return NotFound(f"Exact Globe has no such {what}: {said}", code="not_found")
    return RejectedError(f"Exact Globe does not take this request ({status}, {what}): {said}")


def _unauthorised(api: Api, answer: Answer) -> AuthenticationError:
    wanted = api.credentials.auth
    offered = answer.headers.get("www-authenticate", "").lower()
    other = {"ntlm": "basic", "basic": "ntlm"}[wanted]
    if offered and wanted not in offered and other in offered:
        return AuthenticationError(
            f"The server asks for {other.upper() if other == 'ntlm' else 'Basic'} sign-in, and "
            "this connection is set to the other one. Choose it under “Sign in with”.",
            setting="auth",
        )
    return AuthenticationError(
        f"Exact Globe does not accept the password of {api.credentials.username}. It was tried "
        "once, so that the account is not locked: enter user name (DOMAIN\\user) and password "
        "again.",
        setting="password",
    )


def _failed(api: Api, answer: Answer, said: str | None, refused: bool) -> Verdict:
    """A 500: the record was refused, the administration is not there, or the service is unwell."""
    if refused:
        return RejectedError(f"Exact Globe refused it: {said}")
    told = said if said is not None else _short_text(answer)
    if told and not api.memo.get(_WORKS):
        server, database = _WRONG_SERVER.search(told), _WRONG_DATABASE.search(told)
        if said is not None or server or database:
            names = f"server {api.credentials.server_name}, database {api.credentials.database}"
            return ConfigurationError(
                f"Exact Globe could not open the administration ({names}): {told}",
                setting="server_name" if server and not database else "database",
            )
    if said is None:
        return None
    kind = TemporaryError if answer.method == "GET" else UnknownOutcome
    return kind(f"Exact Globe went wrong on {answer.method} {answer.path}: {said}")


def _short_text(answer: Answer) -> str | None:
    """A plain sentence; not a page that a proxy made."""
    text = " ".join(answer.text.split())
    return text[:300] if text and not text.startswith("<") else None


# -- calls ---------------------------------------------------------------------------------------


def batches(
    api: Api,
    entity: str,
    *,
    where: Sequence[str] = (),
    select: Sequence[str] = (),
    order: str | None = None,
    top: int = BATCH,
) -> Iterator[list[Json]]:
    """All records of a set, a batch at a time."""
    first = _query(where, select, order, top)
    queries: dict[str, dict[str, str]] = {}

    def fetch(token: str | None) -> tuple[list[Json], str | None]:
        rows, following = _batch(api, entity, first if token is None else queries[token])
        if following is None:
            return rows, None
        name = following.get("$skiptoken") or repr(sorted(following.items()))
        queries[name] = {**first, **following}
        return rows, name

    for rows in api.pages(fetch):
        yield list(rows)


def some(
    api: Api,
    entity: str,
    *,
    where: Sequence[str] = (),
    select: Sequence[str] = (),
    order: str | None = None,
    top: int = 1,
) -> list[Json]:
    """The first records of a set."""
    return _batch(api, entity, _query(where, select, order, top))[0][:top]


def one(api: Api, entity: str, key: str, select: Sequence[str] = ()) -> Json | None:
    """The record with this key; None when there is none."""
    try:
        body = api.get(f"{entity}({key})", {"$select": ",".join(select)} if select else None)
    except NotFound:
        return None
    try:
        return odata.record_of(body)
    except ValueError as error:
        raise _odd(entity, error) from error


def create(api: Api, entity: str, body: Json) -> Json:
    """Make a record; returns it with what Globe worked out."""
    answer = api.post(entity, odata.wire(body, zone_of(api)))
    try:
        return odata.record_of(answer)
    except ValueError as error:
        raise UnknownOutcome(f"Exact Globe's answer to POST {entity} is odd: {error}") from error


def merge(api: Api, entity: str, key: str, changes: Json) -> None:
    """Change these properties of a record and no others. Doing it twice does no harm."""
    tunnel = api.settings.tunnel_merge
    api.request(
        "POST" if tunnel else "MERGE",
        f"{entity}({key})",
        json=odata.wire(changes, zone_of(api)),
        headers={"X-HTTP-Method": "MERGE"} if tunnel else None,
        safe=True,
    )


def zone_of(api: Api) -> ZoneInfo:
    """The time zone of the server's clock."""
    zone: ZoneInfo = api.settings.zone
    return zone


def _query(
    where: Sequence[str], select: Sequence[str], order: str | None, top: int
) -> dict[str, str]:
    options = {
        "$filter": " and ".join(where),
        "$select": ",".join(select),
        "$orderby": order or "",
        "$top": str(min(top, BATCH)),
    }
    return {name: value for name, value in options.items() if value}


def _batch(
    api: Api, entity: str, query: dict[str, str]
) -> tuple[list[Json], dict[str, str] | None]:
    try:
        return odata.batch_of(api.get(entity, query))
    except ValueError as error:
        raise _odd(entity, error) from error


def _odd(entity: str, error: ValueError) -> TemporaryError:
    return TemporaryError(f"Exact Globe's answer about {entity} is odd: {error}")


# -- checking ------------------------------------------------------------------------------------


def check(api: Api) -> Account:
    """The administration's own name."""
    database = api.credentials.database
    try:
        rows = some(api, "Division", select=("Code", "Name"), top=50)
    except RejectedError:  # no such entity in this version: any look-up proves the connection
        try:
            some(api, "VAT", select=("VATCode",))
        except RejectedError as error:  # that every version has; it is no record that is refused
            names = f"server {api.credentials.server_name}, database {database}"
            raise ConfigurationError(
                f"Exact Globe could not open the administration ({names}): {error}",
                setting="database",
            ) from error
        rows = []
    codes = {str(row.get("Code") or "").strip(): row for row in rows}
    row = codes.get(database) or (rows[0] if len(rows) == 1 else {})
    name = str(row.get("Name") or "").strip()
    facts = {"Database": database, "SQL Server": api.credentials.server_name}
    return Account(
        name=f"{name} ({database})" if name else f"Administration {database}", facts=facts
    )
