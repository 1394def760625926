"""Parameters of a call become part of its address, as RFC 3986 has it."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.http import query

NAMES = st.text(st.characters(codec="utf-8"), min_size=1)
VALUES = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_is_asked_arrives_however_the_other_side_reads_a_plus(
    params: dict[str, str],
) -> None:
    address = query(params)
    assert "+" not in address
    assert parse_qsl(address, keep_blank_values=True) == list(params.items())
    parts = [part.split("=") for part in address.split("&") if part]
    assert [(unquote(name), unquote(value)) for name, value in parts] == list(params.items())


def test_a_blank_is_not_a_plus() -> None:
    assert query({"$filter": "Ref eq 'A+B C'"}) == "%24filter=Ref%20eq%20%27A%2BB%20C%27"
