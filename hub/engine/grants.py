"""Grants: what a vendor's token address answers, and what a refusal there means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sdk import (
    Answer,
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    Form,
    NotConnected,
    OAuth2,
    System,
)
from hub.sdk.answers import retry_after
from hub.sdk.exchange import Redactor
from hub.sdk.http import (
    BasicAuth,
    Client,
    InvalidURL,
    Timeout,
    TimeoutException,
    TransportError,
    UnsupportedProtocol,
)

LONGEST = 30.0
"""Seconds that the token address may take."""


class DeadGrant(NotConnected):
    """The vendor will never again give a token for this grant: a person must give access anew."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a vendor gave. refresh: None when it gave none, and the old one goes on."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False, default=None)
    lasts: float
    scopes: str = ""


def ask(
    system: System,
    oauth2: OAuth2,
    credentials: Form,
    settings: Form,
    wanted: Mapping[str, str],
) -> Grant:
    """Ask the token address once.

    Raises ConnectError when it could not be asked or could not answer (nothing is lost, ask
    again), DeadGrant when the grant is no good any more, ConfigurationError when the client or its
    app has to be mended first (the grant is kept), AuthenticationError for any other refusal.
    """
    where = f"The token address of {system.title}"
    answer, body, said = _post(
        system, oauth2, credentials, settings, oauth2.token_at(credentials), wanted, where
    )
    code = str(body.get("error", "")) if isinstance(body, dict) else ""
    if answer.status < 300 and not code:
        return _grant(where, oauth2, body, said)
    own = oauth2.wrong(answer.status, body) if oauth2.wrong is not None else None
    if own is not None:
        raise ConfigurationError(
            f"{str(own).rstrip('.')}. {system.title} said: {said.rstrip('.')}.",
            setting=own.setting,
        )
    field = "client_secret" if hasattr(credentials, "client_secret") else None
    if code in _CLIENT:
        raise ConfigurationError(
            f"{system.title} does not accept the client id and secret of your app: {said}. Correct "
            "them; access that was given is kept.",
            setting=field,
        )
    if wanted.get("grant_type") != "refresh_token":
        raise AuthenticationError(
            f"{where} did not take what came back from there ({answer.status}): {said}"
        )
    if code == "invalid_grant" or (oauth2.dead is not None and oauth2.dead(answer.status, body)):
        raise DeadGrant(f"{system.title} does not accept the access it once gave: {said}")
    raise AuthenticationError(
        f"{where} refused ({answer.status}): {said}. Are the client id and secret right?",
        setting=field,
    )


def revoke(
    system: System, oauth2: OAuth2, credentials: Form, settings: Form, refresh: str
) -> str | None:
    """Have the vendor take a grant back, where it documents how; why it did not, if it did not."""
    address = oauth2.revoke_at(credentials)
    if address is None:
        return None
    where = f"{system.title} could not be told"
    wanted = {"token": refresh, "token_type_hint": "refresh_token"}
    try:
        answer, _, said = _post(system, oauth2, credentials, settings, address, wanted, where)
    except ConnectError as error:
        return str(error)
    return None if answer.status < 300 else f"{system.title} answered {answer.status}: {said}"


def _post(
    system: System,
    oauth2: OAuth2,
    credentials: Form,
    settings: Form,
    address: str,
    wanted: Mapping[str, str],
    where: str,
) -> tuple[Answer, Any, str]:
    """The answer, decoded where it is JSON, and the vendor's words in it without any secret."""
    client_id, client_secret = oauth2.client(credentials)
    hide = Redactor([client_secret, *(wanted.get(n, "") for n in _SECRET)])
    sent = dict(wanted)
    auth = None
    if oauth2.client_in == "basic":
        auth = BasicAuth(client_id, client_secret)
    else:
        sent["client_id"] = client_id
        if client_secret:
            sent["client_secret"] = client_secret
    options = system.http_for(credentials, settings)
    try:
        with Client(
            auth=auth,
            timeout=Timeout(min(options.timeout, LONGEST), connect=15),
            verify=options.verify,
            follow_redirects=False,
            headers={"User-Agent": "Koppel", "Accept": "application/json"},
        ) as client:
            response = client.post(address, data=sent)
    except (TransportError, TimeoutException, InvalidURL, UnsupportedProtocol) as error:
        said = hide.text(str(error)) or type(error).__name__
        raise ConnectError(f"{where}: no answer ({said})") from error
    answer = Answer("POST", "token", response.status_code, response.headers, response.content)
    body = answer.json_or_none()
    said = hide.text(_said(answer, body)) or ""
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise ConnectError(
            f"{where}: it answered with {answer.status} ({said})",
            retry_after=retry_after(answer.headers),
        )
    return answer, body, said


_CLIENT = ("invalid_client", "unauthorized_client")
"""What the standard says when the client is not accepted."""
_SECRET = ("code", "code_verifier", "refresh_token", "token")


def _grant(where: str, oauth2: OAuth2, body: Any, said: str) -> Grant:
    access = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(access, str) or not access:
        raise ConnectError(f"{where} answered without an access token: {said[:80]}")
    try:
        lasts = float(body.get("expires_in") or oauth2.lasts)
    except (TypeError, ValueError):
        lasts = oauth2.lasts
    scopes = body.get("scope") or body.get("scopes") or ""
    return Grant(
        access=access,
        refresh=str(body["refresh_token"]) if body.get("refresh_token") else None,
        lasts=max(1.0, lasts),
        scopes=scopes if isinstance(scopes, str) else " ".join(map(str, scopes)),
    )


def _said(answer: Answer, body: Any) -> str:
    """The vendor's own words, never a whole answer: it may hold a token."""
    if isinstance(body, dict):
        for name in ("error_description", "message", "error", "status"):
            if body.get(name):
                return " ".join(str(body[name]).split())[:300]
        return "no reason given"
    return " ".join(answer.text.split())[:120]
