"""systems, apply, export, check, lookup."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import TOKEN, Koppel, Toy


def test_a_file_that_is_not_there_is_wrong_usage(koppel: Koppel, tmp_path: Path) -> None:
    said = koppel("apply", str(tmp_path / "nothing.yaml"))
    assert said.code == 2
    assert "No such file" in said.err


def test_a_file_that_is_not_text_is_wrong_usage(koppel: Koppel, tmp_path: Path) -> None:
    path = tmp_path / "picture.yaml"
    path.write_bytes(b"\x89PNG\xff\xfe")
    assert koppel("apply", str(path)).code == 2


def test_a_mistake_names_line_key_and_nearest_key_and_changes_nothing(
    koppel: Koppel, config_file: Path
) -> None:
    config_file.write_text(config_file.read_text().replace("schedule:", "shedule:"))
    said = koppel("apply", str(config_file))
    assert said.code == 2
    assert "line 14: flows.customers.shedule: unknown; did you mean 'schedule'?" in said.err
    assert koppel("export", "--json").json == {"version": 1}


def test_apply_twice_changes_nothing_the_second_time(koppel: Koppel, config_file: Path) -> None:
    first = koppel("apply", str(config_file))
    assert first.code == 0
    assert "create connection full: Toy" in first.out
    assert "create flow customers: full.customers -> empty.customers" in first.out
    second = koppel("apply", str(config_file))
    assert second.out == "nothing to change\n"
    assert koppel("apply", str(config_file), "--json").json["changes"] == []


def test_plan_of_apply_only_prints(koppel: Koppel, config_file: Path) -> None:
    said = koppel("apply", str(config_file), "--plan", "--json")
    assert said.code == 0
    assert said.json["planned"] is True
    assert [c["name"] for c in said.json["changes"]] == ["full", "empty", "customers"]
    assert koppel("runs", "customers").code == 2


def test_apply_reads_standard_input(koppel: Koppel, config_file: Path) -> None:
    assert koppel("apply", "-", stdin=config_file.read_text()).code == 0
    assert koppel("apply", str(config_file)).out == "nothing to change\n"


def test_export_is_the_same_file_without_secrets(coupled: Koppel, tmp_path: Path) -> None:
    said = coupled("export")
    assert said.code == 0
    assert TOKEN not in said.out
    assert "token: {secret: kept}" in said.out
    path = tmp_path / "again.yaml"
    path.write_text(said.out)
    assert coupled("apply", str(path), "--prune").out == "nothing to change\n"
    assert coupled("export").out == said.out


def test_export_of_one_flow_has_only_its_connections(coupled: Koppel) -> None:
    found = coupled("export", "--flow", "customers", "--json").json
    assert sorted(found["connections"]) == ["empty", "full"]
    assert coupled("export", "--flow", "customer").code == 2


def test_prune_removes_what_the_file_does_not_name(coupled: Koppel, tmp_path: Path) -> None:
    path = tmp_path / "less.yaml"
    path.write_text("version: 1\n")
    assert coupled("apply", str(path)).out == "nothing to change\n"
    said = coupled("apply", str(path), "--prune")
    assert said.code == 0
    assert said.out.splitlines() == [
        "delete flow customers",
        "delete connection empty",
        "delete connection full",
    ]


def test_check_names_the_account(coupled: Koppel) -> None:
    said = coupled("check")
    assert said.code == 0
    assert "full: ok (Full toys)" in said.out
    found = coupled("check", "empty", "--json").json["connections"]
    assert [(c["connection"], c["status"], c["account"]) for c in found] == [
        ("empty", "ok", "Empty toys")
    ]


def test_lookup_gives_live_choices(coupled: Koppel) -> None:
    found = coupled("lookup", "full", "colours", "--json").json
    assert [(o["value"], o["label"]) for o in found["options"]] == [("r", "Red"), ("b", "Blue")]
    assert coupled("lookup", "full", "--json").json["lookups"] == [
        {"name": "colours", "title": "Colours"}
    ]


def test_an_unknown_lookup_names_the_nearest_one(coupled: Koppel) -> None:
    said = coupled("lookup", "full", "colors")
    assert said.code == 2
    assert "did you mean 'colours'?" in said.err


def test_a_system_that_went_down_gives_the_choices_it_had(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    assert coupled("lookup", "full", "colours").code == 0
    toys[0].sandbox.fault("status", status=503)
    said = coupled("lookup", "full", "colours", "--json")
    assert said.code == 3
    assert said.json["stale"] is True
    assert [o["value"] for o in said.json["options"]] == ["r", "b"]


def test_systems_tells_what_each_entity_can_do(koppel: Koppel) -> None:
    found = koppel("systems", "toy", "--json").json
    (toy,) = found["systems"]
    assert (toy["distribution"], toy["version"]) == ("koppel-toy", "1.2.3")
    assert toy["credentials"]["required"] == ["base_url", "token"]
    customers = next(e for e in toy["entities"] if e["name"] == "customers")
    assert customers["can"] == ["read", "get", "find", "create", "update"]
    assert {"match", "update", "colour"} <= set(customers["settings"]["properties"])
    assert toy["limits"] == [{"requests": 600, "seconds": 60}]


def test_an_unknown_system_names_the_nearest_one(koppel: Koppel) -> None:
    said = koppel("systems", "toi")
    assert said.code == 2
    assert "did you mean 'toy'?" in said.err
