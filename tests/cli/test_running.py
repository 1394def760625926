"""plan, run, retry, the log, pause and resume: between two toys, over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import Config
from tests.cli.conftest import Koppel, Toy


def test_some_failed_is_1_and_a_retry_mends_it(coupled: Koppel, toys: tuple[Toy, Toy]) -> None:
    toys[1].sandbox.fault(
        "status", method="POST", path="/api/customers$", status=422, body="no", times=1
    )
    said = coupled("run", "customers", "--json")
    assert said.code == 1
    assert (said.json["status"], said.json["created"], said.json["failed"]) == ("partial", 7, 1)
    (bad,) = [e for e in said.json["entries"] if e["outcome"] == "failed"]
    assert bad["reason"]
    again = coupled("retry", str(bad["entry"]), "--json")
    assert again.code == 0
    assert (again.json["read"], again.json["created"]) == (1, 1)
    assert len(toys[1].holds("customers")) == 8


def test_retry_of_a_run_takes_what_failed(coupled: Koppel, toys: tuple[Toy, Toy]) -> None:
    toys[1].sandbox.fault(
        "status", method="POST", path="/api/customers$", status=422, body="no", times=2
    )
    run = coupled("run", "customers", "--json").json["run"]
    assert coupled("retry", "--run", str(run), "--outcome", "blocked", "--json").json["read"] == 0
    said = coupled("retry", "--run", str(run), "--as", "then", "--json")
    assert said.code == 0
    assert said.json["created"] == 2
    assert coupled("retry", "--flow", "customers", "--json").json["read"] == 0


def test_a_plan_writes_nothing_and_shows_the_payloads(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    said = coupled("plan", "customers", "--limit", "3", "--json")
    assert said.code == 0
    assert said.json["planned"] is True
    assert (said.json["read"], said.json["created"]) == (3, 3)
    assert said.json["entries"][1]["pushed"]["email"] == "buyer1@example.com"
    assert toys[1].holds("customers") == []
    assert coupled("run", "customers", "--json").json["created"] == 8


def test_a_second_run_writes_nothing(coupled: Koppel, toys: tuple[Toy, Toy]) -> None:
    first = coupled("run", "customers", "--json")
    assert first.code == 0
    assert list(first.json) == [
        "run",
        "flow",
        "status",
        "read",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "blocked",
        "failed",
        "requests",
        "seconds",
        "entries",
    ]
    assert first.json["requests"]["full"] == len(toys[0].sandbox.asked())
    toys[1].sandbox.requests.clear()
    second = coupled("run", "customers", "--full", "--all-entries", "--json")
    assert second.code == 0
    assert (second.json["read"], second.json["unchanged"]) == (8, 8)
    assert len(second.json["entries"]) == 8
    assert toys[1].sandbox.asked() == []


def test_limit_and_key_take_only_those(coupled: Koppel, toys: tuple[Toy, Toy]) -> None:
    assert coupled("run", "customers", "--limit", "2", "--json").json["read"] == 2
    said = coupled("run", "customers", "--key", "5", "--key", "6", "--json")
    assert [e["key"] for e in said.json["entries"]] == ["5", "6"]
    assert len(toys[1].holds("customers")) == 4
    assert coupled("run", "customers", "--key", "4711").code == 1


def test_queue_hands_it_to_the_workers(
    coupled: Koppel, toys: tuple[Toy, Toy], config: Config
) -> None:
    said = coupled("run", "customers", "--queue", "--json")
    assert said.code == 0
    assert said.json["status"] == "queued"
    assert toys[1].holds("customers") == []
    (run,) = coupled("runs", "--json").json["runs"]
    assert (run["run"], run["status"]) == (said.json["run"], "queued")


def test_the_log_tells_runs_entries_and_one_record(coupled: Koppel) -> None:
    run = coupled("run", "customers", "--json").json["run"]
    (row,) = coupled("runs", "customers", "--json").json["runs"]
    assert (row["run"], row["created"], row["kind"], row["trigger"]) == (run, 8, "run", "cli")
    found = coupled("entries", str(run), "--json").json["entries"]
    assert len(found) == 8
    assert coupled("entries", str(run), "--outcome", "failed", "--json").json["entries"] == []
    page = coupled("entries", str(run), "--limit", "3", "--json").json
    assert len(page["entries"]) == 3
    rest = coupled("entries", str(run), "--before", str(page["before"]), "--json").json
    assert len(rest["entries"]) == 5
    shown = coupled("show", str(found[0]["entry"]), "--json").json
    assert shown["received"]["email"] == "buyer7@example.com"
    assert shown["understood"]["email"] == "buyer7@example.com"
    assert shown["pushed"]["colour"] == "r"
    assert shown["answered"][-1]["status"] == 200
    assert "buyer7@example.com" in coupled("show", str(found[0]["entry"])).out


def test_people_read_a_table_and_scripts_only_the_document(coupled: Koppel) -> None:
    said = coupled("run", "customers", "--limit", "1")
    assert said.out.splitlines()[0].split() == [
        "ENTRY",
        "KEY",
        "REFERENCE",
        "OUTCOME",
        "TARGET",
        "REASON",
    ]
    assert "customers: succeeded; 1 read (1 created)" in said.err


def test_pause_and_resume(coupled: Koppel) -> None:
    assert coupled("pause", "customers", "--json").json == {
        "flow": "customers",
        "enabled": False,
        "changed": True,
    }
    assert coupled("export", "--json").json["flows"]["customers"]["enabled"] is False
    assert "paused already" in coupled("pause", "customers").out
    assert coupled("resume", "customers", "--json").json["changed"] is True
    assert coupled("pause", "nobody").code == 2


def test_reset_cursor_reads_again_and_writes_nothing_twice(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    coupled("run", "customers")
    assert coupled("reset-cursor", "customers").code == 0
    said = coupled("run", "customers", "--json").json
    assert (said["read"], said["created"], said["unchanged"]) == (8, 0, 8)
    assert coupled("reset-cursor", "customers", "--to", "tomorrow").code == 2
    assert coupled("reset-cursor", "customers", "--to", "2030-01-01T00:00").code == 0
    assert coupled("run", "customers", "--json").json["read"] == 0


def test_purge_and_forget_say_what_they_freed(coupled: Koppel) -> None:
    coupled("run", "customers")
    freed = coupled("forget", "buyer1@example.com", "--json").json
    assert freed["rows"] > 0
    assert set(coupled("purge", "--older-than", "30d", "--json").json) == {
        "entries",
        "payloads",
        "runs",
        "rows",
        "bytes",
    }
    assert coupled("purge", "--older-than", "a while").code == 2


def test_a_backup_is_put_back_into_an_empty_hub(
    coupled: Koppel, toys: tuple[Toy, Toy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupled("run", "customers")
    file = tmp_path / "koppel.backup"
    said = coupled("backup", str(file), "--json")
    assert said.code == 0
    assert said.json["with_key"] is True
    assert coupled("backup", str(file)).code == 2, "nothing is overwritten"
    assert coupled("restore", str(file)).code == 2, "this hub is not empty"
    monkeypatch.setenv("KOPPEL_HOME", str(tmp_path / "other-home"))
    monkeypatch.delenv("KOPPEL_DATABASE_URL", raising=False)
    assert coupled("restore", str(tmp_path / "nothing")).code == 2
    assert coupled("restore", str(file), "--json").json["rows"] == said.json["rows"]
    assert coupled("check").code == 0
    assert coupled("run", "customers", "--full", "--json").json["created"] == 0


def test_a_rotated_key_opens_everything_and_the_old_one_may_go(
    coupled: Koppel, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = coupled("run", "customers", "--json").json["entries"][0]["entry"]
    old, new = config.secret_key_file.read_text().strip(), "n" * 20 + "0123456789abcdefghij"
    monkeypatch.setenv("KOPPEL_SECRET_KEY", f"{new},{old}")
    said = coupled("key", "rotate", "--json")
    assert said.code == 0
    assert said.json["credentials"] == 2
    assert said.json["payloads"] > 0
    monkeypatch.setenv("KOPPEL_SECRET_KEY", new)
    assert coupled("key", "check", "--json").json["key"] == said.json["key"]
    assert coupled("check").code == 0
    assert coupled("show", str(entry), "--json").json["received"] is not None
    monkeypatch.setenv("KOPPEL_SECRET_KEY", old)
    assert coupled("key", "check").code == 2
