"""Several flows between the two pretend vendors, coupled and run by name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml
from sqlmodel import select

from hub.engine import runs
from hub.engine.configfile import apply
from hub.engine.naming import flow_named
from hub.mapping.fieldtable import FieldTable
from hub.sdk import Context, Entity, RecordError
from hub.sdk.sandbox import Sandbox
from hub.store.tables import Connection
from tests.flows.conftest import Bench, order_settings

WRITES = ("POST", "PUT", "PATCH", "MERGE", "DELETE")


def couple(bench: Bench, connections: dict[str, Any] | None = None, **flows: Any) -> None:
    """Apply a config file with these flows: `name={"from": ..., "to": ..., "settings": {...}}`.

    connections: settings of connections, by name.
    """
    data = yaml.safe_load(bench.config_text())
    data["flows"] = {
        name.replace("_", "-"): {"schedule": None, "settings": {}, **flow}
        for name, flow in flows.items()
    }
    for name, settings in (connections or {}).items():
        data["connections"][name].setdefault("settings", {}).update(settings)
    apply(bench.hub, yaml.safe_dump(data))


def orders_flow(**changes: Any) -> dict[str, Any]:
    """The ordinary flow of orders from the shop to the books."""
    return {"from": "webshop.orders", "to": "erp.orders", "settings": order_settings(**changes)}


def go(bench: Bench, name: str, *, kind: str = "run", trigger: str = "cli", **options: Any) -> Any:
    """Run a flow in this process; returns its summary with every entry."""
    with bench.hub.database.session() as session:
        flow = flow_named(session, name)
    run_id = runs.create_run(bench.hub, flow, kind=kind, trigger=trigger, options=options)
    runs.execute(bench.hub, run_id)
    return runs.summary(bench.hub, run_id, all_entries=True)


def outcomes(summary: Any) -> Counter[str]:
    """How the records of a run ended."""
    return Counter(entry["outcome"] for entry in summary["entries"])


def entry(summary: Any, name: str) -> Any:
    """The entry of one record, by key or reference."""
    found = [e for e in summary["entries"] if name in (e["key"], e["reference"])]
    assert len(found) == 1, (name, [(e["key"], e["reference"]) for e in summary["entries"]])
    return found[0]


def mark(bench: Bench, side: str) -> int:
    """How many requests a side was asked so far."""
    return len(_sandbox(bench, side).requests)


def asked(bench: Bench, side: str, since: int = 0) -> list[dict[str, Any]]:
    """The requests that one side was asked, oldest first."""
    return list(_sandbox(bench, side).requests)[since:]


def writes(bench: Bench, side: str, since: int = 0) -> list[dict[str, Any]]:
    """Those of them that write."""
    return [r for r in asked(bench, side, since) if r["method"] in WRITES]


def _sandbox(bench: Bench, side: str) -> Sandbox:
    return bench.shop_sandbox if side == "shop" else bench.erp_sandbox


def there(bench: Bench, connection: str, entity: Entity, by: str, value: str) -> Any:
    """A record as the other side has it now, understood; None when it is not there."""
    with bench.hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == connection)).one()
    with bench.hub.open(row) as api:
        found = entity.find(api, by, [value]).get(value)
        if found is None:
            return None
        key = entity.key_of(found)
        record = entity.get(api, [key])[key]
        assert not isinstance(record, RecordError), record
        return FieldTable(entity).understand(record, Context(connection=api.settings))
