"""Bad input, from the outside: each gets a sentence, an exit code, and leaves nothing half done."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sqlmodel import col, select

from hub.store.tables import Connection, Entry, Run

from .conftest import FLOW, Bench, order_settings

Make = Callable[..., Bench]


def koppel(bench: Bench, *words: str) -> tuple[int, Any, str]:
    """Run the command line on this hub: exit code, its JSON (or None), what it told people."""
    done = subprocess.run(
        [sys.executable, "-m", "hub", *words],
        env=bench.hub.config.environ(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


def written(bench: Bench) -> list[dict[str, Any]]:
    """Everything that changed something in the ERP."""
    return [r for r in bench.erp_sandbox.asked("POST|MERGE|PUT|PATCH|DELETE") if r["status"] < 300]


def status_of(bench: Bench, name: str) -> Connection:
    """The connection's row."""
    with bench.hub.database.session() as session:
        return session.exec(select(Connection).where(col(Connection.name) == name)).one()


def last_run(bench: Bench) -> Run:
    """The newest run."""
    with bench.hub.database.session() as session:
        return session.exec(select(Run).order_by(col(Run.id).desc())).first()  # type: ignore[return-value]


def test_a_wrong_key_stops_the_run_names_the_field_and_books_nothing(make_bench: Make) -> None:
    bench = make_bench(shop={"api_secret": "another-secret"})
    code, told, said = koppel(bench, "run", FLOW, "--json")
    assert code == 3
    assert told["status"] == "failed"
    assert "did not accept the keys" in told["message"]
    assert "hub" not in said.lower() or "Traceback" not in said
    assert status_of(bench, "webshop").status == "needs_attention"
    assert last_run(bench).message == told["message"]
    assert not written(bench)
    code, told, _ = koppel(bench, "check", "webshop", "--json")
    assert (code, told["connections"][0]["field"]) == (3, "api_secret")


def test_a_wrong_server_name_says_what_the_erp_said_and_which_field_it_is(
    make_bench: Make,
) -> None:
    bench = make_bench(erp={"server_name": "SRV-OTHER\\EXACT"})
    code, told, _ = koppel(bench, "check", "erp", "--json")
    assert code == 3
    assert told["connections"][0]["field"] == "server_name"
    assert "SRV-SQL01\\EXACT" in told["connections"][0]["message"]
    code, told, _ = koppel(bench, "run", FLOW, "--json")
    assert (code, told["status"]) == (3, "failed")
    assert not written(bench)


def test_a_clock_five_minutes_off_is_named_as_the_cause(make_bench: Make) -> None:
    bench = make_bench(shop={"clock_offset": dt.timedelta(minutes=6).total_seconds()})
    code, told, _ = koppel(bench, "run", FLOW, "--json")
    assert code == 3
    assert "clock" in told["message"].lower()
    assert "6 minutes" in told["message"]


def test_an_answer_that_is_not_json_is_told_with_its_beginning(make_bench: Make) -> None:
    bench = make_bench()
    bench.shop_sandbox.fault("html", path="/orders/$", status=200)
    code, told, _ = koppel(bench, "run", FLOW, "--json")
    assert code == 3
    assert "not JSON" in told["message"]
    assert "<html>" in told["message"]
    assert status_of(bench, "webshop").status == "unreachable"


def test_orders_that_cannot_be_booked_are_in_the_log_with_their_field_and_exit_code_1(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 2})
    keys = {
        kind: bench.place(kind)[0]
        for kind in ("unknown_vat", "no_email", "row_without_sku", "wrong_total")
    }
    code, told, _ = koppel(bench, "run", FLOW, "--json")
    assert code == 1
    assert told["status"] == "partial"
    assert told["created"] == 2
    fields = {e["key"]: e["field"] for e in told["entries"] if e["outcome"] == "blocked"}
    assert fields[keys["unknown_vat"]].endswith("tax_rate")
    assert fields[keys["no_email"]] == "customer.email"
    assert fields[keys["row_without_sku"]].endswith("sku")
    assert fields[keys["wrong_total"]] == "total"
    with bench.hub.database.session() as session:
        logged = session.exec(select(Entry).where(col(Entry.outcome) == "blocked")).all()
    assert {entry.key for entry in logged} == set(keys.values())
    assert all(entry.reason for entry in logged)
    lines = bench.erp.extensions["world"].pending
    assert not any(lines.values()), "no line without a header is left behind"


def test_a_config_file_with_a_tab_or_an_unknown_key_changes_nothing(
    make_bench: Make, tmp_path: Any
) -> None:
    bench = make_bench()
    file = tmp_path / "koppel.yaml"
    for text, wanted in (
        ("version: 1\nflows:\n\tx: {}\n", ("line 3", "tab")),
        (bench.config_text().replace("schedule:", "shedule:"), ("shedule", "'schedule'")),
        (bench.config_text(**{"from": "webshop.ordrs"}), ("ordrs", "'orders'")),
    ):
        file.write_text(text)
        code, _, said = koppel(bench, "apply", str(file))
        assert code == 2, said
        assert all(word in said for word in wanted), said
    assert bench.flow().version == 1


def test_a_record_that_goes_on_waiting_for_the_same_is_told_once_by_scheduled_runs(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(shop={"orders": 0})
    bench.configure(settings=order_settings(vat_codes={}, use_item_vat_code=False))
    bench.place("plain")
    (first,) = bench.run(trigger="schedule")["entries"]
    assert first["outcome"] == "blocked"
    again = bench.run(trigger="schedule")
    assert again["entries"] == []
    assert again["blocked"] == 1, "it is counted all the same"
    bench.configure(settings=order_settings())
    (mended,) = bench.run(trigger="schedule")["entries"]
    assert mended["outcome"] == "created"
