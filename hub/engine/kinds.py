"""Kinds: what the engine does differently for orders, customers and everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.mapping import paths
from hub.model import Document, Json

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


class Kind:
    """The plain way: recognise by the target's first match, create or update, refer to nothing."""

    def __init__(self, run: FlowRun) -> None:
        self.run = run

    def name(self, document: Document) -> None:
        """Give the document the reference it will be known by in the target."""

    def person(self, document: Document) -> str | None:
        """The e-mail address of the person the record is about."""
        return None

    def recognised_by(self) -> str | None:
        """The document path by which a record is found in the target."""
        match = self.run.target.entity.match
        return match[0] if match else None

    def recognisable(self, document: Document, by: str) -> str | None:
        """The document's value at that path."""
        value = paths.get(document.to_dict(), by)
        return None if value is None else str(value).strip() or None

    def may_update(self) -> bool:
        """Whether this flow updates what is there already."""
        return bool(getattr(self.run.settings, "update", True))

    def prepare(self, documents: Sequence[Document]) -> None:
        """Look up in the target what these documents refer to, for all at once."""

    def adjust(self, document: Document) -> tuple[Document, list[str]]:
        """Apply the policies; returns the document and what was done, in words."""
        return document, []

    def ensure(self, document: Document) -> list[str]:
        """Make sure that what the document refers to exists, creating it where allowed."""
        return []

    def check_total(self, document: Document, payload: Json) -> None:
        """Raise Blocked when the target would come to another total."""


def kind_for(run: FlowRun) -> Kind:
    """The kind of work this flow's documents need."""
    from hub.engine.customers import CustomerKind
    from hub.engine.orders import OrderKind

    kinds: dict[str, Any] = {"order": OrderKind, "customer": CustomerKind}
    return kinds.get(run.target.entity.document.kind, Kind)(run)  # type: ignore[no-any-return]
