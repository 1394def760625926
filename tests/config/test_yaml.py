"""YAML as people write it: the traps are taken out, and mistakes are named with their line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.configfile.yamltree import YamlProblem, dump, load


def plain(text: str) -> Any:
    """The values of a text."""
    tree = load(text)
    return tree.plain() if tree else None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\n\tb: 2\n", 2, "there is a tab"),
        ("a:\n  b: 1\n\n  b: 2\n", 4, "stands here already, on line 2"),
        ("a: [1,\n  2\n", 3, "a bracket or a quote is not closed"),
        ("a: b: c\n", 1, "a colon stands where none can be"),
        ("a: 1\nb\n", 3, "a key without a colon"),
        ("a: *x\n", 1, "put texts that start with * in quotes"),
        ("a: 1\n---\nb: 1\n", 2, "more than one document"),
        ("a: &x [*x]\n", 1, "an alias holds itself"),
        ("a: !secret x\n", 1, "the tag !secret is not supported"),
        ("? [x]\n: 1\n", 1, "a key must be a text"),
        ("a: 1\nb: \x07\n", 2, "is not allowed"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(YamlProblem) as found:
        load(text)
    assert found.value.line == line
    assert said in found.value.message


def test_a_file_that_blows_up_is_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    )
    with pytest.raises(YamlProblem, match="too much"):
        load(bomb)
    with pytest.raises(YamlProblem, match=r"too deep|too much"):
        load("a: " + "[" * 5000)
    with pytest.raises(YamlProblem, match="too large"):
        load("a: " + "x" * 3_000_000)


def test_the_country_no_is_a_text_and_so_is_0123() -> None:
    assert plain("a: NO\nb: 0123\nc: 12:30\nd: yes\ne: 2026-01-31\nf: on\n") == {
        "a": "NO",
        "b": "0123",
        "c": "12:30",
        "d": "yes",
        "e": "2026-01-31",
        "f": "on",
    }


def test_numbers_are_exact() -> None:
    assert plain("a: 21\nb: 1.10\nc: -3\nd: true\ne: null\nf:\n") == {
        "a": 21,
        "b": Decimal("1.10"),
        "c": -3,
        "d": True,
        "e": None,
        "f": None,
    }
    assert str(plain("a: 1.10")["a"]) == "1.10"


def test_keys_are_texts() -> None:
    assert plain("1: a\nNO: b\ntrue: c\n") == {"1": "a", "NO": "b", "true": "c"}


def test_lines_of_paths_are_found() -> None:
    tree = load("a:\n  b:\n    - x\n    - c: 1\n")
    assert tree is not None
    assert tree.line_of(["a", "b", 1, "c"]) == 4
    assert tree.line_of(["a", "b", "1", "nothing"]) == 4
    assert tree.line_of(["a", "nothing"]) == 1


values = st.recursive(
    st.text() | st.booleans() | st.none() | st.integers(-(10**15), 10**15),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_what_is_written_reads_back_as_the_same(value: Any) -> None:
    assert plain(dump({"value": value})) == {"value": value}
