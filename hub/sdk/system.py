"""System: a kind of other system, declared by a plugin as a table of contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from hub.model import Json
from hub.sdk.answers import Answer
from hub.sdk.api import Api
from hub.sdk.entity import Entity
from hub.sdk.errors import ConfigurationError
from hub.sdk.forms import Form, Lookup, NoForm
from hub.sdk.http import Auth
from hub.sdk.limits import Allowance, RateLimit
from hub.sdk.oauth import OAuth2
from hub.sdk.webhooks import Webhook

Verdict = Exception | Literal["ok"] | None


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a connection test found.

    name: whose account it is, in the vendor's words. facts: what else is worth showing.
    """

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Http:
    """How to connect.

    timeout: seconds to wait for an answer. verify: check TLS certificates. connections: how many
    are kept open. headers: sent with every request.
    """

    timeout: float = 60.0
    verify: bool = True
    connections: int = 8
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class System:
    """A kind of other system.

    name: as in config files. title: what people call it. description: what it is, in a sentence.
    credentials: the form that is sealed. settings: what else is asked once per connection.
    entities: its collections. lookups: its live choices. kind: webshop, erp, crm and so on.
    base_url(credentials): where it is. auth(credentials): how requests are signed.
    oauth2: how an account gives access, instead of `auth` or for accounts that chose it.
    check(api): call it cheaply and say whose account it is. limits: budgets, or a
    function of the connection's settings. observed(answer): what an answer's headers say is left
    of which budget. webhook: how the vendor tells of changes. http: connection options as a
    function of credentials and settings. judge(api, answer): what an answer means where the
    status does not say: an exception to raise, "ok", or None to go by the status. parallel: calls
    at the same time.
    sandbox: "package.module:create_app" of the pretend vendor; demo(url): what a config file
    would say as `credentials` and `settings` to reach it. setup: Markdown, where to find the keys.
    icon: name of an icon (shop, building-warehouse, users).
    """

    name: str
    title: str
    description: str
    credentials: type[Form]
    base_url: Callable[[Any], str]
    check: Callable[[Api], Account]
    entities: Sequence[type[Entity]]
    settings: type[Form] = NoForm
    auth: Callable[[Any], Auth] | None = None
    oauth2: OAuth2 | None = None
    judge: Callable[[Api, Answer], Verdict] | None = None
    limits: Sequence[RateLimit] | Callable[[Any], Sequence[RateLimit]] = ()
    observed: Callable[[Answer], Sequence[Allowance]] | None = None
    webhook: Webhook | None = None
    http: Callable[[Any, Any], Http] | None = None
    lookups: Sequence[Lookup] = ()
    parallel: int = 4
    setup: str = ""
    icon: str = "plug"
    kind: str = ""
    sandbox: str | None = None
    demo: Callable[[str], Json] | None = None

    def oauth2_for(self, credentials: Any) -> OAuth2 | None:
        """The OAuth2 declaration, when an account with these credentials uses it."""
        used = self.oauth2 is not None and self.oauth2.when(credentials)
        return self.oauth2 if used else None

    def webhook_for(self, credentials: Any) -> Webhook | None:
        """The webhook declaration, when an account with these credentials can send any."""
        used = self.webhook is not None and self.webhook.when(credentials)
        return self.webhook if used else None

    def limits_for(self, settings: Any) -> Sequence[RateLimit]:
        """The budgets under these connection settings."""
        return self.limits(settings) if callable(self.limits) else self.limits

    def http_for(self, credentials: Any, settings: Any) -> Http:
        """The connection options under these forms."""
        return self.http(credentials, settings) if self.http else Http()

    def entity(self, name: str) -> Entity:
        """The entity of that name. Raises ConfigurationError naming those there are."""
        for kind in self.entities:
            if kind.name == name:
                return kind()
        known = ", ".join(e.name for e in self.entities)
        raise ConfigurationError(f"{self.title} has no {name}; it has: {known}")

    def entity_for(self, kind: str, *abilities: str) -> Entity | None:
        """The first entity whose document is of that kind and that can do all of `abilities`."""
        for candidate in self.entities:
            entity = candidate()
            if candidate.document.kind == kind and all(entity.can(a) for a in abilities):
                return entity
        return None

    def lookup(self, name: str) -> Lookup | None:
        """The lookup of that name, if there is one."""
        return next((lookup for lookup in self.lookups if lookup.name == name), None)


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def web_address(value: str, *, label: str = "The address") -> str:
    """A checked http(s) address without a trailing slash: HTTPS, or plain HTTP on loopback.

    For use in a credentials form's validator. Raises ValueError with a sentence for the user.
    """
    value = value.strip().rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"{label} must start with https:// and name a host, like https://www.example.nl"
        )
    if parts.username or parts.password:
        raise ValueError(f"{label} must not contain a user name or password")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(
            f"{label} must start with https:// (plain http only on this machine itself)"
        )
    return value
