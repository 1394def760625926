"""Products with variants from Exact Globe to CCV Shop: the first run, and one without changes.

    python -m benchmarks.products [--products 2000] [--check]

Each product is a family of three items in Globe. A second run may write nothing, and read only
what the cursor lets through. The time includes that of the pretend vendors, which run in the same
process.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.goods import Measured, pair

VARIANTS = 3
FLOWS = {
    "products": {
        "from": "erp.products",
        "to": "webshop.products",
        "settings": {"package": "12002", "where": {"field": "variants", "is": "not empty"}},
    }
}
QUIET = 12
"""Reads of a run that finds nothing new: settings, lists of codes, one page behind the cursor."""


@dataclass
class Result:
    """Both runs."""

    first: Measured
    second: Measured


def measure(products: int) -> Result:
    """Families into an empty shop, twice."""
    settings = {"family_field": "TextFreeField1"}
    with pair(FLOWS, shop={}, erp={"families": products}, settings=settings) as both:
        return Result(both.run("products", "first run"), both.run("products", "second run"))


def main() -> None:
    """Print what was measured; with --check, fail when it is worse than promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = measure(options.products)
    for run in (found.first, found.second):
        print(run.line())
    made = found.first.outcomes["created"]
    print(
        f"{made} products with {VARIANTS} variants each: {found.first.requests / made:.2f} "
        f"requests and {found.first.seconds / made * 1000:.0f} ms a product"
    )
    print(
        f"second run: {found.second.writes} writes (promised: none), {found.second.reads} reads "
        f"(promised: by the cursor only, at most {QUIET})"
    )
    if options.check and (found.second.writes or found.second.reads > QUIET):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
