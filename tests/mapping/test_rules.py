"""Rules: refused with all that is wrong with them, applied with a trace of what they did."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.rules import (
    Applied,
    CompiledRule,
    Rule,
    RulesError,
    apply,
    compile_rules,
    hold_back,
    is_document_path,
    split,
)
from hub.mapping.transforms import TRANSFORMS
from hub.model import Customer, Order
from hub.sdk import Blocked

SOURCE: dict[str, Any] = {
    "id": 17,
    "shop": {"name": " Fietsen van Anna "},
    "rows": [{"title": "Theepot", "tax": 21}, {"title": None, "tax": 9}],
    "note": "from the source",
    "document": {"note": "a field that is called document"},
}
DOCUMENT: dict[str, Any] = {
    "number": "100231",
    "note": "from the document",
    "reference": "OLD",
    "lines": [{"sku": "A", "quantity": Decimal(2)}, {"sku": "B", "quantity": Decimal(1)}],
}


def problems(*rules: Any) -> list[tuple[int, str | None, str]]:
    with pytest.raises(RulesError) as caught:
        compile_rules(rules)
    return [(p.rule, p.key, p.message) for p in caught.value.problems]


def run(
    *rules: Any, creating: bool | None = True, payload: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any], list[Applied]]:
    document = deepcopy(DOCUMENT)
    payload = payload if payload is not None else {}
    mine, theirs = split(compile_rules(rules), Order)
    applied = apply([*mine, *theirs], SOURCE, document, payload, creating=creating)
    return document, payload, applied


# --- what is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "key", "words"),
    [
        ({"too": "a", "from": "b"}, "too", "unknown key 'too'; did you mean 'to'?"),
        ({"to": "a", "form": "b"}, "form", "unknown key 'form'; did you mean 'from'?"),
        ({"to": "a", "xyz": 1}, "xyz", "known are to, from, value, template, formula, via, when"),
        ({"from": "b"}, "to", "is missing"),
        ({"to": "", "from": "b"}, "to", "is empty"),
        ({"to": 5, "from": "b"}, "to", "should be a valid string"),
        ({"to": "a..b", "from": "b"}, "to", "a name is missing before '.' at character 3"),
        ({"to": "[0].a", "from": "b"}, "to", "must begin with a name"),
        ({"to": "a", "from": "b["}, "from", "the bracket is never closed at character 2"),
        ({"to": "a", "from": None}, "from", "has no value"),
        ({"to": "a", "template": "{b"}, "template", "{ at character 1 is never closed"),
        ({"to": "a", "template": "b}"}, "template", "a } without {"),
        ({"to": "a", "template": "{}"}, "template", "a name is missing"),
        ({"to": "a", "template": "{b|uper}"}, "template", "did you mean 'upper'?"),
        ({"to": "a", "template": "{b|truncate}"}, "template", "'length' is missing"),
        ({"to": "a", "from": "b", "value": 1}, None, "has from and value"),
        ({"to": "a", "from": "b", "template": "c"}, None, "has from and template"),
        ({"to": "a"}, None, "says nothing"),
        ({"to": "a", "when": "create", "via": ["trim"]}, "via", "no value to transform"),
        ({"to": "a", "from": "b", "when": "later"}, "when", "must be 'always', 'create' or"),
        ({"to": "a", "from": "b", "via": ["trimm"]}, "via", "did you mean 'trim'?"),
        ({"to": "a", "from": "b", "via": ["xyzzy"]}, "via", "there is no transform 'xyzzy'"),
        ({"to": "a", "from": "b", "via": "trim"}, "via", "must be a list of transforms"),
        ({"to": "a", "from": "b", "via": [{"truncate": 5}]}, "via", "{truncate: {length: 20}}"),
        ({"to": "a", "from": "b", "via": [{"trim": {}, "upper": {}}]}, "via", "one transform at"),
        ({"to": "a", "from": "b", "via": ["trim"] * 21}, "via", "more than 20 transforms"),
        (
            {"to": "a", "from": "b", "via": [{"truncate": {"lenght": 5, "length": 5}}]},
            "via",
            "truncate: unknown argument 'lenght'; did you mean 'length'?",
        ),
        (
            {"to": "a", "from": "b", "via": [{"regex_extract": {"pattern": "(a+)+"}}]},
            "via",
            "which can take forever",
        ),
        ("trim", None, "is 'trim', and a rule {to: ...} is needed"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_number_its_key_and_a_hint(
    rule: Any, key: str | None, words: str
) -> None:
    found = problems({"to": "x", "from": "y"}, rule)
    assert [(number, where) for number, where, _ in found] == [(2, key)]
    assert words in found[0][2]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = problems({"to": "a"}, {"to": "b", "from": "c"}, {"form": "x", "whn": "y"})
    assert [(number, key) for number, key, _ in found] == [(1, None), (3, "form"), (3, "whn")]
    with pytest.raises(RulesError, match=r"Rule 1: says nothing.*\nRule 3, form: unknown key"):
        compile_rules([{"to": "a"}, {"to": "b", "value": 1}, {"form": "x"}])


def test_a_forced_document_path_must_exist_and_the_nearest_is_named() -> None:
    with pytest.raises(RulesError, match=r"the order has no field 'refrence'; did you mean"):
        split(compile_rules([{"to": "document.refrence", "value": 1}]), Order)


def test_too_many_rules_are_refused() -> None:
    assert problems(*[{"to": "a", "value": 1}] * 501)[0][0] == 501


def test_a_rule_goes_into_a_file_and_comes_back_the_same() -> None:
    said = {"to": "note", "from": "a", "via": ["trim", {"truncate": {"length": 5}}]}
    assert Rule.model_validate(said).as_dict() == said
    assert Rule.model_validate({"to": "note", "value": None}).as_dict() == {
        "to": "note",
        "value": None,
    }


# --- which side ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("reference", True),
        ("customer.name", True),
        ("customer", True),
        ("lines[].sku", True),
        ("lines[0].sku", True),
        ("lines", True),
        ("lines[]", True),
        ("lines[].options[]", True),
        ("lines[].options", True),
        ("customer.contacts[].email", True),
        ("customer.billing.city", True),
        ("custom.anything.below", True),
        ("Reference", False),
        ("lines.sku", False),
        ("lines[].nothing", False),
        ("reference.deeper", False),
        ("nothing", False),
    ],
)
def test_a_document_path_is_one_that_the_document_has(path: str, known: bool) -> None:
    assert is_document_path(path, Order) is known


def test_rules_are_split_by_where_they_write() -> None:
    rules = compile_rules(
        [
            {"to": "reference", "value": 1},
            {"to": "FreeField1", "value": 1},
            {"to": "target.reference", "value": 1},
            {"to": "document.note", "value": 1},
        ]
    )
    mine, theirs = split(rules, Order)
    assert [(r.number, str(r.to)) for r in mine] == [(1, "reference"), (4, "note")]
    assert [(r.number, str(r.to)) for r in theirs] == [(2, "FreeField1"), (3, "reference")]
    assert split(compile_rules([{"to": "email", "value": 1}]), Customer)[0]
    assert split(compile_rules([{"to": "email", "value": 1}]), Order)[1]


# --- applying --------------------------------------------------------------------------------


def test_a_value_is_looked_for_in_the_source_and_then_in_the_document() -> None:
    _, payload, _ = run(
        {"to": "A", "from": "note"},
        {"to": "B", "from": "document.note"},
        {"to": "C", "from": "number"},
        {"to": "D", "from": "source.number"},
        {"to": "E", "from": "source.document.note"},
        {"to": "F", "from": "target.A"},
    )
    assert payload == {
        "A": "from the source",
        "B": "from the document",
        "C": "100231",
        "E": "a field that is called document",
        "F": "from the source",
    }


def test_a_source_list_without_the_field_does_not_hide_the_documents() -> None:
    source = {"lines": [{"other": 1}, {"other": 2}]}
    payload: dict[str, Any] = {}
    rules = compile_rules([{"to": "Skus", "from": "lines[].sku", "via": ["join"]}])
    apply(split(rules, Order)[1], source, DOCUMENT, payload, creating=True)
    assert payload == {"Skus": "A, B"}


def test_rules_run_in_order_and_see_what_the_ones_before_did() -> None:
    document, _, applied = run(
        {"to": "reference", "template": "WEB-{number}"},
        {"to": "payment_reference", "from": "document.reference", "via": ["lower"]},
    )
    assert document["payment_reference"] == "web-100231"
    assert [a.before for a in applied] == ["OLD", None]


def test_an_applied_rule_tells_why_the_value_is_what_it_is() -> None:
    _, _, applied = run(
        {"to": "Name", "from": "shop.name", "via": ["trim", {"truncate": {"length": 7}}]},
        payload={"Name": "before"},
    )
    assert applied == [
        Applied(
            rule=1,
            to="Name",
            side="target",
            source="shop.name",
            before="before",
            after="Fietsen",
            transforms=("trim", "truncate(length: 7)"),
            withheld=False,
        )
    ]
    assert applied[0].changed


def test_each_line_gets_its_own_value() -> None:
    document, _, applied = run(
        {"to": "lines[].name", "from": "rows[].title", "via": [{"default": {"value": "?"}}]},
        {"to": "lines[].tax_rate", "from": "rows[].tax"},
        {"to": "lines[].warehouse", "value": "1"},
        {"to": "lines[].note", "template": "{lines[].sku|lower} x {lines[].quantity} ({id})"},
    )
    assert [line["name"] for line in document["lines"]] == ["Theepot", "?"]
    assert [line["tax_rate"] for line in document["lines"]] == [21, 9]
    assert [line["warehouse"] for line in document["lines"]] == ["1", "1"]
    assert [line["note"] for line in document["lines"]] == ["a x 2 (17)", "b x 1 (17)"]
    assert applied[0].after == ["Theepot", "?"]


def test_a_line_without_a_value_keeps_what_it_has() -> None:
    document, _, _ = run({"to": "lines[].sku", "from": "rows[].title"})
    assert [line["sku"] for line in document["lines"]] == ["Theepot", "B"]


def test_lines_can_be_brought_together_in_one_field() -> None:
    _, payload, _ = run(
        {"to": "Skus", "from": "lines[].sku", "via": [{"join": {"separator": "+"}}]},
        {"to": "Count", "from": "lines[].quantity", "via": ["sum"]},
        {"to": "First", "from": "rows[].title", "via": ["upper", "first"]},
        {"to": "Text", "template": "{lines[].sku}", "via": ["last"]},
    )
    assert payload == {"Skus": "A+B", "Count": Decimal(3), "First": "THEEPOT", "Text": "B"}


def test_a_list_transform_on_lines_that_go_to_lines_works_per_line() -> None:
    source = {"rows": [{"tags": ["x", "y"]}, {"tags": []}]}
    document: dict[str, Any] = {"lines": [{}, {"name": "kept"}]}
    rules = compile_rules([{"to": "lines[].name", "from": "rows[].tags", "via": ["first"]}])
    apply(split(rules, Order)[0], source, document, {}, creating=True)
    assert document["lines"] == [{"name": "x"}, {"name": "kept"}]


def test_no_value_leaves_the_field_alone_and_an_explicit_null_empties_it() -> None:
    document, payload, applied = run(
        {"to": "reference", "from": "nothing.there"},
        {"to": "note", "value": None},
        {"to": "Kept", "template": "{nothing} {neither}"},
        payload={"Kept": 1},
    )
    assert document["reference"] == "OLD"
    assert "note" not in document
    assert payload == {"Kept": 1}
    assert [a.changed for a in applied] == [False, True, False]


def test_a_template_with_some_values_is_filled_and_braces_can_be_written() -> None:
    _, payload, _ = run({"to": "A", "template": '{{x}} {number|trim} {nothing}. {"id"}'})
    assert payload["A"] == "{x} 100231 . 17"


def test_fixed_values_are_exact_numbers() -> None:
    _, payload, _ = run({"to": "A", "value": 12.1}, {"to": "B", "value": {"c": [0.1]}})
    assert payload == {"A": Decimal("12.1"), "B": {"c": [Decimal("0.1")]}}


def test_the_raw_record_stays_raw_whatever_happens_to_the_document() -> None:
    source = {"meta": {"tags": ["x"]}}
    document: dict[str, Any] = {}
    rules = compile_rules([{"to": "custom.meta", "from": "meta"}])
    apply(split(rules, Order)[0], source, document, {}, creating=True)
    document["custom"]["meta"]["tags"].append("y")
    assert source == {"meta": {"tags": ["x"]}}


def test_a_fixed_value_is_not_shared_between_records() -> None:
    rules = split(compile_rules([{"to": "A", "value": {"b": []}}]), Order)[1]
    first: dict[str, Any] = {}
    apply(rules, {}, {}, first, creating=True)
    first["A"]["b"].append("changed")
    second: dict[str, Any] = {}
    apply(rules, {}, {}, second, creating=True)
    assert second == {"A": {"b": []}}


# --- when ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "creating", "payload"),
    [
        ("always", True, {"Text": "from the source"}),
        ("always", False, {"Text": "from the source"}),
        ("create", True, {"Text": "from the source"}),
        ("create", False, {}),
        ("never", True, {}),
        ("never", False, {}),
    ],
)
def test_a_field_that_is_not_written_now_is_taken_out_of_the_payload(
    when: str, creating: bool, payload: dict[str, Any]
) -> None:
    _, result, applied = run(
        {"to": "Text", "from": "note", "when": when},
        creating=creating,
        payload={"Text": "by default"},
    )
    assert result == payload
    assert applied[0].withheld is (payload == {})


def test_a_rule_may_only_say_when_a_field_is_written() -> None:
    rule = {"to": "Description", "when": "create"}
    assert run(rule, creating=True, payload={"Description": "x"})[1] == {"Description": "x"}
    assert run(rule, creating=False, payload={"Description": "x"})[1] == {}
    assert run(rule, creating=False, payload={})[2] == []


def test_a_field_of_every_line_is_taken_out_of_every_line() -> None:
    rule = {"to": "Lines[].Price", "when": "never"}
    payload = {"Lines": [{"Price": 1, "Sku": "A"}, {"Price": 2}]}
    assert run(rule, payload=payload)[1] == {"Lines": [{"Sku": "A"}, {}]}


def test_while_it_is_not_known_whether_the_record_is_new_nothing_is_taken_out_yet() -> None:
    rules = [
        {"to": "note", "from": "shop.name", "when": "create"},
        {"to": "number", "when": "never"},
    ]
    document, _, applied = run(*rules, creating=None)
    assert (document["note"], document["number"]) == (" Fietsen van Anna ", "100231")
    assert len(applied) == 1
    mine, _ = split(compile_rules(rules), Order)
    assert [a.to for a in hold_back(mine, document, {}, creating=False)] == ["note", "number"]
    assert "note" not in document
    assert "number" not in document
    assert hold_back(mine, {"note": 1}, {}, creating=True) == []


# --- failing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {"to": "A", "from": "note", "via": ["to_int"]},
            "Rule 1, to A: to_int: 'from the source' is not a number",
        ),
        (
            {"to": "A", "from": "note", "via": [{"map": {"values": {"x": "y"}}}]},
            "Rule 1, to A: map: the table has no row for 'from the source'",
        ),
        ({"to": "A", "template": "{shop}"}, "Rule 1, to A: {'name'"),
        ({"to": "Number.deeper", "from": "id"}, "Rule 1, to Number.deeper: Path"),
        ({"to": "A", "template": "{note|to_int}"}, "to_int: 'from the source' is not"),
    ],
)
def test_a_rule_that_fails_on_a_record_blocks_it_and_names_itself(rule: Any, words: str) -> None:
    with pytest.raises(Blocked) as caught:
        run(rule, payload={"Number": 5})
    assert words in str(caught.value)
    assert (caught.value.code, caught.value.fix) == ("rule", "rules")
    assert caught.value.field == rule["to"]


def test_rules_that_were_not_split_write_where_the_field_is() -> None:
    document, payload = deepcopy(DOCUMENT), {}
    apply(
        compile_rules([{"to": "note", "value": "x"}, {"to": "Else", "value": "y"}]),
        SOURCE,
        document,
        payload,
        creating=True,
    )
    assert (document["note"], payload) == ("x", {"Else": "y"})


def test_transforms_of_plugins_can_be_named_once_they_are_registered() -> None:
    def shout(value: str) -> str:
        """Say it louder."""
        return value + "!"

    rule = {"to": "A", "from": "note", "via": ["shout"]}
    with pytest.raises(RulesError, match="there is no transform 'shout'"):
        compile_rules([rule])
    (compiled,) = compile_rules([rule], TRANSFORMS.with_added([shout]))
    assert isinstance(compiled, CompiledRule)
    payload: dict[str, Any] = {}
    apply([compiled], SOURCE, {}, payload, creating=True)
    assert payload == {"A": "from the source!"}


def test_moments_can_be_mapped() -> None:
    _, payload, _ = run(
        {
            "to": "Due",
            "value": datetime(2026, 1, 30, 8, tzinfo=UTC),
            "via": [{"add_days": {"days": 3}}, {"format_date": {"format": "%d-%m-%Y"}}],
        }
    )
    assert payload == {"Due": "02-02-2026"}
