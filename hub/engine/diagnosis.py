"""Why a connection cannot be used, in a sentence, and which field of its form would mend it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from hub.engine.forms import plain, secret_names
from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    Form,
    KoppelError,
    NotConnected,
    NotFound,
    System,
    TemporaryError,
)
from hub.sdk.api import secrets_of
from hub.sdk.exchange import Redactor
from hub.sdk.http import Client, HTTPError

CLOCK_SLACK = 60.0
"""Seconds that two clocks may differ before it is worth a word."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong. status: as a connection has it. field: of the credentials form, if known."""

    status: str
    message: str
    field: str | None = None


def diagnose(system: System, credentials: Form, settings: Form, error: Exception) -> Diagnosis:
    """Translate an error of a call into what a person can do about it."""
    message = Redactor(secrets_of(credentials)).text(str(error)) or type(error).__name__
    setting = getattr(error, "setting", None)
    if not isinstance(error, KoppelError):
        return Diagnosis(
            "needs_attention",
            f"The plugin for {system.title} went wrong while checking "
            f"({type(error).__name__}: {message}). This is a mistake in the plugin; please report "
            "it to its author.",
        )
    if setting:
        status = "unreachable" if isinstance(error, TemporaryError) else "needs_attention"
        return Diagnosis(status, message, setting)
    if isinstance(error, NotConnected):
        return Diagnosis("needs_attention", message)
    address = address_field(system, credentials)
    if isinstance(error, ConnectError):
        said = _connect_message(system, credentials, error) or message
        return Diagnosis("unreachable", said, _tls_field(credentials, error) or address)
    if isinstance(error, TemporaryError):
        return Diagnosis("unreachable", message, address if "not JSON" in message else None)
    if isinstance(error, AuthenticationError):
        skew = clock_skew(system, credentials, settings)
        if skew is not None and abs(skew) > CLOCK_SLACK:
            side = "behind" if skew > 0 else "ahead of"
            return Diagnosis(
                "needs_attention",
                f"{message}. The clock of this machine is {_minutes(skew)} {side} that of "
                f"{system.title}; signatures and tokens fail then. Set it right (turn NTP on) and "
                "check again.",
            )
        secrets = secret_names(type(credentials))
        return Diagnosis("needs_attention", message, secrets[0] if secrets else None)
    if isinstance(error, NotFound):
        return Diagnosis("needs_attention", f"{message}. Is the address right?", address)
    if isinstance(error, ConfigurationError):
        where = address if "cannot be used" in message else None
        return Diagnosis("needs_attention", message, where)
    return Diagnosis("needs_attention", message)


def address_field(system: System, credentials: Form) -> str | None:
    """The field that the address is made of: the one whose value holds the host."""
    try:
        host = urlsplit(system.base_url(credentials)).hostname or ""
    except (ValueError, KoppelError):
        host = ""
    values = plain(credentials)
    for name in secret_names(type(credentials)):
        values.pop(name, None)
    texts = {name: value.lower() for name, value in values.items() if isinstance(value, str)}
    for name, value in texts.items():
        if host and host in value:
            return str(name)
    return next((str(n) for n, v in texts.items() if v and v in host), None)


def _chain(error: BaseException) -> Iterator[str]:
    seen: BaseException | None = error
    while seen is not None:
        yield str(seen)
        seen = seen.__cause__ or seen.__context__


def _connect_message(system: System, credentials: Form, error: Exception) -> str | None:
    text = " ".join(_chain(error)).lower()
    try:
        address = urlsplit(system.base_url(credentials)).netloc
    except (ValueError, KoppelError):
        return None
    host = address.rpartition("@")[2]
    if "certificate_verify_failed" in text or "certificate verify failed" in text:
        if "self-signed" in text or "self signed" in text or "unable to get local issuer" in text:
            why = "it was signed by nobody this machine trusts"
        elif "expired" in text:
            why = "it has expired (or the clock of this machine is wrong)"
        elif "hostname mismatch" in text or "doesn't match" in text:
            why = "it is for another host name"
        else:
            why = "it cannot be verified"
        return f"The TLS certificate of {host} was refused: {why}."
    if "wrong version number" in text or "record layer failure" in text or "eof occurred" in text:
        return f"{host} does not speak HTTPS on that port. Is the port right?"
    if (
        "name or service not known" in text
        or "nodename nor servname" in text
        or ("no address associated" in text or "temporary failure in name resolution" in text)
    ):
        return f"There is no host {host} that this machine can find. Is it spelled right?"
    if "refused" in text:
        return (
            f"Nothing answers at {host}: the connection was refused. Does the service run there, "
            "and is the port right?"
        )
    if "timed out" in text or "timeout" in text:
        return f"{host} does not answer. Is there a firewall in between that must let us through?"
    return None


def _tls_field(credentials: Form, error: Exception) -> str | None:
    if not any("certificate" in text.lower() for text in _chain(error)):
        return None
    names = list(type(credentials).model_fields)
    return next((n for n in names if n.startswith("verify") or "tls" in n), None)


def clock_skew(system: System, credentials: Form, settings: Form) -> float | None:
    """Seconds by which the other side's clock is ahead of ours; None when it does not tell."""
    with suppress(HTTPError, ValueError, TypeError, IndexError, OSError, KoppelError):
        options = system.http_for(credentials, settings)
        with Client(timeout=5, verify=options.verify) as client:
            answer = client.head(system.base_url(credentials))
        date = parsedate_to_datetime(answer.headers.get_list("date")[-1])
        return (date - dt.datetime.now(dt.UTC)).total_seconds()
    return None


def _minutes(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    if minutes >= 120:
        return f"{round(minutes / 60)} hours"
    return f"{minutes} minutes" if minutes != 1 else "a minute"
