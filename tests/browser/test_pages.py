"""Every page, light and dark, wide and narrow, with and without JavaScript."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from .conftest import EMAIL, FLOW, PASSWORD, PHONE, Open, Stage, log_in, violations

PAGES = {
    "dashboard": "/",
    "connections": "/connections",
    "which system": "/connect",
    "new connection": "/connect/exact_globe",
    "connection": "/connections/webshop",
    "flows": "/flows",
    "flow": f"/flows/{FLOW}",
    "settings of a flow": f"/flows/{FLOW}/settings",
    "look ahead": f"/flows/{FLOW}/plan",
    "runs": "/runs",
    "runs of a flow": f"/runs?flow={FLOW}",
    "run": "/runs/1",
    "log": "/log",
    "log, searched in vain": "/log?text=nothing-is-called-like-this",
    "log, a bad period": "/log?since=2026-02-02&until=2026-01-01",
    "plugins": "/plugins",
    "settings": "/settings",
    "users": "/settings/users",
    "manual": "/manual",
    "wizard": "/wizard",
    "not there": "/nothing-is-here",
}


def outcomes(page: Page, stage: Stage) -> dict[str, str]:
    """The page of one record of each outcome there is."""
    found = {}
    for outcome in ("created", "blocked", "skipped"):
        page.goto(f"{stage.url}/log?outcome={outcome}")
        link = page.locator("#results th a").first
        if link.count():
            found[f"record, {outcome}"] = str(link.get_attribute("href"))
    assert len(found) == 3
    return found


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(stage: Stage, open_page: Open, colours: str) -> None:
    page = open_page(color_scheme=colours)
    rules = ["color-contrast"] if colours == "dark" else None  # the rest is the same page
    page.goto(f"{stage.url}/login")
    found = {"login": violations(page, rules)}
    log_in(page, stage)
    for name, path in (PAGES | outcomes(page, stage)).items():
        page.goto(stage.url + path)
        found[name] = violations(page, rules)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_nothing_is_wider_than_a_phone(stage: Stage, open_page: Open) -> None:
    page = open_page(viewport=PHONE)
    log_in(page, stage)
    wide = {}
    for name, path in (PAGES | outcomes(page, stage)).items():
        page.goto(stage.url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[name] = width
    assert wide == {}


def test_the_menu_of_a_phone_opens_and_leads_on(stage: Stage, open_page: Open) -> None:
    page = open_page(viewport=PHONE)
    log_in(page, stage)
    page.get_by_text("Menu").click()
    page.get_by_role("link", name="Connections", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connections")


def test_pages_work_without_javascript(stage: Stage, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{stage.url}/log")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log")
    page.get_by_label("Outcome").select_option("blocked")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Blocked")
    page.goto(f"{stage.url}/flows/{FLOW}/settings")
    table = page.get_by_role("group", name="Payment conditions")
    rows = table.get_by_role("row").count()
    table.get_by_role("button", name="Betalen bij afhalen").click()
    table = page.get_by_role("group", name="Payment conditions")
    expect(table.get_by_role("row")).to_have_count(rows + 1)
    page.goto(f"{stage.url}/flows/{FLOW}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("is paused.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("every 5 minutes again")).to_be_visible()
    page.get_by_role("link", name="Look ahead").click()
    page.get_by_role("button", name="Look ahead").click()
    expect(page.get_by_text("Records").first).to_be_visible()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_a_field_of_ten_megabytes_gets_a_page_that_says_so(stage: Stage, open_page: Open) -> None:
    page = open_page()
    log_in(page, stage)
    page.goto(f"{stage.url}/settings")
    page.evaluate(
        """() => {
            const field = document.querySelector("[name=time_zone]");
            field.type = "hidden";
            field.value = "x".repeat(1e7);
            field.form.submit();
        }"""
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("That is too much")


def test_the_colours_are_remembered(stage: Stage, open_page: Open) -> None:
    page = open_page(color_scheme="light")
    log_in(page, stage)
    page.get_by_role("button", name="Dark").first.click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_search_of_the_log_needs_no_button(stage: Stage, open_page: Open) -> None:
    page = open_page()
    log_in(page, stage)
    page.goto(f"{stage.url}/log")
    page.get_by_label("Outcome").select_option("created")
    page.wait_for_url("**/log?**outcome=created**")
    expect(page.locator("#results")).not_to_contain_text("Blocked")
    page.go_back()
    expect(page.locator("#results")).to_contain_text("Blocked")


def test_a_hub_that_runs_is_healthy(stage: Stage) -> None:
    deadline = time.monotonic() + 20
    told: dict[str, str] = {}
    while told.get("status") != "ok" and time.monotonic() < deadline:
        with urllib.request.urlopen(f"{stage.url}/healthz") as answer:
            told = json.load(answer)
    assert told == {"status": "ok", "database": "ok", "redis": "ok", "scheduler": "ok"}
