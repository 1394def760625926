"""Every request is one that the vendor's own OpenAPI documents describe.

The documents belong to the vendor and are not part of this project: without them beside the
checkout there is nothing to compare with, and these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.sandbox import create_app

from hub.testing.bench import Bench, NotApplicable, bench
from hub.testing.checks import CHECKS

from .openapi import Documents

FOLDER = Path(__file__).parents[3] / ".." / "shared" / "specs" / "hubspot"

#: They ask for nothing that the others do not.
SLOW = ("dropped_answer_makes_no_double", "cursor_loses_nothing", "starts_at_a_moment")


@pytest.fixture(scope="module")
def documents() -> Documents:
    if not FOLDER.exists():
        pytest.skip("the vendor's documents are not there")
    return Documents(FOLDER)


@pytest.fixture(scope="module")
def requests() -> list[dict[str, Any]]:
    """What the plugin sends while it keeps every promise of the contract."""
    app = create_app(rate_limits=False, contacts=12, companies=5, orders=6, deals=3, invoices=3)
    with bench(hubspot, app=app) as made:
        made.paced = False
        for check in (one for one in CHECKS if one.name not in SLOW):
            made.forget()
            try:
                check.run(made)
            except (NotApplicable, AssertionError):
                continue  # test_contract.py is about whether they hold
        _everything(made)
        return [dict(asked) for asked in made.sandbox.requests if asked["status"] != 401]


def _everything(made: Bench) -> None:
    with made.open() as api:
        for lookup in hubspot.lookups:
            list(lookup.fetch(api))
        for entity in made.entities("discover"):
            list(entity.discover(api))
        for entity in made.entities("read"):
            made.completed(api, entity, 50)


def test_every_request_fits_the_vendors_documents(
    documents: Documents, requests: list[dict[str, Any]]
) -> None:
    asked = [one for one in requests if one["path"].startswith(("/crm/", "/oauth/"))]
    wrong = {mistake for one in asked for mistake in documents.mistakes(one)}
    assert not wrong, "\n".join(sorted(wrong)[:20])
    ways = {one["path"].rpartition("/objects/")[2].partition("/")[2] for one in asked}
    assert {"search", "batch/read", "batch/create", "batch/update", "batch/upsert"} <= ways
    assert any("/associations/" in one["path"] for one in asked)
    assert any(one["path"].startswith("/crm/v3/properties/") for one in asked)


def test_no_batch_is_larger_than_the_vendor_takes(requests: list[dict[str, Any]]) -> None:
    for one in requests:
        if "/objects/" in one["path"] and "/batch/" in one["path"]:
            assert 1 <= len(json.loads(one["body"])["inputs"]) <= 100
        if one["path"].endswith("/search"):
            assert len(one["body"]) <= 3000


def test_the_documents_tell_a_wrong_request(documents: Documents) -> None:
    path = "/crm/v3/objects/orders/batch/create"
    wrong = {"method": "POST", "path": path, "query": "", "body": '{"inputs": [{"properties": 1}]}'}
    assert documents.mistakes(wrong)
    assert documents.mistakes({**wrong, "path": "/crm/v3/objects/ordurs/batch/create"})
    assert documents.mistakes({**wrong, "query": "limit=1"})
