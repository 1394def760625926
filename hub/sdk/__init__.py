"""All that a plugin imports: System, Entity, Field, Form, Api, limits, errors and hooks."""

from hub.sdk.answers import OK, Answer, Throttled
from hub.sdk.api import Api
from hub.sdk.entity import Context, Effect, Entity, Field, Page, Query, Raw, Unsupported, Written
from hub.sdk.errors import (
    AuthenticationError,
    Blocked,
    ConfigurationError,
    ConnectError,
    KoppelError,
    NotFound,
    RecordError,
    RejectedError,
    SkipRecord,
    TemporaryError,
    UnknownOutcome,
)
from hub.sdk.forms import Form, Lookup, MappingTable, NoForm, Option, SecretStr
from hub.sdk.hookspecs import hookimpl
from hub.sdk.index import Index, IndexPage, IndexRow
from hub.sdk.limits import Allowance, RateLimit
from hub.sdk.oauth import NotConnected, OAuth2
from hub.sdk.system import Account, Http, System, web_address
from hub.sdk.webhooks import Forged, TooOld, Webhook, WebhookEvent, WebhookRequest

__all__ = [
    "OK",
    "Account",
    "Allowance",
    "Answer",
    "Api",
    "AuthenticationError",
    "Blocked",
    "ConfigurationError",
    "ConnectError",
    "Context",
    "Effect",
    "Entity",
    "Field",
    "Forged",
    "Form",
    "Http",
    "Index",
    "IndexPage",
    "IndexRow",
    "KoppelError",
    "Lookup",
    "MappingTable",
    "NoForm",
    "NotConnected",
    "NotFound",
    "OAuth2",
    "Option",
    "Page",
    "Query",
    "RateLimit",
    "Raw",
    "RecordError",
    "RejectedError",
    "SecretStr",
    "SkipRecord",
    "System",
    "TemporaryError",
    "Throttled",
    "TooOld",
    "UnknownOutcome",
    "Unsupported",
    "Webhook",
    "WebhookEvent",
    "WebhookRequest",
    "Written",
    "hookimpl",
    "web_address",
]
