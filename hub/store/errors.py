"""Errors of the store: each says what happened to the database or the key and what to do."""

from __future__ import annotations

from hub.sdk.errors import KoppelError


class StoreError(KoppelError):
    """The root of what the store raises on purpose. Its text is for users."""


class DatabaseBusy(StoreError):
    """Another process held a lock for too long; trying again later is safe."""


class DatabaseFull(StoreError):
    """There is no room left where the database is kept."""


class DatabaseUnreachable(StoreError):
    """The database cannot be opened or reached."""


class SchemaTooOld(StoreError):
    """The database was not brought up to date for this program."""


class SchemaTooNew(StoreError):
    """The database was made by a newer version of the program."""


class KeyRefused(StoreError):
    """The encryption key is missing, too short or not the one this data was encrypted with."""


class CannotOpen(StoreError):
    """Something sealed cannot be opened: damaged, moved, or sealed with another key."""
