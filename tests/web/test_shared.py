"""What flows of one direction share, choices that are gone, and the row that a record waits for."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlmodel import col, select

from hub.engine import lookups, runs, shared
from hub.engine.configfile import apply, export, yamltree
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.store.tables import Connection, Entry, Flow, LookupCache, Run, Waiting

from .conftest import FLOW, Furnish, Visitor

SETTINGS = f"/flows/{FLOW}/settings"
GROUP = "Shared with the other flows from Web shop to Books"
NL = {"country": "NL", "rate": "21", "code": "3"}
"""What the flow of the fixtures knows of VAT; orders with 9% wait."""


def flow(hub: Hub, name: str = FLOW) -> Flow:
    """A flow as it is stored."""
    with hub.database.session() as session:
        return flow_named(session, name)


def common(hub: Hub) -> dict[str, Any]:
    """What the flows from the shop to the books share."""
    row = flow(hub)
    with hub.database.session() as session:
        return shared.shared(session, row.source_id, row.target_id)


def again(hub: Hub, **changes: Any) -> None:
    """Apply what there is, with changes to top-level sections of the file."""
    tree = yamltree.load(export(hub))
    assert tree is not None
    about = tree.plain()
    for section, tables in changes.items():
        below = about.setdefault(section, {})
        for name, table in tables.items():
            below[name] = {**below.get(name, {}), **table}
    apply(hub, yamltree.dump(about))


def share(hub: Hub, **settings: Any) -> None:
    """Say in a file what all flows from the shop to the books share."""
    table = {"from": "webshop", "to": "erp", "settings": settings}
    again(hub, shared={"webshop-to-erp": table})


def posted(page: str) -> dict[str, list[str]]:
    """What a browser would post of the form of a flow's settings, unchanged."""
    form = page[page.index('<button class="visually-hidden"') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>(?:[^<]*</textarea>)?", form):
        name = re.search(r'name="([^"]+)"', tag)
        if name is None or ("checkbox" in tag and " checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        text = html.unescape(value[1]) if value else ""
        if tag.startswith("<textarea"):
            text = html.unescape(re.sub(r"^<[^>]*>|</textarea>$", "", tag))
        if tag.startswith("<select"):
            start = form.index(tag)
            options = form[start : form.index("</select>", start)]
            chosen = re.search(r'value="([^"]*)" selected', options)
            first = re.search(r'value="([^"]*)"', options)
            text = html.unescape((chosen or first or ["", ""])[1])
        found.setdefault(name[1], []).append(text)
    return found | {"do": ["save"]}


@contextmanager
def down(app: Flask) -> Iterator[None]:
    """The system does not answer while this lasts."""
    sandbox = app.extensions["sandbox"]
    fault = sandbox.fault("status", status=503, times=1000)
    try:
        yield
    finally:
        sandbox.faults.remove(fault)


# ---- asked once


def test_a_mistake_in_a_shared_answer_is_shown_beside_it_and_nothing_is_kept(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    before = flow(hub)
    given = posted(anna.get(SETTINGS).text)
    answer = anna.post(SETTINGS, {**given, "settings-home_country": "Holland"})
    assert answer.status_code == 422
    assert "does not have the right form" in answer.text
    assert common(hub) == {}
    assert flow(hub).settings == before.settings


def test_shared_answers_stand_in_a_group_of_their_own_and_are_kept_with_the_direction(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    page = anna.get(SETTINGS).text
    own, together = page.split(GROUP)
    assert 'name="settings-vat_codes.country"' in together
    assert 'name="settings-reference_prefix"' in own
    version = flow(hub).version
    answer = anna.post(
        SETTINGS, {**posted(page), "settings-reference_prefix": "W-", "settings-extra_item": "X"}
    )
    assert answer.status_code == 303, answer.text
    assert flow(hub).settings == {"reference_prefix": "W-"}
    assert common(hub) == {
        "vat_codes": {"rows": [NL]},
        "shipping_item": "VERZENDKOSTEN",
        "payment_item": "BETAALKOSTEN",
        "extra_item": "X",
    }
    assert flow(hub).version > version
    # Saved once more as it is, nothing changes; the page of the flow tells the shared answers too.
    version = flow(hub).version
    assert anna.post(SETTINGS, posted(anna.get(SETTINGS).text)).status_code == 303
    assert flow(hub).version == version
    assert "VERZENDKOSTEN" in anna.get(f"/flows/{FLOW}").text


def test_what_is_shared_counts_in_a_run(hub: Hub, furnish: Furnish) -> None:
    """O07: the VAT table is the direction's, and the flow has none of its own."""
    furnish(settings={})
    share(hub, shipping_item="VERZENDKOSTEN", payment_item="BETAALKOSTEN", vat_codes={"rows": [NL]})
    runs.execute(hub, runs.create_run(hub, flow(hub), options={"limit": 4}))
    with hub.database.session() as session:
        found = session.exec(select(Entry.outcome).where(col(Entry.outcome) == "created")).all()
    assert found


def test_the_second_flow_of_the_wizard_has_the_shared_questions_answered_already(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(settings={})
    share(hub, vat_codes={"rows": [NL]}, default_debtor_use="always")
    again(hub, flows={"next": {"from": "webshop.orders", "to": "erp.orders", "schedule": None}})
    with hub.database.session() as session:
        row = flow_named(session, "next")
        row.draft, number = True, row.id
    page = anna.get(f"/wizard/{number}/questions").text
    together = page[page.index(GROUP) :]
    assert "Answered already" in together
    assert "NL 21% → " in together
    folded = together[together.index('id="shared-answered"') :]
    assert "Change these answers" in folded
    assert " open>" not in folded[: folded.index("</summary>")]
    assert 'name="settings-vat_codes.country"' in folded
    answer = anna.post(f"/wizard/{number}/questions", posted(page))
    assert answer.status_code == 303, answer.text
    assert common(hub) == {"vat_codes": {"rows": [NL]}, "default_debtor_use": "always"}
    with hub.database.session() as session:
        assert not set(session.get_one(Flow, number).settings) & set(shared.SHARED)


def test_the_first_flow_of_a_direction_is_asked_everything_openly(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(settings={})
    with hub.database.session() as session:
        row = flow_named(session, FLOW)
        row.draft, number = True, row.id
    page = anna.get(f"/wizard/{number}/questions").text
    assert GROUP in page
    assert "Answered already" not in page


def test_an_answer_of_the_flow_itself_is_shown_with_a_way_back(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(settings={"shipping_item": "VERZENDKOSTEN", "payment_item": "BETAALKOSTEN"})
    share(hub, shipping_item="ANDERS")
    page = anna.get(SETTINGS).text
    own, _ = page.split(GROUP)
    assert "This flow has an answer of its own." in own
    assert "<strong>ANDERS</strong>" in own
    assert 'name="settings-shipping_item"' in own
    # Saving alone keeps the exception; what others share stays as it is.
    assert anna.post(SETTINGS, posted(page)).status_code == 303
    assert flow(hub).settings == {"shipping_item": "VERZENDKOSTEN"}
    assert common(hub)["shipping_item"] == "ANDERS"
    follow = {**posted(anna.get(SETTINGS).text), "settings-shipping_item.shared": "yes"}
    assert anna.post(SETTINGS, follow).status_code == 303
    assert flow(hub).settings == {}
    page = anna.get(SETTINGS).text
    assert "This flow has an answer of its own." not in page
    assert 'value="ANDERS"' in page.split(GROUP)[1]


def test_the_goods_of_a_vat_row_survive_the_page(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    row = {**NL, "goods": "deposit"}
    furnish(settings={"vat_codes": {"rows": [row]}})
    assert anna.post(SETTINGS, posted(anna.get(SETTINGS).text)).status_code == 303
    assert common(hub)["vat_codes"] == {"rows": [row]}


# ---- choices that are gone


def test_a_choice_that_is_gone_is_kept_marked_and_needs_attention(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(settings={"payment_conditions": {"default": "ZZ", "rows": {"Mollie iDEAL": "ID"}}})
    assert "any more" not in anna.get("/").text, "nothing was fetched yet: nobody knows"
    page = anna.get(SETTINGS).text
    assert "“ZZ” is not in Books any more." in html.unescape(page)
    assert "ZZ (no longer in the list)" in page
    assert "“ID”" not in page
    dashboard = html.unescape(anna.get("/").text)
    assert "uses a choice that is gone" in dashboard
    assert "names “ZZ”, which Books does not have any more." in dashboard
    anna.post(SETTINGS, posted(page))
    assert common(hub)["payment_conditions"]["default"] == "ZZ"


def test_a_vat_code_and_a_single_choice_that_are_gone_are_marked(
    anna: Visitor, furnish: Furnish
) -> None:
    vat = {"rows": [NL, {"country": "NL", "rate": "9", "code": "99"}]}
    furnish(settings={"vat_codes": vat, "cost_center": "GONE"})
    page = html.unescape(anna.get(SETTINGS).text)
    assert "“99” is not in Books any more." in page
    assert "“GONE” is not in Books any more." in page
    assert page.count('class="k-map-gone"') == 1
    assert anna.get("/").text.count("uses a choice that is gone") == 2


def test_a_list_that_cannot_be_fetched_flags_nothing(
    anna: Visitor, hub: Hub, furnish: Furnish, vendors: tuple[Flask, str, Flask, str]
) -> None:
    furnish(settings={"payment_conditions": {"default": "ZZ"}})
    target = flow(hub).target_id
    assert lookups.choices(hub, target, "payment_conditions").error is None
    with hub.database.session() as session:
        for row in session.exec(select(LookupCache)):
            row.fetched_at = row.fetched_at.replace(year=2001)
        session.get_one(Connection, target).status = "unreachable"
    with down(vendors[2]):
        page = anna.get(SETTINGS).text
    assert "The list could not be fetched" in page
    assert "any more" not in page
    assert "no longer in the list" not in page
    assert "choice that is gone" not in anna.get("/").text


# ---- the row that a record waits for


def waiting(hub: Hub, name: str = FLOW) -> list[Waiting]:
    """Who waits in a flow."""
    row = flow(hub, name)
    with hub.database.session() as session:
        return list(session.exec(select(Waiting).where(Waiting.flow_id == row.id)))


def retries(hub: Hub) -> list[Run]:
    """Runs that try again."""
    with hub.database.session() as session:
        return list(session.exec(select(Run).where(Run.kind == "retry").order_by(col(Run.id))))


def lacking(hub: Hub, fix: str) -> Waiting:
    """The first record that waits for a table."""
    return next(row for row in waiting(hub) if row.fix == fix)


def conditions(hub: Hub, furnish: Furnish) -> None:
    """Every order waits: the table of payment conditions knows another method only."""
    vat = {"rows": [NL, {"country": "NL", "rate": "9", "code": "4"}], "default": "3"}
    furnish(
        run=True,
        settings={
            "vat_codes": vat,
            "payment_conditions": {"rows": {"Cheque": "30"}},
            "shipping_item": "VERZENDKOSTEN",
            "payment_item": "BETAALKOSTEN",
            "extra_item": "BETAALKOSTEN",
        },
    )
    assert [row.code for row in waiting(hub) if row.fix == "payment_conditions"]


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "Choose what"), ("ZZ", "Books does not have 'ZZ' (any more)")],
)
def test_a_value_that_the_target_does_not_have_is_not_added(
    anna: Visitor, hub: Hub, furnish: Furnish, value: str, said: str
) -> None:
    conditions(hub, furnish)
    entry = lacking(hub, "payment_conditions").entry_id
    answer = anna.post(f"/log/{entry}/add", {"value": value}, follow_redirects=True)
    assert said in html.unescape(answer.text)
    assert flow(hub).settings["payment_conditions"] == {"rows": {"Cheque": "30"}}
    assert retries(hub) == []


def test_a_record_that_waits_for_something_else_has_no_row_to_add(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    conditions(hub, furnish)
    with hub.database.session() as session:
        entry = session.exec(select(Entry).where(col(Entry.code) == "missing_product")).first()
    assert entry is not None
    assert "Add and release" not in anna.get(f"/log/{entry.id}").text
    answer = anna.post(f"/log/{entry.id}/add", {"value": "30"}, follow_redirects=True)
    assert "waits for no row of a table" in answer.text


def test_a_row_is_added_on_the_page_of_the_record_and_all_that_waited_is_tried_again(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    """O09: the unmapped payment method, a choice of the books' own conditions, one click."""
    conditions(hub, furnish)
    first = lacking(hub, "payment_conditions")
    page = html.unescape(anna.get(f"/log/{first.entry_id}").text)
    form = page[page.index('class="k-add-row"') : page.index("Add and release")]
    method = re.search(r"Payment conditions: (.*) becomes", form)
    assert method is not None
    assert method[1] in first.reason
    assert '<option value="30"' in form
    answer = anna.post(f"/log/{first.entry_id}/add", {"value": "30"})
    assert answer.status_code == 303
    rows = flow(hub).settings["payment_conditions"]["rows"]
    assert rows == {"Cheque": "30", method[1]: "30"}, "the flow's own table, where it was"
    (run,) = retries(hub)
    assert answer.location == f"/runs/{run.id}"
    waited = [row.key for row in waiting(hub) if row.fix == "payment_conditions"]
    assert run.options["keys"] == waited
    runs.execute(hub, run.id)
    assert first.key not in [row.key for row in waiting(hub)]


def test_a_second_click_adds_nothing_and_releases_all_the_same(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    conditions(hub, furnish)
    entry = lacking(hub, "payment_conditions").entry_id
    anna.post(f"/log/{entry}/add", {"value": "30"})
    before = flow(hub).settings
    assert anna.post(f"/log/{entry}/add", {"value": "14"}).status_code == 303
    assert flow(hub).settings == before
    assert len(retries(hub)) == 2


def test_a_vat_row_is_added_to_what_flows_share_and_every_flow_of_the_direction_goes_on(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    """O07: from the dashboard; both flows waited for the same rate of the same table."""
    furnish(settings={})
    low = {"country": "NL", "rate": "9", "code": "4"}
    share(
        hub,
        shipping_item="VERZENDKOSTEN",
        payment_item="BETAALKOSTEN",
        use_item_vat_code=False,
        vat_codes={"rows": [low]},
    )
    again(hub, flows={"more": {"from": "webshop.orders", "to": "erp.orders", "schedule": None}})
    for name in ("more", FLOW):
        runs.execute(hub, runs.create_run(hub, flow(hub, name)))
    blocked = lacking(hub, "vat_codes")
    assert any(row.fix == "vat_codes" for row in waiting(hub, "more"))
    page = html.unescape(anna.get("/").text)
    entries = re.findall(r'action="/log/(\d+)/add"', page)
    assert entries
    assert "VAT codes: " in page
    assert "counts for all flows from Web shop to Books" in page
    record = html.unescape(anna.get(f"/log/{blocked.entry_id}").text)
    form = record[record.index('class="k-add-row"') : record.index("Add and release")]
    what = re.search(r"VAT codes: (\w\w) (\d+)% becomes", form)
    assert what is not None
    code = re.findall(r'<option value="([^"]+)"', form)[0]
    assert anna.post(f"/log/{blocked.entry_id}/add", {"value": code}).status_code == 303
    row = {"country": what[1], "rate": what[2], "code": code}
    assert common(hub)["vat_codes"]["rows"] == [low, row]
    assert {run.flow_id for run in retries(hub)} == {flow(hub).id, flow(hub, "more").id}
    for run in retries(hub):
        runs.execute(hub, run.id)
    assert blocked.reason not in [one.reason for one in waiting(hub)]
