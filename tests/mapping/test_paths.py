"""Paths: reading, writing, spelling, and what malformed ones say."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping import paths
from hub.mapping.paths import EACH, PathError, compile_path

ORDER: dict[str, Any] = {
    "number": "100",
    "customer": {"name": "Zoë", "e.mail": "zoe@example.nl", "first name": "Z"},
    "lines": [
        {"sku": "A", "tags": ["x", "y"]},
        {"sku": None, "tags": []},
        {"sku": "C"},
    ],
    "matrix": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "a name is missing"),
        ("a.", 3, "a name is missing"),
        (".a", 1, "a name is missing before '.'"),
        ("a..b", 3, "a name is missing before '.'"),
        ("a.[0]", 3, "a name is missing before '['"),
        ("a b", 2, 'needs "double quotes"'),
        (" a", 1, 'needs "double quotes"'),
        ('a."b', 3, "the double quote is never closed"),
        ('a"b', 2, "unexpected '\"'"),
        ('"a"b', 4, "unexpected 'b'"),
        ("a[0", 2, "the bracket is never closed"),
        ("a[x]", 3, "'x' is not a position"),
        ("a[-]", 3, "'-' is not a position"),
        ("a[10000]", 3, "positions go up to 9999"),
        ("a]", 2, "unexpected ']'"),
        ("a[0]b", 5, "unexpected 'b'"),
        ("a{b}", 2, "unexpected '{'"),
    ],
)
def test_a_malformed_path_says_what_is_wrong_and_where(
    text: str, position: int, words: str
) -> None:
    with pytest.raises(PathError) as caught:
        compile_path(text)
    assert words in str(caught.value)
    assert f"at character {position}" in str(caught.value)
    assert caught.value.position == position - 1


def test_a_path_that_is_too_long_is_refused() -> None:
    with pytest.raises(PathError, match="longer than 500"):
        compile_path("a." * 300 + "b")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ("lines[].sku", ("lines", EACH, "sku")),
        ("lines[0].sku", ("lines", 0, "sku")),
        ("lines[-1]", ("lines", -1)),
        ("a[][2].b", ("a", EACH, 2, "b")),
        ("[0].a", (0, "a")),
        ('a."b.c"', ("a", "b.c")),
        (r'"say \"hi\" \\"', ('say "hi" \\',)),
        ('""', ("",)),
        ("@type.custom-field.Größe", ("@type", "custom-field", "Größe")),
        ("a.0", ("a", "0")),
    ],
)
def test_a_path_is_compiled_into_steps(text: str, steps: tuple[Any, ...]) -> None:
    assert compile_path(text).steps == steps


def test_the_same_text_gives_the_same_object() -> None:
    assert compile_path("customer.name") is compile_path("customer.name")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("number", "100"),
        ("customer.name", "Zoë"),
        ('customer."e.mail"', "zoe@example.nl"),
        ('customer."first name"', "Z"),
        ("customer.nothing", None),
        ("customer.name.deeper", None),
        ("nothing.deeper", None),
        ("number[0]", None),
        ("lines[0].sku", "A"),
        ("lines[-1].sku", "C"),
        ("lines[3].sku", None),
        ("lines[-4].sku", None),
        ("lines[].sku", ["A", None, "C"]),
        ("lines[].tags[]", [["x", "y"], [], None]),
        ("lines[].tags[0]", ["x", None, None]),
        ("lines.sku", None),
        ("nothing[].sku", None),
        ("customer[].name", None),
        ("matrix[][]", [[1, 2], [3]]),
    ],
)
def test_reading_gives_the_value_or_none_and_never_raises(text: str, value: Any) -> None:
    assert paths.get(ORDER, text) == value


def test_get_all_is_flat_and_has_no_gaps() -> None:
    assert paths.get_all(ORDER, "lines[].sku") == ["A", "C"]
    assert paths.get_all(ORDER, "lines[].tags[]") == ["x", "y"]
    assert paths.get_all(ORDER, "lines[].tags") == [["x", "y"], []]
    assert paths.get_all(ORDER, "number") == ["100"]
    assert paths.get_all(ORDER, "nothing[].x") == []


def test_tuples_are_read_like_lists() -> None:
    assert paths.get({"a": ({"b": 1}, {"b": 2})}, "a[].b") == [1, 2]
    assert paths.get({"a": (1, 2)}, "a[1]") == 2


@pytest.mark.parametrize(
    ("start", "text", "value", "result"),
    [
        ({}, "a", 1, {"a": 1}),
        ({}, "a.b.c", 1, {"a": {"b": {"c": 1}}}),
        ({"a": None}, "a.b", 1, {"a": {"b": 1}}),
        ({}, "a[1].b", 1, {"a": [None, {"b": 1}]}),
        ({}, "a[].b", [1, 2], {"a": [{"b": 1}, {"b": 2}]}),
        ({"a": [{"c": 0}]}, "a[].b", [1, 2], {"a": [{"c": 0, "b": 1}, {"b": 2}]}),
        ({"a": [{}, {}]}, "a[].b", 7, {"a": [{"b": 7}, {"b": 7}]}),
        ({}, "a[].b", 7, {"a": []}),
        ({}, "a[]", [1, 2], {"a": [1, 2]}),
        ({}, "a[].b[]", [[1], [2, 3]], {"a": [{"b": [1]}, {"b": [2, 3]}]}),
        ({"a": ({"b": 1},)}, "a[0].b", 2, {"a": [{"b": 2}]}),
        ({"a": [1, 2]}, "a[-1]", 3, {"a": [1, 3]}),
        ({"a": 1}, "a", None, {"a": None}),
        ({}, 'a."b.c"', 1, {"a": {"b.c": 1}}),
    ],
)
def test_writing_makes_what_is_missing_on_the_way(
    start: Any, text: str, value: Any, result: Any
) -> None:
    paths.set(start, text, value)
    assert start == result


def test_no_value_can_be_kept_from_overwriting() -> None:
    record = {"a": 1, "lines": [{"x": 1}, {"x": 2}], "tags": ["x", "y"]}
    paths.set(record, "a", None, keep_none=True)
    paths.set(record, "lines[].x", [None, 5], keep_none=True)
    paths.set(record, "tags[]", [None, "z"], keep_none=True)
    assert record == {"a": 1, "lines": [{"x": 1}, {"x": 5}], "tags": ["x", "z"]}


@pytest.mark.parametrize(
    ("start", "text"),
    [
        ({"a": "text"}, "a.b"),
        ({"a": "text"}, "a[0]"),
        ({"a": "text"}, "a[].b"),
        ({"a": {"b": 1}}, "a[].b"),
        ({"a": [1]}, "a.b"),
        ({"a": [1]}, "a[-2]"),
        ({"a": [1]}, "a[0].b"),
        ([], "a"),
    ],
)
def test_writing_where_something_else_is_says_so_and_names_the_path(start: Any, text: str) -> None:
    with pytest.raises(PathError) as caught:
        paths.set(start, text, 1)
    assert repr(text) in str(caught.value)


def test_taking_a_field_away() -> None:
    record = deepcopy(ORDER)
    assert paths.remove(record, "customer.name")
    assert paths.remove(record, "lines[].sku")
    assert not paths.remove(record, "customer.name")
    assert not paths.remove(record, "nothing[].x")
    assert "name" not in record["customer"]
    assert [sorted(line) for line in record["lines"]] == [["tags"], ["tags"], []]
    with pytest.raises(PathError):
        paths.remove(record, "lines[0]")


KEYS = st.text(min_size=0, max_size=8)
STEPS = st.lists(
    st.one_of(KEYS, st.integers(-9999, 9999), st.just(EACH)), min_size=1, max_size=6
).map(tuple)


@given(STEPS)
def test_every_path_can_be_spelled_and_read_back(steps: tuple[Any, ...]) -> None:
    spelled = paths.spell(steps)
    assert compile_path(spelled).steps == steps
    assert str(compile_path(spelled)) == spelled


@given(st.text(max_size=40))
def test_any_text_compiles_or_says_why_not(text: str) -> None:
    try:
        path = compile_path(text)
    except PathError:
        return  # any other exception fails the test
    assert compile_path(str(path)).steps == path.steps


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc"), below),
    max_leaves=12,
)
ROAD = st.lists(
    st.one_of(st.sampled_from("abc"), st.integers(0, 2), st.just(EACH)), min_size=0, max_size=4
).flatmap(lambda rest: st.sampled_from("abc").map(lambda head: (head, *rest)))


@given(st.dictionaries(st.sampled_from("abc"), JSON), ROAD)
def test_putting_back_what_was_read_changes_nothing(
    record: dict[str, Any], steps: tuple[Any, ...]
) -> None:
    path = paths.from_steps(steps)
    value = paths.get(record, path)
    before = deepcopy(record)
    try:
        paths.set(record, path, value, keep_none=True)
    except PathError:
        return  # the way is blocked by something else: nothing there could be read either
    assert paths.get(record, path) == paths.get(before, path)


@given(
    st.dictionaries(st.sampled_from("abc"), JSON),
    ROAD.filter(lambda steps: EACH not in steps),
    st.integers(),
)
def test_what_was_written_is_what_is_read(
    record: dict[str, Any], steps: tuple[Any, ...], value: int
) -> None:
    path = paths.from_steps(steps)
    try:
        paths.set(record, path, value)
    except PathError:
        return
    assert paths.get(record, path) == value
