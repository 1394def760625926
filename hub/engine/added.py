"""Added policies: what plugins decide about a document after the hub's own policies."""

from __future__ import annotations

import logging

from hub.engine.context import FlowRun
from hub.model import Document
from hub.registry import describe
from hub.sdk import KoppelError, RecordError

log = logging.getLogger("koppel.engine")


def with_added_policies(run: FlowRun, document: Document) -> Document:
    """The document after the policies of plugins. A mistake in one costs this record only."""
    for policy in run.hub.registry.policies:
        name = getattr(policy, "__name__", "of a plugin")
        try:
            made = policy(document, run.settings)
        except KoppelError:
            raise
        except Exception as error:
            log.exception("policy %s", name)
            raise RecordError(
                f"The policy {name} went wrong: {describe(error)}", code="policy"
            ) from error
        if not isinstance(made, type(document)):
            raise RecordError(
                f"The policy {name} gave {type(made).__name__} and not the document back.",
                code="policy",
            )
        document = made
    return document
