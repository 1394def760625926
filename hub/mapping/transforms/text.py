"""Transforms on text."""

from __future__ import annotations

import re
from typing import Any, Final

from hub.mapping.transforms.patterns import SafePattern
from hub.mapping.values import MAX_TEXT, ValueProblem, text_of

_MAX_PAD: Final = 1_000


def trim(value: str) -> str:
    """Take the spaces off both ends.

    >>> trim("  Anna ")
    'Anna'
    """
    return value.strip()


def collapse_spaces(value: str) -> str:
    """Make one space of every run of spaces, tabs and line ends, and none at the ends.

    >>> collapse_spaces(" Anna   van den\\n Berg ")
    'Anna van den Berg'
    """
    return " ".join(value.split())


def upper(value: str) -> str:
    """Make all letters capitals.

    >>> upper("ab-1")
    'AB-1'
    """
    return value.upper()


def lower(value: str) -> str:
    """Make all letters small.

    >>> lower("Anna@Example.NL")
    'anna@example.nl'
    """
    return value.lower()


def title(value: str) -> str:
    """Give every word a capital and make its other letters small.

    >>> title("DEN HAAG")
    'Den Haag'
    >>> title("'s-hertogenbosch")
    "'s-Hertogenbosch"
    """
    return re.sub(
        r"(?<![\w'’])[^\W\d_][\w'’]{0,100}",
        lambda found: found[0][0].upper() + found[0][1:].lower(),
        value.lower(),
    )


def capitalize(value: str) -> str:
    """Give the first letter a capital and leave the others as they are.

    >>> capitalize("van den Berg")
    'Van den Berg'
    """
    return value[:1].upper() + value[1:]


def truncate(value: str, length: int, ending: str = "", whole_words: bool = False) -> str:
    """Cut a text that is longer than so many characters.

    length: the longest text to let through.
    ending: what to put at the end of a text that was cut; it counts in the length.
    whole_words: cut between two words where there is room for at least one.

    >>> truncate("Kerkstraat", length=4)
    'Kerk'
    >>> truncate("Gietijzeren theepot", length=12, ending="…", whole_words=True)
    'Gietijzeren…'
    """
    if length < 0:
        raise ValueProblem("length must be 0 or more")
    if len(value) <= length:
        return value
    room = max(length - len(ending), 0)
    cut = value[:room]
    if whole_words and " " in cut and not value[room : room + 1].isspace():
        cut = cut[: cut.rindex(" ")]
    return (cut.rstrip() + ending)[:length]


def substring(value: str, start: int, length: int | None = None) -> str:
    """Take a piece of a text.

    start: the first character to take, counted from 0; a negative number counts from the end.
    length: how many characters; without it, everything that follows.

    >>> substring("WEB-100231", start=4)
    '100231'
    >>> substring("NL801234567B01", start=0, length=2)
    'NL'
    """
    if length is not None and length < 0:
        raise ValueProblem("length must be 0 or more")
    begin = max(len(value) + start, 0) if start < 0 else start
    return value[begin:] if length is None else value[begin : begin + length]


def replace(value: str, old: str, new: str = "") -> str:
    """Replace a piece of text wherever it occurs, to the letter.

    old: what to look for.
    new: what to put there; without it, nothing.

    >>> replace("06-12 34 56 78", old=" ")
    '06-12345678'
    """
    if not old:
        raise ValueProblem("old is empty")
    if len(value) + value.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ValueProblem(f"gives more than {MAX_TEXT:,} characters")
    return value.replace(old, new)


def regex_extract(value: str, pattern: SafePattern, group: int | None = None) -> str | None:
    """Take what a regular expression finds: its first group, or all of it when it has none.

    pattern: a regular expression; patterns that could take forever are refused.
    group: which group to take instead (0: the whole match).

    >>> regex_extract("Order WEB-100231 of Tuesday", pattern="WEB-([0-9]+)")
    '100231'
    >>> regex_extract("no number here", pattern="[0-9]+")
    """
    found = pattern.search(value)
    if found is None:
        return None
    wanted = group if group is not None else min(pattern.pattern.groups, 1)
    if not 0 <= wanted <= pattern.pattern.groups:
        raise ValueProblem(f"the pattern has no group {wanted}")
    taken: str | None = found[wanted]
    return taken


def regex_replace(value: str, pattern: SafePattern, replacement: str = "") -> str:
    """Replace whatever a regular expression finds.

    pattern: a regular expression; patterns that could take forever are refused.
    replacement: what to put there; \\1 stands for the first group.

    >>> regex_replace("AB 12 / CD", pattern="[^A-Z0-9]+", replacement="-")
    'AB-12-CD'
    """
    if len(value) * (len(replacement) + 1) > 5 * MAX_TEXT:
        raise ValueProblem("the text and the replacement are too long together")
    return pattern.sub(replacement, value)


def split(value: str, separator: str = ",") -> list[str]:
    """Cut a text into a list, without the spaces around each piece and without empty pieces.

    separator: what stands between the pieces.

    >>> split("S, M,, L")
    ['S', 'M', 'L']
    """
    if not separator:
        raise ValueProblem("separator is empty")
    return [piece.strip() for piece in value.split(separator) if piece.strip()]


def lines(value: str) -> list[str]:
    """Cut a text into its lines, without the empty ones.

    >>> lines("Kerkstraat 12\\n\\nAmsterdam")
    ['Kerkstraat 12', 'Amsterdam']
    """
    return [line.strip() for line in value.splitlines() if line.strip()]


def word(value: str, number: int) -> str | None:
    """Take one word.

    number: which: 1 is the first, -1 the last.

    >>> word("Anna van den Berg", number=-1)
    'Berg'
    """
    words = value.split()
    if number == 0:
        raise ValueProblem("words are counted from 1, or from -1 backwards")
    index = number - 1 if number > 0 else number
    return words[index] if -len(words) <= index < len(words) else None


def before(value: str, separator: str) -> str:
    """Keep what stands before the first separator; all of it when there is none.

    separator: where to cut.

    >>> before("TS-RED-M", separator="-")
    'TS'
    """
    if not separator:
        raise ValueProblem("separator is empty")
    return value.split(separator, 1)[0]


def after(value: str, separator: str) -> str | None:
    """Keep what stands after the first separator; no value when there is none.

    separator: where to cut.

    >>> after("TS-RED-M", separator="-")
    'RED-M'
    """
    if not separator:
        raise ValueProblem("separator is empty")
    _head, found, tail = value.partition(separator)
    return tail if found else None


def prefix(value: str, text: str) -> str:
    """Put a text in front.

    text: what to put there.

    >>> prefix("100231", text="WEB-")
    'WEB-100231'
    """
    return text + value


def suffix(value: str, text: str) -> str:
    """Put a text behind.

    text: what to put there.

    >>> suffix("100231", text="/NL")
    '100231/NL'
    """
    return value + text


def strip_prefix(value: str, text: str) -> str:
    """Take a text off the front when it is there.

    text: what to take off.

    >>> strip_prefix("WEB-100231", text="WEB-")
    '100231'
    """
    return value.removeprefix(text)


def strip_suffix(value: str, text: str) -> str:
    """Take a text off the end when it is there.

    text: what to take off.

    >>> strip_suffix("12 kg", text=" kg")
    '12'
    """
    return value.removesuffix(text)


def pad_left(value: str, length: int, fill: str = "0") -> str:
    """Make a text as long as asked by filling it up on the left.

    length: how long it must be; longer texts stay as they are.
    fill: one character to fill up with.

    >>> pad_left("42", length=6)
    '000042'
    """
    _check_pad(length, fill)
    return value.rjust(length, fill)


def pad_right(value: str, length: int, fill: str = " ") -> str:
    """Make a text as long as asked by filling it up on the right.

    length: how long it must be; longer texts stay as they are.
    fill: one character to fill up with.

    >>> pad_right("AB", length=5, fill=".")
    'AB...'
    """
    _check_pad(length, fill)
    return value.ljust(length, fill)


def _check_pad(length: int, fill: str) -> None:
    if not 0 <= length <= _MAX_PAD:
        raise ValueProblem(f"length must be between 0 and {_MAX_PAD:,}")
    if len(fill) != 1:
        raise ValueProblem("fill must be one character")


def to_text(value: Any) -> str:
    """Make text of a number, a date or a list.

    >>> to_text(Decimal("12.50"))
    '12.50'
    """
    return text_of(value)


FAMILY: Final = (
    trim,
    collapse_spaces,
    upper,
    lower,
    title,
    capitalize,
    truncate,
    substring,
    replace,
    regex_extract,
    regex_replace,
    split,
    lines,
    word,
    before,
    after,
    prefix,
    suffix,
    strip_prefix,
    strip_suffix,
    pad_left,
    pad_right,
    to_text,
)
