"""What an answer means: refused, wrongly set up, or unwell for the moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe import odata

from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    RejectedError,
    TemporaryError,
    UnknownOutcome,
)

from .conftest import Globe


def _says(globe: Globe, status: int, body: str, **options: Any) -> None:
    kind = {"Content-Type": "application/json"} if body.startswith("{") else {}
    globe.service.sandbox.fault("status", status=status, body=body, headers=kind, **options)


# ---- the connection is set up wrongly


@pytest.mark.parametrize(
    ("name", "value"), [("server_name", "SRV-OTHER\\EXACT"), ("database", "999")]
)
def test_a_wrong_administration_is_named_with_the_field(
    connect: Callable[..., Globe], name: str, value: str
) -> None:
    globe = connect({"credentials": {name: value}})
    api = globe.api()
    with pytest.raises(ConfigurationError) as caught:
        api.system.check(api)
    assert caught.value.setting == name
    assert value in str(caught.value)
    assert globe.service.statuses().count(500) == 1


def test_a_database_that_is_refused_like_a_record_is_a_setting_too(globe: Globe) -> None:
    fault = {"message": 'Cannot open database "100".', "type": "Exact.Services.EntityFault"}
    inner = {"message": "Service failed", "internalexception": fault}
    error = {"message": {"lang": "en-US", "value": "Failed"}, "innererror": inner}
    _says(globe, 500, json.dumps({"error": error}), times=2)
    api = globe.api()
    with pytest.raises(ConfigurationError, match='Cannot open database "100"') as caught:
        api.system.check(api)
    assert caught.value.setting == "database"


def test_a_plain_text_about_the_database_is_understood_too(globe: Globe) -> None:
    _says(globe, 500, "Login failed: cannot open database 999.")
    api = globe.api()
    with pytest.raises(ConfigurationError, match="cannot open database 999") as caught:
        api.system.check(api)
    assert caught.value.setting == "database"


def test_an_employee_without_rights_is_told_which(connect: Callable[..., Globe]) -> None:
    api = connect(forbidden=["Account"]).api()
    api.system.check(api)
    with pytest.raises(AuthenticationError, match="no right to Account") as caught:
        globe_api.some(api, "Account")
    assert caught.value.setting == "username"


def test_a_proxy_that_blocks_merge_is_got_round_by_a_setting(
    connect: Callable[..., Globe],
) -> None:
    globe = connect()
    globe.service.sandbox.fault("status", method="MERGE", status=405, body="Method not allowed")
    api = globe.api()
    (row,) = globe_api.some(api, "Account", where=["DebtorNumber eq '  1001'"])
    key = odata.guid_key(row["ID"])
    with pytest.raises(ConfigurationError, match="Send changes as POST") as caught:
        globe_api.merge(api, "Account", key, {"PhoneNumber": "1"})
    assert caught.value.setting == "tunnel_merge"
    globe.settings = {"tunnel_merge": True}
    tunnelled = globe.api()
    globe_api.merge(tunnelled, "Account", key, {"PhoneNumber": "1"})
    there = globe_api.one(tunnelled, "Account", key)
    assert there is not None
    assert there["PhoneNumber"] == "1"


# ---- the service is unwell


@pytest.mark.parametrize("body", ["", "Could not create instance.", "<html>Oops</html>"])
def test_a_500_without_json_is_waited_out_when_reading(globe: Globe, body: str) -> None:
    _says(globe, 500, body, times=2)
    api = globe.api()
    assert api.system.check(api).name
    assert len(globe.pauses) == 2


@pytest.mark.parametrize("status", [500, 502, 504])
def test_after_a_write_such_an_answer_leaves_the_outcome_open(globe: Globe, status: int) -> None:
    api = globe.api()
    api.system.check(api)
    _says(globe, status, "<html>Oops</html>", times=1)
    with pytest.raises(UnknownOutcome):
        globe_api.create(api, "Account", {"AccountName": "Een"})
    assert globe.pauses == []


def test_a_service_that_fails_with_json_later_on_is_unwell_not_misconfigured(globe: Globe) -> None:
    api = globe.api()
    api.system.check(api)
    error = {"message": {"value": "Outer"}, "innererror": {"message": "Out of memory", "type": "X"}}
    _says(globe, 500, json.dumps({"error": error}), times=1)
    with pytest.raises(UnknownOutcome, match="Out of memory"):
        globe_api.create(api, "Account", {"AccountName": "Een"})


@pytest.mark.parametrize("body", ["[]", "{}", '{"d": 5}', '{"d": {"results": 5}}', '"d"', "{"])
def test_an_odd_answer_is_an_outage_not_a_crash(globe: Globe, body: str) -> None:
    globe.service.sandbox.fault("status", status=200, body=body)
    api = globe.api()
    with pytest.raises(TemporaryError):
        globe_api.some(api, "VAT")
    with pytest.raises(UnknownOutcome):
        globe_api.create(api, "Account", {"AccountName": "Een"})


# ---- the record is refused


def test_a_refusal_gives_the_deepest_text_and_is_not_repeated(globe: Globe) -> None:
    api = globe.api()
    with pytest.raises(RejectedError) as caught:
        globe_api.create(api, "Account", {"PhoneNumber": "1"})
    assert str(caught.value) == "Exact Globe refused it: Mandatory: AccountName"
    body = {"AccountName": "A", "PaymentCondition": "99", "MailingCountry": "XX"}
    with pytest.raises(RejectedError) as caught:
        globe_api.create(api, "Account", body)
    assert str(caught.value).endswith(
        "Does not exist: Payment condition - 99; Does not exist: Country - XX"
    )
    assert globe.service.statuses().count(500) == 2
    assert globe.pauses == []


def test_a_request_that_is_wrong_says_what_the_service_says(globe: Globe) -> None:
    api = globe.api()
    with pytest.raises(RejectedError, match=r"property name 'Email'.*not valid"):
        globe_api.create(api, "Account", {"AccountName": "A", "Email": "a@b.example"})


def test_an_error_in_xml_is_read_as_well() -> None:
    text = (
        '<error xmlns="m"><message xml:lang="en">Outer</message><innererror><message>Inner'
        "</message><internalexception><message>Does not exist: Debtor - 5</message>"
        "<type>Exact.Services.Entities.EntityFault</type></internalexception></innererror></error>"
    )
    assert odata.complaint(text, None) == ("Does not exist: Debtor - 5", True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, (None, False)),
        ({}, (None, False)),
        ({"error": "text"}, (None, False)),
        ({"error": {}}, ("no reason given", False)),
        ({"error": {"message": "Plain"}}, ("Plain", False)),
        ({"error": {"message": {"value": "One\r\n\r\n  Two "}}}, ("One; Two", False)),
        (
            {"error": {"message": "A", "innererror": {"message": "", "type": "EntityFault"}}},
            ("A", True),
        ),
    ],
)
def test_the_deepest_message_is_found(body: Any, expected: tuple[str | None, bool]) -> None:
    assert odata.complaint("", body) == expected


# ---- sets


def test_a_next_batch_on_an_inside_host_is_fetched_from_where_we_are(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(own_address="http://srv:8020")
    api = globe.api()
    batches = list(globe_api.batches(api, "VAT", select=["VATCode"], top=4))
    assert [len(rows) for rows in batches] == [4, 4, 1]
    assert "__metadata" not in batches[0][0]


def test_a_next_batch_that_never_ends_is_noticed(globe: Globe) -> None:
    again = "http://srv/services/Exact.Entity.REST.EG/VAT?$skiptoken=1"
    page = {"d": {"results": [{"VATCode": "1"}], "__next": again}}
    globe.service.sandbox.fault("status", status=200, body=json.dumps(page))
    with pytest.raises(KoppelError, match="again and again"):
        list(globe_api.batches(globe.api(), "VAT"))


def test_a_number_sent_as_text_is_a_number() -> None:
    assert odata.number("21.0") == 21
    assert odata.number(True) is None
    assert odata.number("twenty") is None
