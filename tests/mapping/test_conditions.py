"""P04 and the filters of every other flow: any field, operators, all, any and not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from hub.mapping.conditions import ConditionError, Where, compile_condition
from hub.model import Order
from hub.sdk import Blocked

RECORD = {
    "id": 7,
    "total": Decimal("69.85"),
    "paid": True,
    "status": "5",
    "memo": "",
    "rows": [{"sku": "AB-1", "n": 2}, {"sku": "CD-2", "n": 10}],
    "tags": ["b2b", "Spoed"],
    "made": "2026-03-01T23:30:00+01:00",
    "zip": "007",
}
DOCUMENT = Order.from_dict(
    {
        "number": "1001",
        "ordered_at": "2026-03-01T22:30:00+00:00",
        "customer": {"type": "company"},
        "billing": {"country": "BE"},
        "total": "70.00",
    }
).to_dict()


def holds(given: Any) -> bool:
    return compile_condition(given).matches(RECORD, DOCUMENT)


def one(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    made = {"field": field, "is": operator}
    return made if value is None else made | {"value": value}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (one("total", "greter", 1), "is: unknown operator 'greter'; did you mean 'greater'?"),
        (one("total", "~~", 1), "is: unknown operator '~~'; known are =, >, >=, <"),
        ({"feild": "a", "value": 1}, "feild: unknown key 'feild'; did you mean 'field'?"),
        ({"is": "=", "value": 1}, "field: needs the name of a field"),
        ({"field": "a[", "value": 1}, "field: Path 'a['"),
        ({"field": "target.a", "value": 1}, "the target's record is not known yet"),
        (one("total", ">"), "value: '>' needs a value; to ask for nothing, use is: empty"),
        (one("total", "empty", 1), "value: 'empty' takes no value"),
        (one("total", ">", [1]), "value: '>' takes one value; for several, use is: in"),
        (one("total", "in", []), "value: 'in' needs a list of values"),
        (one("total", "=", {"a": 1}), "value: cannot be an object"),
        ({"all": []}, "all: has no conditions"),
        ({"any": {"field": "a"}}, "any: needs a list of conditions"),
        ({"all": [one("a", "empty")], "field": "x"}, "'all' stands alone"),
        ({"all": [one("a", "empty"), {"any": [one("b", "xx", 1)]}]}, "all[1].any[0].is: unknown"),
        ([one("a", "empty"), "b"], "[1]: is 'b', and a condition"),
        ("total > 10", "a condition {field, is, value} is needed"),
        (one("document.totall", ">", 1), "field: a document (order) has no field 'totall'"),
    ],
)
def test_a_condition_that_cannot_be_read_says_where_and_what_was_meant(
    given: Any, words: str
) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(given, Order)
    assert words in str(caught.value)


def test_conditions_without_end_are_refused() -> None:
    deep: Any = one("a", "empty")
    for _ in range(12):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="more than 10 deep"):
        compile_condition(deep)
    with pytest.raises(ConditionError, match="more than 200 conditions"):
        compile_condition([one("a", "empty")] * 201)


def test_values_that_cannot_be_compared_hold_the_record_back_and_are_named() -> None:
    with pytest.raises(Blocked, match=r"total > many.*'many' is not a number") as caught:
        holds(one("total", ">", "many"))
    assert caught.value.code == "bad_filter"
    with pytest.raises(Blocked, match="'b2b' is not a number"):
        holds(one("tags[]", ">", 3))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (one("total", ">", 69.84), True),
        (one("total", ">", "69.85"), False),
        (one("total", ">=", "69.85"), True),
        (one("total", "lt", 70), True),
        (one("document.total", "=", 70), True),
        (one("source.total", "=", 70), False),
        (one("total", "=", "69.850"), True),
        (one("status", "=", 5), True),
        (one("status", "in", [1, 5]), True),
        (one("status", "in", "1, 5"), True),
        (one("status", "not in", [1, 5]), False),
        (one("zip", "=", 7), False),
        (one("paid", "=", True), True),
        (one("paid", "=", "yes"), True),
        (one("paid", "!=", True), False),
        (one("memo", "empty"), True),
        (one("nowhere", "empty"), True),
        (one("nowhere", "not empty"), False),
        (one("nowhere", "!=", "x"), True),
        (one("nowhere", "=", "x"), False),
        (one("nowhere", ">", 1), False),
        (one("billing.country", "in", ["be", "NL"]), True),
        (one("customer.type", "is not", "person"), True),
        (one("tags", "contains", "spoed"), True),
        (one("tags[]", "contains", "spo"), True),
        (one("tags[]", "not contains", "spo"), False),
        (one("rows[].sku", "starts with", "cd"), True),
        (one("rows[].n", ">", 9), True),
        (one("rows[].n", ">", 10), False),
        (one("rows[].n", "!=", 2), False),
        (one("rows[].x", "empty"), True),
        (one("number", "=", "1001"), True),
        (one("ordered_at", "after", "2026-03-01"), False),
        (one("ordered_at", "from", "2026-03-01"), True),
        (one("ordered_at", "before", dt.date(2026, 3, 2)), True),
        (one("made", ">", "2026-02-28T00:00:00+00:00"), True),
    ],
)
def test_each_operator_does_what_it_says(given: dict[str, Any], expected: bool) -> None:
    assert holds(given) is expected


def test_all_any_and_not_nest() -> None:
    yes, no = one("id", "=", 7), one("id", "=", 8)
    assert holds([yes, yes])
    assert not holds([yes, no])
    assert holds({"any": [no, yes]})
    assert holds({"all": [yes, {"any": [no, {"not": no}]}]})
    assert not holds({"not": [no, yes]})
    assert compile_condition({"all": [yes, {"any": [no, no]}]}).why_not(RECORD, DOCUMENT) == (
        "(id = 8 or id = 8)"
    )
    assert compile_condition([yes, one("total", ">", 100)]).why_not(RECORD, DOCUMENT) == (
        "total > 100"
    )
    assert compile_condition(yes).why_not(RECORD, DOCUMENT) is None


def test_a_config_file_is_checked_when_it_is_read() -> None:
    reader: TypeAdapter[Any] = TypeAdapter(Where)
    given = {"all": [one("total", ">", 10)]}
    assert reader.validate_python(given) == given
    with pytest.raises(ValidationError, match=r"all\[0\]\.is: unknown operator 'grater'"):
        reader.validate_python({"all": [one("total", "grater", 10)]})
