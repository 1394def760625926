"""OAuth2: what a plugin declares; the hub owns the redirect, state, PKCE, storage and refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from hub.sdk.errors import AuthenticationError, ConfigurationError
from hub.sdk.forms import SecretStr

Text = str | Callable[[Any], str]
"""A text, or a function of the credentials that gives it."""


def always(credentials: Any) -> bool:
    """Whatever the credentials say."""
    return True


def own_client(credentials: Any) -> tuple[str, str]:
    """The fields `client_id` and `client_secret`."""
    return _plain(credentials.client_id), _plain(credentials.client_secret)


@dataclass(frozen=True, kw_only=True)
class OAuth2:
    """How an account gives the hub access: an authorization code, then tokens that are refreshed.

    authorize_url, token_url: addresses, or functions of the credentials. scopes: what is asked
    for, or a function of the credentials. when(credentials): whether this account uses it at all;
    where it does not, `System.auth` signs. client(credentials): client id and client secret.
    refresh_token: the field of the credentials that may bring a grant along; it is used first, and
    what the hub stores replaces it. pkce: send a proof key. client_in: where the token address
    takes the client's id and secret. early: seconds before its end at which a token is refreshed.
    extra: more parameters of the authorize address. rotates: each refresh gives a new refresh
    token and spends the old one. scope_separator: between scopes. lasts: seconds that a token
    lives when the vendor does not say. dead(status, body): whether a refusal of a refresh is final
    where the vendor does not say `invalid_grant`; body is the decoded JSON, or None. wrong(status,
    body): what has to be mended where the vendor does not say `invalid_client`; the grant is kept.
    revoke_url: where a token is taken back when somebody disconnects, if the vendor documents it;
    without it the hub only forgets the token.
    """

    authorize_url: Text
    token_url: Text
    scopes: tuple[str, ...] | Callable[[Any], Sequence[str]] = ()
    when: Callable[[Any], bool] = always
    client: Callable[[Any], tuple[str, str]] = own_client
    refresh_token: str = "refresh_token"
    pkce: bool = True
    client_in: Literal["body", "basic"] = "body"
    early: float = 120.0
    extra: Mapping[str, str] = field(default_factory=dict)
    rotates: bool = False
    scope_separator: str = " "
    lasts: float = 3600.0
    dead: Callable[[int, Any], bool] | None = None
    wrong: Callable[[int, Any], ConfigurationError | None] | None = None
    revoke_url: Text | None = None

    def authorize_at(self, credentials: Any) -> str:
        """The authorize address under these credentials."""
        return _text(self.authorize_url, credentials)

    def token_at(self, credentials: Any) -> str:
        """The token address under these credentials."""
        return _text(self.token_url, credentials)

    def revoke_at(self, credentials: Any) -> str | None:
        """Where tokens are taken back under these credentials."""
        return None if self.revoke_url is None else _text(self.revoke_url, credentials)

    def scopes_for(self, credentials: Any) -> Sequence[str]:
        """What is asked for under these credentials."""
        return self.scopes(credentials) if callable(self.scopes) else self.scopes

    def brought(self, credentials: Any) -> str:
        """The refresh token that the credentials bring along; "" without one."""
        return _plain(getattr(credentials, self.refresh_token, None))


class Tokens(Protocol):
    """Where an open connection gets its access token from. The hub keeps them; tests may too."""

    def current(self) -> str:
        """A token that is good for a while yet, refreshed when it is due.

        Raises NotConnected when there is none to be had without a person.
        """

    def renewed(self, refused: str) -> str:
        """Another token than the one the vendor just refused. Raises as `current` does."""


class NotConnected(AuthenticationError):
    """Nobody has given access yet, or it was taken back: somebody must press Connect."""


class FixedToken:
    """A token that never changes: for tests, and for trying out what was just given."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        """The token."""
        return self._token

    def renewed(self, refused: str) -> str:
        """There is no other."""
        raise NotConnected("The access token was not accepted. Connect again.")


def _text(value: Text, credentials: Any) -> str:
    return value(credentials) if callable(value) else value


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)
