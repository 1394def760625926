"""The vault: what is sealed opens only here, only in its place, and only with the right key."""

from __future__ import annotations

import copy
import json
import pickle
import stat
import threading
import traceback
from dataclasses import replace

import pytest
from sqlmodel import select

from hub.config import Config
from hub.store import CannotOpen, Database, KeyRefused, Vault, open_vault, payloads, rotation
from hub.store import vault as vaults
from hub.store.tables import CodecDictionary, Connection, Payload, Setting
from tests.store.conftest import KEY, make_flow

OTHER = "another key for tests, long enough too"


def with_key(config: Config, *keys: str) -> Config:
    return replace(config, secret_key=keys)


# ---- sealing: failures


def test_a_sealed_value_does_not_open_in_another_place(vault: Vault) -> None:
    sealed = vault.seal("hush", "connection/7/credentials")
    with pytest.raises(CannotOpen, match="connection/8/credentials was changed"):
        vault.open(sealed, "connection/8/credentials")


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_sealed_value_that_was_changed_does_not_open(vault: Vault, position: int) -> None:
    sealed = bytearray(vault.seal_bytes(b"hush", "payload/1/trace"))
    sealed[5 + position if position >= 0 else position] ^= 1
    with pytest.raises(CannotOpen, match="payload/1/trace was changed"):
        vault.unseal_bytes(bytes(sealed), "payload/1/trace")


@pytest.mark.parametrize("sealed", ["", "hush", "v1", "v1.zz.AAAA", "v1.00000000.%%%", "v2.a.b"])
def test_what_was_never_sealed_does_not_open(vault: Vault, sealed: str) -> None:
    with pytest.raises(CannotOpen, match="stored at x"):
        vault.open(sealed, "x")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01abcd", b"\x02" + b"a" * 60])
def test_bytes_that_were_never_sealed_do_not_open(vault: Vault, sealed: bytes) -> None:
    with pytest.raises(CannotOpen, match="stored at x"):
        vault.unseal_bytes(sealed, "x")


def test_a_value_sealed_with_an_unknown_key_names_the_keys(vault: Vault) -> None:
    other = Vault([OTHER.encode()])
    with pytest.raises(CannotOpen, match=f"sealed with key {other.kid}.*{vault.kid}"):
        vault.open(other.seal("hush", "x"), "x")


def test_a_short_key_is_refused_with_a_way_to_make_one() -> None:
    with pytest.raises(KeyRefused, match="token_urlsafe"):
        Vault([b"secret"])


def test_neither_key_nor_plain_text_is_in_an_error_or_a_repr(vault: Vault) -> None:
    sealed = vault.seal("plain-text-of-mine", "x")
    with pytest.raises(CannotOpen) as raised:
        vault.open(sealed[:-2] + "AA", "x")
    shown = repr(vault) + str(vars(vault)["_keys"]) + str(raised.value)
    shown += "".join(traceback.format_exception(raised.value))
    for secret in (KEY, KEY.encode().hex(), "plain-text-of-mine"):
        assert secret not in shown


def test_a_vault_is_not_pickled(vault: Vault) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(vault)
    with pytest.raises(TypeError):
        copy.deepcopy(vault)


# ---- sealing: what works


def test_a_sealed_value_opens_in_its_place(vault: Vault) -> None:
    sealed = vault.seal("hush é", "connection/7/credentials")
    assert vault.open(sealed, "connection/7/credentials") == "hush é"
    assert sealed.split(".")[:2] == ["v1", vault.kid]
    assert "hush" not in sealed


def test_the_same_text_is_sealed_differently_each_time(vault: Vault) -> None:
    assert vault.seal("hush", "x") != vault.seal("hush", "x")


def test_a_second_key_opens_what_it_sealed_and_the_first_one_seals() -> None:
    old, both = Vault([OTHER.encode()]), Vault([KEY.encode(), OTHER.encode()])
    assert both.open(old.seal("hush", "x"), "x") == "hush"
    assert both.kid == Vault([KEY.encode()]).kid


def test_hashes_of_personal_data_ignore_case_and_blanks_and_need_the_key(vault: Vault) -> None:
    digest = vault.digest(" Anna@Example.com ")
    assert digest == vault.digest("anna@example.com")
    assert digest != vault.digest("bram@example.com")
    assert digest != Vault([OTHER.encode()]).digest("anna@example.com")
    assert len(digest) == 32
    assert int(digest, 16)


def test_derived_keys_differ_by_use_and_are_the_same_at_every_start(vault: Vault) -> None:
    assert vault.derive("sessions") == Vault([KEY.encode()]).derive("sessions")
    assert vault.derive("sessions") != vault.derive("tokens")
    assert len(vault.derive("sessions")) == 32


# ---- opening the vault of a hub: failures


def test_a_wrong_key_is_refused_and_says_which_was_used(
    store_config: Config, database: Database
) -> None:
    right = open_vault(with_key(store_config, KEY), database)
    with pytest.raises(KeyRefused) as raised:
        open_vault(with_key(store_config, OTHER), database)
    message = str(raised.value)
    assert "KOPPEL_SECRET_KEY does not fit" in message
    assert right.kid in message
    assert "Nothing was changed" in message
    assert KEY not in message
    assert OTHER not in message


def test_a_missing_key_file_is_not_replaced_while_there_is_data(
    store_config: Config, database: Database
) -> None:
    open_vault(store_config, database)
    store_config.secret_key_file.unlink()
    with pytest.raises(KeyRefused, match="Put the file back"):
        open_vault(store_config, database)
    assert not store_config.secret_key_file.exists()


@pytest.mark.parametrize("lost", [True, False])
def test_a_key_is_checked_against_credentials_when_the_check_row_is_gone(
    store_config: Config, database: Database, lost: bool
) -> None:
    right = open_vault(with_key(store_config, KEY), database)
    with database.session() as session:
        for name in (vaults.CHECK, vaults.DIGEST):
            session.delete(session.get_one(Setting, name))
        row = Connection(name="shop", system="toy")
        session.add(row)
        session.flush()
        row.credentials = right.seal("{}", vaults.credentials_place(row.id or 0))
        session.add(row)
    if lost:
        with pytest.raises(KeyRefused, match="is missing"):
            open_vault(store_config, database)
    else:
        with pytest.raises(KeyRefused, match="does not fit"):
            open_vault(with_key(store_config, OTHER), database)
    with database.session() as session:
        assert session.get(Setting, vaults.CHECK) is None
    assert not store_config.secret_key_file.exists()


def test_a_key_is_checked_against_log_data_when_nothing_else_is_sealed(
    store_config: Config, database: Database, vault: Vault
) -> None:
    with database.begin() as connection:
        payloads.write_many(connection, vault, 1, [(1, "received", {"a": 1})])
    with pytest.raises(KeyRefused, match="does not fit"):
        open_vault(with_key(store_config, OTHER), database)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"])
def test_a_key_file_without_a_key_is_refused(
    store_config: Config, database: Database, content: bytes
) -> None:
    store_config.home.mkdir(exist_ok=True)
    store_config.secret_key_file.write_bytes(content)
    with pytest.raises(KeyRefused, match=r"secret\.key"):
        open_vault(store_config, database)
    assert store_config.secret_key_file.read_bytes() == content


def test_a_damaged_check_row_is_not_blamed_on_the_key(
    store_config: Config, database: Database
) -> None:
    config = with_key(store_config, KEY)
    open_vault(config, database)
    with database.session() as session:
        row = session.get_one(Setting, vaults.CHECK)
        row.value = row.value[:-4] + "AAAA"
        session.add(row)
    with pytest.raises(KeyRefused, match="is the right one"):
        open_vault(config, database)


# ---- opening: what works


def test_the_key_is_made_once_for_its_owner_only(store_config: Config, database: Database) -> None:
    first = open_vault(store_config, database)
    path = store_config.secret_key_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) >= 43
    second = open_vault(store_config, database)
    assert second.open(first.seal("hush", "x"), "x") == "hush"
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".secret")] == []


def test_two_first_starts_at_once_agree_on_one_key(
    store_config: Config, database: Database
) -> None:
    made: list[Vault] = []
    threads = [
        threading.Thread(target=lambda: made.append(open_vault(store_config, database)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len({vault.kid for vault in made}) == 1
    assert len({vault.digest("a") for vault in made}) == 1


def test_a_key_file_that_others_may_read_is_closed(
    store_config: Config, database: Database
) -> None:
    open_vault(store_config, database)
    store_config.secret_key_file.chmod(0o644)
    open_vault(store_config, database)
    assert stat.S_IMODE(store_config.secret_key_file.stat().st_mode) == 0o600


# ---- changing the key


def _fill(database: Database, vault: Vault) -> tuple[int, list[int]]:
    flow_id = make_flow(database, "orders")
    with database.session() as session:
        row = session.exec(select(Connection)).first()
        assert row is not None
        assert row.id is not None
        row.credentials = vault.seal(json.dumps({"token": "t"}), vaults.credentials_place(row.id))
        session.add(row)
        scope = payloads.scope_of(flow_id)
        session.add(
            CodecDictionary(
                scope=scope, data=vault.seal_bytes(b"words", vaults.dictionary_place("other"))
            )
        )
        session.exec(select(CodecDictionary)).one().scope = "other"
        connection_id = row.id
    entries = list(range(1, 451))
    with database.begin() as connection:
        payloads.write_many(
            connection, vault, flow_id, [(n, "received", {"n": n}) for n in entries]
        )
    return connection_id, entries


def test_old_keys_are_not_dropped_while_something_needs_them(
    store_config: Config, database: Database
) -> None:
    vault = open_vault(store_config, database)
    _fill(database, vault)
    rotation.add_key(store_config)
    with pytest.raises(KeyRefused, match="koppel key rotate"):
        rotation.drop_old_keys(store_config, database)
    assert len(store_config.secret_key_file.read_text().split()) == 2


def test_a_key_from_the_environment_is_not_changed_by_the_hub(store_config: Config) -> None:
    with pytest.raises(KeyRefused, match="put the new key there"):
        rotation.add_key(with_key(store_config, KEY))


def test_after_a_rotation_everything_opens_with_the_new_key_alone(
    store_config: Config, database: Database
) -> None:
    old = open_vault(with_key(store_config, KEY), database)
    connection_id, entries = _fill(database, old)
    both = open_vault(with_key(store_config, OTHER, KEY), database)
    assert rotation.count_stale(database, both) == len(entries) + 4
    steps: list[int] = []
    done = rotation.rotate(database, both, progress=steps.append)
    assert (done.credentials, done.payloads, done.others) == (1, len(entries), 3)
    assert steps == [200, 400, 450]
    assert rotation.count_stale(database, both) == 0
    assert rotation.rotate(database, both).total == 0
    new = open_vault(with_key(store_config, OTHER), database)
    assert new.digest("anna@example.com") == old.digest("anna@example.com")
    with database.session() as session:
        row = session.get_one(Connection, connection_id)
        assert new.open(row.credentials or "", vaults.credentials_place(connection_id)) == (
            '{"token": "t"}'
        )
        for entry_id in (1, 200, 201, 450):
            assert payloads.read(session, new, entry_id) == {"received": {"n": entry_id}}
        data = session.exec(select(CodecDictionary.data)).one()
        assert new.unseal_bytes(data, vaults.dictionary_place("other")) == b"words"
    with pytest.raises(KeyRefused):
        open_vault(with_key(store_config, KEY), database)


def test_a_running_process_learns_the_new_key_from_the_file(
    store_config: Config, database: Database
) -> None:
    running = open_vault(store_config, database)
    _fill(database, running)
    rotation.add_key(store_config)
    rotation.rotate(database, open_vault(store_config, database))
    with database.session() as session:
        assert payloads.read(session, running, 1) == {"received": {"n": 1}}
    fresh = open_vault(store_config, database)
    assert running.kid == fresh.kid
    assert rotation.drop_old_keys(store_config, database) == 1
    with database.session() as session:
        assert session.exec(select(Payload)).first() is not None
        assert payloads.read(session, open_vault(store_config, database), 450) == {
            "received": {"n": 450}
        }


def test_a_changed_key_file_holds_a_new_key_and_the_one_before_it(
    store_config: Config, database: Database
) -> None:
    first = open_vault(store_config, database)
    _fill(database, first)
    vault, done = rotation.change_key(store_config, database)
    assert done.payloads == 450
    assert vault.kid != first.kid
    assert vault.kids == {vault.kid, first.kid}
    again, _ = rotation.change_key(store_config, database)
    assert again.kids == {again.kid, vault.kid}
    assert open_vault(store_config, database).kid == again.kid
    assert stat.S_IMODE(store_config.secret_key_file.stat().st_mode) == 0o600


def test_an_interrupted_change_of_the_key_is_finished_first(
    store_config: Config, database: Database
) -> None:
    first = open_vault(store_config, database)
    _fill(database, first)
    rotation.add_key(store_config)  # and then the power went
    vault, done = rotation.change_key(store_config, database)
    assert done.payloads == 450
    assert vault.kids == {vault.kid, first.kid}


def test_a_key_from_the_environment_is_changed_by_putting_another_before_it(
    store_config: Config, database: Database
) -> None:
    old = open_vault(with_key(store_config, KEY), database)
    _fill(database, old)
    vault, done = rotation.change_key(with_key(store_config, OTHER, KEY), database)
    assert done.payloads == 450
    assert vault.kid == Vault([OTHER.encode()]).kid
    assert not store_config.secret_key_file.exists()
