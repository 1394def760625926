"""Takes the pictures of the manual: walks a real hub, between pretend vendors, in a real browser.

    pip install pillow
    python -m tools.screenshots

It needs Chromium (CHROMIUM names another than /usr/bin/chromium) and Pillow, which makes the files
small. Everything happens in a throwaway folder; only docs/images is written.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import sandbox as erp_sandbox
from playwright.sync_api import Locator, Page, expect, sync_playwright

from hub.sdk.sandbox import running
from tools.docparts.sources import ROOT

IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
VIEW = {"width": 1180, "height": 800}
EMAIL, PASSWORD = "anna@example.com", "een lange zin als wachtwoord"
COLOURS = 250


@contextmanager
def hub_running(home: Path) -> Iterator[tuple[str, str]]:
    """`koppel up` on a free port; gives its address and the link that makes the first user."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "up", "--port", "0", "--workers", "1"],
        env=os.environ | {"KOPPEL_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the hub does not come up: {said}")
            said += line
        address, link = re.search(r"at (http\S+)", said), re.search(r"http\S+/setup/\S+", said)
        assert address is not None
        assert link is not None
        yield address[1], link[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Walk:
    """The user's path, with a picture at every station."""

    def __init__(self, page: Page, url: str, shop_url: str, erp: Flask, erp_url: str) -> None:
        self.page, self.url = page, url
        self.shop_url, self.erp, self.erp_url = shop_url, erp, erp_url

    def shoot(self, name: str, *, until: Locator | None = None, full: bool = False) -> None:
        """A picture of the window, down to the end of *until*, or of the whole page."""
        self.page.mouse.move(0, 0)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.wait_for_timeout(250)
        clip: Any = None
        if until is not None:
            box = until.last.bounding_box()
            assert box is not None
            clip = {"x": 0, "y": 0, "width": VIEW["width"], "height": box["y"] + box["height"] + 24}
        picture = self.page.screenshot(full_page=full or clip is not None, clip=clip)
        small(picture, IMAGES / f"{name}.png")

    def click(self, name: str | re.Pattern[str], *, link: bool = False) -> None:
        """Press a button, or follow a link."""
        self.page.get_by_role("link" if link else "button", name=name).last.click()

    def fill(self, label: str | re.Pattern[str], text: str) -> None:
        """Type into a field."""
        self.page.get_by_label(label).first.fill(text)

    def place(self, kind: str, count: int = 1) -> None:
        """New orders in the shop."""
        body = json.dumps({"kind": kind, "count": count}).encode()
        request = urllib.request.Request(
            f"{self.shop_url}/_sandbox/orders", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request).close()

    # -- the stations

    def first_user(self, link: str) -> None:
        page = self.page
        page.goto(link)
        self.fill("Your name", "Anna")
        self.fill("E-mail address", EMAIL)
        self.fill("Password", PASSWORD)
        self.shoot("first-user")
        self.click("Make my account")
        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Koppel")
        self.shoot("welcome")

    def connect(self) -> None:
        page = self.page
        self.click("Start the wizard", link=True)
        page.get_by_role("link", name="Add a connection").first.click()
        page.get_by_role("link", name="CCV Shop").click()
        self.fill(re.compile("^Name"), "Fietsen van Anna")
        self.fill("Shop address", self.shop_url)
        self.fill("Public key", shop_sandbox.API_PUBLIC)
        self.fill("Secret key", shop_sandbox.API_SECRET)
        self.click("Test the connection")
        expect(page.locator("#check")).to_contain_text("It works")
        self.shoot("connection", full=True)
        self.click("Test and save")
        page.get_by_role("link", name="Add a connection").first.click()
        page.get_by_role("link", name="Exact Globe").click()
        self.fill(re.compile("^Name"), "Administratie 100")
        self.fill("Address of the entity service", self.erp_url)
        self.fill("User name", "SIM\\hub")
        self.fill("Password", "Gl0be!sim")
        self.fill("SQL Server", "SRV-SQL01\\EXACT")
        self.fill("Database", "100")
        self.click("Test and save")
        expect(page.get_by_role("status").first).to_contain_text("is saved")

    def couple(self) -> None:
        page = self.page
        page.goto(f"{self.url}/wizard")
        page.get_by_role("group", name="From").get_by_text("Fietsen van Anna").click()
        page.get_by_role("group", name="To").get_by_text("Administratie 100").click()
        self.shoot("wizard-systems")
        self.click("Next")
        expect(page.get_by_text("Orders become sales orders in")).to_be_visible()
        self.shoot("wizard-what")
        self.click("Next")

    def answer(self) -> None:
        page = self.page
        self.fill("Item for shipping costs", "VERZENDKOSTEN")
        self.fill("Item for payment costs", "BETAALKOSTEN")
        payment = page.get_by_role("group", name="Payment conditions")
        payment.get_by_role("button", name="Mollie iDEAL").click()
        payment = page.get_by_role("group", name="Payment conditions")
        first = payment.get_by_label(re.compile("Fietsen van Anna, row 1"))
        expect(first).to_have_value("Mollie iDEAL")
        payment.get_by_label(re.compile("Administratie 100, row 1")).select_option("ID")
        payment.get_by_label(re.compile("^Everything else")).select_option("30")
        self.shoot("wizard-questions")
        self.vat_row(4, "DE", "21", "3")
        table = page.get_by_role("group", name="VAT codes")
        table.get_by_role("button", name="Add a row").click()
        expect(table.get_by_label("VAT code, row 5")).to_be_visible()
        self.vat_row(5, "", "0", "5")
        small(table.screenshot(), IMAGES / "vat-table.png")
        page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
        self.fill("Item for other costs", "BETAALKOSTEN")
        self.fill("Item for rounding", "AFRONDING")
        self.click("Next")

    def vat_row(self, number: int, country: str, rate: str, code: str) -> None:
        """Fill a row of the VAT table in."""
        table = self.page.get_by_role("group", name="VAT codes")
        table.get_by_label(f"Country, row {number}").fill(country)
        table.get_by_label(f"Rate (%), row {number}").fill(rate)
        table.get_by_label(f"VAT code, row {number}").select_option(code)

    def look_and_test(self) -> None:
        page = self.page
        expect(page.get_by_text("would be created in").first).to_be_visible(timeout=30_000)
        self.shoot("wizard-look", full=True)
        self.click("Next", link=True)
        self.click(re.compile("^Send order"))
        expect(page.get_by_text("It arrived.")).to_be_visible(timeout=30_000)
        self.shoot("wizard-test")
        self.click("Next", link=True)
        self.shoot("wizard-live", full=True)

    def live(self) -> None:
        page = self.page
        for kind in ("unknown_sku", "unknown_vat"):
            self.place(kind)
        self.click("Go live")
        expect(page.get_by_role("status").first).to_contain_text("is live")
        page.wait_for_timeout(12_000)
        page.reload()
        self.shoot("flow", full=True)

    def after(self) -> None:
        page = self.page
        page.goto(self.url)
        self.shoot("dashboard", full=True)
        page.goto(f"{self.url}/log")
        self.shoot("log")
        for outcome, name in (("created", "record"), ("blocked", "blocked")):
            page.goto(f"{self.url}/log?outcome={outcome}")
            address = page.locator("#results th a").first.get_attribute("href")
            page.goto(f"{self.url}{address}")
            self.shoot(name, full=True)
        self.mapping()
        page.goto(f"{self.url}/runs")
        page.locator("table a").first.click()
        self.shoot("run")
        page.goto(f"{self.url}/settings")
        self.shoot("settings", full=True)
        page.goto(f"{self.url}/plugins")
        self.shoot("plugins")
        self.alerts()

    def mapping(self) -> None:
        """All fields, one field while a rule is typed, and what a run would do."""
        page = self.page
        page.goto(f"{self.url}/flows")
        address = page.locator(".k-flow-row h3 a").first.get_attribute("href")
        flow = f"{self.url}{address}"
        page.goto(f"{flow}/fields")
        self.shoot("mapper")
        page.goto(f"{flow}/fields/edit?to=Description1")
        page.get_by_text("A text with fields in it").click()
        page.locator("#f-template").fill("Web order {ordernumber_full}, {paymethod|upper}")
        expect(page.get_by_text("With this rule")).to_be_visible()
        page.set_viewport_size({"width": 1440, "height": VIEW["height"]})
        page.wait_for_timeout(1500)
        self.shoot("mapper-field")
        page.set_viewport_size(VIEW)
        self.place("plain", 2)
        self.place("unknown_sku")
        page.goto(f"{flow}/plan")
        self.click("Look ahead")
        page.wait_for_timeout(6_000)
        page.goto(f"{flow}/plan")
        self.shoot("plan", full=True)

    def alerts(self) -> None:
        """Where somebody is told."""
        self.page.goto(f"{self.url}/settings/alerts")
        self.fill(re.compile("^Name"), "bookkeeper")
        self.fill(re.compile("^Address"), "json://127.0.0.1:9/hooks")
        self.click("Add")
        expect(self.page.get_by_text("bookkeeper").first).to_be_visible()
        self.page.goto(f"{self.url}/settings/alerts")
        self.shoot("alerts", full=True)


def small(picture: bytes, path: Path) -> None:
    """Keep a picture with the colours that it has most of: a page has not many."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    counted = sorted(image.getcolors(1 << 24) or (), reverse=True)
    colours = [colour for _, colour in counted[:COLOURS]]
    places = {colour: number for number, colour in enumerate(colours)}
    for _, colour in counted[COLOURS:]:
        places[colour] = min(
            range(len(colours)),
            key=lambda n: sum((a - b) ** 2 for a, b in zip(colours[n], colour, strict=True)),
        )
    raw = image.tobytes()
    pixels = zip(raw[::3], raw[1::3], raw[2::3], strict=True)
    few = Image.frombytes("P", image.size, bytes(places[pixel] for pixel in pixels))
    few.putpalette([part for colour in colours for part in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB")


def main() -> None:
    """Take all of them."""
    started = time.monotonic()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "home"
        shop, erp = shop_sandbox.create_app(orders=40, rate_limits=False), erp_sandbox.create_app()
        shop_url = stack.enter_context(running(shop))
        erp_url = stack.enter_context(running(erp))
        url, link = stack.enter_context(hub_running(home))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=VIEW, color_scheme="light", locale="en-GB")
        page.set_default_timeout(20_000)
        walk = Walk(page, url, shop_url, erp, erp_url)
        walk.first_user(link)
        walk.connect()
        walk.couple()
        walk.answer()
        walk.look_and_test()
        walk.live()
        walk.after()
        browser.close()
    total = sum(file.stat().st_size for file in IMAGES.glob("*.png"))
    print(f"{total // 1024} kB in all, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
