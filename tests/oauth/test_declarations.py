"""What is declared wrongly is named when the hub starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from koppel_gate import gate as system

from hub.declarations import DeclarationError, check_system
from hub.sdk import Form, OAuth2
from hub.sdk.forms import text
from tests.gate.bench import HERE

assert HERE  # it puts the plugin on the path


class Bare(Form):
    """No client."""

    base_url: str = text("Address")


OTHER: Any = "https://example.com"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"oauth2": OTHER}, "oauth2 must be an OAuth2 object"),
        ({"webhook": OTHER}, "webhook must be a Webhook object"),
        ({"credentials": Bare}, "the credentials have no client_id"),
    ],
)
def test_a_wrong_declaration_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        check_system(replace(system, **wrong))


def test_a_right_one_is_taken() -> None:
    check_system(system)
    bare = OAuth2(authorize_url="https://a", token_url="https://b", client=lambda c: ("id", "no"))
    check_system(replace(system, credentials=Bare, oauth2=bare))
