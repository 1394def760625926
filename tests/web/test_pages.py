"""What pages do: the wizard, runs and retries, the log, settings; without a browser or workers."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

import pytest
from flask import Flask
from sqlmodel import col, select

from hub.engine import runs
from hub.engine.hub import Hub
from hub.registry import Failure
from hub.store import users
from hub.store.tables import Connection, Entry, Flow, FlowCursor, Lease, Run, Waiting, utc_now

from .conftest import EMAIL, FLOW, Furnish, Visitor
from .test_forms import credentials


def work(hub: Hub) -> list[int]:
    """Do what the workers would do with the queue."""
    with hub.database.session() as session:
        queued = list(
            session.exec(select(Run.id).where(Run.state == "queued").order_by(col(Run.id)))
        )
    for run_id in queued:
        runs.execute(hub, run_id or 0)
    return [run_id or 0 for run_id in queued]


def flows(hub: Hub) -> list[Flow]:
    """All flows."""
    with hub.database.session() as session:
        return list(session.exec(select(Flow).order_by(col(Flow.id))))


def record(hub: Hub, outcome: str, **more: str) -> Entry:
    """The newest record that ended so."""
    with hub.database.session() as session:
        wanted = select(Entry).filter_by(outcome=outcome, **more).order_by(col(Entry.id).desc())
        found = session.exec(wanted.limit(1)).first()
    assert found is not None, outcome
    return found


# ---- the wizard


def test_the_wizard_without_connections_leads_to_making_one(anna: Visitor) -> None:
    page = anna.get("/wizard").text
    assert "/connect?next=/wizard" in page
    answer = anna.post("/wizard", {"source": "", "target": ""})
    assert answer.status_code == 422


def test_two_systems_that_cannot_be_coupled_are_refused(
    anna: Visitor,
    hub: Hub,
    vendors: tuple[Flask, str, Flask, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("one", "two"):
        form = credentials(vendors[1], **{"connection-name": name, "connection-title": name})
        assert anna.post("/connect/ccvshop", form).status_code == 303
    same = anna.post("/wizard", {"source": "one", "target": "one"})
    assert same.status_code == 422
    assert "two different connections" in same.text
    monkeypatch.setattr("hub.web.coupling.possible", lambda *_: [])
    nothing = anna.post("/wizard", {"source": "one", "target": "two"})
    assert nothing.status_code == 422
    assert "nothing in common" in nothing.text
    assert flows(hub) == []


def answers() -> dict[str, Any]:
    """The questions, answered."""
    return {
        "do": "save",
        "filter-paid": "any",
        "filter-look_back_days": "30",
        "settings-customer_match": "email",
        "settings-create_customers": "yes",
        "settings-new_orders": "yes",
        "settings-update_customers": "yes",
        "settings-default_debtor_use": "fallback",
        "settings-home_country": "NL",
        "settings-discount": "price",
        "settings-rounding_limit": "0.05",
        "settings-shipping_item": "VERZENDKOSTEN",
        "settings-payment_item": "BETAALKOSTEN",
        "settings-vat_codes.country": ["NL", "NL"],
        "settings-vat_codes.rate": ["21", "9"],
        "settings-vat_codes.customer": ["", ""],
        "settings-vat_codes.code": ["3", "4"],
    }


def test_the_whole_wizard_as_links_and_forms(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    anna.post(f"/flows/{FLOW}/remove")
    guess = anna.get("/wizard").text
    assert re.search(r'name="source" value="webshop"[^>]*checked', guess), "the only way they go"
    step = anna.post("/wizard", {"source": "webshop", "target": "erp"}).headers["Location"]
    (flow,) = flows(hub)
    assert flow.draft
    assert not flow.enabled
    what = anna.get(step).text
    assert "Orders become sales orders in Books" in what
    assert "has no way to write stock" in what
    impossible = anna.post(step, {"pair": "forward:stock:stock"})
    assert impossible.status_code == 422
    step = anna.post(step, {"pair": "forward:orders:orders"}).headers["Location"]
    questions = anna.get(step).text
    assert 'value="21"' in questions, "what the shop charges is suggested"
    refused = anna.post(step, answers() | {"settings-vat_codes.code": ["", "4"]})
    assert refused.status_code == 422
    step = anna.post(step, answers()).headers["Location"]
    going = anna.get(step).text
    assert "hx-trigger" in going
    (plan,) = work(hub)
    look = anna.get(step).text
    assert "would be created in Books" in look
    assert "YourReference" in look
    key = re.search(r'<option value="(\d+)"[^>]*>[^<]*would be created', look)
    assert key is not None
    test = step.replace("/look", "/test")
    assert anna.post(test, {"key": key[1]}).headers["Location"] == test
    work(hub)
    assert "It arrived." in anna.get(test).text
    live = anna.get(step.replace("/look", "/live")).text
    assert "Go live" in live
    done = anna.post(
        step.replace("/look", "/live"),
        {"do": "live", "title": "Orders", "schedule": "every 15 minutes"},
    )
    (flow,) = flows(hub)
    assert done.headers["Location"] == f"/flows/{flow.name}"
    assert not flow.draft
    assert flow.enabled
    assert flow.schedule == "every 15 minutes"
    assert anna.get(step).headers["Location"] == f"/flows/{flow.name}", "the draft is done"
    assert plan


def test_a_draft_that_is_not_ready_cannot_go_live(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    anna.post("/wizard", {"source": "webshop", "target": "erp"})
    draft = flows(hub)[-1]
    with hub.database.session() as session:
        row = session.get_one(Connection, draft.target_id)
        row.status, row.message = "needs_attention", "The password was refused."
        session.add(row)
    page = anna.get(f"/wizard/{draft.id}/live").text
    assert "The password was refused." in page
    assert 'value="live"' not in page
    anna.post(
        f"/wizard/{draft.id}/live", {"do": "live", "title": "x", "schedule": "every 5 minutes"}
    )
    assert not flows(hub)[-1].enabled


def test_changing_the_systems_of_a_draft_keeps_it_one_draft(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    anna.post("/wizard", {"source": "webshop", "target": "erp"})
    draft = flows(hub)[-1].id
    again = anna.post(f"/wizard?draft={draft}", {"source": "webshop", "target": "erp"})
    assert again.headers["Location"] == f"/wizard/{draft}/what"
    assert len(flows(hub)) == 2
    anna.post(f"/wizard/{draft}/discard")
    assert [flow.name for flow in flows(hub)] == [FLOW]


def test_a_draft_that_is_gone_says_so(anna: Visitor) -> None:
    for step in ("what", "questions", "look", "test", "live"):
        answer = anna.get(f"/wizard/77/{step}")
        assert answer.status_code == 404
        assert "thrown away" in answer.text


# ---- flows and runs


def test_run_now_queues_one_run_and_shows_it(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    first = anna.post(f"/flows/{FLOW}/run").headers["Location"]
    again = anna.post(f"/flows/{FLOW}/run").headers["Location"]
    assert first == again, "one is enough"
    assert "Waits for a free worker" in anna.get(first).text
    polling = anna.get(f"{first}/progress", headers={"HX-Request": "true"})
    assert polling.status_code == 200
    assert "hx-trigger" in polling.text
    work(hub)
    done = anna.get(f"{first}/progress", headers={"HX-Request": "true"})
    assert done.status_code == 286
    assert done.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in done.text
    assert anna.get(f"{first}/rows", headers={"HX-Request": "true"}).status_code == 286
    assert anna.get(f"{first}/progress").status_code == 303, "a link without htmx leads to the page"


def test_a_part_and_its_page_are_told_apart_by_caches(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    assert "HX-Request" in anna.get("/runs/1").headers["Vary"]


def test_pause_resume_and_reading_again(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish(run=True, schedule="every 5 minutes")
    anna.post(f"/flows/{FLOW}/pause")
    assert not flows(hub)[0].enabled
    assert "Paused" in anna.get(f"/flows/{FLOW}").text
    anna.post(f"/flows/{FLOW}/resume")
    assert flows(hub)[0].enabled
    with hub.database.session() as session:
        assert session.get(FlowCursor, flows(hub)[0].id) is not None
    anna.post(f"/flows/{FLOW}/reset")
    with hub.database.session() as session:
        assert session.get(FlowCursor, flows(hub)[0].id) is None


def test_looking_ahead_writes_nothing_and_shows_each_record(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    refused = anna.post(f"/flows/{FLOW}/plan", {"limit": "100000"})
    assert refused.status_code == 422
    anna.post(f"/flows/{FLOW}/plan", {"limit": "3", "key": ""})
    assert "hx-trigger" in anna.get(f"/flows/{FLOW}/plan").text
    work(hub)
    page = anna.get(f"/flows/{FLOW}/plan").text
    assert "3" in page
    assert "Would be created" in page
    assert "The log is empty" in anna.get("/log").text, "the log tells what happened"
    with hub.database.session() as session:
        assert session.exec(select(Waiting)).all() == []


def test_a_run_of_an_unfinished_flow_is_refused(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    anna.post("/wizard", {"source": "webshop", "target": "erp"})
    assert anna.post(f"/flows/{flows(hub)[-1].name}/run").status_code == 400


# ---- the record


def test_a_blocked_record_names_what_mends_it_and_is_tried_again(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True, settings={"vat_codes": {"rows": []}, "use_item_vat_code": False})
    blocked = record(hub, "blocked", fix="vat_codes")
    page = anna.get(f"/log/{blocked.id}").text
    assert f"/flows/{FLOW}/settings?mend=vat_codes#f-settings-vat_codes" in page
    assert blocked.reason.split(":")[0] in page
    for how, option in (("now", "keys"), ("then", "as_then")):
        address = anna.post(f"/log/{blocked.id}/retry", {"as": how}).headers["Location"]
        with hub.database.session() as session:
            run = session.get_one(Run, int(address.rpartition("/")[2]))
        assert run.kind == "retry"
        assert option in run.options
    (first, _) = work(hub)
    older = anna.get(f"/log/{blocked.id}").text
    assert "See the newest attempt" in older
    assert "Try again" not in older
    assert f"/runs/{first}" in anna.get("/runs").text


def test_a_created_record_shows_all_four_stages(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish(run=True, settings={"shipping_item": "VERZENDKOSTEN", "payment_item": "BETAALKOSTEN"})
    with hub.database.session() as session:
        entry = session.exec(
            select(Entry).where(col(Entry.outcome).in_(["created", "skipped", "unchanged"]))
        ).first()
    assert entry is not None
    page = anna.get(f"/log/{entry.id}").text
    for stage in ("Received", "Understood", "Pushed", "Answered"):
        assert f">{stage}</h2>" in page


def test_retrying_a_run_takes_what_still_waits(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish(run=True)
    assert "Retry what did not go through" in anna.get("/runs/1").text
    address = anna.post("/runs/1/retry").headers["Location"]
    assert address == "/runs/2"
    with hub.database.session() as session:
        session.delete(session.get_one(Run, 2))
        for row in session.exec(select(Waiting)):
            session.delete(row)
    anna.post("/runs/1/retry")
    assert "Nothing of this run waits any more." in anna.get("/runs/1").text


def test_records_and_runs_that_are_gone_say_so(anna: Visitor) -> None:
    for path in ("/log/99", "/runs/99", "/flows/none", "/connections/none", "/connect/none"):
        answer = anna.get(path)
        assert answer.status_code == 404
        assert "any more" in answer.text or "no system" in answer.text, path
    assert anna.post("/log/99/retry").status_code == 404


# ---- the log


@pytest.fixture
def full_log(hub: Hub, furnish: Furnish) -> None:
    """A hundred and twenty records, an hour apart."""
    furnish()
    with hub.database.session() as session:
        run = Run(flow_id=flows(hub)[0].id or 0, state="succeeded")
        session.add(run)
        session.flush()
        for number in range(1, 121):
            session.add(
                Entry(
                    id=number,
                    run_id=run.id or 0,
                    flow_id=run.flow_id,
                    key=f"k{number}",
                    reference=f"{10_000 + number}",
                    outcome="created" if number % 3 else "failed",
                    at=utc_now() - dt.timedelta(hours=121 - number),
                )
            )


def test_the_log_goes_on_page_by_page(anna: Visitor, full_log: None) -> None:
    seen: list[str] = []
    address: str | None = "/log"
    while address:
        page = anna.get(address).text
        seen += re.findall(r'href="/log/(\d+)"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == [str(number) for number in range(120, 0, -1)]


def test_the_log_is_searched_by_flow_outcome_number_and_period(
    anna: Visitor, full_log: None
) -> None:
    def found(query: str) -> list[str]:
        return re.findall(r'href="/log/(\d+)"', anna.get(f"/log?{query}").text)

    assert found("text=10077") == ["77"]
    assert found("text=k120") == ["120"]
    assert all(int(number) % 3 == 0 for number in found("outcome=failed"))
    assert found(f"flow={FLOW}&outcome=failed&text=10003") == ["3"]
    assert found("outcome=attention") == [], "nobody waits"
    today = utc_now().date()
    assert (
        found(f"since={today - dt.timedelta(days=30)}&until={today - dt.timedelta(days=20)}") == []
    )
    assert "120" in found(f"since={today - dt.timedelta(days=1)}")


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "since=2026-02-02&until=2026-01-01", "flow=none", "until=9999-99-99"],
)
def test_a_search_that_makes_no_sense_says_why(anna: Visitor, full_log: None, query: str) -> None:
    answer = anna.get(f"/log?{query}")
    assert answer.status_code == 422
    assert "form-errors" in answer.text


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=9" + "9" * 40, "outcome=x"])
def test_an_address_that_was_meddled_with_does_no_harm(
    anna: Visitor, full_log: None, query: str
) -> None:
    assert anna.get(f"/log?{query}").status_code == 200
    assert anna.get(f"/runs?{query}").status_code == 200


# ---- settings


def test_retention_and_time_zone_are_kept_or_refused(anna: Visitor, hub: Hub) -> None:
    wrong = anna.post("/settings", {"retention_days": "0", "time_zone": "Mars/Phobos"})
    assert wrong.status_code == 422
    wrong = anna.post("/settings", {"retention_days": "10", "time_zone": "Mars/Phobos"})
    assert wrong.status_code == 422
    assert "Mars/Phobos" in wrong.text
    good = {"retention_days": "10", "keep_payloads": "yes", "time_zone": "Europe/Amsterdam"}
    assert anna.post("/settings", good).status_code == 303
    page = anna.get("/settings").text
    assert "Europe/Amsterdam" in page
    assert 'value="10"' in page


def test_purging_says_what_was_deleted(anna: Visitor, hub: Hub, full_log: None) -> None:
    assert anna.post("/settings/purge", {"older_than": "-1"}).status_code == 422
    anna.post("/settings/purge", {"older_than": "3", "flow": ""})
    assert re.search(r"Deleted \d+ entries", anna.get("/settings").text)
    with hub.database.session() as session:
        assert 0 < len(session.exec(select(Entry.id)).all()) < 120
    anna.post("/settings/purge", {"older_than": "300", "flow": FLOW})
    assert "nothing that old" in anna.get("/settings").text


def test_users_are_added_and_removed(anna: Visitor, hub: Hub) -> None:
    weak = anna.post("/settings/users", {"email": "bob@example.com", "password": "short"})
    assert weak.status_code == 422
    assert "bob@example.com" in weak.text
    good = {"name": "Bob", "email": "bob@example.com", "password": "a long enough password"}
    assert anna.post("/settings/users", good).status_code == 303
    twice = anna.post("/settings/users", good)
    assert twice.status_code == 422
    bob = next(user for user in users.list_all(hub.database) if user.name == "Bob")
    anna.post(f"/settings/users/{bob.id}/remove")
    assert [user.email for user in users.list_all(hub.database)] == [EMAIL]


def test_the_last_user_stays(anna: Visitor, hub: Hub) -> None:
    me = users.list_all(hub.database)[0]
    anna.post(f"/settings/users/{me.id}/remove")
    assert "the only user" in anna.get("/settings/users").text


def test_the_colours_are_kept_in_a_cookie(anna: Visitor) -> None:
    answer = anna.post(
        "/settings/theme", {"theme": "dark"}, headers={"Referer": "http://localhost/log?text=x"}
    )
    assert answer.headers["Location"] == "/log?text=x"
    assert 'data-bs-theme="dark"' in anna.get("/").text
    away = anna.post(
        "/settings/theme", {"theme": "light"}, headers={"Referer": "https://evil.example.com/x"}
    )
    assert away.headers["Location"] == "/"
    assert anna.post("/settings/theme", {"theme": "pink"}).status_code == 400


# ---- the dashboard


def test_the_dashboard_of_an_empty_hub_leads_to_the_wizard(anna: Visitor) -> None:
    page = anna.get("/").text
    assert "Welcome to Koppel" in page
    assert 'href="/wizard"' in page


def test_the_dashboard_names_each_cause_and_where_to_mend_it(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    with hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "erp")).one()
        row.status, row.message = "needs_attention", "The password was refused."
        session.add(row)
    page = anna.get("/").text
    assert "The password was refused." in page
    assert "/connections/erp" in page
    assert "WIEL-OUD-26" in page


def test_a_scheduler_that_is_gone_is_told_after_a_while(
    anna: Visitor, hub: Hub, furnish: Furnish, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(schedule="every 5 minutes")
    monkeypatch.setattr("hub.web.attention._STARTED", time.monotonic())
    assert "scheduler is not running" not in anna.get("/").text, "it comes up after the web server"
    monkeypatch.setattr("hub.web.attention.GRACE", 0.0)
    assert "scheduler is not running" in anna.get("/").text
    with hub.database.session() as session:
        lease = Lease(name="ticker", owner="x", until=utc_now() + dt.timedelta(minutes=1))
        session.add(lease)
    assert "scheduler is not running" not in anna.get("/").text


def test_a_plugin_that_is_gone_leaves_its_flows_readable(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    hub.registry.systems.pop("exact_globe")
    hub.registry.plugins = [p for p in hub.registry.plugins if "exact_globe" not in p.systems]
    for path in (
        *("/", "/connections", "/flows", f"/flows/{FLOW}", f"/flows/{FLOW}/settings", "/log"),
        *("/runs/1", "/wizard", "/plugins", f"/log/{record(hub, 'blocked').id}"),
    ):
        assert anna.get(path).status_code == 200, path
    assert anna.get("/connections/erp").status_code == 404
    anna.post("/connections/erp/check")
    assert "no system" in anna.get("/connections").text


# ---- the manual


def test_every_link_within_the_manual_leads_somewhere(anna: Visitor) -> None:
    pages: dict[str, str] = {}
    waiting = ["/manual"]
    while waiting:
        path = waiting.pop()
        if path in pages:
            continue
        answer = anna.get(path)
        assert answer.status_code == 200, path
        pages[path] = answer.text if answer.mimetype == "text/html" else ""
        found = re.findall(r'(?:href|src)="(/manual/[^"#]+)', pages[path])
        waiting += [address for address in found if address not in pages]
    assert len(pages) > 5
    for path, text in pages.items():
        body = text.partition("<article")[2].partition("</article>")[0]
        for target, place in re.findall(r'href="(/manual[^"#]*)?#([^"]+)"', body):
            assert f'id="{place}"' in pages[target or path], f"{path}: {target}#{place}"
        for address in re.findall(r'href="([^"]+)"', body):
            assert address.startswith(("/manual", "#", "http")), f"{path}: {address}"


def test_the_manual_shows_only_its_own_files(anna: Visitor) -> None:
    for path in ("../pyproject.toml", "%2e%2e/pyproject.toml", "index.md", "../hub/app.py"):
        assert anna.get(f"/manual/files/{path}").status_code == 404, path
    assert anna.get("/manual/../../etc/passwd").status_code == 404


def test_runs_that_found_nothing_are_shown_when_asked_for(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    with hub.database.session() as session:
        session.add(Run(flow_id=flows(hub)[0].id or 0, state="succeeded", trigger="schedule"))
    assert "on schedule" not in anna.get("/runs").text
    assert "on schedule" in anna.get("/runs?all=yes").text
    assert "on schedule" in anna.get(f"/runs?all=yes&flow={FLOW}").text


def test_a_plugin_that_could_not_be_loaded_is_shown_with_its_mistake(
    anna: Visitor, hub: Hub
) -> None:
    hub.registry.failures.append(
        Failure(
            name="broken",
            distribution="koppel-broken",
            version="0.3",
            module="koppel_broken",
            error="SyntaxError: invalid syntax",
            where="/somewhere/koppel_broken/__init__.py:12",
        )
    )
    page = anna.get("/plugins").text
    for words in ("koppel-broken 0.3 could not be loaded", "invalid syntax", "__init__.py:12"):
        assert words in page
    assert "1 plugin</a>" not in page
    assert "could not be loaded" in anna.get("/connect").text
    assert "could not be loaded" in anna.get("/").text
