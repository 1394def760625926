"""Regular expressions of users: useful ones work, none can hang."""

from __future__ import annotations

import time

import pytest

from hub.mapping.transforms.patterns import SafePattern
from hub.mapping.values import ValueProblem


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a+)+b", "varies in length itself"),
        ("(a*)*", "varies in length itself"),
        ("(?:x{1,5}){2,9}", "varies in length itself"),
        ("(a|ab)*c", "alternatives inside a repeat"),
        ("(?:ab|c)+", "alternatives inside a repeat"),
        (r"(a)\1", "refers back to a group"),
        (r"(?P<x>a)(?P=x)", "refers back to a group"),
        ("(?=a*b)c", "varies in length itself"),
        ("a?" * 40 + "b", "too many parts"),
        (".*" * 8 + "x", "too many parts"),
        ("x" * 501, "longer than 500"),
        ("(", "is wrong"),
        ("[", "is wrong"),
        ("a{2,1}", "is wrong"),
        ("(" * 200 + ")" * 200, ""),
    ],
)
def test_patterns_that_could_take_forever_are_refused(pattern: str, why: str) -> None:
    if not why:  # deeply nested groups are harmless; they must only not crash
        SafePattern.compile(pattern)
        return
    with pytest.raises(ValueProblem, match=why):
        SafePattern.compile(pattern)


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        (r"\bNL\d{9}B\d{2}\b", 10_000),
        ("[0-9]+", 10_000),
        (r"(\d+)-(\d+)", 4_000),
        (r"(\w+)\s+(\w+)", 4_000),
        (r"^(.*)\s(\d+)$", 4_000),
        (r"^([A-Z]{2})?(\d+)(?:[-/](\d+))?$", 300),
        (".*x.*y", 300),
        (r"[^,]+,\s*(.*)$", 100),
    ],
)
def test_ordinary_patterns_take_texts_of_ordinary_length(pattern: str, least: int) -> None:
    assert SafePattern.compile(pattern).limit >= least


HOSTILE = [
    r"\d+", r"(\w+)\s+(\w+)", r"^(.*)\s(\d+)$", ".*x.*y", "^a*a*b", r"(?:\d{3}-)*\d+", r"\s+$",
    "(?i)a+A+b", "(?:a+b)?(?:c|d)e+f", r"[^,]+,\s*(.*)$", ".*?foo", "(x?y?z?)w", "a*a*a*a*b",
    "(.*)(.*)(.*)x", r"(?m)^a*a*b", "a{0,100}a{0,100}b", r"\D+\d", "(?:aa)*a*b", "(?s).*.*!x",
    "^a|b.*c.*d", r"(?:ab|a)b*b*c", "[ab]*[bc]*[cd]*e", r"\W*\w*\W*x",
]  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_accepted_pattern_takes_long_on_the_longest_text_it_takes(pattern: str) -> None:
    safe = SafePattern.compile(pattern)
    for piece in ("a", "1", " ", "x", "ab", "a,", "b", "1-", "aA", "abc", "!"):
        text = (piece * safe.limit)[: safe.limit - 1] + "\n"
        started = time.thread_time()
        safe.search(text)
        safe.sub("", text)
        assert time.thread_time() - started < 3, piece


def test_a_text_that_is_too_long_is_an_error_and_not_a_wait() -> None:
    safe = SafePattern.compile(".*x.*y")
    with pytest.raises(ValueProblem, match="too long for the pattern"):
        safe.search("a" * (safe.limit + 1))


def test_a_wrong_replacement_is_told() -> None:
    with pytest.raises(ValueProblem, match="the replacement"):
        SafePattern.compile("a").sub(r"\2", "abc")


def test_groups_can_be_used_in_a_replacement() -> None:
    assert SafePattern.compile(r"(\d+)-(\d+)").sub(r"\2/\1", "12-34") == "34/12"
