"""Stock from Exact Globe to CCV Shop: what a change costs among many articles.

    python -m benchmarks.stock [--articles 10000] [--changed 300] [--check]

The least that the interfaces allow: Globe gives a thousand articles of one warehouse at a time and
does not say what has changed; CCV Shop takes one level a request. The time includes that of the
pretend vendors, which run in the same process.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from benchmarks.goods import Measured, pair

FLOWS = {
    "stock": {
        "from": "erp.stock",
        "to": "webshop.stock",
        "settings": {"calculation": "physical", "warehouses": ["1"]},
        "filter": {"warehouses": ["1"]},
    }
}
BATCH = 1000
LONG_AGO = "2026-01-01T00:00:00Z"


@dataclass
class Result:
    """The runs, and the least number of requests that the last of them could do with."""

    first: Measured
    quiet: Measured
    changed: Measured
    least: int

    @property
    def over(self) -> float:
        """By how much the least was exceeded: 0.05 is 5%."""
        return self.changed.requests / self.least - 1


def measure(articles: int, changed: int) -> Result:
    """All stock, then nothing new, then *changed* levels."""
    items = [
        {
            "ItemCode": f"P{number:05}",
            "Description0": f"Artikel {number}",
            "SalesVATCode": "3",
            "IsSalesItem": True,
            "IsStockItem": True,
        }
        for number in range(1, articles + 1)
    ]
    with pair(FLOWS, shop={"products": articles}, erp={"items": items}) as both:
        world = both.erp.extensions["world"]
        first = both.run("stock", "first run")
        # CCV Shop takes 200 levels a minute: with its limits on, the first run is long past when
        # the next one begins, and its writes are not among the latest changes any more.
        for product in both.shop.extensions["resources"].goods.products.values():
            product["modifydate"] = LONG_AGO
        quiet = both.run("stock", "nothing new")
        for number in range(1, changed + 1):
            world.stock[f"p{number:05}", "1"] = 1000 + number
        after = both.run("stock", f"{changed} changed")
        counted = sum(bool(item["IsStockItem"]) for item in world.tables["Item"])
    # What has changed in the shop's own numbers is asked for in one page.
    return Result(first, quiet, after, changed + math.ceil(counted / BATCH) + 1)


def main() -> None:
    """Print what was measured; with --check, fail when it is worse than promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=300)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = measure(options.articles, options.changed)
    for run in (found.first, found.quiet, found.changed):
        print(run.line())
    print(
        f"requests for {options.changed} changed levels: {found.changed.requests}, the least is "
        f"{found.least}: {found.over:+.1%}   (promised: at most +5.0%)"
    )
    if options.check and (found.over > 0.05 or found.quiet.writes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
