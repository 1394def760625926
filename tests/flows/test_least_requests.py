"""What goods cost in requests, in small: the benchmarks of stock and of products, held to it."""

from __future__ import annotations

import benchmarks.products
import benchmarks.stock


def test_changed_stock_costs_one_request_a_level_and_the_least_of_reading() -> None:
    found = benchmarks.stock.measure(articles=1200, changed=40)
    assert found.quiet.writes == 0
    assert found.changed.writes == 40
    assert found.over <= 0.05, (found.changed, found.least)


def test_products_that_have_not_changed_cost_no_write_and_few_reads_however_many_there_are() -> (
    None
):
    few, many = benchmarks.products.measure(5), benchmarks.products.measure(40)
    assert few.first.outcomes["created"] == 5
    assert many.first.outcomes["created"] == 40
    assert few.second.writes == many.second.writes == 0
    assert few.second.reads == many.second.reads <= benchmarks.products.QUIET
    assert many.first.requests / 40 <= 12
