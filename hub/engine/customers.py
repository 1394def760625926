"""Customers: recognised, created once, updated when they changed; alone or as part of an order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.engine.kinds import Kind
from hub.engine.ledger import Pair
from hub.engine.port import PLANNED, Intent, Kept, Recognise, Target, written_of
from hub.mapping import policies
from hub.mapping.fieldtable import FieldTable
from hub.mapping.settings import CustomerSettings
from hub.model import Customer, Document
from hub.sdk import Blocked, Context, Written
from hub.sdk.entity import fingerprint
from hub.store.tables import EffectRow, Link


class CustomerKind(Kind):
    """A flow of customers: the same company-or-person rule as in orders."""

    one_to_one = True

    def person(self, document: Document) -> str | None:
        """The customer's e-mail address."""
        assert isinstance(document, Customer)
        return document.email

    def recognised_by(self) -> str | None:
        """By e-mail address or number, as the settings say."""
        by: str = getattr(self.run.settings, "match", "email")
        return by if by in self.run.target.entity.match else super().recognised_by()

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Company or person, addresses split, and what the books need to know."""
        assert isinstance(document, Customer)
        settings = self.run.settings
        assert isinstance(settings, CustomerSettings)
        facts = policies.Facts(source=self.run.source.name, target=self.run.target.name)
        return policies.adjust_customer(document, settings, facts)


@dataclass
class Known:
    """A customer in the target: its key, what orders call it, and what was last written."""

    key: str
    known_as: str
    number: str | None = None
    pushed: str | None = None
    effect: EffectRow | None = None


@dataclass
class CustomerDesk:
    """Finds, creates and updates the customers of orders, each once however many orders it has."""

    kind: Kind
    target: Target
    table: FieldTable
    by: str
    known: dict[str, Known] = dataclasses.field(default_factory=dict)
    effects: dict[str, EffectRow] = dataclasses.field(default_factory=dict)

    @property
    def pair(self) -> Pair:
        """Links of customers that came with orders are kept under the source's customers."""
        run = self.kind.run
        return Pair(run.source.id, "customers", run.target.id, self.target.entity.name)

    def identity(self, customer: Customer) -> str | None:
        """What tells one customer from another in the source: e-mail address or number."""
        value = customer.email if self.by == "email" else customer.reference or customer.number
        return value.strip().casefold() if value and value.strip() else None

    def look_up(self, customers: Sequence[Customer]) -> None:
        """Links first; the rest is asked of the target, all at once. Forgets the last page."""
        run = self.kind.run
        self.known.clear()
        wanted = {i for i in map(self.identity, customers) if i is not None}
        keys = {self.link_key(identity): identity for identity in wanted}
        links: dict[str, Link] = run.ledger.links(self.pair, list(keys))
        self.effects = {
            keys[key]: row
            for key, row in run.ledger.effects(self.pair, list(keys), "create").items()
        }
        for key, link in links.items():
            self.known[keys[key]] = Known(
                link.target_key, link.known_as or link.target_key, link.target_number, link.pushed
            )
        missing = sorted(wanted - self.known.keys())
        if not missing:
            return
        found = self.target.entity.find(self.target.api, self.by, missing)
        for identity, record in found.items():
            there = written_of(self.target.entity, record)
            self.known[identity] = Known(there.key, there.known_as or there.key, there.number)

    def link_key(self, identity: str) -> str:
        """The key of a link: a keyed hash, because an e-mail address is personal."""
        return f"{self.by}:{self.kind.run.hub.vault.digest(identity)}"

    def ensure(self, customer: Customer, *, create: bool, update: bool) -> tuple[str, list[str]]:
        """What the target calls this customer, created or updated where allowed.

        Raises Blocked when the customer is not there and may not be created.
        """
        identity = self.identity(customer)
        run = self.kind.run
        if identity is None:
            lacking = "e-mail address" if self.by == "email" else "customer number"
            raise Blocked(
                f"The order names no customer: it has no {lacking}. Choose a default debtor, or "
                f"complete the order in {run.source.name} and retry it.",
                field="customer.email" if self.by == "email" else "customer.number",
                code="no_customer",
                fix="default_debtor",
            )
        known = self.known.get(identity)
        context = Context(
            connection=run.target.context.connection,
            settings=run.target.context.settings,
            creating=known is None,
        )
        label = customer.company or customer.name or "the customer"
        if known is not None:
            payload = self.table.render(customer, context)
            mark = fingerprint(payload)
            if not update or known.pushed == mark or known.key == PLANNED:
                return known.known_as, [
                    f"{label} is customer {known.known_as} in {run.target.name}"
                ]
            intent = Intent(pair=self.pair, key=self.link_key(identity), payload=payload)
            run.port.update(self.target, known.key, intent)
            known.pushed = mark
            return known.known_as, [
                f"{label} is customer {known.known_as} in {run.target.name}, updated"
            ]
        if not create:
            raise Blocked(
                f"No customer {identity} in {run.target.name}, and this flow may not create any.",
                field="customer.email",
                code="missing_customer",
                fix="create_customers",
            )
        payload = self.table.render(customer, context)
        mark = fingerprint(self.table.render(customer, replace(context, creating=False)))
        intent = Intent(
            pair=self.pair,
            key=self.link_key(identity),
            payload=payload,
            recognise=Recognise(self.by, identity),
            doubtful=identity in self.effects,
            kept=Kept(mark=mark),
        )
        written = run.port.create(self.target, intent)
        self.known[identity] = self._known(written, mark)
        known_as = self.known[identity].known_as
        if run.port.planning:
            return known_as, [f"{label} would be created as a customer in {run.target.name}"]
        return known_as, [f"{label} was created as customer {known_as} in {run.target.name}"]

    def _known(self, written: Written, pushed: str) -> Known:
        return Known(written.key, written.known_as or written.key, written.number, pushed)
