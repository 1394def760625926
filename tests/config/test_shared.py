"""Shared settings in the config file: said once, mistakes with their line, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from hub.engine import connections, flows, shared
from hub.engine.configfile import ConfigFileError, apply, export
from hub.engine.hub import Hub
from hub.engine.naming import connection_named, flow_named
from hub.mapping.settings import SHARED
from hub.store.tables import Connection, Coupling, Flow

TOYS = """\
version: 1
connections:
  one:
    system: toy
    credentials: {base_url: "https://one.example.com", token: geheim-0123}
  two:
    system: toy
    credentials: {base_url: "https://two.example.com", token: geheim-0123}
"""
SHARES = """\
shared:
  there:
    from: one
    to: two
    settings:
      vat_codes:
        rows:
          - {country: NL, rate: 21, code: 4}
      default_debtor_use: always
      home_country: BE
"""
FLOWS = """\
flows:
  orders:
    from: one.orders
    to: two.orders
    settings: {label: web}
"""
WHOLE = TOYS + SHARES + FLOWS
VAT = {"rows": [{"country": "NL", "rate": "21", "code": "4"}]}


def effective(hub: Hub, name: str = "orders") -> dict[str, object]:
    """What counts for a flow."""
    with hub.database.session() as session:
        row = flow_named(session, name)
        target = session.get_one(Connection, row.target_id)
        entity = hub.registry.system(target.system).entity(row.target_entity)
        return shared.effective(session, row, entity)


def version(hub: Hub, name: str = "orders") -> int:
    """Which version of a flow there is."""
    with hub.database.session() as session:
        return flow_named(session, name).version


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from: one\n", "form: one\n", "line 11: shared.there.form: unknown; did you mean 'from'?"),
        ("    from: one\n", "", "line 11: shared.there.from: required"),
        (
            "from: one\n",
            "from: oen\n",
            "line 11: shared.there.from: there is no connection 'oen'; did you mean 'one'?",
        ),
        (
            "to: two\n",
            "to: two.orders\n",
            "line 12: shared.there.to: must be a connection, such as two, not 'two.orders'",
        ),
        (
            "home_country",
            "home_contry",
            "line 18: shared.there.settings.home_contry: unknown; did you mean 'home_country'?",
        ),
        ("always", "sometimes", "line 17: shared.there.settings.default_debtor_use: must be"),
        ("rate: 21", "rate: 121", "line 16: shared.there.settings.vat_codes.rows.0.rate"),
        ("  there:", "  the re:", "line 10: shared.the re: 'the re' cannot be a name"),
        ("shared:", "sharde:", "line 9: sharde: unknown; did you mean 'shared'?"),
        (
            "home_country: BE\n",
            "home_country: BE\n  again:\n    from: one\n    to: two\n",
            "line 20: shared.again: says what there says: what flows from one to two share",
        ),
        # What only one flow can answer cannot be shared.
        ("home_country: BE", "reference_prefix: X", "settings.reference_prefix: unknown"),
    ],
)
def test_a_mistake_in_shared_settings_is_named_with_its_line_and_nothing_is_done(
    hub: Hub, old: str, new: str, said: str
) -> None:
    assert WHOLE.count(old) >= 1
    with pytest.raises(ConfigFileError) as caught:
        apply(hub, WHOLE.replace(old, new, 1))
    assert said in str(caught.value), caught.value
    with hub.database.session() as session:
        assert session.exec(select(Coupling)).all() == []
        assert session.exec(select(Flow)).all() == []


def test_what_is_shared_counts_for_the_flow_and_stands_in_it_nowhere(hub: Hub) -> None:
    changes = [str(change) for change in apply(hub, WHOLE)]
    assert any(change.startswith("create shared one-to-two: settings.") for change in changes)
    with hub.database.session() as session:
        assert flow_named(session, "orders").settings == {"label": "web"}
    assert effective(hub) == {
        "vat_codes": VAT,
        "default_debtor_use": "always",
        "home_country": "BE",
        "label": "web",
    }


def test_a_flow_takes_only_what_its_own_form_asks(hub: Hub) -> None:
    """C01-C07: a flow of customers knows the country, and nothing of default debtors."""
    apply(hub, WHOLE + "  customers: {from: one.customers, to: two.customers}\n")
    assert effective(hub, "customers") == {"home_country": "BE"}


def test_the_same_file_twice_changes_nothing(hub: Hub) -> None:
    assert apply(hub, WHOLE)
    before = version(hub)
    assert apply(hub, WHOLE) == []
    assert version(hub) == before


def test_a_plan_says_what_would_change_and_changes_nothing(hub: Hub) -> None:
    apply(hub, WHOLE)
    changed = WHOLE.replace("home_country: BE", "home_country: DE")
    assert [str(c) for c in apply(hub, changed, plan=True)] == [
        "update shared one-to-two: settings.home_country: 'BE' -> 'DE'"
    ]
    assert effective(hub)["home_country"] == "BE"


def test_a_change_of_what_is_shared_is_a_new_version_of_every_flow_of_that_direction(
    hub: Hub,
) -> None:
    """That is what lets records that wait be tried again."""
    back = "  back: {from: two.orders, to: one.orders}\n"
    also = "  also: {from: one.customers, to: two.customers}\n"
    apply(hub, WHOLE + back + also)
    before = [version(hub, name) for name in ("orders", "also", "back")]
    apply(hub, WHOLE.replace("BE", "DE") + back + also)
    after = [version(hub, name) for name in ("orders", "also", "back")]
    assert after == [before[0] + 1, before[1] + 1, before[2]]


def test_a_setting_of_the_flow_itself_wins(hub: Hub) -> None:
    own = "{label: web, home_country: DE, vat_codes: {default: 9}}"
    apply(hub, WHOLE.replace("{label: web}", own))
    assert effective(hub)["home_country"] == "DE"
    assert effective(hub)["vat_codes"] == {"default": "9"}


def test_a_flow_may_keep_to_the_default_while_others_share_another_answer(hub: Hub) -> None:
    own = "{home_country: NL, default_debtor_use: fallback, vat_codes: {}}"
    text = WHOLE.replace("{label: web}", own)
    apply(hub, text)
    assert effective(hub) == {
        "home_country": "NL",
        "default_debtor_use": "fallback",
        "vat_codes": {},
    }
    assert apply(hub, text) == []
    assert apply(hub, export(hub)) == []
    # Without anything to differ from, the default goes without saying.
    apply(hub, TOYS + FLOWS.replace("{label: web}", own), prune=True)
    with hub.database.session() as session:
        assert flow_named(session, "orders").settings == {}


def test_exported_and_applied_elsewhere_it_is_the_same(hub: Hub) -> None:
    apply(hub, WHOLE)
    text = export(hub)
    assert "  one-to-two:\n    from: one\n    to: two\n    settings:\n" in text
    assert text.index("shared:") < text.index("flows:")
    assert apply(hub, text, prune=True) == []
    with hub.database.session() as session:
        for row in session.exec(select(Flow)).all():
            flows.remove(session, row)
        before = session.exec(select(Coupling)).one().settings
        session.delete(session.exec(select(Coupling)).one())
    apply(hub, text)
    with hub.database.session() as session:
        assert session.exec(select(Coupling)).one().settings == before


def test_the_export_of_one_flow_says_what_its_own_direction_shares(hub: Hub) -> None:
    back = "  back: {from: two.orders, to: one.orders}\n"
    other = "  other: {from: two, to: one, settings: {home_country: FR}}\n"
    apply(hub, TOYS + SHARES + other + FLOWS + back)
    assert "BE" in export(hub, "orders")
    assert "FR" not in export(hub, "orders")
    assert "FR" in export(hub, "back")
    assert "BE" not in export(hub, "back")


def test_names_too_long_to_be_joined_are_shortened_in_the_export(hub: Hub) -> None:
    long = "a" * 40
    apply(
        hub,
        WHOLE.replace("one:", f"{long}:").replace("one\n", f"{long}\n").replace("one.", f"{long}."),
    )
    assert apply(hub, export(hub)) == []


def test_what_the_file_does_not_name_stays_unless_it_is_pruned(hub: Hub) -> None:
    apply(hub, WHOLE)
    assert apply(hub, TOYS + FLOWS) == []
    assert effective(hub)["home_country"] == "BE"
    assert [str(c) for c in apply(hub, TOYS + FLOWS, prune=True)] == ["delete shared one-to-two"]
    assert effective(hub) == {"label": "web"}
    assert apply(hub, TOYS + FLOWS, prune=True) == []


def test_a_connection_takes_what_it_shared_along(hub: Hub) -> None:
    apply(hub, WHOLE)
    with hub.database.session() as session:
        flows.remove(session, flow_named(session, "orders"))
        connections.remove(session, connection_named(session, "one"))
        assert session.exec(select(Coupling)).all() == []


def test_the_manual_names_every_setting_that_can_be_shared() -> None:
    text = (Path(__file__).parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
    part = text[text.index("### Shared settings") : text.index("### A flow")]
    assert [name for name in SHARED if f"`{name}`" not in part] == []
