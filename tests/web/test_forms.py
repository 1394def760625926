"""Forms: what is wrong is said beside the field, and what was typed is kept."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET
from sqlmodel import select

from hub.engine import shared
from hub.engine.hub import Hub
from hub.store.tables import Connection, Flow

from .conftest import FLOW, Furnish, Visitor

SETTINGS = f"/flows/{FLOW}/settings"


def stored(hub: Hub) -> Flow:
    """The one flow."""
    with hub.database.session() as session:
        return session.exec(select(Flow)).one()


def answers(**changes: Any) -> dict[str, Any]:
    """The settings page as a browser posts it, with changes."""
    return {
        "do": "save",
        "flow-title": "Orders",
        "flow-schedule": "every 10 minutes",
        "flow-retention_days": "",
        "filter-paid": "any",
        "filter-look_back_days": "30",
        "settings-customer_match": "email",
        "settings-default_debtor_use": "fallback",
        "settings-home_country": "NL",
        "settings-discount": "price",
        "settings-rounding_limit": "0.05",
        "settings-vat_codes.country": ["NL", ""],
        "settings-vat_codes.rate": ["21", ""],
        "settings-vat_codes.customer": ["", ""],
        "settings-vat_codes.code": ["3", ""],
        "rules": "",
    } | changes


# ---- what is refused


def test_a_wrong_answer_is_named_beside_its_field_and_nothing_is_kept(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    answer = anna.post(
        SETTINGS,
        answers(
            **{
                "flow-title": "A new name",
                "flow-schedule": "every now and then",
                "filter-look_back_days": "1000",
                "settings-home_country": "Nederland",
            }
        ),
    )
    assert answer.status_code == 422
    for words in ("every now and then", "1000", "Nederland", "A new name"):
        assert words in answer.text
    for field in ("flow-schedule", "filter-look_back_days", "settings-home_country"):
        message = re.search(rf'id="f-{field}-error"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
        assert message is not None
        assert message[1].strip(), field
    assert stored(hub).title == "Orders of the web shop"


def test_a_vat_row_without_code_is_marked(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    answer = anna.post(
        SETTINGS,
        answers(**{"settings-vat_codes.code": ["", ""], "settings-vat_codes.rate": ["21,5", ""]}),
    )
    assert answer.status_code == 422
    assert "VAT code: required" in answer.text
    assert 'value="21,5"' in answer.text, "as it was typed"


def test_half_a_row_of_a_table_is_not_dropped_in_silence(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    answer = anna.post(
        SETTINGS,
        answers(
            **{
                "settings-payment_conditions.key": ["Mollie iDEAL", "v1.2 (old)"],
                "settings-payment_conditions.value": ["ID", ""],
            }
        ),
    )
    assert answer.status_code == 422
    assert "choose what it becomes" in answer.text
    assert "v1.2 (old)" in answer.text


def test_rules_that_are_not_yaml_say_on_which_line(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    answer = anna.post(SETTINGS, answers(rules="- to: note\n\tvalue: x"))
    assert answer.status_code == 422
    assert "Line 2" in answer.text
    assert "tab" in answer.text


def test_a_rule_for_an_unknown_field_is_refused(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    answer = anna.post(SETTINGS, answers(rules="- {to: nowhere.at.all, fom: x}"))
    assert answer.status_code == 422
    assert "fom" in answer.text
    assert stored(hub).rules == []


def test_a_bomb_of_aliases_is_refused(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{after}: &{after} [{','.join(f'*{before}' for _ in range(9))}]\n"
    answer = anna.post(SETTINGS, answers(rules=bomb))
    assert answer.status_code == 422
    assert "too much" in answer.text


# ---- tables


def test_buttons_of_a_table_change_it_and_keep_nothing(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    before = stored(hub).updated_at
    added = anna.post(
        SETTINGS,
        answers(do="add-row:settings-payment_conditions:Mollie iDEAL", **{"flow-title": "Typed"}),
    )
    assert added.status_code == 200
    assert 'value="Typed"' in added.text
    assert re.search(r'<option value="Mollie iDEAL" selected>', added.text)
    removed = anna.post(SETTINGS, answers(do="remove-row:settings-vat_codes:0"))
    assert removed.status_code == 200
    assert '<option value="3" selected>' not in removed.text
    assert stored(hub).updated_at == before


def test_a_button_for_a_table_that_is_not_there_changes_nothing(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    for does in ("add-row:nothing", "remove-row:settings-vat_codes:99", "remove-row:x:y"):
        assert anna.post(SETTINGS, answers(do=does)).status_code == 200


# ---- what is kept


def test_good_answers_are_kept_as_a_file_would_say_them(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    answer = anna.post(
        SETTINGS,
        answers(
            **{
                "filter-statuses": ["2", "5"],
                "settings-payment_conditions.key": ["Mollie iDEAL"],
                "settings-payment_conditions.value": ["ID"],
                "settings-payment_conditions.default": "30",
                "flow-retention_days": "7",
                "rules": "- {to: note, value: from the shop}",
            }
        ),
    )
    assert answer.status_code == 303, answer.text
    flow = stored(hub)
    assert flow.title == "Orders"
    assert flow.schedule == "every 10 minutes"
    assert flow.retention_days == 7
    assert flow.filter == {"statuses": ["2", "5"]}
    assert flow.rules == [{"to": "note", "value": "from the shop"}]
    with hub.database.session() as session:
        shares = shared.shared(session, flow.source_id, flow.target_id)
    assert shares["payment_conditions"] == {"default": "30", "rows": {"Mollie iDEAL": "ID"}}
    assert shares["create_customers"] is False, "a box that is not ticked means no"
    assert not set(shares) & set(flow.settings), "said once"


def test_a_setting_that_mends_something_is_shown_at_once(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    plain = anna.get(SETTINGS).text
    assert plain.index("More settings") < plain.index('id="f-settings-rounding_item"')
    mending = anna.get(f"{SETTINGS}?mend=rounding_item").text
    assert mending.rindex("More settings") > mending.index('id="f-settings-rounding_item"')


# ---- connections


def credentials(url: str, **changes: str) -> dict[str, str]:
    """The form of a new connection to the shop."""
    return {
        "do": "save",
        "credentials-shop_url": url,
        "credentials-api_public": API_PUBLIC,
        "credentials-api_secret": API_SECRET,
        "settings-sku_field": "best",
        "settings-reads_per_minute": "140",
        "settings-writes_per_minute": "90",
    } | changes


def test_a_connection_is_tested_before_it_is_kept_and_named_after_the_account(
    anna: Visitor, hub: Hub, vendors: tuple[Flask, str, Flask, str]
) -> None:
    bad = anna.post("/connect/ccvshop", credentials(vendors[1], **{"credentials-api_secret": "x"}))
    assert bad.status_code == 422
    with hub.database.session() as session:
        assert session.exec(select(Connection)).all() == []
    good = anna.post("/connect/ccvshop", credentials(vendors[1]))
    assert good.status_code == 303
    with hub.database.session() as session:
        row = session.exec(select(Connection)).one()
    assert row.status == "ok"
    assert row.account
    assert row.title == row.account


def test_a_test_shows_the_account_and_keeps_nothing(
    anna: Visitor, hub: Hub, vendors: tuple[Flask, str, Flask, str]
) -> None:
    answer = anna.post("/connect/ccvshop", credentials(vendors[1], do="test"))
    assert answer.status_code == 200
    assert "It works" in answer.text
    part = anna.post(
        "/connect/ccvshop", credentials(vendors[1], do="test"), headers={"HX-Request": "true"}
    )
    assert "<html" not in part.text
    assert "It works" in part.text
    with hub.database.session() as session:
        assert session.exec(select(Connection)).all() == []


def test_a_system_that_is_down_can_be_saved_all_the_same(anna: Visitor, hub: Hub) -> None:
    down = credentials("http://127.0.0.1:9")
    refused = anna.post("/connect/ccvshop", down)
    assert refused.status_code == 422
    assert "save_anyway" in refused.text
    assert anna.post("/connect/ccvshop", down | {"do": "save_anyway"}).status_code == 303
    with hub.database.session() as session:
        assert session.exec(select(Connection)).one().name == "ccvshop"


def test_a_short_name_that_is_taken_is_refused(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: tuple[Flask, str, Flask, str]
) -> None:
    furnish()
    answer = anna.post(
        "/connect/ccvshop", credentials(vendors[1], **{"connection-name": "webshop"})
    )
    assert answer.status_code == 422
    assert "already" in answer.text


def test_a_connection_in_use_cannot_be_removed(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    assert anna.post("/connections/erp/remove").status_code == 303
    assert "delete those flows first" in anna.get("/connections/erp").text
    anna.post(f"/flows/{FLOW}/remove")
    anna.post("/connections/erp/remove")
    with hub.database.session() as session:
        assert [row.name for row in session.exec(select(Connection))] == ["webshop"]
