"""The pretended server's NTLM: the arithmetic, and the handshake that belongs to one connection."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any

import pytest
from koppel_exact_globe.sandbox import ntlm

from hub.sdk.http import Client

from .conftest import HEADERS, ROOT, Service

TYPE_1 = "TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA="
CHALLENGE = bytes.fromhex("0123456789abcdef")
CLIENT = bytes.fromhex("aa" * 8)
TIME = bytes.fromhex("0090d336b734c301")


def _temp(info: bytes) -> bytes:
    return b"\x01\x01" + bytes(6) + TIME + CLIENT + bytes(4) + info + bytes(4)


def _type_3(type_2: bytes, password: str, user: str = "hub", domain: str = "SIM") -> str:
    length, _, offset = struct.unpack_from("<HHI", type_2, 40)
    temp = _temp(type_2[offset : offset + length])
    proof = ntlm.v2_proof(ntlm.v2_key(user, domain, password), type_2[24:32], temp)
    parts = (
        bytes(24),
        proof + temp,
        domain.encode("utf-16-le"),
        user.encode("utf-16-le"),
        b"",
        b"",
    )
    head, payload = ntlm.SIGNATURE + struct.pack("<I", 3), b""
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), 64 + len(payload))
        payload += part
    return base64.b64encode(head + struct.pack("<I", 0x00088205) + payload).decode()


def _ask(client: Client, token: str | None = None) -> Any:
    headers = {"Authorization": f"NTLM {token}"} if token else {}
    return client.get(ROOT + "VAT", headers=headers)


def _challenged(client: Client) -> bytes:
    answer = _ask(client, TYPE_1)
    assert answer.status_code == 401
    return base64.b64decode(answer.headers["WWW-Authenticate"].removeprefix("NTLM "))


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()


@pytest.fixture
def client(service: Service) -> Any:
    with Client(base_url=service.url, headers=HEADERS) as client:
        yield client


def test_md4_of_abc_is_what_the_rfc_says() -> None:
    assert ntlm.md4(b"abc").hex() == "a448017aaf21d8525fc10ae87aa6729d"


def test_the_worked_example_gives_the_known_key_and_proof() -> None:
    assert ntlm.md4("Gl0be!sim".encode("utf-16-le")).hex() == "016e58aa5556b243973a97f40035fd52"
    key = ntlm.v2_key("hub", "SIM", "Gl0be!sim")
    assert key.hex() == "7395353eb19b781754bac6897f943110"
    temp = _temp(ntlm.target_info("SIM", "SIMSRV"))
    assert ntlm.v2_proof(key, CHALLENGE, temp).hex() == "5dd078cfcc3366be3309ed167497393d"


def test_without_credentials_the_answer_is_an_empty_401_that_names_ntlm(client: Client) -> None:
    answer = _ask(client)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == "NTLM"


def test_a_wrong_password_is_refused_and_counted(client: Client, service: Service) -> None:
    answer = _ask(client, _type_3(_challenged(client), "wrong"))
    assert answer.status_code == 401
    assert service.state()["refused_logins"] == 1
    assert _ask(client).status_code == 401


def test_after_too_many_wrong_passwords_the_right_one_does_not_help(client: Client) -> None:
    for _ in range(5):
        _ask(client, _type_3(_challenged(client), "wrong"))
    assert _ask(client, _type_3(_challenged(client), "Gl0be!sim")).status_code == 401


def test_an_answer_to_a_challenge_of_another_connection_is_refused(
    client: Client, service: Service
) -> None:
    token = _type_3(_challenged(client), "Gl0be!sim")
    with Client(base_url=service.url, headers=HEADERS) as other:
        assert _ask(other, token).status_code == 401
    assert _ask(client, token).status_code == 200


def test_ntlm_version_1_is_refused(client: Client) -> None:
    message = base64.b64decode(_type_3(_challenged(client), "Gl0be!sim"))
    short = message[:20] + struct.pack("<HH", 24, 24) + message[24:]
    assert _ask(client, base64.b64encode(short).decode()).status_code == 401


def test_a_challenge_can_be_answered_once(client: Client) -> None:
    token = _type_3(_challenged(client), "Gl0be!sim")
    assert _ask(client, token).status_code == 200
    assert _ask(client, token).status_code == 401


def test_the_connection_stays_authenticated_without_any_header(client: Client) -> None:
    _ask(client, _type_3(_challenged(client), "Gl0be!sim"))
    assert [_ask(client).status_code for _ in range(3)] == [200, 200, 200]


def test_a_server_set_so_asks_again_after_some_calls(serve: Callable[..., Service]) -> None:
    with Client(base_url=serve(ask_again_after=2).url, headers=HEADERS) as client:
        _ask(client, _type_3(_challenged(client), "Gl0be!sim"))
        assert [_ask(client).status_code for _ in range(2)] == [200, 401]


def test_a_server_may_announce_both_ways_in_one_header(serve: Callable[..., Service]) -> None:
    with Client(base_url=serve(auth="both").url, headers=HEADERS) as client:
        assert _ask(client).headers["WWW-Authenticate"] == 'NTLM, Basic realm="Exact"'
