"""Entities: a collection over there, its fields, and what can be done with it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hub.model import Document, Json, Prices
from hub.sdk.errors import ConfigurationError, RecordError
from hub.sdk.forms import Form, NoForm

if TYPE_CHECKING:
    from hub.sdk.api import Api

Raw = Json
"""One record exactly as the system sent it (numbers as Decimal)."""
When = Literal["always", "create", "never"]


@dataclass(frozen=True)
class Field:
    """A path in a record, and what it means: a path in the document.

    path: in the raw record (`customer.billingaddress.city`, `rows[].tax`); when writing, in the
    payload. meaning: in the document (`billing.city`, `lines[].tax_rate`); None for a field
    without a common meaning that users may still map.
    read: turns a raw value into the document's. write: the other way round. Neither sees None.
    value: a constant to write, when there is nothing to take from the document.
    only: a field of one direction. when: always written, only at creation, or never by default
    (a rule can still write it). required: without a value the record fails and says so.
    max_length: what the vendor takes of a text; a longer one fails. cut: shorten it instead.
    label: what users call the field. help: what they should know about it.
    """

    path: str
    meaning: str | None = None
    read: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    write: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    value: Any = field(default=None, kw_only=True)
    only: Literal["read", "write"] | None = field(default=None, kw_only=True)
    when: When = field(default="always", kw_only=True)
    required: bool = field(default=False, kw_only=True)
    max_length: int | None = field(default=None, kw_only=True)
    cut: bool = field(default=False, kw_only=True)
    label: str = field(default="", kw_only=True)
    help: str = field(default="", kw_only=True)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to read. since: the cursor that the last page left behind, None at the first time.

    filter: the entity's filter form as the user filled it in. settings: the connection's.
    full: ignore what is known. now: when the run began, in UTC.
    """

    since: Json | None = None
    filter: Form = field(default_factory=NoForm)
    settings: Form = field(default_factory=NoForm)
    full: bool = False
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))


@dataclass(frozen=True)
class Page:
    """Some records in a row.

    records: exactly as the system sent them. cursor: what to store once they are dealt with;
    None: no news.
    """

    records: Sequence[Raw]
    cursor: Json | None = None


@dataclass(frozen=True)
class Written:
    """What a write led to.

    key: the record's key over there. number: what people there call it. record: the vendor's
    answer, if it sent the record back. known_as: what other records there call it, when that is
    not the key.
    """

    key: str
    number: str | None = None
    record: Raw | None = None
    known_as: str | None = None


class Effect:
    """One intended write, as a plugin sees it: a token stored before the first call, and a stage.

    token: a UUID that stays the same when the very same write is taken up again.
    stage: what `reach` was last called with, for a write of several calls; None at the start.
    """

    def __init__(self, token: str, stage: str | None = None) -> None:
        self.token = token
        self.stage = stage

    def reach(self, stage: str) -> None:
        """Remember how far this write has come, durably, before the next call is made."""
        self.stage = stage


@dataclass(frozen=True, kw_only=True)
class Context:
    """What an entity may look at while it understands or renders a record; no calls.

    connection: the connection's settings. filter: of the flow, when it is the source. settings:
    of the flow, when it is the target. creating: whether the record is made and not changed.
    """

    connection: Form = field(default_factory=NoForm)
    filter: Form = field(default_factory=NoForm)
    settings: Form = field(default_factory=NoForm)
    creating: bool = True


class Unsupported(ConfigurationError):
    """This entity cannot do that."""


class Entity:
    """A collection over there. Subclass it with a plural name and define what it can do.

    name: as in the config file. title: the vendor's own word. document: what a record means.
    key: path of a record's key. number: path of what people call it (default: the key).
    known_as: path of what other records there call it (default: the key).
    modified: path of its own change stamp; a change is otherwise told by comparing the record.
    match: document paths by which a record is recognised here, best first; `find` takes them.
    ignored: top-level keys that do not count when the hub tells whether a record changed: what
    `complete` adds, and what changes by itself.
    max_images: how many pictures a record can hold; None: as many as there are.
    rounding: where the system rounds the VAT of a sale: over all lines of one VAT code, or of
    each line. price_decimals: how many decimals of a line's price the system keeps; what cannot be
    told in so many is booked as a rounding difference, or the sale is held back.
    batch: how many records `create_many` and `update_many` take at once.
    cannot: what the vendor's API has no way to do, in a sentence: {"write": "...", "read": "..."};
    the wizard says it where somebody looks for it.
    filter: what may be asked when it is a source. settings: what is asked when it is a target.
    fields: the field table.
    all_fields: whether that table, with what `discover` finds, names every field that can be
    written; a rule for any other field is then refused before anything is sent.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    document: ClassVar[type[Document]]
    key: ClassVar[str] = "id"
    number: ClassVar[str | None] = None
    known_as: ClassVar[str | None] = None
    modified: ClassVar[str | None] = None
    match: ClassVar[tuple[str, ...]] = ()
    ignored: ClassVar[tuple[str, ...]] = ()
    max_images: ClassVar[int | None] = None
    rounding: ClassVar[Literal["code", "line"]] = "code"
    price_decimals: ClassVar[int] = 6
    batch: ClassVar[int] = 100
    cannot: ClassVar[Mapping[str, str]] = {}
    filter: ClassVar[type[Form]] = NoForm
    settings: ClassVar[type[Form]] = NoForm
    fields: ClassVar[tuple[Field, ...]] = ()
    all_fields: ClassVar[bool] = False

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Define it to be a source: pages of records after `query.since`, oldest first."""
        raise Unsupported(f"{self.title} cannot be read")

    def cursor_at(self, moment: dt.datetime) -> Json | None:
        """Define it to let people start reading at a moment: the cursor that stands for it."""
        return None

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw | RecordError]:
        """Fetch what a list leaves out, for records the hub does not know yet; same order."""
        return records

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """Define it to be followed by key: complete records; absent ones are left out.

        A record that is there and could not be fetched whole has its error in its place.
        """
        raise Unsupported(f"{self.title} cannot be read one by one")

    def wanted(self, record: Raw, query: Query) -> bool:
        """Define it where `read` filters: whether a record that a webhook told of is meant too."""
        return True

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Define it to be recognised: `by` is one of `match`; always many at a time."""
        raise Unsupported(f"{self.title} cannot be searched")

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """Define it to be a target."""
        raise Unsupported(f"{self.title} cannot be created")

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """Define it to be updated: the payload holds all that is to be as it says.

        Write what differs from what is there; doing it twice does no harm.
        """
        raise Unsupported(f"{self.title} cannot be updated")

    def create_many(
        self, api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """Define it where the vendor takes several at a time; an answer for each, in order.

        At most `batch` at once. Raises only what stops all of them; with UnknownOutcome each is
        looked up by its reference before it is sent again.
        """
        raise Unsupported(f"{self.title} cannot be created several at a time")

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """The same for updates: (key, payload) pairs."""
        raise Unsupported(f"{self.title} cannot be updated several at a time")

    def cancel(self, api: Api, key: str, effect: Effect) -> Written:
        """Define it if a document can be undone here (an order cancelled); twice does no harm."""
        raise Unsupported(f"{self.title} cannot be cancelled")

    def prices(self, api: Api) -> Prices | None:
        """Whether product prices are to be written gross or net here; None: either, or it varies.

        It may ask the system, and should remember the answer in `api.memo`.
        """
        return None

    def discover(self, api: Api) -> Iterable[Field]:
        """Custom fields, asked live."""
        return ()

    def writable(self, api: Api) -> Iterable[str]:
        """Define it where the system can name all that a rule may write, asked live.

        Paths as in a payload, besides those of `fields` and of `discover`; a rule for any other
        field is then refused before anything is sent.
        """
        return ()

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Add to the document what a field table cannot say (one value from several fields)."""

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Add to the payload what a field table cannot say."""

    def expected_total(self, payload: Json) -> Any:
        """The gross total that the target will compute from this payload; None: it says nothing."""
        return None

    def key_of(self, record: Raw) -> str:
        """The record's key as text. Raises RecordError when there is none."""
        value = _dig(record, self.key)
        if value is None:
            raise RecordError(f"a record of {self.title} has no {self.key}", field=self.key)
        return str(value).strip()

    def number_of(self, record: Raw) -> str:
        """What people call it."""
        value = _dig(record, self.number) if self.number else None
        return str(value).strip() if value is not None else self.key_of(record)

    def known_as_of(self, record: Raw) -> str:
        """What other records in that system call it."""
        value = _dig(record, self.known_as) if self.known_as else None
        return str(value).strip() if value is not None else self.key_of(record)

    def mark_of(self, record: Raw) -> str:
        """A fingerprint: the same as long as the record has not changed."""
        if self.ignored:
            record = {k: v for k, v in record.items() if k not in self.ignored}
        return fingerprint(record)

    def can(self, ability: str) -> bool:
        """What is defined is what it can do: read, get, find, create, update, cancel, discover."""
        return getattr(type(self), ability) is not getattr(Entity, ability)


def fingerprint(value: Any) -> str:
    """A stable hash of a record or payload."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _dig(record: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(record, Mapping):
            return None
        record = record.get(step)
    return record
