"""The mapper in a real browser: map a field, see it change while typing, keep it, take it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import DESKTOP, FLOW, PHONE, Open, Stage, log_in, violations

FIELDS = f"/flows/{FLOW}/fields"
PAGES = (
    FIELDS,
    f"{FIELDS}?side=document",
    f"{FIELDS}/edit",
    f"{FIELDS}/edit?to=OrderDebtorCity",
    "/transforms",
)


def exported(page: Page, stage: Stage) -> str:
    """The rules as the settings of the flow show them, which is what a config file has."""
    page.goto(f"{stage.url}/flows/{FLOW}/settings")
    return page.get_by_label("Your own rules").input_value()


def test_a_field_is_mapped_tried_kept_and_taken_back(stage: Stage, open_page: Open) -> None:
    page = open_page()
    log_in(page, stage)
    page.goto(f"{stage.url}/flows/{FLOW}")
    page.get_by_role("link", name="Fields", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What goes where")
    page.get_by_role("searchbox").fill("description1")
    row = page.get_by_role("row").filter(has_text="Description1")
    expect(page.locator("#fields tbody tr")).to_have_count(1)
    expect(row).to_contain_text("not filled")
    row.get_by_role("link", name=re.compile("^Change")).click()

    page.get_by_label("Field", exact=True).last.fill("customer.email")
    would = page.locator(".k-turn-would dd")
    expect(would).to_contain_text("@example")
    plain = would.inner_text()
    page.get_by_label("Transform to add").select_option("upper")
    page.get_by_role("button", name="Add it").click()
    expect(would).to_have_text(plain.upper())
    page.get_by_label("Transform to add").select_option("truncate")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#preview")).to_contain_text("'length' is missing")
    page.get_by_label("length").fill("6")
    expect(would).to_have_text(plain.upper()[:6])
    page.get_by_role("button", name="Save", exact=True).last.click()

    expect(page.get_by_role("status").first).to_contain_text("Description1 is mapped")
    row = page.locator("#fields tbody tr").filter(has_text="Description1")
    expect(row).to_contain_text("yours")
    expect(row).to_contain_text(plain.upper()[:6])
    written = exported(page, stage)
    assert "to: Description1" in written
    assert "from: customer.email" in written
    assert "length: 6" in written

    page.goto(stage.url + FIELDS)
    row = page.locator("#fields tbody tr").filter(has_text="Description1")
    row.get_by_role("button", name=re.compile("Back to default")).click()
    expect(page.get_by_role("status").first).to_contain_text("as it was set up")
    assert exported(page, stage) == ""


def test_a_formula_is_tried_while_it_is_typed_and_says_what_is_wrong(
    stage: Stage, open_page: Open
) -> None:
    page = open_page()
    log_in(page, stage)
    page.goto(f"{stage.url}{FIELDS}/edit?to=Description2")
    expect(page.get_by_label("Formula", exact=True)).to_be_hidden()
    page.get_by_label("A formula").check()
    formula = page.get_by_label("Formula", exact=True)
    expect(formula).to_be_visible()
    formula.fill("rond(1.25 * 2, 1)")
    expect(page.locator("#preview")).to_contain_text("did you mean 'round'?")
    formula.fill("'Total ' & round(1.25 * 3, 1)")
    expect(page.locator(".k-turn-would dd")).to_have_text("Total 3.8")
    formula.fill("9**9**9")
    expect(page.locator("#preview")).to_contain_text("too large")


def test_the_mapper_works_without_javascript(stage: Stage, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, stage)
    page.goto(f"{stage.url}{FIELDS}?q=description3")
    page.get_by_role("link", name=re.compile("^Change Description3")).click()
    page.get_by_label("A fixed value").check()
    page.get_by_label("Value", exact=True).fill("by hand")
    page.get_by_label("Transform to add").select_option("upper")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".k-turn-would dd")).to_have_text("BY HAND")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#fields")).not_to_contain_text("changed by you")


def test_a_rule_is_written_by_keyboard_alone(stage: Stage, open_page: Open) -> None:
    page = open_page()
    log_in(page, stage)
    page.goto(f"{stage.url}{FIELDS}/edit?to=Description2")
    page.get_by_label("Field", exact=True).first.focus()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.id"))
    assert {"way", "from", "new-step", "when", "do"} <= reached


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    stage: Stage, open_page: Open, colours: str, size: dict[str, int]
) -> None:
    page = open_page(color_scheme=colours, viewport=size)
    log_in(page, stage)
    page.goto(f"{stage.url}/log?outcome=created")
    address = page.locator("#results th a").first.get_attribute("href")
    found, wide = {}, []
    for path in (*PAGES, f"{address}/why"):
        page.goto(stage.url + path)
        found[path] = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert {path: v for path, v in found.items() if v} == {}
    assert wide == []
