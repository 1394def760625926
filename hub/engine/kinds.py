"""Kinds: what the engine does differently for orders, customers, products, stock and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hub.mapping import paths
from hub.model import Document, Json
from hub.sdk import RecordError, TemporaryError

if TYPE_CHECKING:
    from hub.engine.context import FlowRun
    from hub.engine.job import Job

Ensured = list[str] | RecordError | TemporaryError
"""What was done about what a document refers to, in words; or why the document has to wait."""


class Kind:
    """The plain way: recognise by the target's first match, create or update, refer to nothing.

    one_to_one: no two records of the source may become one in the target.
    """

    one_to_one: ClassVar[bool] = False

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

    def known(self, job: Job, *, forced: bool, accepted: bool) -> None:
        """Decide on a record that is linked: it may end here."""
        same = job.link is not None and job.link.received == job.received
        if same and not forced and not self._was_left_alone(job):
            job.end("unchanged")

    def _was_left_alone(self, job: Job) -> bool:
        """Whether it is there, was never written, and may be by now: an update was switched on."""
        link = job.link
        never = link is not None and link.target_key != "" and link.pushed is None
        return never and self.may_update() and self.run.target.entity.can("update")

    def found(self, job: Job) -> None:
        """Decide on a record without a link that the target has already: it may end here."""

    def not_there(self, job: Job) -> None:
        """Decide on a record that the target does not have and this flow may not make."""
        job.end(
            "skipped",
            f"Not in {self.run.target.name}, and this flow makes no new ones.",
            code="not_there",
        )

    def may_create(self) -> bool:
        """Whether this flow makes records that are not there yet."""
        return bool(getattr(self.run.settings, "create_missing", True))

    def may_update(self) -> bool:
        """Whether this flow updates what is there already."""
        return bool(getattr(self.run.settings, "update", True))

    def prepare(self, documents: Sequence[Document]) -> None:
        """Look up in the target what these documents refer to, for all at once."""

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Apply the policies; returns the document and what was done, in words."""
        return document, []

    def ensure(self, documents: Sequence[Document]) -> list[Ensured]:
        """Make sure that what the documents refer to exists, creating it where allowed."""
        return [[] for _ in documents]

    def check_total(self, document: Document, payload: Json) -> None:
        """Raise Blocked when the target would come to another total."""

    def essence(self, document: Document) -> Json | None:
        """What is kept of a record that was written, to tell later what has changed."""
        return None

    def closed(self, document: Document) -> bool:
        """Whether nothing more is expected to happen to the record."""
        return False

    def wants(self, document: Document | None) -> Json | None:
        """SKU -> quantity that a record which has to wait keeps from others."""
        return None

    def follow(self) -> bool:
        """Whether records that are linked are looked at again until they are closed."""
        return False


def kind_for(run: FlowRun) -> Kind:
    """The kind of work this flow's documents need."""
    from hub.engine.customers import CustomerKind
    from hub.engine.orders import OrderKind
    from hub.engine.products import ProductKind
    from hub.engine.stock import StockKind

    kinds: dict[str, Any] = {
        "order": OrderKind,
        "invoice": OrderKind,
        "journal_entry": OrderKind,
        "customer": CustomerKind,
        "product": ProductKind,
        "stock": StockKind,
    }
    return kinds.get(run.target.entity.document.kind, Kind)(run)  # type: ignore[no-any-return]
