"""How HubSpot is talked to: token, limits that its headers tell, what its answers mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.sdk import (
    OK,
    Account,
    Allowance,
    Answer,
    Api,
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    NotFound,
    OAuth2,
    RateLimit,
    RecordError,
    TemporaryError,
    Throttled,
)
from hub.sdk.answers import retry_after
from hub.sdk.http import Auth, Bearer
from hub.sdk.system import Verdict

from .forms import BASE_URL, OTHER_BASE_URL, Credentials, Settings
from .refusals import Refusal, missing_scopes

OBJECTS = "/crm/v3/objects"
DAY = 86_400.0
ORDINARY, SEARCHES = "all but searches", "searches"
"""What HubSpot counts together, as people read it on the page of a connection."""
SCOPES = (
    "oauth",
    *(
        f"crm.objects.{kind}.{right}"
        for kind in ("contacts", "companies", "deals", "products", "line_items", "orders")
        for right in ("read", "write")
    ),
    "crm.objects.invoices.read",
    *(
        f"crm.schemas.{kind}.write"
        for kind in ("contacts", "companies", "deals", "products", "line_items", "orders")
    ),
    "tax_rates.read",
)


def base_url(credentials: Credentials) -> str:
    """Where the API is."""
    return credentials.base_url


def auth(credentials: Credentials) -> Auth:
    """The static token; with OAuth2 the hub signs."""
    token = credentials.access_token
    return Bearer(token.get_secret_value() if token else "")


def authorize_url(credentials: Credentials) -> str:
    """Where people give access: HubSpot's own site, or the sandbox itself."""
    if credentials.base_url in (BASE_URL, OTHER_BASE_URL):
        return "https://app.hubspot.com/oauth/authorize"
    return f"{credentials.base_url}/oauth/authorize"


def _dead(status: int, body: Any) -> bool:
    """A refresh token that HubSpot does not know any more stays unknown; nothing else is final."""
    return status == 400 and _word(body) == "BAD_REFRESH_TOKEN"


def _wrong(status: int, body: Any) -> ConfigurationError | None:
    """What has to be mended here or in the app over there, while the grant is as good as ever."""
    said, field = _TO_MEND.get(_word(body) if 400 <= status < 500 else "", ("", None))
    return ConfigurationError(said, setting=field) if said else None


_TO_MEND: dict[str, tuple[str, str | None]] = {
    "BAD_CLIENT_ID": (
        "HubSpot does not know this client ID. Copy it from the app again; access that was given "
        "is kept",
        "client_id",
    ),
    "BAD_CLIENT_SECRET": (
        "This is not the client secret of the app. Copy it from the app again; access that was "
        "given is kept",
        "client_secret",
    ),
    "BAD_REDIRECT_URI": (
        "The app does not know the redirect address of this hub. Enter it there as it is shown "
        "here, to the letter",
        None,
    ),
    "BAD_AUTH_CODE": (
        "HubSpot does not take the code that came back: it is good once and for a short time. "
        "Connect again",
        None,
    ),
    "BAD_GRANT_TYPE": (
        "HubSpot does not give tokens in this way at this address. Is the address of the API right",
        "base_url",
    ),
}


def _word(body: Any) -> str:
    return str(body.get("status") or "") if isinstance(body, dict) else ""


oauth2 = OAuth2(
    authorize_url=authorize_url,
    token_url=lambda credentials: f"{credentials.base_url}/oauth/v3/token",
    revoke_url=lambda credentials: f"{credentials.base_url}/oauth/v3/token/revoke",
    scopes=SCOPES,
    when=lambda credentials: credentials.auth_mode == "oauth2",
    lasts=1800,
    dead=_dead,
    wrong=_wrong,
)


# -- limits ------------------------------------------------------------------------------------


def _is_search(path: str) -> bool:
    return path.rstrip("/").endswith("/search")


def limits(settings: Settings) -> tuple[RateLimit, ...]:
    """Ten seconds for everything but search, which is counted by the second on its own."""

    def calls(method: str, path: str) -> str | None:
        return None if _is_search(path) else ORDINARY

    def searches(method: str, path: str) -> str | None:
        return SEARCHES if _is_search(path) else None

    return (
        RateLimit(settings.requests_per_10s, 10, calls),
        # A little more than a second: requests do not travel equally fast.
        RateLimit(settings.searches_per_second, 1.1, searches),
    )


def observed(answer: Answer) -> Sequence[Allowance]:
    """What the headers say of the ten seconds and of the day."""
    said = []
    window = _whole(answer, "x-hubspot-ratelimit-interval-milliseconds")
    most, left = (_whole(answer, f"x-hubspot-ratelimit-{n}") for n in ("max", "remaining"))
    if window and most is not None:
        said.append(Allowance(seconds=window / 1000, limit=most, left=left, bucket=ORDINARY))
    daily = _whole(answer, "x-hubspot-ratelimit-daily")
    if daily is not None:
        rest = _whole(answer, "x-hubspot-ratelimit-daily-remaining")
        said.append(Allowance(seconds=DAY, limit=daily, left=rest, bucket="day"))
    return said


def _whole(answer: Answer, name: str) -> int | None:
    value = str(answer.headers.get(name) or "")
    return int(value) if value.isdigit() else None


# -- what an answer means ------------------------------------------------------------------------


def judge(api: Api, answer: Answer) -> Verdict:
    """What HubSpot's own codes mean; None where the status says enough."""
    status = answer.status
    if status < 300 or 500 <= status < 600 or status == 408:
        return None
    body = answer.json_or_none()
    where = f"HubSpot answered {answer.method} {answer.path} with {status}"
    if status == 401:
        said = str(body.get("message") or "") if isinstance(body, dict) else ""
        return AuthenticationError(
            f"HubSpot does not accept the token any more. {said}"[:300].strip(),
            setting="access_token",
        )
    if status == 403:
        return _forbidden(body, where)
    if status == 429:
        return _throttled(api, answer, body)
    if status == 423:
        return Throttled(f"{where}: records are locked for a moment", retry_after=2.0)
    if status == 477:
        pause = retry_after(answer.headers)
        return TemporaryError(
            "HubSpot is moving this account to another data centre",
            retry_after=3600.0 if pause is None else pause,
        )
    if status == 404 and "/batch/" in answer.path and not isinstance(body, dict):
        return TemporaryError(f"{where}, and that was not HubSpot's own answer")
    if not isinstance(body, dict):
        return None
    if status == 404:
        return NotFound(f"{where}: {body.get('message') or 'not found'}", code="not_found")
    return Refusal(body, status) if status in (400, 409, 413, 414) else None


def _forbidden(body: Any, where: str) -> KoppelError:
    lacking = missing_scopes(body)
    if lacking:
        return ConfigurationError(
            f"The app lacks the scope {', '.join(lacking)}. Add it in HubSpot, where the token was "
            "made (Settings > Integrations > Private Apps), and try again.",
            setting="access_token",
        )
    said = str(body.get("message") or "") if isinstance(body, dict) else ""
    if isinstance(body, dict) and body.get("category") == "MISSING_SCOPES":
        return ConfigurationError(
            f"{where}: the app lacks a scope, and HubSpot does not say which. {said}"[:400].strip(),
            setting="access_token",
        )
    return AuthenticationError(f"{where}: the token may not do this. {said}"[:400].strip())


def _throttled(api: Api, answer: Answer, body: Any) -> Throttled:
    policy = str(body.get("policyName") or "") if isinstance(body, dict) else ""
    message = str(body.get("message") or "") if isinstance(body, dict) else ""
    pause = retry_after(answer.headers)
    if pause is None:
        if policy == "DAILY" or "daily" in message:
            pause = until_midnight(api.memo.get("time zone"))
        elif policy == "SECONDLY" or "secondly limit" in message.replace("ten_secondly", ""):
            pause = 1.0
        else:
            pause = 10.0
    said = message or "too many requests"
    return Throttled(f"HubSpot counted too many requests: {said}", retry_after=pause)


def until_midnight(zone: Any = None, now: dt.datetime | None = None) -> float:
    """Seconds until the day of the account is over, when its daily limit starts anew."""
    try:
        where: dt.tzinfo = ZoneInfo(zone) if isinstance(zone, str) else dt.UTC
    except (ZoneInfoNotFoundError, ValueError):
        where = dt.UTC
    here = (now or dt.datetime.now(dt.UTC)).astimezone(where)
    tomorrow = dt.datetime.combine(here.date() + dt.timedelta(days=1), dt.time(), where)
    return max(1.0, (tomorrow - here).total_seconds())


def check(api: Api) -> Account:
    """One request: the account, its currency and its time zone."""
    try:
        found = api.get("/account-info/v3/details")
    except (AuthenticationError, ConfigurationError, NotFound) as error:
        token = api.credentials.access_token
        if api.tokens is not None or token is None or _unknown(error):
            raise
        return _check_token(api, token.get_secret_value())
    if not isinstance(found, dict) or not found.get("portalId"):
        raise TemporaryError("HubSpot told nothing about the account. Is the address right?")
    api.memo["time zone"] = found.get("timeZone")
    facts = {
        "Account": str(found["portalId"]),
        "Currency": str(found.get("companyCurrency") or ""),
        "Time zone": str(found.get("timeZone") or ""),
        "Data in": str(found.get("dataHostingLocation") or ""),
    }
    return Account(
        name=f"HubSpot account {found['portalId']}", facts={k: v for k, v in facts.items() if v}
    )


def _unknown(error: Exception) -> bool:
    """Whether the token is no good at all."""
    return isinstance(error, AuthenticationError) and error.setting is not None


def _check_token(api: Api, token: str) -> Account:
    """A token that may not ask for the account: what it is itself, else whether it may read."""
    try:
        path = "/oauth/v2/private-apps/get/access-token-info"
        found = api.post(path, {"tokenKey": token}, safe=True)
    except (AuthenticationError, ConfigurationError, RecordError) as error:
        if _unknown(error):
            raise
        found = None  # a service key is no private app
    if isinstance(found, dict) and found.get("hubId"):
        key = str(found["hubId"])
        return Account(name=f"HubSpot account {key}", facts={"Account": key})
    api.get(f"{OBJECTS}/contacts", {"limit": 1})
    return Account(name="HubSpot account")


__all__ = ["OBJECTS", "OK", "auth", "base_url", "check", "judge", "limits", "oauth2", "observed"]
