"""Stock: calculations, warehouses, margin and the sentence that says how (K02, K03, K04)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.settings import StockSettings
from hub.mapping.stock import adjust_stock, quantity_of
from hub.model import StockLevel
from hub.sdk import Blocked

D = Decimal
LEVELS = [
    {"warehouse": "1", "physical": 12, "reserved": 3, "available": 9, "incoming": 20},
    {"warehouse": "2", "physical": 5, "reserved": 1, "incoming": 0},
]


def count(settings: dict[str, Any] | None = None, unbooked: str = "0", **level: Any) -> Any:
    document = StockLevel.from_dict({"sku": "TS-M"} | level)
    return quantity_of(document, StockSettings.model_validate(settings or {}), D(unbooked))


def test_k02_a_figure_that_is_not_told_holds_the_record_back_and_is_named() -> None:
    with pytest.raises(Blocked) as caught:
        count(reserved=3)
    assert str(caught.value) == ("No available stock is told for TS-M: choose another calculation.")
    assert (caught.value.field, caught.value.fix) == ("available", "calculation")
    with pytest.raises(Blocked, match="No physical stock is told for TS-M in 2"):
        count({"calculation": "physical"}, levels=[{"warehouse": "2", "available": 1}])


def test_k02_warehouses_that_are_chosen_must_be_told() -> None:
    with pytest.raises(Blocked, match="is not told per warehouse") as caught:
        count({"warehouses": ["1"]}, physical=4)
    assert caught.value.fix == "warehouses"


def test_k03_available_less_reserved_is_the_default() -> None:
    assert count(physical=12, reserved=3) == (
        D(9), "Quantity 9: 12 on the shelf less 3 reserved"
    )  # fmt: skip
    assert count(physical=12) == (D(12), "Quantity 12: 12 on the shelf less 0 reserved")
    # The system's own figure is right, whatever the others say.
    assert count(physical=12, reserved=3, available=8).quantity == 8


@pytest.mark.parametrize(
    ("calculation", "quantity"), [("free", 13), ("physical", 17), ("incoming", 33)]
)
def test_k02_each_calculation_adds_up_the_warehouses(calculation: str, quantity: int) -> None:
    assert count({"calculation": calculation}, levels=LEVELS).quantity == quantity


def test_k02_only_the_warehouses_that_count_are_added_up() -> None:
    assert count({"warehouses": ["2 "]}, levels=LEVELS) == (
        D(4), "Quantity 4: 5 on the shelf less 1 reserved in 2"
    )  # fmt: skip
    assert count({"warehouses": ["9"]}, levels=LEVELS) == (
        D(0), "Quantity 0: in none of the warehouses that count"
    )  # fmt: skip


def test_k03_orders_not_booked_yet_and_the_margin_are_taken_off() -> None:
    counted = count({"safety_margin": 2}, "3", physical=12, reserved=3)
    assert counted.quantity == 4
    assert counted.how == (
        "Quantity 4: 12 on the shelf less 3 reserved; less 3 in orders not booked yet; less 2 "
        "safety margin"
    )
    # What is on the shelf does not change when an order is booked, so nothing is foreseen either.
    assert count({"calculation": "physical"}, "3", physical=12).quantity == 12


def test_less_than_zero_is_told_as_zero_unless_it_is_wanted() -> None:
    assert count(physical=1, reserved=4) == (
        D(0), "Quantity 0: 1 on the shelf less 4 reserved; -3 is told as 0"
    )  # fmt: skip
    assert count({"never_negative": False}, physical=1, reserved=4).quantity == -3


def test_parts_of_a_piece_are_told_or_rounded_down() -> None:
    assert str(count(physical="2.50").quantity) == "2.5"
    assert str(count(physical="100.00").quantity) == "100"
    assert count({"whole_pieces": True}, physical="2.9").quantity == 2


def test_k04_keeping_stock_is_switched_on_or_off_or_left_alone() -> None:
    level = StockLevel.from_dict({"sku": "TS-M", "physical": 3, "managed": True})
    for managed, told in (("leave", None), ("on", True), ("off", False)):
        made, notes = adjust_stock(level, StockSettings(managed=managed))  # type: ignore[arg-type]
        assert (made.quantity, made.managed) == (3, told)
        assert any("switched" in note for note in notes) is (managed != "leave")
    assert level.managed is True
    assert level.quantity is None
