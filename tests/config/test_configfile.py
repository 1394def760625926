"""The config file: mistakes with their line, all or nothing, the same twice, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from hub.engine.configfile import ConfigFileError, apply, export
from hub.engine.connections import stored_credentials
from hub.engine.hub import Hub
from hub.engine.naming import connection_named, flow_named
from hub.store.tables import Connection, Flow, FlowCursor, Run

GOOD = """\
version: 1
settings: {retention_days: 60}
connections:
  one:
    system: toy
    title: "Fietsen van Anna"
    credentials:
      base_url: https://one.example.com
      token: {env: TOY_TOKEN}
    settings: {page_size: 50}
  two:
    system: toy
    credentials: {base_url: "https://two.example.com", token: geheim-0123}
flows:
  orders:
    from: one.orders
    to: two.orders
    schedule: "*/5 * * * *"
    filter: {status: paid}
    settings:
      label: web
      vat_codes:
        rows:
          - {country: NO, rate: 25, code: 04}
          - {country: NL, rate: 21, code: 4}
    rules:
      - {to: note, value: 12.5}
    retention_days: 7
"""


def rows(hub: Hub) -> tuple[list[Connection], list[Flow]]:
    """All that is kept."""
    with hub.database.session() as session:
        return list(session.exec(select(Connection)).all()), list(session.exec(select(Flow)).all())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1", "version: 2", "line 1: version: this program reads version 1, not 2"),
        ("version: 1\n", "", "version: required; write `version: 1`"),
        ("version: 1", "versoin: 1", "line 1: versoin: unknown; did you mean 'version'?"),
        ("flows:", "flow:", "line 14: flow: unknown; did you mean 'flows'?"),
        (
            "    title:",
            "    titel:",
            "line 6: connections.one.titel: unknown; did you mean 'title'",
        ),
        (
            "system: toy\n    title",
            "system: toi\n    title",
            "line 5: connections.one.system: there is no system 'toi'; did you mean 'toy'?",
        ),
        ("system: toy\n    title", "sistem: toy\n    title", "connections.one.system: required"),
        (
            "base_url: https://one",
            "base_url: http://one",
            "line 8: connections.one.credentials.base_url: The address must start with https://",
        ),
        (
            "      token: {env",
            "      tokken: {env",
            "line 9: connections.one.credentials.tokken: unknown; did you mean 'token'?",
        ),
        ("      token: {env: TOY_TOKEN}", "      token:", "credentials.token: required"),
        (
            "{env: TOY_TOKEN}",
            "{env: TOYTOKEN}",
            "line 9: connections.one.credentials.token: the "
            "environment variable TOYTOKEN is not set",
        ),
        (
            "{env: TOY_TOKEN}",
            "{file: nothing.txt}",
            "line 9: connections.one.credentials.token: the file",
        ),
        ("{env: TOY_TOKEN}", "{secret: kept}", "nothing is stored yet that could be kept"),
        ("{env: TOY_TOKEN}", "{secret: keep}", "write {secret: kept}"),
        ("{page_size: 50}", "{page_size: 500}", "settings.page_size: must be at most 100"),
        ("{page_size: 50}", "[1]", "connections.one.settings: must be a table"),
        ("  one:\n", "  o.n.e:\n", "line 4: connections.o.n.e: 'o.n.e' cannot be a name"),
        ("from: one.orders", "from: one", "must be CONNECTION.ENTITY, such as webshop.orders"),
        (
            "from: one.orders",
            "from: onne.orders",
            "line 16: flows.orders.from: there is no connection 'onne'; did you mean 'one'?",
        ),
        (
            "from: one.orders",
            "from: one.order",
            "Toy has no entity 'order'; did you mean 'orders'?",
        ),
        (
            "to: two.orders",
            "to: two.customers",
            "documents of the kind order and Customers of the kind customer",
        ),
        ('"*/5 * * * *"', '"*/5 * * *"', "line 18: flows.orders.schedule: '*/5 * * *' is not"),
        (
            "{status: paid}",
            "{statsu: paid}",
            "line 19: flows.orders.filter.statsu: unknown; did you mean 'status'?",
        ),
        (
            "      label: web",
            "      lable: web",
            "line 21: flows.orders.settings.lable: unknown; did you mean 'label'?",
        ),
        (
            "rate: 25",
            "rate: lots",
            "line 24: flows.orders.settings.vat_codes.rows.0.rate: must be a",
        ),
        ("code: 4}", "kode: 4}", "line 25: flows.orders.settings.vat_codes.rows.1.kode: unknown"),
        ("{to: note,", '{to: "nothing[",', "line 27: flows.orders.rules.0"),
        ("{to: note, value", "{too: note, value", "line 27: flows.orders.rules.0"),
        (
            "retention_days: 7",
            "retention_days: 0",
            "line 28: flows.orders.retention_days: it must be",
        ),
        ("{retention_days: 60}", "{retention: 60}", "line 2: settings.retention: unknown"),
        ("{retention_days: 60}", "{retention_days: -1}", "settings.retention_days: Keep log data"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_nothing_is_applied(
    hub: Hub, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigFileError) as found:
        apply(hub, GOOD.replace(old, new, 1))
    assert said in str(found.value)
    assert "geheim" not in str(found.value)
    assert rows(hub) == ([], [])


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just words\n", "connections: 3\n"])
def test_a_file_that_is_no_table_is_refused(hub: Hub, text: str) -> None:
    with pytest.raises(ConfigFileError, match="line 1"):
        apply(hub, text)


def test_all_mistakes_are_named_at_once(hub: Hub) -> None:
    text = GOOD.replace("system: toy\n    title", "system: toi\n    title").replace(
        "to: two.orders", "to: two.order"
    )
    text = text.replace("https://two", "ftp://two")
    with pytest.raises(ConfigFileError) as found:
        apply(hub, text)
    assert [problem.line for problem in found.value.problems] == [5, 13]


def test_a_system_of_a_connection_cannot_change(hub: Hub, toy_module: object) -> None:
    apply(hub, GOOD)
    hub.registry.systems["other"] = hub.registry.systems["toy"]
    with pytest.raises(ConfigFileError, match="one is a connection to toy already"):
        apply(hub, GOOD.replace("system: toy\n    title", "system: other\n    title"))


def test_what_a_file_says_is_kept(hub: Hub) -> None:
    changes = apply(hub, GOOD)
    assert [str(change) for change in changes] == [
        "update setting retention_days: 30 -> 60",
        "create connection one: Toy",
        "create connection two: Toy",
        "create flow orders: one.orders -> two.orders",
    ]
    with hub.database.session() as session:
        one, flow = connection_named(session, "one"), flow_named(session, "orders")
    assert (one.title, one.settings, one.status) == ("Fietsen van Anna", {"page_size": 50}, "new")
    assert one.credentials is not None
    assert "toy-token" not in one.credentials
    assert stored_credentials(hub, one)["token"] == "toy-token-4711-not-for-others"
    assert flow.filter == {"status": "paid"}
    assert flow.settings["vat_codes"]["rows"] == [
        {"country": "NO", "rate": "25", "code": "04"},
        {"country": "NL", "rate": "21", "code": "4"},
    ]
    assert flow.rules == [{"to": "note", "value": 12.5}]
    assert flow.retention_days == 7
    assert flow.next_run_at is not None


def test_the_same_file_again_changes_nothing(hub: Hub) -> None:
    apply(hub, GOOD)
    before = rows(hub)
    assert apply(hub, GOOD) == []
    assert rows(hub) == before


def test_an_export_makes_the_identical_state(hub: Hub) -> None:
    apply(hub, GOOD)
    text = export(hub)
    assert "geheim" not in text
    assert "toy-token" not in text
    assert apply(hub, text, prune=True) == []
    assert export(hub) == text


def test_a_plan_changes_nothing_and_says_the_same(hub: Hub) -> None:
    planned = apply(hub, GOOD, plan=True)
    assert rows(hub) == ([], [])
    assert apply(hub, GOOD) == planned


def test_a_change_says_what_differs_and_shows_no_secret(hub: Hub) -> None:
    apply(hub, GOOD)
    text = GOOD.replace("geheim-0123", "geheim-4567").replace("label: web", "label: shop")
    text = text.replace("status: paid", "status: new").replace('"*/5 * * * *"', "every 5 minutes")
    changes = [str(change) for change in apply(hub, text)]
    assert changes == [
        "update connection two: credentials.token changed",
        "update flow orders: schedule: '*/5 * * * *' -> 'every 5 minutes'; "
        "filter.status: 'paid' -> 'new'; settings.label: 'web' -> 'shop'",
    ]
    with hub.database.session() as session:
        assert flow_named(session, "orders").version == 2


def test_a_new_schedule_is_no_new_version(hub: Hub) -> None:
    apply(hub, GOOD)
    apply(hub, GOOD.replace('"*/5 * * * *"', "null"))
    with hub.database.session() as session:
        flow = flow_named(session, "orders")
    assert (flow.version, flow.schedule, flow.next_run_at) == (1, None, None)


def test_a_kept_secret_stays_and_a_file_is_read(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("from-a-file-0123\n")
    text = GOOD.replace("{env: TOY_TOKEN}", "{file: token.txt}")
    apply(hub, text, folder=tmp_path)
    kept = GOOD.replace("{env: TOY_TOKEN}", "{secret: kept}").replace(
        "geheim-0123", "{secret: kept}"
    )
    assert apply(hub, kept) == []
    with hub.database.session() as session:
        one = connection_named(session, "one")
    assert stored_credentials(hub, one)["token"] == "from-a-file-0123"


def test_another_source_begins_at_the_beginning(hub: Hub) -> None:
    apply(hub, GOOD)
    with hub.database.session() as session:
        flow = flow_named(session, "orders")
        session.add(FlowCursor(flow_id=flow.id or 0, value={"changed": "2026-01-01T00:00:00Z"}))
    apply(hub, GOOD.replace("status: paid", "status: new"))
    with hub.database.session() as session:
        assert session.get(FlowCursor, flow.id) is not None
    apply(hub, GOOD.replace("from: one.orders", "from: two.orders"))
    with hub.database.session() as session:
        assert session.get(FlowCursor, flow.id) is None


def test_prune_removes_what_is_not_named_but_no_draft(hub: Hub) -> None:
    apply(hub, GOOD)
    with hub.database.session() as session:
        flow = flow_named(session, "orders")
        draft = Flow(
            name="draft",
            source_id=flow.source_id,
            source_entity="orders",
            target_id=flow.target_id,
            target_entity="orders",
            draft=True,
        )
        session.add(draft)
    less = GOOD[: GOOD.index("flows:")]
    assert [str(c) for c in apply(hub, less, prune=True)] == ["delete flow orders"]
    assert "draft" not in export(hub)
    with pytest.raises(ConfigFileError, match="is used by draft"):
        apply(hub, "version: 1\n", prune=True)


def test_a_flow_that_runs_is_not_pruned(hub: Hub) -> None:
    apply(hub, GOOD)
    with hub.database.session() as session:
        flow = flow_named(session, "orders")
        session.add(Run(flow_id=flow.id or 0, state="running"))
    with pytest.raises(ConfigFileError, match="Flow orders is running"):
        apply(hub, "version: 1\n", prune=True)
    assert len(rows(hub)[1]) == 1
