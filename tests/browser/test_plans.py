"""Plans and differences in a browser: live, settled after asking, on a phone, without scripts."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import FLOW, PHONE, Open, Stage, log_in, violations

SHOTS = os.environ.get("KOPPEL_SHOTS", "")
"""A folder to put pictures of these pages in, for whoever looks at them."""


def edit(stage: Stage, key: str, **values: Any) -> None:
    """The shop's owner changes an order."""
    shop = inspect.getclosurevars(stage.shop.view_functions["place"]).nonlocals["shop"]
    assert shop.change(int(key), values)


def total(stage: Stage, key: str) -> float:
    """What the shop says that an order comes to."""
    shop = inspect.getclosurevars(stage.shop.view_functions["place"]).nonlocals["shop"]
    return float(shop.order(shop.index_of(int(key)))[0]["total_price"])


def picture(page: Page, name: str) -> None:
    """Kept where somebody asked for it."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def look_ahead(page: Page, stage: Stage) -> None:
    """From the flow to a plan that is made."""
    page.goto(f"{stage.url}/flows/{FLOW}")
    page.get_by_role("link", name="Look ahead").click()
    page.get_by_role("button", name="Look ahead").click()
    expect(page.get_by_text("looked at")).to_be_visible(timeout=20_000)


def run_now(page: Page, stage: Stage) -> None:
    """Run the flow and wait until it is done; one on schedule may have to end before."""
    page.set_default_timeout(30_000)
    page.goto(f"{stage.url}/flows/{FLOW}")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#progress[hx-get]")).to_have_count(0, timeout=20_000)


def held_up(page: Page, stage: Stage) -> str:
    """An order that was booked and has changed since: the address of its record."""
    (key,) = stage.place()
    run_now(page, stage)
    edit(stage, key, total_price=total(stage, key) + 12.5)
    run_now(page, stage)
    page.goto(f"{stage.url}/log?outcome=blocked&text={key}")
    link = page.locator("#results th a").first
    return stage.url + str(link.get_attribute("href"))


def test_a_plan_leads_to_the_first_record_that_is_run(stage: Stage, open_page: Open) -> None:
    page = open_page()
    log_in(page, stage)
    run_now(page, stage)
    stage.place(count=2)
    before = len(stage.booked())
    look_ahead(page, stage)
    assert len(stage.booked()) == before
    expect(page.get_by_text("Would be created").first).to_be_visible()
    page.locator("details.k-plan-row summary", has_text="Would be created").first.click()
    expect(page.get_by_text("What would be pushed to").first).to_be_visible()
    picture(page, "plan")
    page.get_by_label("How many first").fill("10")
    page.get_by_role("button", name="Run the first").click()
    expect(page.locator("#progress[hx-get]")).to_have_count(0, timeout=20_000)
    assert len(stage.booked()) >= before + 1


def test_a_change_after_booking_is_shown_and_settled_after_asking(
    stage: Stage, open_page: Open
) -> None:
    page = open_page()
    log_in(page, stage)
    address = held_up(page, stage)
    page.goto(address)
    expect(page.get_by_role("heading", name="What has changed since it was booked")).to_be_visible()
    expect(page.locator(".k-diff del").first).to_be_visible()
    page.get_by_text("It is settled in").first.click()
    expect(page.get_by_text("you say that it is in order there")).to_be_visible()
    picture(page, "record")
    page.locator(".k-confirm-box").get_by_role("button", name="It is settled in").click()
    expect(page.locator("#progress[hx-get]")).to_have_count(0, timeout=20_000)
    expect(page.get_by_text("Settled by hand in")).to_be_visible()


def test_without_scripts_past_records_are_planned_and_many_are_taken_again(
    stage: Stage, open_page: Open
) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, stage)
    page.goto(f"{stage.url}/flows/{FLOW}")
    page.get_by_role("button", name="Plan past records").click()
    assert "/plan?run=" in page.url
    reload_until(page, "through today’s mapping")
    expect(page.get_by_text("The same").first).to_be_visible()
    page.goto(f"{stage.url}/log?flow={FLOW}&outcome=attention")
    page.get_by_text("Retry these").click()
    page.get_by_role("button", name="As then").click()
    reload_until(page, "Blocked")
    assert "/runs/" in page.url


def reload_until(page: Page, text: str) -> None:
    """What somebody without scripts does."""
    for _ in range(40):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    pytest.fail(f"{text!r} never came")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_plans_and_differences_are_accessible_and_fit_a_phone(
    stage: Stage, open_page: Open, colours: str
) -> None:
    page = open_page(color_scheme=colours)
    log_in(page, stage)
    record = held_up(page, stage)
    stage.place()
    look_ahead(page, stage)
    plan = page.url
    small = open_page(color_scheme=colours, viewport=PHONE)
    log_in(small, stage)
    for name, address in (("plan", plan), ("record", record)):
        page.goto(address)
        small.goto(address)
        for shown, size in ((page, "wide"), (small, "phone")):
            if name == "plan":
                row = shown.locator("details.k-plan-row summary", has_text="Would be created")
                row.first.click()
            else:
                shown.get_by_text("It is settled in").first.click()
            assert violations(shown, ["color-contrast"] if colours == "dark" else None) == []
            picture(shown, f"{name}-{colours}-{size}")
        wide = "document.documentElement.scrollWidth"
        assert small.evaluate(wide) <= PHONE["width"], name
