"""What may stand behind a house number: "A", "bis", "2 hoog", "bus 3", "Stiege 2 Top 5", "int. 4".

Reading is one pass from left to right over a fixed set of parts, so it takes time in proportion
to the text, and a tail with anything else in it (a name, a town) is not a suffix at all.
"""

from __future__ import annotations

import re
from typing import Final

_END: Final = r"(?![^\W_])"  # not in the middle of a word
_WORDS: Final = (
    "bis ter quater quinquies hs huis bel beletage sous souterrain boven bovenwoning beneden "
    "benedenwoning bg begane ond onder rd rood zw zwart achter achterhuis voor voorhuis links "
    "rechts midden hoog ws wb woonboot garage winkel kantoor hinterhaus hh vorderhaus vh "
    "seitenflügel gartenhaus eg og ug dg kg erdgeschoss dachgeschoss untergeschoss parterre rdc "
    "rosso nero barrato interno tv th mf kld esq dto izq dcha li re mi tweede eerste derde"
)
_KEYS: Final = (
    "bus bte boîte boite box b app apt appt appartement apartment ap whg wohnung wng whng top tür "
    "tuer stiege stg haus hs gebäude gebaeude geb gebouw toren tower unit kamer kmr k room suite "
    "ste flat hal halle loods deur poort ingang entrée entree eingang aufgang lokaal lok "
    "verdieping verd etage étage et ét piano int interno scala sc palazzina pal edificio ed lotto "
    "lgh sub huisje chalet bungalow capannone we wohneinheit p esc escalier bât bat bâtiment "
    "batiment porte lot blok block po t/m tm tem tot bis r w"
)
_FLOORS: Final = (
    "hoog hg verdieping verd etage étage ét og obergeschoss stock floor piano sal vån tv th mf izq "
    "dcha esq dto links rechts"
)


def _any_of(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True))


_SEPARATOR: Final = re.compile(r" ?[-/+&] ?|[ ,]+")
_LETTER: Final = re.compile(rf"[A-Za-z](?:[-.]?\d{{1,4}}(?:\.\d{{1,4}})?)?{_END}")
_DIGITS: Final = re.compile(rf"\d{{1,5}}[A-Za-z]?{_END}")
_ROMAN: Final = re.compile(rf"(?:I{{1,3}}|IV|VI{{0,3}}|IX|X)(?:[ -]?(?:hoog|hg))?{_END}")
_WORD: Final = re.compile(rf"(?:{_any_of(_WORDS)})\.?{_END}", re.IGNORECASE)
_KEYED: Final = re.compile(
    rf"(?:{_any_of(_KEYS)})(?:\. ?|: ?| )?(?:[A-Za-z]?\d{{1,5}}(?:[.-]\d{{1,4}})?[A-Za-z]?"
    rf"|(?<=[ .:])[A-Za-z]|(?<=[ .:])[IVX]{{1,4}}){_END}",
    re.IGNORECASE,
)
_FLOOR: Final = re.compile(
    rf"\d{{1,2}}(?: ?(?:{_any_of(_FLOORS)})|(?:e|de|ste|er|ère|ème|eme|st|nd|rd|th|\.|º|°|ª)"
    rf"(?: ?(?:{_any_of(_FLOORS)}|[A-Za-z]))?)\.?{_END}",
    re.IGNORECASE,
)
_NAMED_FLOOR: Final = re.compile(
    rf"\d{{1,2}}(?:e|de|ste|er|ère|ème|eme|st|nd|rd|th|\.|º|°|ª)? ?(?:{_any_of(_FLOORS)})\.?",
    re.IGNORECASE,
)
_FRACTION: Final = re.compile(rf"[1-9]/[2-9]{_END}")
_SPACED: Final = (_KEYED, _FLOOR, _FRACTION, _ROMAN, _LETTER, _WORD)
_GLUED: Final = (_ROMAN, _LETTER, _WORD)
_JOINED: Final = (_FLOOR, _DIGITS, _KEYED, _ROMAN, _LETTER, _WORD)


def ends_in_unit(text: str) -> bool:
    """Whether a text ends in a part of a building with its number: "bât. B", "3e étage"."""
    for at in (place.end() for place in _SEPARATOR.finditer(text)):
        if any(part.fullmatch(text, at) for part in (_KEYED, _NAMED_FLOOR)):
            return True
    return False


def read_suffix(tail: str) -> str | None:
    """The suffix that a tail spells, tidied up; "" for an empty tail, None when it is no suffix."""
    at = 0
    pieces: list[str] = []
    after_letter = False
    while at < len(tail):
        separator = _SEPARATOR.match(tail, at)
        mark = separator[0].strip(" ,") if separator else ""
        if separator:
            at = separator.end()
            if at == len(tail):
                return None if mark else "".join(pieces)
        choices = _JOINED if mark else _SPACED if separator else _GLUED if not pieces else ()
        if separator and not mark and after_letter:
            choices = (*choices, _DIGITS)
        found = next((m for m in (part.match(tail, at) for part in choices) if m), None)
        if found is None:
            return None
        after_letter = len(found[0]) == 1 and found[0].isalpha()
        pieces.append((mark or (" " if pieces else "")) + found[0])
        at = found.end()
    return "".join(pieces)
