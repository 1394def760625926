"""The mapper: what it adds to a record with 60 fields, beside a bare copy of the record.

    python -m benchmarks.mapper [--records 2000] [--check]

*copy* is the record copied deep, which is the least that anything does with it. *default* is the
field table alone, understood and rendered; *rules* is what 60 rules add to it: fields with one or
two transforms, texts, fixed values, tables and formulas. *preview* is one key typed on the page:
record fetched, understood, rules applied, rendered. With --check, a figure beyond what is
promised (0.5 ms a record, 300 ms a preview) ends with an error.
"""

from __future__ import annotations

import argparse
import copy
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from hub.config import Config
from hub.engine.hub import Hub
from hub.engine.mapper import Bench, Mapper
from hub.engine.mapper_samples import load
from hub.engine.rulework import FlowRules
from hub.mapping.explain import explain
from hub.mapping.fieldtable import FieldTable
from hub.mapping.rule import compile_rules
from hub.mapping.transforms import TRANSFORMS
from hub.model import Json, Order
from hub.sdk import Account, Context, Entity, Field, NoForm, System
from hub.store.payloads import write_many
from hub.store.tables import Connection, Entry, Flow, Run

FIELDS = 60
PROMISED, PREVIEW = 0.5, 300.0
"""Milliseconds for a record, and for a preview."""
ROUNDS = 5


class Orders(Entity):
    """A record of 60 fields that an order is read from and written to."""

    name = "orders"
    title = "Orders"
    document = Order
    fields: ClassVar[tuple[Field, ...]] = (
        Field("id", "key"),
        Field("number", "number"),
        Field("total", "total"),
        Field("customer.email", "customer.email"),
        Field("city", "delivery.city"),
        *(Field(f"field{number:02}", f"custom.field{number:02}") for number in range(FIELDS - 5)),
    )


def record() -> Json:
    """One record, with a value in every field."""
    made: Json = {"id": "1", "number": "10001", "total": Decimal("121.00"), "city": "Utrecht"}
    made["customer"] = {"email": "anna@example.com"}
    return made | {f"field{number:02}": f" Value {number} " for number in range(FIELDS - 5)}


def rules() -> list[Json]:
    """One rule for each field, of every kind."""
    table = {"values": {f"Value {number}": f"V{number}" for number in range(FIELDS)}}
    kinds: list[Json] = [
        {"via": ["trim", "upper"]},
        {"via": ["trim", {"truncate": {"length": 5}}]},
        {"template": "{number} {city|upper}"},
        {"value": "always"},
        {"via": ["trim", {"map": table}]},
        {"formula": "round(total * 1.21, 2)"},
    ]
    made = []
    for number in range(FIELDS):
        rule: Json = {"to": f"Target{number:02}"} | kinds[number % len(kinds)]
        if not rule.keys() & {"template", "value", "formula"}:
            rule["from"] = f"field{number % (FIELDS - 5):02}"
        made.append(rule)
    return made


def best(work: Callable[[], Any], count: int) -> float:
    """Milliseconds for one, the best of a few rounds."""
    work()
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.perf_counter()
        for _ in range(count):
            work()
        found.append((time.perf_counter() - started) / count * 1000)
    return min(found)


def measure(count: int) -> dict[str, float]:
    """Milliseconds a record."""
    table, context, raw = FieldTable(Orders()), Context(), record()
    own = FlowRules(rules(), Order, TRANSFORMS)
    document = table.understand(raw, context)
    payload = table.render(document, context)

    def mapped() -> None:
        mine, _ = own.adjust(raw, document, creating=True)
        own.overlay(raw, mine, dict(payload), creating=True)

    return {
        "copy": best(lambda: copy.deepcopy(raw), count),
        "default": best(lambda: table.render(table.understand(raw, context), context), count),
        "rules": best(mapped, count),
    }


def preview(home: Path) -> float:
    """Milliseconds for one preview of a rule while it is typed, the median of fifty."""
    hub = Hub.start(Config.from_env({"KOPPEL_HOME": str(home)}))
    system = System(
        name="bench",
        title="Bench",
        description="Nothing that is ever called",
        credentials=NoForm,
        base_url=lambda _: "http://127.0.0.1",
        check=lambda api: Account(name="nobody"),
        entities=(Orders,),
    )
    hub.registry.systems["bench"] = system
    try:
        with hub.database.session() as session:
            ends = [Connection(name=name, system="bench") for name in ("one", "other")]
            session.add_all(ends)
            session.flush()
            flow = Flow(
                name="flow",
                source_id=ends[0].id or 0,
                source_entity="orders",
                target_id=ends[1].id or 0,
                target_entity="orders",
                rules=rules(),
                version=1,
            )
            session.add(flow)
            session.flush()
            run = Run(flow_id=flow.id or 0, kind="run", state="succeeded")
            session.add(run)
            session.flush()
            session.add(
                Entry(id=1, run_id=run.id or 0, flow_id=flow.id or 0, key="1", outcome="created")
            )
            session.flush()
            parts = [(1, "received", record()), (1, "understood", record_understood())]
            write_many(session.connection(), hub.vault, flow.id or 0, parts)
            session.flush()
            times = []
            for _ in range(50):
                started = time.perf_counter()
                (sample,) = load(hub, session, flow, [1])
                mapper = Mapper(hub, session, flow)
                typed = [*flow.rules, {"to": "Extra", "formula": "upper(city) & total"}]
                tried = Bench(mapper, sample).attempt(typed)
                assert tried.problem is None, tried.problem
                assert tried.payload["Extra"] == "UTRECHT121.00"
                (rule,) = compile_rules(typed[-1:], mapper.transforms)
                explain(rule, {"source": sample.received, "document": tried.document})
                times.append((time.perf_counter() - started) * 1000)
            return statistics.median(times)
    finally:
        hub.close()


def record_understood() -> Json:
    """The record as a document."""
    return FieldTable(Orders()).understand(record(), Context()).to_dict()


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.records)
    with tempfile.TemporaryDirectory() as folder:
        typed = preview(Path(folder) / "home")
    print(f"{FIELDS} fields, {len(rules())} rules, {asked.records} records, best of {ROUNDS}")
    for name, milliseconds in found.items():
        ratio = milliseconds / found["copy"]
        print(f"{name:>8}  {milliseconds:7.3f} ms a record  {ratio:5.1f} x a bare copy")
    print(f" preview  {typed:7.1f} ms")
    late = found["rules"] > PROMISED or typed > PREVIEW
    if asked.check and late:
        print(f"promised: {PROMISED} ms for the rules, {PREVIEW:.0f} ms for a preview")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
