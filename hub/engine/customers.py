"""Customers: recognised, created once, updated when they changed; alone or as part of an order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.engine.kinds import Kind
from hub.engine.ledger import Pair
from hub.engine.port import PLANNED, Intent, Kept, Recognise, Target, Write, written_of
from hub.engine.writing import write_all
from hub.mapping import policies
from hub.mapping.fieldtable import FieldTable
from hub.mapping.settings import CustomerSettings
from hub.model import Customer, Document
from hub.sdk import Blocked, RecordError, TemporaryError
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


@dataclass(frozen=True)
class Settled:
    """What the target calls the customer of one order, and what was done about it, in words."""

    known_as: str
    note: str


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

    def ensure(
        self, customers: Sequence[Customer], *, create: bool, update: bool
    ) -> list[Settled | RecordError | TemporaryError]:
        """What the target calls each of them, created or updated where allowed; in order.

        A customer that comes several times is written once, as it comes last. In place of one
        that cannot be had is why: Blocked when it is not there and may not be created.
        """
        identities = [self.identity(customer) for customer in customers]
        last = {identity: n for n, identity in enumerate(identities) if identity is not None}
        writes: dict[str, Write] = {}
        failed: dict[str, RecordError | TemporaryError] = {}
        for identity, n in last.items():
            try:
                write = self._due(identity, customers[n], create=create, update=update)
            except RecordError as error:
                failed[identity] = error
                continue
            if write is not None:
                writes[identity] = write
        for creating in (True, False):
            some = [i for i, write in writes.items() if (write.target_key is None) is creating]
            answers = write_all(
                self.kind.run.port, self.target, [writes[i] for i in some], creating=creating
            )
            for identity, answer in zip(some, answers, strict=True):
                if isinstance(answer, RecordError | TemporaryError):
                    failed[identity] = answer
                    continue
                kept = writes[identity].intent
                mark = kept.kept.mark or fingerprint(kept.payload)
                if creating:
                    known_as = answer.known_as or answer.key
                    self.known[identity] = Known(answer.key, known_as, answer.number, mark)
                else:
                    self.known[identity].pushed = mark
        found: list[Settled | RecordError | TemporaryError] = []
        for n, (customer, one) in enumerate(zip(customers, identities, strict=True)):
            if one is None:
                found.append(self._nobody())
            elif one in failed:
                found.append(failed[one])
            else:
                found.append(
                    self._settled(customer, one, writes.get(one) if last[one] == n else None)
                )
        return found

    def _due(
        self, identity: str, customer: Customer, *, create: bool, update: bool
    ) -> Write | None:
        """The write that this customer needs. Raises Blocked when it may not be made."""
        known = self.known.get(identity)
        context = replace(self.kind.run.target.context, creating=known is None)
        key = self.link_key(identity)
        if known is not None:
            if not update or known.key == PLANNED:
                return None
            payload = self.table.render(customer, context)
            if known.pushed == fingerprint(payload):
                return None
            return Write(
                intent=Intent(pair=self.pair, key=key, payload=payload), target_key=known.key
            )
        if not create:
            raise Blocked(
                f"No customer {identity} in {self.kind.run.target.name}, and this flow may not "
                "create any.",
                field="customer.email",
                code="missing_customer",
                fix="create_customers",
            )
        mark = fingerprint(self.table.render(customer, replace(context, creating=False)))
        intent = Intent(
            pair=self.pair,
            key=key,
            payload=self.table.render(customer, context),
            recognise=Recognise(self.by, identity),
            doubtful=identity in self.effects,
            kept=Kept(mark=mark),
        )
        return Write(intent=intent)

    def _nobody(self) -> Blocked:
        lacking = "e-mail address" if self.by == "email" else "customer number"
        return Blocked(
            f"The order names no customer: it has no {lacking}. Choose a default debtor, or "
            f"complete the order in {self.kind.run.source.name} and retry it.",
            field="customer.email" if self.by == "email" else "customer.number",
            code="no_customer",
            fix="default_debtor",
        )

    def _settled(self, customer: Customer, identity: str, write: Write | None) -> Settled:
        run, known_as = self.kind.run, self.known[identity].known_as
        label, there = customer.company or customer.name or "the customer", run.target.name
        if write is None:
            said = f"{label} is customer {known_as} in {there}"
        elif write.target_key is not None:
            said = f"{label} is customer {known_as} in {there}, updated"
        elif run.port.planning:
            said = f"{label} would be created as a customer in {there}"
        else:
            said = f"{label} was created as customer {known_as} in {there}"
        return Settled(known_as, said)
