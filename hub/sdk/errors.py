"""Errors, named by what the hub does next: stop, ask for credentials, wait, leave this record."""

from __future__ import annotations


class KoppelError(Exception):
    """The root of all errors that a plugin or the hub raises on purpose. Its text is for users.

    connection: the name of the connection it happened on, when it happened on one.
    """

    connection: str | None = None


class ConfigurationError(KoppelError):
    """Stop: a setting is wrong. `setting` names the field of the form that must be mended."""

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


class AuthenticationError(KoppelError):
    """Stop and ask for new credentials. `setting` names the field to mend when it is known."""

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


class TemporaryError(KoppelError):
    """Wait and try again: an outage, a rate limit. retry_after: seconds the vendor asked for."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConnectError(TemporaryError):
    """The system could not be reached at all: nothing was sent."""


class UnknownOutcome(TemporaryError):
    """A write was sent and no answer came: nobody knows whether it was done.

    The hub looks the record up by our reference before it writes again.
    """


class RecordError(KoppelError):
    """This record cannot go on; the run does. field: the document path it is about, if known.

    code: a short stable word to group by (`missing_product`). `fix` names the setting that would
    mend it (`vat_codes`), so that the page can offer it.
    """

    outcome = "failed"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str = "rejected",
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.fix = fix


class RejectedError(RecordError):
    """The vendor refused this record; the text is the vendor's own reason."""


class NotFound(RejectedError):
    """The vendor does not know this key (any more)."""


class Blocked(RecordError):
    """The record waits for a person: a table row, a product, a setting is missing."""

    outcome = "blocked"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str = "blocked",
        fix: str | None = None,
    ) -> None:
        super().__init__(message, field=field, code=code, fix=fix)


class SkipRecord(RecordError):
    """The record is left out on purpose; the text says why."""

    outcome = "skipped"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str = "skipped",
        fix: str | None = None,
    ) -> None:
        super().__init__(message, field=field, code=code, fix=fix)
