"""Street lines taken apart and put together: "Kerkstraat 12 bis" is a street, a number, a suffix.

The splitter knows how NL, BE, DE, AT, FR and IT write addresses and does the sensible thing
elsewhere. It never guesses: a line that can be read in two ways comes back whole, with a reason.
A house number is the leftmost number from which everything to the right reads as a suffix, so
that numbers inside street names (Plein 1944, Straße des 17. Juni) stay where they belong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hub.mapping.house_suffix import ends_in_unit, read_suffix

MAX_LINE: Final = 200
SURE: Final = 0.8
"""The least confidence at which a line is split."""


@dataclass(frozen=True, slots=True)
class Split:
    """A street line read. When `sure` is false, `street` is the whole line and `reason` says why.

    confidence: 0 to 1. number: None in a sure split means that the address has none.
    """

    street: str
    number: str | None = None
    suffix: str | None = None
    confidence: float = 1.0
    reason: str = ""

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


def split_line(line: str, country: str | None = None) -> Split:
    """Take a street line apart, by the customs of a country (ISO 3166 alpha-2)."""
    whole = " ".join(line.split()).strip(" ,;")
    if len(whole) > MAX_LINE:
        return Split(whole, confidence=0.0, reason="the line is too long for an address")
    land = (country or "").strip().upper()
    text = _DASH.sub("-", whole)
    if not any(char.isdigit() for char in text):
        return Split(_NO_NUMBER.sub("", whole).rstrip(" ,"))
    found = _post_box(text) or _mannheim(text, land) or _choose(text, land)
    if found.sure:
        return found
    return Split(whole, confidence=found.confidence, reason=found.reason)


def join_line(
    street: str | None,
    number: str | None = None,
    suffix: str | None = None,
    country: str | None = None,
) -> str:
    """Put street, number and suffix on one line, the way the country writes them."""
    land = (country or "").strip().upper()
    home = join_number(number, suffix, land)
    street = (street or "").strip()
    if not home or not street:
        return street or home
    if land in _NUMBER_FIRST:
        return f"{home} {street}"
    return f"{street}, {home}" if _MANNHEIM_STREET.fullmatch(street) else f"{street} {home}"


def join_number(number: str | None, suffix: str | None = None, country: str | None = None) -> str:
    """Put house number and suffix together: "12 bis", "12A", "115-3", "12/A"."""
    number, suffix = (number or "").strip(), (suffix or "").strip()
    if not number or not suffix:
        return number or suffix
    before_digit, before_letter = _GLUE.get((country or "").strip().upper(), ("-", ""))
    if suffix[0] in "-/+&":
        return number + suffix
    if _PLAIN_DIGITS.fullmatch(suffix):
        half = before_digit != "/" and _FRACTION.fullmatch(suffix)  # "12 1/2"
        return f"{number}{' ' if half else before_digit}{suffix}"
    if _ONE_LETTER.match(suffix):
        return f"{number}{before_letter}{suffix}"
    return f"{number} {suffix}"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- customs ---------------------------------------------------------------------------------

_NUMBER_FIRST: Final = _words("FR LU MC GB IE US CA AU NZ MT ZA IN SG")
_SPACED_LETTER: Final = _words("FR LU MC BE CH GB IE")  # "12 B rue": not a compass point
# What stands between number and suffix: before digits, before a letter. NL: 115-3, 12A.
_GLUE: Final = {
    "NL": ("-", ""),
    "BE": ("/", ""),
    "AT": ("/", ""),
    "IT": ("/", "/"),
    "FR": ("-", " "),
}
_DROPPED: Final = {"NL": "-", "BE": "/", "AT": "/", "IT": "/"}  # said by the country already
_DASH: Final = re.compile(r" ?[‐‑‒–—−] ?| - ")
_PLAIN_DIGITS: Final = re.compile(r"\d+(?:/\w+)*[A-Za-z]?")
_FRACTION: Final = re.compile(r"[1-9]/[2-9]")
_ONE_LETTER: Final = re.compile(r"[A-Za-z](?![^\W\d_])")
_NO_NUMBER: Final = re.compile(
    r"[ ,]+(?:s\.?n\.?c\.?|s/n|z/n|zn|ong\.?|ongenummerd|o\. ?nr\.?|ohne nummer|sans num[ée]ro|"
    r"senza numero)$",
    re.IGNORECASE,
)
_POST_BOX: Final = re.compile(
    r"(postbus|antwoordnummer|packstation|bo[iî]te postale|b\.?p\.?|postfach|p\.? ?o\.? ?box|"
    r"casella postale|c\.?p\.?)[ :.]{1,3}(?:nr\.? )?(\d[\d ]{0,10})",
    re.IGNORECASE,
)
_MANNHEIM: Final = re.compile(r"([A-U]) ?(\d{1,2})(?:, ?| )(\d{1,3}) ?([A-Za-z])?")
_MANNHEIM_STREET: Final = re.compile(r"[A-U]\d{1,2}")
# Words that hardly name a street without their number when that is a year: Plein 1944.
_NAMED_BY_YEAR: Final = _words(
    "plein laan straat weg kade park rue avenue av boulevard bd place square quai via viale "
    "piazza corso largo strada straße strasse platz allee allée ring"
)
_NAMED_BY_NUMBER: Final = _words(
    "straße strasse street road avenue calle route zone section sectie sector blok block km "
    "z.i za zi z.a"
)
_SMALL_WORDS: Final = _words(
    "de du des della delle degli dell del dei les der dos las los van der den the am an la le"
)
_BESIDE: Final = _words("t.o t/o to naast tegenover bij nabij near gegenüber km b c/o")
_MONTHS: Final = _words(
    "januari februari maart april mei juni juli augustus september oktober november december "
    "januar februar märz mai august dezember jänner janvier février fevrier mars avril juin "
    "juillet août aout septembre octobre novembre décembre decembre gennaio febbraio marzo "
    "aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
)
_FRENCH: Final = re.compile(
    r"(?:rue|avenue|av|boulevard|bd|boul|place|pl|chemin|ch|chauss[ée]e|all[ée]es?|impasse|imp|"
    r"quai|cours|cour|square|sq|route|rte|passage|cit[ée]|villa|r[ée]sidence|lotissement|hameau|"
    r"lieu[- ]dit|sentier|esplanade|rond-point|faubourg|fbg|clos|dr[èe]ve|mont[ée]e|parvis|voie|"
    r"venelle|promenade|ruelle|galerie|mail|porte|pont|parc|domaine|traverse|grand[- ]rue)"
    r"(?:\.? |\.|$)",
    re.IGNORECASE,
)


# --- reading ---------------------------------------------------------------------------------


def _post_box(text: str) -> Split | None:
    found = _POST_BOX.fullmatch(text)
    return Split(found[1], found[2].strip(), confidence=0.95) if found else None


def _mannheim(text: str, land: str) -> Split | None:
    """The squares of Mannheim are streets: Q7, 24."""
    found = _MANNHEIM.fullmatch(text) if land == "DE" else None
    return Split(f"{found[1]}{found[2]}", found[3], found[4], 0.9) if found else None


def _choose(text: str, land: str) -> Split:
    """Read the number at the end or in front, whichever the country and the words call for."""
    back = _number_behind(text, land)
    front = _number_in_front(text, land)
    if front is None:
        return back
    usual = land in _NUMBER_FIRST or _FRENCH.match(front.street) is not None
    if not usual:
        return back if back.sure else front
    if _number_behind(front.street, land).sure:
        return Split(text, confidence=0.4, reason="there is a number at both ends")
    if "," in front.street or ends_in_unit(front.street):
        return Split(text, confidence=0.5, reason="something stands behind the street")
    return Split(front.street, front.number, front.suffix, 0.95)


_FRONT: Final = re.compile(
    r"(?P<number>\d{1,5})"
    r"(?P<suffix>(?:[-/]\d{1,5})?(?: ?(?:bis|ter|quater|quinquies)(?=[ ,])|[A-DF-Za-df-z](?=[ ,])"
    r"| [A-Z](?=, )| (?P<spaced>[A-HJ-Z]) (?=\D))?)"
    r"(?P<comma>,?) ?(?P<street>[^\W\d].*|\d{1,3}(?:e|er|de|ste|ème|th|st|nd|rd) .*)",
)


def _number_in_front(text: str, land: str) -> Split | None:
    found = _FRONT.fullmatch(text)
    if found is None:
        return None
    number, suffix, street = found["number"], found["suffix"].strip(), found["street"].strip()
    if found["spaced"] and land not in _SPACED_LETTER:
        suffix, street = suffix[: -len(found["spaced"])].strip(), f"{found['spaced']} {street}"
    elif text[found.end("suffix")] not in " ," and not found["spaced"]:
        return None  # "1e Dorpsstraat": an ordinal, not a number
    if found["comma"]:
        return Split(street, number, _tidy(suffix, land), 0.9)
    return Split(
        street,
        number,
        _tidy(suffix, land),
        0.6,
        "the number stands in front, which is not usual there",
    )


_NUMBER: Final = re.compile(r"(?<!\d)\d{1,5}(?!\d)")
_NUMBER_WORD: Final = re.compile(
    r"[ ,]+(?:n ?[°º]|nr[.:]?|no[.:]?|num\.?|num[ée]ro|nummer|huisnummer|hausnummer|huisnr\.?|"
    r"n\.|#) ?$",
    re.IGNORECASE,
)


def _number_behind(text: str, land: str) -> Split:
    for found in _NUMBER.finditer(text):
        start, end = found.span()
        named = _NUMBER_WORD.search(text[:start])
        if not named and not _may_start(text, start):
            continue
        suffix = read_suffix(text[end:])
        street = (text[: named.start()] if named else text[:start]).strip(" ,")
        if suffix is None or not any(char.isalpha() for char in street):
            continue
        doubt = "" if named else _doubt(street, found[0], suffix)
        if doubt:
            return Split(text, confidence=0.5, reason=doubt)
        return Split(street, found[0], _tidy(suffix, land), 0.9 if suffix else 0.95)
    return Split(text, confidence=0.5, reason="no number in it reads as a house number")


def _may_start(text: str, start: int) -> bool:
    """Whether a number may begin here: after a space, or where a space was forgotten."""
    if start == 0:
        return False
    if text[start - 1] in " ,":
        return True
    run = 0
    at = start - 2 if text[start - 1] == "." else start - 1
    while at >= 0 and text[at].isalpha():
        run, at = run + 1, at - 1
    return run >= (3 if text[start - 1] == "." else 4)


def _doubt(street: str, number: str, suffix: str) -> str:
    """Why this reading may be wrong; "" when it is not in doubt."""
    words = [word.strip(".,") for word in street.casefold().split()]
    last = words[-1]
    year = len(number) == 4 and 1500 <= int(number) <= 2099
    if last in _MONTHS and (year or len(words) == 1):
        return f"{number} may belong to the date in the street's name"
    if len(words) == 1 and (last in _NAMED_BY_NUMBER or (year and last in _NAMED_BY_YEAR)):
        return f"{number} may be part of the street's name"
    if last in _SMALL_WORDS and len(words) > 1:
        return f"{number} may be part of the street's name"
    if last in _BESIDE or (len(last) == 1 and last.isalpha() and len(words) > 1 and not suffix):
        return f"“{words[-1]} {number}” may not be a house number"
    if _unit_between(words):
        return f"“{words[-2]} {words[-1]} {number}” may be the house number and what follows it"
    if last[-1].isdigit() and not any(char.isalpha() for char in last):
        by_number = len(words) == 2 and words[0] in _NAMED_BY_YEAR | _NAMED_BY_NUMBER
        if not by_number and not any(word in _MONTHS for word in words):
            return "it has two numbers"
    return ""


def _unit_between(words: list[str]) -> bool:
    """Whether a street ends in a number and a word, as "Spoorlaan 2 garagebox" does."""
    if len(words) < 3 or not words[-2].isdigit() or not words[-1].isalpha():
        return False
    named = _SMALL_WORDS | _NAMED_BY_YEAR | _NAMED_BY_NUMBER
    return words[-1] not in _MONTHS and words[-3] not in named


def _tidy(suffix: str, land: str) -> str | None:
    """The suffix without the mark that the country puts before it anyway."""
    if not suffix:
        return None
    mark, rest = suffix[0], suffix[1:]
    if mark in "-/" and rest and (rest[0].isalpha() or mark == _DROPPED.get(land)):
        return rest
    return suffix
