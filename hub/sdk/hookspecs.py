"""The hooks a plugin may implement; each has one return shape. Prose is in docs/plugins.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from hub.model import Document, Json
    from hub.sdk.system import System

hookspec = pluggy.HookspecMarker("koppel")
hookimpl = pluggy.HookimplMarker("koppel")


@hookspec
def register_systems() -> list[System]:  # type: ignore[empty-body]
    """The systems this plugin adds."""


@hookspec
def register_transforms() -> list[Any]:  # type: ignore[empty-body]
    """Transforms for the mapper: functions with typed arguments and a docstring for users."""


@hookspec
def register_policies() -> list[Any]:  # type: ignore[empty-body]
    """Policies that run after the hub's own: functions (document, settings) -> document."""


@hookspec
def run_started(run: int, flow: str) -> None:
    """A run begins."""


@hookspec
def record_read(flow: str, record: Json, document: Document) -> None:
    """A record was read and understood."""


@hookspec
def before_write(flow: str, action: str, payload: Json) -> None:
    """A payload is about to be written (not in a plan). Raise a RecordError to refuse it."""


@hookspec
def after_write(flow: str, action: str, payload: Json, key: str) -> None:
    """A payload was written."""


@hookspec
def run_finished(run: int, flow: str, summary: Json) -> None:
    """A run ended; summary is what `koppel run --json` prints, without the entries."""


@hookspec
def notify(title: str, text: str, link: str) -> None:
    """Something needs a person."""
