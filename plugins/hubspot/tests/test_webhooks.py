"""Webhooks: who signed it, how old it is, and which records it tells of."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import Credentials, Settings
from koppel_hubspot.sandbox import CLIENT_SECRET, TOKEN, signature
from koppel_hubspot.webhooks import decoded, events, verify

from hub.sdk import Forged, TooOld, WebhookRequest
from hub.sdk.http import Headers

from .conftest import Open

SECRET = "4b2c1f0e-9d3a-4c55-8e21-7a6b5c4d3e2f"
URL = "https://hub.example.nl/webhooks/hubspot/7f3a"
STAMP = 1_762_867_201_234
BODY = (
    b'[{"eventId":3816279340,"subscriptionId":25,"portalId":145893007,"appId":1160452,'
    b'"occurredAt":1762867200000,"subscriptionType":"object.propertyChange","attemptNumber":0,'
    b'"objectId":54805205097,"objectTypeId":"0-123","propertyName":"hs_pipeline_stage",'
    b'"propertyValue":"937ea84d-0a4f-4dcf-9028-3f9c2aafbf03","changeSource":"CRM_UI"}]'
)
RIGHT = "xI2eV6d8bkK56eUZpG5PuxRPH0RuiqG3zra2JVqWO/w="
V1 = "be05b73711cb62a681a62fb634ca313984e6b3dc4fef69e5b78187ed40accb2a"
V2 = "e601736e810b065345b9614c58091289dd7b500799a65d3acd5a73651824c059"
KEYS = Credentials(access_token=TOKEN, client_secret=SECRET)  # type: ignore[arg-type]


def arrived(
    *, body: bytes = BODY, url: str = URL, after: float = 2.0, **headers: str
) -> WebhookRequest:
    moment = dt.datetime.fromtimestamp(STAMP / 1000 + after, dt.UTC)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(
        method="POST", url=url, headers=Headers(names), body=body, received_at=moment
    )


def signed(given: str = RIGHT, **more: Any) -> WebhookRequest:
    headers = {"x_hubspot_signature_v3": given, "x_hubspot_request_timestamp": str(STAMP)}
    return arrived(**{**headers, **more})


def test_the_vendors_own_example_is_accepted() -> None:
    verify(KEYS, Settings(), signed())


@pytest.mark.parametrize(
    "request_",
    [
        signed("AAAA"),
        signed(body=BODY.replace(b"54805205097", b"54805205098")),
        signed(url=f"{URL}0"),
        signed(x_hubspot_request_timestamp=str(STAMP + 1)),
        signed(x_hubspot_request_timestamp="yesterday"),
        arrived(),
        arrived(x_hubspot_signature=V1, x_hubspot_signature_version="v1"),
        arrived(x_hubspot_signature=V2, x_hubspot_signature_version="v2"),
    ],
    ids=["wrong", "body", "address", "time", "no time", "none", "version 1", "version 2"],
)
def test_anything_else_is_forged(request_: WebhookRequest) -> None:
    with pytest.raises(Forged):
        verify(KEYS, Settings(), request_)


@pytest.mark.parametrize("after", [301.0, -301.0])
def test_what_was_signed_more_than_five_minutes_ago_is_too_old(after: float) -> None:
    with pytest.raises(TooOld):
        verify(KEYS, Settings(), signed(after=after))
    verify(KEYS, Settings(), signed(after=after / 1.01))


@pytest.mark.parametrize(("version", "right"), [("v1", V1), ("v2", V2)])
def test_older_signatures_count_only_where_they_were_chosen(version: Any, right: str) -> None:
    settings = Settings(webhook_signature=version)
    headers = {"x_hubspot_signature": right, "x_hubspot_signature_version": version}
    verify(KEYS, settings, arrived(**headers))  # type: ignore[arg-type]
    with pytest.raises(Forged):
        verify(KEYS, settings, arrived(**headers, body=BODY + b" "))  # type: ignore[arg-type]
    with pytest.raises(Forged):
        verify(KEYS, settings, signed())


def test_the_vendors_test_vector_of_version_1() -> None:
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
        b'"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
    )
    keys = Credentials(access_token=TOKEN, client_secret="yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")  # type: ignore[arg-type]
    right = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
    request = arrived(body=body, x_hubspot_signature=right, x_hubspot_signature_version="v1")
    verify(keys, Settings(webhook_signature="v1"), request)


def test_the_address_is_compared_as_hubspot_decodes_it() -> None:
    url = "https://hub.example.nl/hook?naam=a%3Ab%2Fc%20d%26e"
    assert decoded(url) == "https://hub.example.nl/hook?naam=a:b/c%20d%26e"
    message = f"POST{decoded(url)}".encode() + BODY + str(STAMP).encode()
    made = hmac.new(SECRET.encode(), message, hashlib.sha256).digest()
    verify(KEYS, Settings(), signed(base64.b64encode(made).decode(), url=url))


def test_without_a_client_secret_there_are_no_webhooks() -> None:
    bare = Credentials(access_token=TOKEN)  # type: ignore[arg-type]
    assert hubspot.webhook_for(bare) is None
    with pytest.raises(Forged, match="No client secret"):
        verify(bare, Settings(), signed())


def told(*happened: dict[str, Any]) -> list[tuple[str, str, str]]:
    request = arrived(body=json.dumps(list(happened)).encode())
    return [(event.entity, event.key, event.action) for event in events(request)]


def test_every_kind_of_event_leads_to_the_record_that_is_to_be_read() -> None:
    assert told({"subscriptionType": "contact.propertyChange", "objectId": 301}) == [
        ("customers", "contact-301", "changed")
    ]
    assert told({"eventType": "company.deletion", "objectId": 9001}) == [
        ("customers", "company-9001", "deleted")
    ]
    assert told({"subscriptionType": "product.creation", "objectId": 5}) == [
        ("products", "5", "changed"),
        ("stock", "5", "changed"),
    ]
    order = {"subscriptionType": "object.propertyChange", "objectTypeId": "0-123", "objectId": 7}
    assert told(order) == [("orders", "7", "changed")]
    link = {
        "subscriptionType": "object.associationChange",
        "associationType": "ORDER_TO_CONTACT",
        "fromObjectId": 7,
        "toObjectId": 301,
    }
    assert told(link) == [("orders", "7", "changed")]
    assert told({"subscriptionType": "ticket.creation", "objectId": 1}, {"objectId": None}) == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[1, null]", b'{"a": 1}'])
def test_a_body_that_tells_nothing_gives_no_events(body: bytes) -> None:
    assert events(arrived(body=body)) == []


def test_events_have_a_mark_by_which_a_second_copy_is_known() -> None:
    (first,), (second,) = events(arrived()), events(arrived())
    assert first.id == second.id == "3816279340-25-1762867200000"
    assert first.at == dt.datetime.fromtimestamp(1_762_867_200, dt.UTC)


def test_the_pretend_account_signs_and_tells_of_changes(opened: Open) -> None:
    account = opened(contacts=2)
    heard: list[WebhookRequest] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            now = dt.datetime.now(dt.UTC)
            there = Headers(dict(self.headers))
            heard.append(
                WebhookRequest(method="POST", url=url, headers=there, body=body, received_at=now)
            )
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Ear)
    url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        account.bare.post("/_sandbox/hooks", json={"url": url})
        key = next(iter(account.store.objects["contacts"]))
        change = {"type": "contacts", "id": key, "properties": {"firstname": "Nieuw"}}
        account.bare.post("/_sandbox/change", json=change)
        until = time.monotonic() + 5
        while not heard and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        server.shutdown()
        server.server_close()
    keys = Credentials(access_token=TOKEN, client_secret=CLIENT_SECRET)  # type: ignore[arg-type]
    verify(keys, Settings(), heard[0])
    assert [event.key for event in events(heard[0])] == [f"contact-{key}"]
    # And what the event says is to be read again is there.
    found = hubspot.entity("customers").get(account.api, [f"contact-{key}"])
    assert found[f"contact-{key}"]["contact"]["properties"]["firstname"] == "Nieuw"
    assert signature("none", "", "POST", url, b"", 0) == {}
