"""Payloads: kept small, sealed, whole where they fit, and the same when they are read again."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from hub.model import Customer, Order
from hub.store import CannotOpen, Database, Vault, dictionaries, ids, payloads
from hub.store.jsontext import dumps, loads
from hub.store.tables import CodecDictionary, Entry, Payload
from tests.store.conftest import make_run


def write(database: Database, vault: Vault, *parts: tuple[int, str, Any], flow_id: int = 1) -> int:
    with database.begin() as connection:
        return payloads.write_many(connection, vault, flow_id, parts)


def read(database: Database, vault: Vault, entry_id: int) -> dict[str, Any]:
    with database.session() as session:
        return payloads.read(session, vault, entry_id)


# ---- failures


def test_a_payload_moved_to_another_entry_does_not_open(database: Database, vault: Vault) -> None:
    write(database, vault, (1, "received", {"a": 1}))
    with database.session() as session:
        row = session.exec(select(Payload)).one()
        session.add(Payload(entry_id=2, part="received", flow_id=1, data=row.data))
    with pytest.raises(CannotOpen, match="payload/2/received"):
        read(database, vault, 2)


def test_a_payload_from_a_newer_program_is_refused_in_words(
    database: Database, vault: Vault
) -> None:
    data = vault.seal_bytes(b"\x09later", "payload/1/received")
    with database.session() as session:
        session.add(Payload(entry_id=1, part="received", flow_id=1, data=data))
    with pytest.raises(CannotOpen, match="newer version"):
        read(database, vault, 1)


def test_a_missing_dictionary_is_told_by_its_number(database: Database, vault: Vault) -> None:
    data = vault.seal_bytes(b"\x01" + (77).to_bytes(4, "big") + b"x", "payload/1/received")
    with database.session() as session:
        session.add(Payload(entry_id=1, part="received", flow_id=1, data=data))
    with pytest.raises(CannotOpen, match="dictionary 77"):
        read(database, vault, 1)


def test_nothing_readable_is_in_the_table(database: Database, vault: Vault) -> None:
    write(database, vault, (1, "received", {"email": "anna@example.com", "name": "Anna"}))
    with database.session() as session:
        data = session.exec(select(Payload.data)).one()
    assert b"anna" not in data.lower()


def test_of_a_part_that_is_too_long_a_shortened_copy_is_kept_and_says_so(
    database: Database, vault: Vault
) -> None:
    value = {"id": 7, "note": "x" * 2_000_000, "lines": [{"sku": f"AB-{n}"} for n in range(5000)]}
    write(database, vault, (1, "received", value))
    kept = read(database, vault, 1)["received"]
    assert payloads.truncated(kept) == len(dumps(value))
    shown = payloads.shown(kept)
    assert shown["id"] == 7
    assert shown["note"].endswith("… (2,000,000 characters in all)")
    assert shown["lines"][0] == {"sku": "AB-0"}
    assert shown["lines"][-1] == "… (5,000 items in all)"
    assert len(dumps(kept)) <= payloads.CAP


@pytest.mark.parametrize(
    "value",
    [
        "é" * 600_000,
        '"\\' * 400_000,
        [[[["deep " * 300] * 40] * 40] * 40],
        {f"key {n} " * 20: "x" * 3000 for n in range(3000)},
        {"x" * 600_000: 1},
    ],
    ids=["text", "quotes", "lists", "keys", "one key"],
)
def test_no_shape_of_value_gets_past_the_cap(vault: Vault, value: Any) -> None:
    kept = loads(payloads._raw(value))
    assert payloads.truncated(kept) == len(dumps(value)) > payloads.CAP
    assert len(dumps(kept)) <= payloads.CAP


def test_a_part_just_under_the_cap_is_kept_whole(database: Database, vault: Vault) -> None:
    value = "x" * (payloads.CAP - 2)
    write(database, vault, (1, "received", value))
    kept = read(database, vault, 1)["received"]
    assert payloads.truncated(kept) is None
    assert kept == value


def test_an_entry_without_payloads_reads_as_nothing(database: Database, vault: Vault) -> None:
    assert read(database, vault, 1) == {}


# ---- what goes in comes out


def test_parts_come_back_in_the_order_of_their_making(database: Database, vault: Vault) -> None:
    written = [(5, part, {"part": part}) for part in ("trace", "pushed", "received")]
    size = write(database, vault, *written, (6, "received", {"other": 1}))
    assert list(read(database, vault, 5)) == ["received", "pushed", "trace"]
    with database.session() as session:
        assert size == sum(len(data) for data in session.exec(select(Payload.data)))
        many = payloads.read_many(session, vault, [5, 6, 7])
    assert many.keys() == {5, 6}


@pytest.mark.parametrize("text", ["10.50", "0.1", "-0.10", "1E+2", "123456789012345678901.23"])
def test_decimals_are_json_numbers_and_keep_their_text(text: str) -> None:
    raw = dumps({"total": Decimal(text)})
    assert raw == b'{"total":%s}' % text.encode()
    assert str(loads(raw)["total"]) == text


def test_values_that_json_does_not_know_become_text() -> None:
    moment = dt.datetime(2026, 3, 29, 2, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    number = uuid.uuid4()
    value = {
        "at": moment,
        "day": dt.date(2026, 3, 29),
        "id": number,
        "raw": b"\x00\xff",
        "endless": Decimal("NaN"),
        "document": Order(number="10001", customer=Customer(name="Anna"), total=Decimal("1.10")),
        "set": {1},
        "odd": ValueError("why"),
    }
    kept = loads(dumps(value))
    assert dt.datetime.fromisoformat(kept["at"]) == moment
    assert kept["day"] == "2026-03-29"
    assert kept["id"] == str(number)
    assert kept["raw"] == "base64:AP8="
    assert kept["endless"] == "NaN"
    assert kept["document"]["total"] == Decimal("1.10")
    assert kept["document"]["customer"] == {"name": "Anna"}
    assert kept["set"] == [1]
    assert kept["odd"] == "why"


def test_half_a_surrogate_pair_does_not_stop_a_record() -> None:
    assert loads(dumps({"a": "x \ud83d y"})) == {"a": "x \ud83d y"}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_any_value_comes_back_as_it_was(value: Any) -> None:
    def plain(value: Any) -> Any:
        """A decimal without point or exponent is read as an integer of the same text."""
        if isinstance(value, Decimal):
            text = str(value)
            return text if set(text) & set(".eE") else str(int(text))
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return value

    assert plain(loads(dumps(value))) == plain(value)


def test_packing_by_itself_needs_no_database(vault: Vault) -> None:
    packed = payloads.pack(vault, {"a": [1, "x" * 1000]}, "webhook/1")
    assert len(packed) < 150
    assert payloads.unpack(vault, packed, "webhook/1") == {"a": [1, "x" * 1000]}
    with pytest.raises(CannotOpen):
        payloads.unpack(vault, packed, "webhook/2")


# ---- dictionaries


def order(n: int) -> dict[str, Any]:
    made = random.Random(n)
    return {
        "ordernumber": 10_000 + n,
        "invoice_address": {
            "first_name": f"Anna{made.randrange(10**6)}",
            "last_name": f"Jansen{made.randrange(10**6)}",
            "street": f"Dorpsstraat{made.randrange(10**6)}",
            "country_code": "NL",
            "telephone_number": str(made.randrange(10**9)),
        },
        "total_price_including_tax": made.randrange(10**6) / 100,
        "payment_method": "ideal",
        "rows": [{"product_number": f"SKU{made.randrange(10**5)}", "quantity": 1}],
    }


def fill(database: Database, vault: Vault, flow_id: int, count: int) -> None:
    run_id = make_run(database, flow_id)
    with database.session() as session:
        numbers = ids.reserve(session, "entry", count)
        for number in numbers:
            session.add(
                Entry(id=number, run_id=run_id, flow_id=flow_id, key=str(number), outcome="created")
            )
        payloads.write_many(
            session.connection(),
            vault,
            flow_id,
            [
                (number, part, order(number))
                for number in numbers
                for part in ("received", "pushed")
            ],
        )


def test_no_dictionary_is_made_from_too_few_samples(
    database: Database, vault: Vault, flow_id: int
) -> None:
    fill(database, vault, flow_id, 50)
    assert dictionaries.train_due(database, vault) == []


def test_no_dictionary_is_kept_that_does_not_help(database: Database, vault: Vault) -> None:
    noise = random.Random(1)
    samples = [("received", {"x": noise.randbytes(300).hex()}) for _ in range(400)]
    assert dictionaries.train(database, vault, "flow/1", samples) is None
    assert dictionaries.train(database, vault, "flow/1", [("received", {})] * 400) is None


def test_what_only_some_records_contain_is_not_in_a_dictionary(
    database: Database, vault: Vault
) -> None:
    samples = [("received", order(n)) for n in range(600)]
    samples += [("received", {**order(n), "note": "Wilhelmina"}) for n in range(600, 700)]
    number = dictionaries.train(database, vault, "flow/1", samples)
    with database.session() as session:
        row = session.get_one(CodecDictionary, number)
        assert b"country_code" not in row.data
        data = vault.unseal_bytes(row.data, "codec_dictionary/flow/1")
    assert b"country_code" in data
    for personal in (b"Anna", b"Jansen", b"Dorpsstraat", b"Wilhelmina", b"SKU"):
        assert personal not in data


def test_a_dictionary_makes_new_payloads_several_times_smaller_and_old_ones_stay_readable(
    database: Database, vault: Vault, flow_id: int
) -> None:
    fill(database, vault, flow_id, 300)
    (number,) = dictionaries.train_due(database, vault)
    assert dictionaries.train_due(database, vault) == []
    with database.begin() as connection:
        without = payloads.write_many(connection, vault, 999, [(9001, "received", order(9001))])
        smaller = payloads.write_many(connection, vault, flow_id, [(9000, "received", order(9000))])
    assert smaller < 0.65 * without
    assert number > 0
    as_kept = json.loads(json.dumps(order(9000)), parse_float=Decimal)
    assert read(database, vault, 9000)["received"] == as_kept
    assert read(database, vault, 1)["received"]["ordernumber"] == 10_001


def test_another_process_reads_what_was_packed_with_a_dictionary(
    database: Database, vault: Vault, flow_id: int
) -> None:
    fill(database, vault, flow_id, 300)
    dictionaries.train_due(database, vault)
    write(database, vault, (9000, "received", order(9000)), flow_id=flow_id)
    from tests.store.conftest import KEY

    fresh = Vault([KEY.encode()])  # knows no dictionary yet, as in a new process
    assert read(database, fresh, 9000)["received"]["ordernumber"] == 19_000


def test_several_threads_pack_and_unpack_at_once(
    database: Database, vault: Vault, flow_id: int
) -> None:
    fill(database, vault, flow_id, 300)
    dictionaries.train_due(database, vault)
    wrong: list[int] = []

    def work(start: int) -> None:
        for n in range(start, start + 40):
            write(database, vault, (n, "received", order(n)), flow_id=flow_id)
            if read(database, vault, n)["received"]["ordernumber"] != 10_000 + n:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(10_000 * t,)) for t in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with database.session() as session:
        assert len(session.exec(select(Payload.entry_id)).all()) == 600 + 160
