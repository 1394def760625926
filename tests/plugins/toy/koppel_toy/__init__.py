"""Toy: a tiny pretend system with customers, products and orders."""

from __future__ import annotations

from pydantic import field_validator

from hub.model import Json
from hub.sdk import Account, Api, Form, Lookup, Option, RateLimit, SecretStr, System, hookimpl
from hub.sdk import web_address as checked_address
from hub.sdk.forms import number, secret, text
from hub.sdk.http import Auth, Bearer

from .entities import Customers, Orders, Products


class Credentials(Form):
    """How to get in."""

    base_url: str = text("Address", example="https://toy.example.com")
    token: SecretStr = secret("Token", help="Settings > API in the toy.")

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return checked_address(value)


class Settings(Form):
    """About this connection."""

    page_size: int = number("Records a page", default=20, ge=1, le=100, advanced=True)


def auth(credentials: Credentials) -> Auth:
    """A bearer token."""
    return Bearer(credentials.token.get_secret_value())


def check(api: Api) -> Account:
    """Whose toy it is."""
    me = api.get("/api/me")
    return Account(name=me["name"], facts={"Plan": me["plan"]})


def colours(api: Api) -> list[Option]:
    """Live choices."""
    return [Option(value=c["code"], label=c["name"]) for c in api.get("/api/colours")["items"]]


def demo(url: str) -> Json:
    """How to reach the sandbox."""
    from .sandbox import TOKEN

    return {"credentials": {"base_url": url, "token": TOKEN}, "settings": {}}


toy = System(
    name="toy",
    title="Toy",
    description="A tiny pretend system.",
    setup="Take the token from **Settings > API**.",
    credentials=Credentials,
    settings=Settings,
    base_url=lambda credentials: credentials.base_url,
    auth=auth,
    check=check,
    limits=(RateLimit(600, 60),),
    entities=(Customers, Products, Orders),
    lookups=(Lookup("colours", "Colours", colours),),
    sandbox="koppel_toy.sandbox:create_app",
    demo=demo,
)


@hookimpl
def register_systems() -> list[System]:
    """The one system of this plugin."""
    return [toy]
