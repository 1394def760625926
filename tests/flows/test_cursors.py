"""How far a source was read: nothing is lost or written twice, whatever happens in between."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.config import Config
from hub.engine import reading, runs, waiting
from hub.engine.hub import Hub
from hub.model import Customer, Json
from hub.sdk import (
    Account,
    Api,
    Effect,
    Entity,
    Field,
    Form,
    Page,
    Query,
    Raw,
    RecordError,
    System,
    TemporaryError,
    Written,
)
from hub.sdk.forms import text
from hub.store.tables import Connection, Flow, FlowCursor

DRIFT = 3
"""By so many ticks the source's clock may be off; its reading looks back as far."""


@dataclass
class World:
    """What both sides hold. stamps are whole ticks of the source's own clock."""

    source: dict[str, Json] = field(default_factory=dict)
    target: dict[str, Json] = field(default_factory=dict)
    writes: int = 0
    pages_until_outage: int | None = None


class Source(Entity):
    """Records by their time of change, two on a page."""

    name, title, document = "customers", "Customers", Customer
    key, number, modified = "id", "id", "changed"
    fields = (Field("id", "reference"), Field("email", "email"), Field("city", "billing.city"))
    world: ClassVar[World]

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """What changed since the cursor, and a little before; the cursor never goes back."""
        known = None if query.full else (query.since or {}).get("changed")
        rows = sorted(self.world.source.values(), key=lambda r: (r["changed"], r["id"]))
        if known is not None:
            rows = [r for r in rows if r["changed"] >= known - DRIFT]
        newest = known
        for start in range(0, len(rows), 2):
            if self.world.pages_until_outage is not None:
                self.world.pages_until_outage -= 1
                if self.world.pages_until_outage < 0:
                    self.world.pages_until_outage = None
                    raise TemporaryError("The line is dead.")
            page = rows[start : start + 2]
            newest = max([r["changed"] for r in page] + ([] if newest is None else [newest]))
            yield Page([dict(r) for r in page], {"changed": newest})

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """By key."""
        return {k: dict(self.world.source[k]) for k in keys if k in self.world.source}


class Sink(Entity):
    """Takes what it is given."""

    name, title, document = "customers", "Customers", Customer
    key, number, match = "id", "id", ("reference",)
    fields = (Field("ref", "reference"), Field("email", "email"), Field("city", "billing.city"))
    world: ClassVar[World]

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By reference."""
        return {r["ref"]: r for r in self.world.target.values() if r["ref"] in values}

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """A new one."""
        key = f"t{len(self.world.target)}"
        self.world.target[key] = {**payload, "id": key}
        self.world.writes += 1
        return Written(key, key)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """Another version of it."""
        self.world.target[key] |= payload
        self.world.writes += 1
        return Written(key, key)


class Address(Form):
    """Where it is."""

    base_url: str = text("Address", default="http://127.0.0.1:9")


def system(name: str, entity: type[Entity]) -> System:
    """A system in memory: nothing of it is ever called over a wire."""
    return System(
        name=name,
        title=name,
        description=name,
        credentials=Address,
        base_url=lambda credentials: credentials.base_url,
        check=lambda api: Account(name=name),
        entities=(entity,),
    )


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Every example has a flow and keys of its own."""
    return itertools.count(1)


@pytest.fixture
def hub(config: Config) -> Iterator[Hub]:
    """A hub that knows both systems."""
    made = Hub.start(config)
    made.registry.systems["ticks"] = system("ticks", Source)
    made.registry.systems["sink"] = system("sink", Sink)
    with made.database.session() as session:
        for name in ("ticks", "sink"):
            session.add(Connection(name=name, system=name))
    yield made
    made.close()


def new_flow(hub: Hub, number: int) -> Flow:
    """A flow that has not run."""
    with hub.database.session() as session:
        row = Flow(
            name=f"flow{number}",
            source_id=1,
            source_entity="customers",
            target_id=2,
            target_entity="customers",
        )
        session.add(row)
        session.flush()
        return row


def run(hub: Hub, flow: Flow, *, trigger: str = "schedule", **options: Any) -> str:
    """One run; how it ended."""
    number = runs.create_run(hub, flow, trigger=trigger, options=options)
    runs.execute(hub, number)
    return str(runs.counts(hub, number)["status"])


def cursor(hub: Hub, flow: Flow) -> Json | None:
    """How far it was read."""
    with hub.database.session() as session:
        row = session.get(FlowCursor, flow.id)
        return row.value if row else None


EDIT = st.tuples(
    st.just("edit"),
    st.integers(0, 6),  # which record
    st.integers(-DRIFT, 0),  # how far the source's clock is behind that of its newest change
    st.booleans(),  # whether time goes on, or it gets the stamp of another change
)
RUN = st.tuples(
    st.just("run"),
    st.one_of(st.none(), st.integers(1, 3)),  # a limit
    st.one_of(st.none(), st.integers(0, 2)),  # an outage after so many pages
    st.sampled_from(["run", "plan"]),
)
CHANGE = st.tuples(st.just("change the flow"))
SHIFT = st.tuples(st.just("shift the hub's clock"), st.integers(-90, 90))


@given(st.lists(st.one_of(EDIT, EDIT, RUN, CHANGE, SHIFT), max_size=14))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_change_arrives_once_whatever_happens_in_between(
    hub: Hub, numbers: Iterator[int], deeds: list[tuple[Any, ...]]
) -> None:
    """Equal stamps, clocks that are off, outages, limits, plans and edits of the flow."""
    number = next(numbers)
    world = Source.world = Sink.world = World()
    flow, now, versions = new_flow(hub, number), 100, itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        for deed, *about in deeds:
            if deed == "edit":
                who, off, later = about
                now += later
                key = f"{number}-{who}"
                city = f"City {next(versions)}"
                email = f"{key}@example.com"
                world.source[key] = {
                    "id": key,
                    "email": email,
                    "city": city,
                    "changed": now + off,
                }
            elif deed == "run":
                limit, outage, kind = about
                world.pages_until_outage = outage
                before = cursor(hub, flow)
                options = {} if limit is None else {"limit": limit}
                row = runs.create_run(hub, flow, kind=kind, trigger="schedule", options=options)
                runs.execute(hub, row)
                world.pages_until_outage = None
                after = cursor(hub, flow)
                if before is not None:
                    assert after is not None
                    assert after["changed"] >= before["changed"]
                    assert kind == "run" or after == before, "a plan moves no cursor"
            elif deed == "change the flow":
                before = cursor(hub, flow)
                with hub.database.session() as session:
                    kept = session.get_one(Flow, flow.id)
                    kept.title, kept.version = f"Version {next(versions)}", kept.version + 1
                    session.add(kept)
                assert cursor(hub, flow) == before
            else:
                shift = dt.timedelta(minutes=about[0])
                for module in (reading, waiting):
                    patch.setattr(module, "utc_now", lambda by=shift: dt.datetime.now(dt.UTC) + by)
    assert run(hub, flow) == "succeeded"
    held = {r["ref"]: r["city"] for r in world.target.values()}
    assert held == {key: r["city"] for key, r in world.source.items()}
    assert len(world.target) == len(world.source), "none was made twice"
    writes = world.writes
    run(hub, flow)
    run(hub, flow, full=True)
    assert world.writes == writes, "a second reading writes nothing"


def test_the_cursor_stays_where_it_was_when_a_run_breaks_in_the_middle(hub: Hub) -> None:
    world = Source.world = Sink.world = World()
    flow = new_flow(hub, 1)
    for n in range(6):
        key = f"k{n}"
        world.source[key] = {"id": key, "email": f"{n}@example.com", "city": "A", "changed": n}
    world.pages_until_outage = 2
    assert run(hub, flow) == "failed"
    assert cursor(hub, flow) == {"changed": 3}, "two pages are done"
    assert len(world.target) == 4
    assert run(hub, flow) == "succeeded"
    assert len(world.target) == 6


def test_many_with_the_same_stamp_are_not_lost_between_two_limited_runs(hub: Hub) -> None:
    world = Source.world = Sink.world = World()
    flow = new_flow(hub, 1)
    for n in range(9):
        key = f"k{n}"
        world.source[key] = {"id": key, "email": f"{n}@example.com", "city": "A", "changed": 7}
    for _ in range(3):
        run(hub, flow, limit=3)
    assert len(world.target) == 9
