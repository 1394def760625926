"""The contract suite finds what it promises to find: the toy, broken in one way at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from hub.sdk import (
    Account,
    Api,
    ConfigurationError,
    Effect,
    Entity,
    Lookup,
    Option,
    Page,
    Query,
    RejectedError,
    System,
    Written,
)
from hub.sdk.http import Client
from hub.testing import SystemContract
from hub.testing.report import Result, run_contract

Change = Callable[[System], System]


class TestToyKeepsTheContract(SystemContract):
    """What a plugin's own test file looks like."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _toy(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        from tests.plugins.conftest import HERE

        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(HERE / "toy"))
            from koppel_toy import toy

            cls.system = toy
            yield


def customers(**methods: Any) -> Change:
    """The toy with only its customers, some of whose methods are replaced."""

    def change(toy: System) -> System:
        (base,) = [e for e in toy.entities if e.name == "customers"]
        broken = type("Customers", (base,), {"__doc__": base.__doc__, **methods})
        return dataclasses.replace(toy, entities=(broken,))

    return change


def system(**values: Any) -> Change:
    """The toy, declared otherwise."""
    return lambda toy: dataclasses.replace(customers()(toy), **values)


def nameless(api: Api) -> Account:
    api.get("/api/me")
    return Account(name="")


def lazy(api: Api) -> Account:
    return Account(name="Anna")


def confused(api: Api) -> Account:
    try:
        return Account(name=api.get("/api/me")["name"])
    except Exception as error:
        raise ConfigurationError("something is wrong") from error


def talkative(api: Api) -> Account:
    try:
        return Account(name=api.get("/api/me")["name"])
    except Exception as error:
        token = api.credentials.token.get_secret_value()
        raise type(error)(f"the token {token} is wrong") from error


def around(api: Api) -> Account:
    headers = {"Authorization": f"Bearer {api.credentials.token.get_secret_value()}"}
    with Client(base_url=api.credentials.base_url, headers=headers) as client:
        client.get("/api/me")
    return Account(name=api.get("/api/me")["name"])


def listed(api: Api, since: str | None) -> list[dict[str, Any]]:
    """All customers after a change stamp."""
    found: list[dict[str, Any]] = api.get("/api/customers", {"limit": 100})["items"]
    return [r for r in found if since is None or r["changed"] > since]


def read_by_strict_stamp(self: Any, api: Api, query: Query) -> Iterator[Page]:
    """Pages of ten that lose what shares the last stamp of a page."""
    found = listed(api, (query.since or {}).get("changed"))
    for start in range(0, len(found), 10):
        page = found[start : start + 10]
        yield Page(page, {"changed": page[-1]["changed"]})


def read_twice(self: Any, api: Api, query: Query) -> Iterator[Page]:
    found = listed(api, None)
    yield Page(found[:20])
    yield Page(found[10:])


def read_for_ever(self: Any, api: Api, query: Query) -> Iterator[Page]:
    found = listed(api, None)
    for _ in itertools.count():
        yield Page(found[:1])


def read_all_again(self: Any, api: Api, query: Query) -> Iterator[Page]:
    yield Page(listed(api, None), {"changed": "2026-12-31"})


def get_less(self: Any, api: Api, keys: Sequence[str]) -> Mapping[str, Any]:
    return {key: {**api.get(f"/api/customers/{key}"), "city": None} for key in keys[:5]}


def get_anything(self: Any, api: Api, keys: Sequence[str]) -> Mapping[str, Any]:
    known = {r["id"]: r for r in listed(api, None)}
    return {key: known.get(key, {"id": key, "number": key}) for key in keys}


def find_anybody(self: Any, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Any]:
    return {value: listed(api, None)[0] for value in values}


def find_nobody(self: Any, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Any]:
    return {}


def create_twice(self: Any, api: Api, payload: Any, effect: Effect) -> Written:
    api.post("/api/customers", payload)
    record = api.post("/api/customers", payload)
    return Written(record["id"], record["number"], record)


def create_stubbornly(self: Any, api: Api, payload: Any, effect: Effect) -> Written:
    """Says it again whatever happened, as if a POST could be repeated."""
    record = api.post("/api/customers", payload, safe=True)
    return Written(record["id"], record["number"], record)


def create_certainly(self: Any, api: Api, payload: Any, effect: Effect) -> Written:
    """Takes a dropped answer for a refusal."""
    try:
        record = api.post("/api/customers", payload)
    except Exception as error:
        raise RejectedError("it did not work") from error
    return Written(record["id"], record["number"], record)


def update_by_creating(self: Any, api: Api, key: str, payload: Any, effect: Effect) -> Written:
    record = api.post("/api/customers", payload)
    return Written(record["id"], record["number"], record)


def none(api: Api) -> list[Option]:
    return []


def twice(api: Api) -> list[Option]:
    return [Option(value="r", label="Red"), Option(value="r", label="Rose")]


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        (system(setup=""), "declaration", "setup is empty"),
        (customers(__doc__=""), "declaration", "customers has no docstring"),
        (customers(match=()), "declaration", "match does not say by what"),
        (system(check=nameless), "names_the_account", "the account has no name"),
        (system(check=lazy), "names_the_account", "made no request"),
        (system(check=confused), "refuses_wrong_credentials", "instead of AuthenticationError"),
        (system(check=lazy), "refuses_wrong_credentials", "were accepted"),
        (system(check=talkative), "refuses_wrong_credentials", "the error shows token"),
        (system(check=confused), "html_page_is_temporary", "instead of TemporaryError"),
        (system(check=confused), "error_without_json_is_temporary", "instead of TemporaryError"),
        (system(check=confused), "silence_is_temporary", "instead of TemporaryError"),
        (system(check=around), "every_request_is_paced", "use only the api"),
        (customers(read=read_twice), "reads_to_the_end", "read twice"),
        (customers(read=read_for_ever), "reads_to_the_end", "does not end"),
        (customers(key="email_address"), "reads_to_the_end", "email_address"),
        (customers(read=read_by_strict_stamp), "cursor_loses_nothing", "records are lost"),
        (customers(read=read_by_strict_stamp), "equal_times_do_not_hide_records", "are lost"),
        (customers(read=read_all_again), "cursor_loses_nothing", "all 60 records come again"),
        (customers(get=get_less), "one_by_one_agrees_with_reading", "its mark differs"),
        (
            customers(get=get_less, ignored=("city",)),
            "one_by_one_agrees_with_reading",
            "billing differ",
        ),
        (customers(cursor_at=lambda self, moment: {}), "starts_at_a_moment", "all 60 records are"),
        (
            customers(cursor_at=lambda self, moment: {"changed": "2026-01-05T08:01:00Z"}),
            "starts_at_a_moment",
            "25 of 60 records are not read",
        ),
        (customers(get=get_anything), "one_by_one_agrees_with_reading", "invents a record"),
        (customers(find=find_anybody), "finds_what_exists", "invents a record"),
        (customers(find=find_nobody), "finds_what_exists", "does not give"),
        (customers(find=find_nobody), "writes_one_record", "not found by email"),
        (customers(create=create_twice), "writes_one_record", "there are 2 with email"),
        (customers(update=update_by_creating), "updates_what_it_made", "says it wrote"),
        (customers(create=create_stubbornly), "dropped_answer_makes_no_double", "there are"),
        (
            customers(create=create_certainly),
            "dropped_answer_makes_no_double",
            "instead of Unknown",
        ),
        (system(lookups=(Lookup("colours", "C", twice),)), "lookups_give_options", "value twice"),
        (
            system(lookups=(Lookup("colours", "C", lambda api: []),)),
            "lookups_give_options",
            "empty",
        ),
    ],
)
def test_a_broken_promise_is_found(
    toy_module: Any, change: Change, check: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = change(toy_module.toy)
    from hub.testing import report

    monkeypatch.setattr(report, "CHECKS", [c for c in report.CHECKS if c.name == check])
    (result,) = run_contract(broken, lambda result: None)
    assert result.verdict == "failed", result
    assert said in result.reason


def test_a_secret_in_an_exchange_is_found(toy_module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.sdk.exchange import Redactor
    from hub.testing import report

    token = toy_module.toy.demo("http://127.0.0.1:1")["credentials"]["token"]
    monkeypatch.setattr(Redactor, "text", lambda self, text: text and f"{text} {token}")
    monkeypatch.setattr(report, "CHECKS", [c for c in report.CHECKS if c.name == "shows_no_secret"])
    (result,) = run_contract(toy_module.toy, lambda result: None)
    assert result.verdict == "failed"
    assert "token is in a recorded exchange" in result.reason


def test_a_system_without_a_sandbox_cannot_be_tried(toy_module: Any) -> None:
    seen: list[Result] = []
    run_contract(dataclasses.replace(toy_module.toy, sandbox=None), seen.append)
    assert [r.verdict for r in seen] == ["failed"]
    assert "declares no sandbox" in seen[0].reason


def test_what_does_not_apply_is_said_and_not_counted_as_kept(toy_module: Any) -> None:
    (products,) = [e for e in toy_module.toy.entities if e.name == "products"]
    undone = {name: getattr(Entity, name) for name in ("get", "find", "create", "update")}
    readable = type("Products", (products,), {"__doc__": "Toys.", **undone})
    seen: list[Result] = []
    run_contract(dataclasses.replace(toy_module.toy, entities=(readable,), lookups=()), seen.append)
    verdicts = {r.check.name: (r.verdict, r.reason) for r in seen}
    assert verdicts["reads_to_the_end"] == ("passed", "")
    assert verdicts["writes_one_record"] == ("skipped", "no entity can create and find")
    assert verdicts["lookups_give_options"] == ("skipped", "there are no lookups")
