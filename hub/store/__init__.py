"""The store: tables, migrations, vault, queries and purge. It keeps, and never decides."""

from __future__ import annotations

from hub.store.database import Database
from hub.store.errors import (
    CannotOpen,
    DatabaseBusy,
    DatabaseFull,
    DatabaseUnreachable,
    KeyRefused,
    SchemaTooNew,
    SchemaTooOld,
    StoreError,
)
from hub.store.schema import migrate
from hub.store.vault import Vault, open_vault

__all__ = [
    "CannotOpen",
    "Database",
    "DatabaseBusy",
    "DatabaseFull",
    "DatabaseUnreachable",
    "KeyRefused",
    "SchemaTooNew",
    "SchemaTooOld",
    "StoreError",
    "Vault",
    "migrate",
    "open_vault",
]
