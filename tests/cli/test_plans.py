"""plan, plan --past, retry --accept and bulk retries; and two flows that write to each other."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from sqlmodel import select

from hub.config import Config
from hub.engine.hub import Hub
from hub.store.tables import Payload
from tests.cli.conftest import FILE, Koppel, Toy

BACK = """\
  back:
    from: empty.customers
    to: full.customers
    schedule: null
"""


def lists(toy: Toy) -> dict[str, dict[str, dict[str, Any]]]:
    """What a toy holds, to be changed behind everybody's back."""
    found: dict[str, dict[str, dict[str, Any]]]
    found = inspect.getclosurevars(toy.sandbox.state).nonlocals["lists"]
    return found


def change(toy: Toy, key: str, **values: Any) -> None:
    """Somebody edits a customer in a toy itself."""
    record = lists(toy)["customers"][key]
    lists(toy)["customers"][key] = {**record, **values, "changed": "2027-01-01T00:00:00Z"}


def writes(*toys: Toy) -> list[dict[str, Any]]:
    """Everything that meant to change something; a search is a POST that only reads."""
    asked = [r for toy in toys for r in toy.sandbox.asked()]
    return [r for r in asked if r["method"] != "GET" and not r["path"].endswith("/search")]


def test_a_plan_prints_each_field_that_would_change_and_writes_nothing(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    coupled("run", "customers")
    change(toys[0], "3", city="Appelscha")
    for toy in toys:
        toy.sandbox.requests.clear()
    said = coupled("plan", "customers", "--json")
    assert said.code == 0
    assert writes(*toys) == []
    (entry,) = said.json["entries"]
    assert (entry["key"], entry["outcome"]) == ("3", "updated")
    assert entry["pushed"]["city"] == "Appelscha"
    assert entry["differences"] == [
        {"path": "city", "label": "", "before": "Utrecht", "after": "Appelscha"}
    ]
    told = coupled("plan", "customers").out
    assert "FIELD  NOW      WOULD BECOME" in told
    assert "city   Utrecht  Appelscha" in told
    (held,) = [r for r in toys[1].holds("customers") if r["email"] == "buyer2@example.com"]
    assert held["city"] == "Utrecht"


def test_a_plan_of_past_records_needs_some_and_goes_with_keys_only(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    said = coupled("plan", "customers", "--past", "5")
    assert said.code == 2
    assert "nothing to compare with" in said.err
    assert coupled("plan", "customers", "--past", "5", "--full").code == 2
    assert coupled("plan", "customers", "--past", "0").code == 2


def test_past_records_through_todays_mapping_tell_what_would_be_pushed_otherwise(
    coupled: Koppel, toys: tuple[Toy, Toy], config_file: Path
) -> None:
    coupled("run", "customers")
    same = coupled("plan", "customers", "--past", "5", "--json").json
    assert (same["read"], same["unchanged"]) == (5, 5)
    rules = "    rules: [{to: city, value: Elders}]\n"
    config_file.write_text(FILE.format(toys[0].url, toys[1].url) + rules)
    assert coupled("apply", str(config_file)).code == 0
    for toy in toys:
        toy.sandbox.requests.clear()
    said = coupled("plan", "customers", "--past", "3", "--key", "2", "--json")
    assert said.code == 0
    assert (said.json["planned"], said.json["past"], said.json["updated"]) == (True, True, 1)
    (entry,) = said.json["entries"]
    assert [(d["path"], d["before"], d["after"]) for d in entry["differences"]] == [
        ("city", "Utrecht", "Elders")
    ]
    assert [r for toy in toys for r in toy.sandbox.asked()] == [], "all of it is in the log"
    told = coupled("plan", "customers", "--past", "3").out
    assert "PUSHED THEN" in told
    assert "Elders" in told


def test_accept_is_said_of_entries_that_wait_for_it(coupled: Koppel) -> None:
    run = coupled("run", "customers", "--json").json
    entry = run["entries"][0]["entry"]
    said = coupled("retry", str(entry), "--accept")
    assert said.code == 2
    assert "does not wait to be settled" in said.err
    assert coupled("retry", "--flow", "customers", "--accept").code == 2
    assert coupled("retry", str(entry), "--accept", "--as", "then").code == 2
    assert coupled("retry", "4711", "--accept").code == 2


def test_a_retry_by_outcome_takes_records_of_the_log_once_each(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    coupled("run", "customers")
    toys[1].sandbox.requests.clear()
    said = coupled("retry", "--flow", "customers", "--outcome", "created", "--json")
    assert said.code == 0
    assert (said.json["read"], said.json["unchanged"]) == (8, 8)
    assert writes(toys[1]) == []


def test_as_then_where_the_contents_are_gone_says_so_for_each_record(
    coupled: Koppel, toys: tuple[Toy, Toy], config: Config
) -> None:
    toys[1].sandbox.fault("status", method="POST", path="/api/customers$", status=422, times=2)
    run = str(coupled("run", "customers", "--json").json["run"])
    hub = Hub.start(config)
    with hub.database.session() as session:
        for row in session.exec(select(Payload)):
            session.delete(row)
    hub.close()
    said = coupled("retry", "--run", run, "--as", "then", "--json")
    assert said.code == 1
    assert (said.json["read"], said.json["failed"]) == (2, 2)
    assert "try it again as it is now" in said.json["entries"][0]["reason"]
    assert coupled("retry", "--run", run, "--json").json["created"] == 2


def test_two_flows_that_write_to_each_other_recognise_what_comes_back(
    coupled: Koppel, toys: tuple[Toy, Toy], config_file: Path
) -> None:
    config_file.write_text(FILE.format(toys[0].url, toys[1].url) + BACK)
    assert coupled("apply", str(config_file)).code == 0
    assert coupled("run", "customers", "--json").json["created"] == 8
    for toy in toys:
        toy.sandbox.requests.clear()
    back = coupled("run", "back", "--json").json
    assert (back["read"], back["created"], back["updated"]) == (8, 0, 0), back["entries"]
    assert coupled("run", "customers", "--full", "--json").json["unchanged"] == 8
    assert writes(*toys) == [], "nothing bounces"
    change(toys[1], next(iter(lists(toys[1])["customers"])), city="Appelscha")
    back = coupled("run", "back", "--json").json
    assert back["updated"] == 1, "what a person changed over there does come back"
    assert sum(r["city"] == "Appelscha" for r in toys[0].holds("customers")) == 1
    assert len(toys[0].holds("customers")) == len(toys[1].holds("customers")) == 8
    toys[1].sandbox.requests.clear()
    coupled("run", "customers")
    coupled("run", "back")
    assert len(writes(toys[1])) <= 1, "and then it is over"
    for toy in toys:
        toy.sandbox.requests.clear()
    coupled("run", "customers")
    coupled("run", "back")
    assert writes(*toys) == []


def test_customers_that_are_deleted_in_the_source_are_told_once(
    coupled: Koppel, toys: tuple[Toy, Toy]
) -> None:
    coupled("run", "customers")
    del lists(toys[0])["customers"]["4"]
    toys[1].sandbox.requests.clear()
    assert coupled("run", "customers", "--json").json["entries"] == [], "a short reading cannot say"
    (entry,) = coupled("run", "customers", "--full", "--json").json["entries"]
    assert (entry["key"], entry["outcome"]) == ("4", "skipped")
    assert "No longer in full. It is still in empty" in entry["reason"]
    assert writes(toys[1]) == []
    assert coupled("run", "customers", "--full", "--json").json["entries"] == []
