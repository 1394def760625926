"""Every error is a sentence, an exit code of the interface, and nothing on standard output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.config import Config
from hub.engine.claims import Claim
from hub.store.database import Database
from tests.cli.conftest import Koppel, Toy


def test_an_unknown_command_names_the_nearest_one(koppel: Koppel) -> None:
    said = koppel("systemz")
    assert said.code == 2
    assert "did you mean 'systems'?" in said.err
    assert said.out == ""


def test_an_unknown_option_is_wrong_usage(koppel: Koppel) -> None:
    assert koppel("run", "customers", "--limitt", "3").code == 2
    assert koppel("run", "customers", "--limit", "many").code == 2
    assert koppel("run").code == 2


def test_an_unknown_flow_names_the_nearest_one(coupled: Koppel) -> None:
    said = coupled("run", "custmers")
    assert said.code == 2
    assert "There is no flow 'custmers'; did you mean 'customers'?" in said.err


def test_with_json_an_error_is_one_document_as_well(coupled: Koppel) -> None:
    said = coupled("run", "nothing-like-it", "--json")
    assert said.code == 2
    assert said.json["exit"] == 2
    assert "There is no flow" in said.json["error"]


def test_an_unknown_entry_or_run_is_wrong_usage(coupled: Koppel) -> None:
    assert coupled("show", "4711").code == 2
    assert coupled("entries", "4711").code == 2
    assert coupled("retry", "4711").code == 2
    assert coupled("retry").code == 2
    assert coupled("retry", "4711", "--flow", "customers").code == 2


def test_our_own_fault_is_70_and_shows_no_text_that_could_be_secret(
    koppel: Koppel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("the password is sesame")

    monkeypatch.setattr("hub.store.queries.runs", broken)
    said = koppel("runs")
    assert said.code == 70
    assert "Something went wrong in Koppel itself (RuntimeError" in said.err
    assert "incident" in said.err
    assert "sesame" not in said.err
    assert "Traceback" not in said.err


def test_the_traceback_comes_with_koppel_debug(
    koppel: Koppel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("hub.store.queries.runs", broken)
    monkeypatch.setenv("KOPPEL_DEBUG", "1")
    said = koppel("runs")
    assert said.code == 70
    assert "Traceback" in said.err


def test_a_wrong_key_is_refused_with_a_sentence(
    coupled: Koppel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPPEL_SECRET_KEY", "another-key-that-is-long-enough-to-be-one-0123456789")
    said = coupled("key", "check")
    assert said.code == 2
    assert "key" in said.err
    assert "Traceback" not in said.err


def test_a_setting_that_cannot_be_used_is_named(
    koppel: Koppel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOPPEL_PORT", "many")
    said = koppel("runs")
    assert said.code == 2
    assert "KOPPEL_PORT" in said.err


def test_a_system_that_is_down_is_3(coupled: Koppel, config_file: Path) -> None:
    text = config_file.read_text()
    port = text.split("http://127.0.0.1:")[2].split('"')[0]
    config_file.write_text(text.replace(port, "9"))
    assert coupled("apply", str(config_file)).code == 0
    said = coupled("check", "empty", "--json")
    assert said.code == 3
    (one,) = said.json["connections"]
    assert one["status"] == "unreachable"
    assert one["field"] == "base_url"
    assert "Nothing answers at 127.0.0.1:9" in one["message"]
    assert coupled("lookup", "empty", "colours").code == 3
    assert coupled("run", "customers").code == 3


def test_wrong_credentials_are_3_and_name_the_field(
    coupled: Koppel, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_TOKEN", "another-token-of-nobody")
    assert coupled("apply", str(config_file)).code == 0
    said = coupled("check", "full", "--json")
    assert said.code == 3
    (one,) = said.json["connections"]
    assert (one["status"], one["field"]) == ("needs_attention", "token")
    assert "another-token-of-nobody" not in said.out + said.err
    said = coupled("run", "customers", "--json")
    assert said.code == 3
    assert said.json["status"] == "failed"


def test_a_flow_that_runs_already_is_4(
    coupled: Koppel, config: Config, toys: tuple[Toy, Toy]
) -> None:
    database = Database(config.database_url)
    claim = Claim(database, ["flow:1"], 30)
    assert claim.take() is None
    try:
        said = coupled("run", "customers", "--json")
    finally:
        claim.release()
        database.dispose()
    assert said.code == 4
    assert "already running" in said.json["error"]
    assert not toys[1].sandbox.asked("POST")
    assert not [r for r in coupled("runs", "--json").json["runs"] if r["status"] == "queued"]


def test_the_exit_code_reaches_the_shell(config: Config) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "run", "nothing", "--json"],
        env=config.environ(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert '"exit": 2' in done.stdout
    assert "there is no flow yet" in done.stderr
