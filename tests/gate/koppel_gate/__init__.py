"""Gate: a tiny pretend system with OAuth2, webhooks and strict limits."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import field_validator

from hub.model import Customer, Json
from hub.sdk import (
    Account,
    Allowance,
    Answer,
    Api,
    Effect,
    Entity,
    Field,
    Forged,
    Form,
    NotFound,
    OAuth2,
    Page,
    Query,
    RateLimit,
    Raw,
    RecordError,
    SecretStr,
    System,
    Webhook,
    WebhookEvent,
    WebhookRequest,
    Written,
    hookimpl,
    web_address,
)
from hub.sdk.forms import choice, number, secret, text
from hub.sdk.http import Auth, Bearer
from hub.sdk.webhooks import check_age, check_mac


class Credentials(Form):
    """How to get in."""

    base_url: str = text("Address")
    mode: str = choice(
        "Access", options=(("oauth", "Connect"), ("token", "A fixed token")), default="oauth"
    )
    client_id: str = text("Client id", default="")
    client_secret: SecretStr = secret("Client secret", default=SecretStr(""))
    refresh_token: SecretStr | None = secret("Refresh token", default=None, advanced=True)
    token: SecretStr | None = secret("Token", default=None, advanced=True)

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return web_address(value)


class Settings(Form):
    """About this connection."""

    requests: int = number("Requests", default=1000, ge=1, advanced=True)
    seconds: int = number("in seconds", default=10, ge=1, advanced=True)


class PeopleFilter(Form):
    """Which people to take."""

    group: str = choice("Group", options=(("any", "Any"), ("a", "A"), ("b", "B")), default="any")


class People(Entity):
    """People that the gate knows."""

    name = "people"
    title = "People"
    document = Customer
    modified = "changed"
    match = ("email", "reference")
    filter = PeopleFilter
    fields = (
        Field("id", "reference", only="read"),
        Field("email", "email", required=True),
        Field("name", "last_name"),
        Field("group", None, label="Group"),
        Field("changed", "modified_at", only="read"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Oldest change first."""
        since = None if query.full else (query.since or {}).get("changed")
        got = api.get("/api/people", {"since": since} if since else None)["items"]
        yield (
            Page([r for r in got if self.wanted(r, query)], {"changed": got[-1]["changed"]})
            if (got)
            else Page([])
        )

    def wanted(self, record: Raw, query: Query) -> bool:
        """By group."""
        group = getattr(query.filter, "group", "any")
        return group == "any" or record.get("group") == group

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """All in one call."""
        got = api.post("/api/people/batch", {"ids": list(keys)}, safe=True)["items"]
        return {record["id"]: record for record in got}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """All in one call."""
        name = {"reference": "id"}.get(by, by)
        found = api.post("/api/people/search", {"by": name, "values": list(values)}, safe=True)
        return {record[name]: record for record in found["items"]}

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One call."""
        record = api.post("/api/people", payload)
        return Written(record["id"], record["id"], record)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One call."""
        record = api.patch(f"/api/people/{key}", payload)
        return Written(record["id"], record["id"], record)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Everything that changed since then."""
        return {"changed": moment.isoformat()}


class Tags(Entity):
    """Something that cannot be read by key."""

    name = "tags"
    title = "Tags"
    document = Customer
    fields = (Field("email", "email"),)

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Everything."""
        yield Page(api.get("/api/people")["items"])


def auth(credentials: Credentials) -> Auth:
    """A fixed token."""
    return Bearer(credentials.token.get_secret_value() if credentials.token else "")


def check(api: Api) -> Account:
    """Whose gate it is."""
    return Account(name=api.get("/api/me")["name"])


def observed(answer: Answer) -> list[Allowance]:
    """What the headers say."""
    told = []
    if "x-window" in answer.headers:
        told.append(
            Allowance(
                seconds=float(answer.headers["x-window"]),
                limit=int(answer.headers["x-limit"]),
                left=int(answer.headers["x-left"]),
            )
        )
    if "x-day-left" in answer.headers:
        told.append(
            Allowance(
                seconds=86400,
                limit=int(answer.headers["x-day-limit"]),
                left=int(answer.headers["x-day-left"]),
                resets_in=float(answer.headers["x-day-resets"]),
            )
        )
    return told


def verify(credentials: Credentials, settings: Settings, request: WebhookRequest) -> None:
    """Time, address and body are signed with the client secret."""
    stamp = request.headers.get("X-Gate-Time", "")
    check_mac(
        request.headers.get("X-Gate-Signature"),
        credentials.client_secret.get_secret_value(),
        f"{stamp}{request.method}{request.url}".encode() + request.body,
    )
    try:
        signed_at = dt.datetime.fromtimestamp(float(stamp), dt.UTC)
    except ValueError:
        raise Forged("Its time is no time") from None
    check_age(signed_at, request)


def events(request: WebhookRequest) -> list[WebhookEvent]:
    """One message, many events."""
    told: list[dict[str, Any]] = json.loads(request.body)
    return [
        WebhookEvent(
            entity=one.get("entity", "people"),
            key=str(one["key"]),
            action="deleted" if one.get("deleted") else "changed",
            id=str(one.get("id", "")),
        )
        for one in told
    ]


def demo(url: str) -> Json:
    """How to reach the sandbox."""
    from .sandbox import TOKEN

    return {"credentials": {"base_url": url, "mode": "token", "token": TOKEN}, "settings": {}}


gate = System(
    name="gate",
    title="Gate",
    description="A tiny pretend system with OAuth2.",
    setup="Make an app there, and take its **client id** and **client secret**.",
    credentials=Credentials,
    settings=Settings,
    base_url=lambda credentials: credentials.base_url,
    auth=auth,
    oauth2=OAuth2(
        authorize_url=lambda credentials: f"{credentials.base_url}/oauth/authorize",
        token_url=lambda credentials: f"{credentials.base_url}/oauth/token",
        scopes=("people.read", "people.write"),
        when=lambda credentials: credentials.mode == "oauth",
        extra={"prompt": "consent"},
        rotates=True,
    ),
    check=check,
    limits=lambda settings: (RateLimit(settings.requests, settings.seconds),),
    observed=observed,
    webhook=Webhook(
        verify=verify,
        events=events,
        setup="Enter it at **Settings > Webhooks**.",
        when=lambda credentials: bool(credentials.client_secret.get_secret_value()),
    ),
    entities=(People, Tags),
    sandbox="koppel_gate.sandbox:create_app",
    demo=demo,
)


@hookimpl
def register_systems() -> list[System]:
    """The one system of this plugin."""
    return [gate]


__all__ = ["NotFound", "gate"]
