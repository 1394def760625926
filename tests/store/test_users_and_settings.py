"""Users and overall settings: what is refused, and with which words."""

from __future__ import annotations

import datetime as dt
import threading
import time
from zoneinfo import ZoneInfo

import pytest

from hub.store import Database, settings, users
from hub.store.settings import SettingError, get_setting, set_setting
from hub.store.tables import Setting, User
from hub.store.users import UserError

PASSWORD = "correct horse battery"


# ---- users: failures


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@",
        "@example.com",
        "anna@example",
        "an na@example.com",
        "anna\0@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(database: Database, email: str) -> None:
    with pytest.raises(UserError, match="e-mail address") as raised:
        users.add(database, email, PASSWORD)
    assert raised.value.field == "email"
    assert not users.any_user(database)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 10"),
        ("short", "at least 10"),
        ("x" * 10_000_000, "at most 1000"),
        ("anna@example.com", "easy to guess"),
        ("aaaaaaaaaaaa", "easy to guess"),
    ],
    ids=["empty", "short", "ten megabytes", "the address", "one letter"],
)
def test_a_weak_password_is_refused(database: Database, password: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        users.add(database, "anna@example.com", password)
    assert raised.value.field == "password"
    assert not users.any_user(database)


def test_an_address_is_taken_once_whatever_its_case(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    with pytest.raises(UserError, match="already"):
        users.add(database, " Anna@Example.COM ", PASSWORD)


@pytest.mark.parametrize("password", ["wrong horse battery", "", "x" * 10_000_000])
def test_a_wrong_password_does_not_log_in(database: Database, password: str) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    assert users.verify(database, "anna@example.com", password) is None


def test_an_unknown_address_takes_as_long_as_a_wrong_password(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    users.verify(database, "nobody@example.com", PASSWORD)  # makes the decoy

    def seconds(email: str) -> float:
        began = time.process_time()
        assert users.verify(database, email, "wrong horse battery") is None
        return time.process_time() - began

    known = min(seconds("anna@example.com") for _ in range(3))
    unknown = min(seconds("nobody@example.com") for _ in range(3))
    assert unknown > known / 2


def test_the_last_user_stays(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    with pytest.raises(UserError, match="only user"):
        users.remove(database, "anna@example.com")
    assert users.any_user(database)


def test_a_user_that_is_not_there_is_named(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    with pytest.raises(UserError, match=r"no user bram@example\.com"):
        users.remove(database, "bram@example.com")
    with pytest.raises(UserError, match=r"no user bram@example\.com"):
        users.change_password(database, "bram@example.com", PASSWORD)


def test_of_two_first_users_at_once_one_is_made(database: Database) -> None:
    said: list[str] = []

    def first(email: str) -> None:
        try:
            said.append(users.add_first(database, email, PASSWORD).email)
        except UserError:
            said.append("refused")

    threads = [threading.Thread(target=first, args=(f"u{n}@example.com",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("refused") == 3
    assert len(users.list_all(database)) == 1


# ---- users: what works


def test_a_user_logs_in_with_the_right_password(database: Database) -> None:
    assert not users.any_user(database)
    made = users.add(database, "Anna@Example.com", PASSWORD, name="Anna")
    user = users.verify(database, " anna@example.COM", PASSWORD)
    assert user is not None
    assert user.id == made.id
    assert user.last_login_at is not None
    assert users.get(database, made.id or 0) is not None


def test_only_a_hash_of_the_password_is_kept(database: Database) -> None:
    user = users.add(database, "anna@example.com", PASSWORD)
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash


def test_after_a_change_only_the_new_password_fits(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    users.change_password(database, "anna@example.com", "another horse battery")
    assert users.verify(database, "anna@example.com", PASSWORD) is None
    assert users.verify(database, "anna@example.com", "another horse battery") is not None


def test_a_hash_made_with_weaker_parameters_is_made_anew_at_login(database: Database) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with database.session() as session:
        session.add(User(email="anna@example.com", password_hash=weak))
    assert users.verify(database, "anna@example.com", PASSWORD) is not None
    (user,) = users.list_all(database)
    assert user.password_hash != weak
    assert users.verify(database, "anna@example.com", PASSWORD) is not None


def test_the_number_of_a_removed_user_is_not_given_to_another(database: Database) -> None:
    users.add(database, "anna@example.com", PASSWORD)
    bram = users.add(database, "bram@example.com", PASSWORD)
    users.remove(database, "bram@example.com")
    carla = users.add(database, "carla@example.com", PASSWORD)
    assert carla.id != bram.id
    assert [user.email for user in users.list_all(database)] == [
        "anna@example.com",
        "carla@example.com",
    ]


# ---- settings


@pytest.mark.parametrize("value", [0, -1, 3651, "", "many", "1.5", None, 10**30, "x" * 10_000])
def test_a_number_of_days_that_cannot_be_is_refused(database: Database, value: object) -> None:
    with pytest.raises(SettingError, match="whole number of days from 1 to 3650") as raised:
        set_setting(database, "retention_days", value)
    assert raised.value.setting == "retention_days"
    assert get_setting(database, "retention_days") == 30


def test_a_zone_that_does_not_exist_is_refused(database: Database) -> None:
    with pytest.raises(SettingError, match="Europe/Amsterdam"):
        set_setting(database, "time_zone", "Mars/Olympus")


def test_a_flag_that_is_neither_is_refused(database: Database) -> None:
    with pytest.raises(SettingError, match="true or false"):
        set_setting(database, "keep_payloads", "perhaps")


def test_a_setting_that_does_not_exist_is_named_with_those_that_do(database: Database) -> None:
    with pytest.raises(SettingError, match="retention_days, keep_payloads, time_zone"):
        set_setting(database, "retentiondays", 3)
    with pytest.raises(SettingError, match="no setting key_check"):
        get_setting(database, "key_check")


def test_of_several_settings_all_are_changed_or_none(database: Database) -> None:
    with pytest.raises(SettingError):
        settings.set_all(database, {"retention_days": 7, "time_zone": "Mars/Olympus"})
    assert get_setting(database, "retention_days") == 30
    settings.set_all(database, {"retention_days": "7", "keep_payloads": "off"})
    assert settings.all_settings(database) == {
        "retention_days": 7,
        "keep_payloads": False,
        "time_zone": "",
    }


def test_a_value_that_a_later_version_wrote_counts_as_not_set(database: Database) -> None:
    with database.session() as session:
        session.add(Setting(name="overall/retention_days", value={"hot": 3}))
    assert get_setting(database, "retention_days") == 30


def test_every_setting_has_a_default_that_fits_and_says_what_it_is_for() -> None:
    for setting in settings.SETTINGS:
        assert setting.parse(setting.default) == setting.default
        assert setting.help.endswith(".")
        assert setting.title


def test_a_change_is_seen_in_the_same_session_and_by_the_next(database: Database) -> None:
    with database.session() as session:
        assert get_setting(session, "cleaned_on") is None
        set_setting(session, "cleaned_on", "2026-03-01")
        set_setting(session, "cleaned_on", "2026-03-02")
        assert get_setting(session, "cleaned_on") == "2026-03-02"
    assert get_setting(database, "cleaned_on") == "2026-03-02"


def test_the_time_zone_is_the_one_that_was_set_or_the_machines(database: Database) -> None:
    assert isinstance(settings.time_zone(database), dt.tzinfo)
    set_setting(database, "time_zone", " Europe/Amsterdam ")
    assert settings.time_zone(database) == ZoneInfo("Europe/Amsterdam")
