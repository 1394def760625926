"""From the first user to the retried record, in a real browser, against the running hub."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .conftest import EMAIL, PASSWORD, Open, Stage

SECRET = "Gl0be!sim"


def test_from_the_first_user_to_the_retried_record(fresh: Stage, open_page: Open) -> None:
    page = open_page()
    make_first_user(page, fresh)
    connect_shop(page, fresh)
    connect_erp(page, fresh)
    couple(page, fresh)
    answer(page)
    look(page)
    send_one(page, fresh)
    go_live(page)
    orders_arrive(page, fresh)
    mend_and_retry(page, fresh)
    assert set(fresh.booked().values()) == {1}, "each booked once"


def make_first_user(page: Page, stage: Stage) -> None:
    assert stage.setup_link is not None
    page.goto(stage.setup_link)
    page.get_by_label("Your name").fill("Anna")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 10 characters")
    expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
    expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Koppel")
    used = page.context.new_page()
    used.goto(stage.setup_link)
    expect(used.get_by_role("heading", level=1)).to_contain_text("does not work any more")
    used.close()


def connect_shop(page: Page, stage: Stage) -> None:
    page.get_by_role("link", name="Start the wizard").click()
    page.get_by_role("link", name="Add a connection").first.click()
    page.get_by_role("link", name="CCV Shop").click()
    page.get_by_label(re.compile("^Name")).fill("Fietsen van Anna")
    page.get_by_label("Shop address").fill(stage.shop_url)
    page.get_by_label("Public key").fill("abcdefgh12345678")
    page.get_by_label("Secret key").fill("wrong")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator("#check")).to_contain_text("does not work")
    expect(page.get_by_label("Secret key")).to_have_value("wrong")
    fill_keys(page)
    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator("#check")).to_contain_text("It works")
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_role("status").first).to_contain_text("Fietsen van Anna is saved")


def fill_keys(page: Page) -> None:
    from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET

    page.get_by_label("Public key").fill(API_PUBLIC)
    page.get_by_label("Secret key").fill(API_SECRET)


def connect_erp(page: Page, stage: Stage) -> None:
    page.get_by_role("link", name="Add a connection").first.click()
    page.get_by_role("link", name="Exact Globe").click()
    page.get_by_label(re.compile("^Name")).fill("Administratie 100")
    page.get_by_label("Address of the entity service").fill(stage.erp_url)
    page.get_by_label("User name").fill("SIM\\hub")
    page.get_by_label("Password").fill(SECRET)
    page.get_by_label("SQL Server").fill("SRV-SQL01\\EXACT")
    page.get_by_label("Database").fill("100")
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_role("status").first).to_contain_text("Administratie 100 is saved")
    page.goto(f"{stage.url}/connections")
    page.get_by_role("link", name="Administratie 100", exact=True).click()
    expect(page.get_by_label("Password")).to_have_value("")
    assert SECRET not in page.content()


def couple(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/flows")
    page.get_by_role("link", name="New flow").click()
    page.get_by_role("group", name="From").get_by_text("Fietsen van Anna").click()
    page.get_by_role("group", name="To").get_by_text("Administratie 100").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Orders become sales orders in Administratie 100")).to_be_visible()
    impossible = page.get_by_text("has no way to write stock")
    expect(impossible.first).to_be_visible()
    page.get_by_role("button", name="Next").click()


def answer(page: Page) -> None:
    expect(page.get_by_role("heading", name="Which orders to take")).to_be_visible()
    rates = page.get_by_label(re.compile(r"^Rate \(%\), row"))
    assert rates.first.input_value() == "21", "the shop's own rates are suggested"
    page.get_by_label("Item for shipping costs").fill("VERZENDKOSTEN")
    page.get_by_label("Item for payment costs").fill("BETAALKOSTEN")
    payment = page.get_by_role("group", name="Payment conditions")
    payment.get_by_role("button", name="Mollie iDEAL").click()
    expect(payment.get_by_label(re.compile("Fietsen van Anna, row 1"))).to_have_value(
        "Mollie iDEAL"
    )
    page.get_by_role("button", name="Next").last.click()
    expect(page.locator("#form-errors")).to_be_visible()
    payment = page.get_by_role("group", name="Payment conditions")
    payment.get_by_label(re.compile("Administratie 100, row 1")).select_option("ID")
    payment.get_by_label(re.compile("^Everything else")).select_option("30")
    page.get_by_role("button", name="Next").last.click()


def look(page: Page) -> None:
    expect(page.get_by_text("would be created in Administratie 100").first).to_be_visible()
    expect(page.get_by_text("YourReference").first).to_be_visible()
    page.get_by_role("link", name="Next").click()


def send_one(page: Page, stage: Stage) -> None:
    assert stage.booked() == {}
    page.get_by_role("button", name=re.compile("^Send order")).click()
    expect(page.get_by_text("It arrived.")).to_be_visible()
    assert len(stage.booked()) == 1
    page.get_by_role("link", name="Next").click()


def go_live(page: Page) -> None:
    page.get_by_label("Runs").select_option("every 5 minutes")
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_role("status").first).to_contain_text("is live")


def orders_arrive(page: Page, stage: Stage) -> None:
    """The page of the flow shows the first run by itself."""
    expect(page.get_by_text("on schedule").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Succeeded").or_(page.get_by_text("Partly done")).first).to_be_visible()
    assert len(stage.booked()) > 1
    assert set(stage.booked().values()) == {1}


def mend_and_retry(page: Page, stage: Stage) -> None:
    """A product that only the shop knows blocks an order until somebody adds it in the ERP."""
    stage.place("unknown_sku")
    page.goto(f"{stage.url}/flows")
    page.get_by_role("link", name=re.compile("Fietsen van Anna to")).click()
    page.get_by_role("button", name="Run now").click()
    row = page.get_by_role("row").filter(has_text="WIEL-OUD-26")
    expect(row).to_be_visible(timeout=20_000)
    row.get_by_role("link").click()
    reference = page.get_by_role("heading", level=1).inner_text().removeprefix("Order ")
    expect(page.get_by_text("waits for you. Nothing was written")).to_be_visible()
    assert reference not in stage.booked()
    stage.add_item("WIEL-OUD-26")
    page.get_by_role("button", name="Try again", exact=True).click()
    record = page.get_by_role("link", name=f"Order {reference}")
    expect(record).to_be_visible(timeout=20_000)
    expect(page.get_by_role("row").filter(has=record)).to_contain_text("Created")
    record.click()
    expect(page.get_by_text("was created in Administratie 100 as number")).to_be_visible()
    expect(page.get_by_text("SalesOrderHeader").first).to_be_visible()
    assert stage.booked()[reference] == 1
