"""Answers that get lost never make a second order or line."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_exact_globe.entities import Orders

from hub.model import Json
from hub.sdk import (
    Api,
    Effect,
    RejectedError,
    TemporaryError,
    UnknownOutcome,
    Written,
)

from .conftest import Globe, Stored, effect
from .sales import a_line, bodies_of, headers_in, lines_in, payload_of

# ---- answers that get lost


def _insist(api: Api, payload: Json, made: Effect) -> tuple[Written, int]:
    """What the hub does: look first, then write again, afresh or from the stage reached."""
    entity = Orders()
    assert isinstance(made, Stored)
    for attempt in range(1, 4):
        try:
            return entity.create(api, payload, made), attempt
        except TemporaryError:
            found = entity.find(api, "reference", [payload["YourReference"]])
            if found:
                record = found[payload["YourReference"]]
                return Written(entity.key_of(record), record=record), attempt
            made = made.again()
    raise AssertionError("three attempts were not enough")


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "html", "status"])
def test_an_answer_that_is_lost_never_makes_a_second_order_or_line(
    globe: Globe, kind: Any, position: int
) -> None:
    api = globe.api()
    api.system.check(api)
    more = {"status": 502} if kind in ("html", "status") else {}
    globe.service.sandbox.fault(kind, method="POST", skip=position, times=1, **more)
    written, _ = _insist(api, payload_of(globe), effect())
    (header,) = headers_in(globe)
    assert header["SalesOrderNumber"].strip() == written.key == "1"
    lines = lines_in(api)
    assert [line["Itemcode"] for line in lines] == ["KET-8V", "ZADEL-GEL"]
    assert globe.service.state()["overlapping_calls"] == 0


def test_a_lost_line_starts_the_lines_again_under_another_key(globe: Globe) -> None:
    api = globe.api()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", skip=1, times=1)
    _insist(api, payload_of(globe), effect())
    keys = [body["TransactionKey"] for body in bodies_of(globe, "SalesOrderLine")]
    assert len(keys) == 4
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert globe.service.state()["lines_without_header"] == 2


def test_even_the_same_effect_is_never_given_the_same_lines_twice(globe: Globe) -> None:
    api, entity, made = globe.api(), Orders(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", times=1)
    with pytest.raises(UnknownOutcome):
        entity.create(api, payload_of(globe), made)
    entity.create(api, payload_of(globe), made)
    assert len(lines_in(api)) == 2


def test_a_lost_header_is_repeated_without_the_lines(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_before", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, payload_of(globe), made)
    Orders().create(api, payload_of(globe), made)
    assert len(bodies_of(globe, "SalesOrderLine")) == 2
    assert {b["TransactionKey"] for b in bodies_of(globe, "SalesOrderHeader")} == {made.token}
    assert len(headers_in(globe)) == 1


def test_a_header_that_arrived_is_refused_when_it_comes_again(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, payload_of(globe), made)
    with pytest.raises(RejectedError, match="Already used: TransactionKey"):
        Orders().create(api, payload_of(globe), made)
    assert len(headers_in(globe)) == 1


def test_lines_that_changed_since_are_sent_again_under_another_key(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_before", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, payload_of(globe), made)
    Orders().create(api, payload_of(globe, lines=[a_line("HELM-M")]), made)
    assert [line["Itemcode"] for line in lines_in(api)] == ["HELM-M"]
