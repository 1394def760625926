"""Plugins: what is installed, what it can do, and what failed to load and why."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from flask import Blueprint, Response
from pydantic import ValidationError

from hub.model import Json
from hub.registry import Failure, Plugin, Registry
from hub.sdk import Entity, RateLimit, System
from hub.web import shapes
from hub.web.jinja import koppel_version
from hub.web.page import hub, page

bp = Blueprint("plugins", __name__)
ABILITIES = ("read", "get", "find", "create", "update", "discover")
_COLLECTED = "register_"


@bp.get("/plugins")
def index() -> Response:
    """All plugins."""
    registry = hub().registry
    return page(
        "plugins/index.html",
        plugins=[_plugin(registry, plugin) for plugin in registry.plugins],
        broken=[_broken(failure) for failure in registry.failures],
        package=f"Koppel {koppel_version()}",
    )


def _plugin(registry: Registry, plugin: Plugin) -> Json:
    about = _metadata(plugin.distribution)
    return {
        "name": plugin.distribution or plugin.name,
        "version": plugin.version,
        "summary": about["Summary"] if about and "Summary" in about else None,
        "url": _website(about),
        "hooks": [hook for hook in plugin.hooks if not hook.startswith(_COLLECTED)],
        "systems": [_system(registry.systems[name]) for name in plugin.systems],
    }


def _broken(failure: Failure) -> Json:
    details = [f"plugin: {failure.name}", f"module: {failure.module}", f"error: {failure.error}"]
    return {
        "name": failure.distribution or failure.name,
        "version": failure.version,
        "error": failure.error,
        "hint": f"It happened in {failure.where}." if failure.where else None,
        "details": "\n".join([*details, f"where: {failure.where or 'not known'}"]),
    }


def _system(system: System) -> Json:
    limits = _limits(system)
    return shapes.system_of(system) | {
        "limits": [_limit(limit) for limit in limits],
        "entities": [_entity(kind) for kind in system.entities],
        "lookups": [lookup.title for lookup in system.lookups],
    }


def _entity(kind: type[Entity]) -> Json:
    entity = kind()
    return {
        "title": kind.title,
        "name": kind.name,
        "what": (kind.__doc__ or "").strip().split("\n")[0],
        "can": {ability for ability in ABILITIES if entity.can(ability)},
        "match": list(kind.match),
    }


def _limits(system: System) -> Sequence[RateLimit]:
    """The budgets under the settings that hold when nobody changes them."""
    try:
        return system.limits_for(system.settings())
    except ValidationError:  # a setting without a default
        return ()


def _limit(limit: RateLimit) -> str:
    units: dict[float, str] = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
    per = f"a {units[limit.seconds]}" if limit.seconds in units else f"in {limit.seconds:g} seconds"
    return f"{limit.count:,} calls {per}" + (", for each kind of call" if limit.bucket else "")


def _metadata(distribution: str) -> PackageMetadata | None:
    try:
        return metadata(distribution) if distribution else None
    except PackageNotFoundError:
        return None


def _website(about: PackageMetadata | None) -> str | None:
    """The project's page, only where it is a web address."""
    for line in about.get_all("Project-URL") or [] if about else []:
        _, _, address = line.partition(",")
        if address.strip().startswith(("https://", "http://")):
            return str(address.strip())
    return None
