"""Installed systems as data: what `koppel systems` prints."""

from __future__ import annotations

from typing import Any

from hub.engine import forms
from hub.model import Json
from hub.registry import Registry
from hub.sdk import Entity, System

ABILITIES = ("read", "get", "find", "create", "update", "discover")


def described(registry: Registry, name: str | None = None) -> Json:
    """All systems, or one, with the plugins they come from and those that failed to load."""
    systems = [registry.system(name)] if name else list(registry.systems.values())
    return {
        "systems": [system(registry, s) for s in sorted(systems, key=lambda s: s.name)],
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "systems": list(plugin.systems),
                "transforms": list(plugin.transforms),
                "hooks": list(plugin.hooks),
            }
            for plugin in registry.plugins
        ],
        "failed": [
            {
                "name": failure.name,
                "distribution": failure.distribution,
                "version": failure.version,
                "error": failure.error,
                "where": failure.where,
            }
            for failure in registry.failures
        ],
    }


def system(registry: Registry, declared: System) -> Json:
    """One system."""
    plugin = next((p for p in registry.plugins if declared.name in p.systems), None)
    return {
        "name": declared.name,
        "title": declared.title,
        "description": declared.description,
        "kind": declared.kind,
        "distribution": plugin.distribution if plugin else "",
        "version": plugin.version if plugin else "",
        "credentials": forms.schema(declared.credentials),
        "settings": forms.schema(declared.settings),
        "entities": [entity(kind()) for kind in declared.entities],
        "lookups": [{"name": x.name, "title": x.title} for x in declared.lookups],
        "limits": limits(declared),
        "oauth2": declared.oauth2 is not None,
        "webhook": declared.webhook is not None,
        "parallel": declared.parallel,
        "sandbox": declared.sandbox is not None,
    }


def entity(declared: Entity) -> Json:
    """One entity; settings are those of a flow that writes it, the hub's own among them."""
    return {
        "name": declared.name,
        "title": declared.title,
        "description": " ".join((declared.__doc__ or "").split()),
        "document": declared.document.kind,
        "can": [ability for ability in ABILITIES if declared.can(ability)],
        "match": list(declared.match),
        "filter": forms.schema(declared.filter) if declared.can("read") else None,
        "settings": forms.schema(forms.flow_form(declared)) if declared.can("create") else None,
        "fields": [
            {
                "path": field.path,
                "meaning": field.meaning,
                "label": field.label or None,
                "only": field.only,
                "required": field.required,
                "max_length": field.max_length,
            }
            for field in declared.fields
        ],
    }


def limits(declared: System) -> list[Json]:
    """The budgets under the default settings; empty where they cannot be told without answers."""
    try:
        found: Any = declared.limits_for(declared.settings())
    except ValueError:
        return []
    return [{"requests": limit.count, "seconds": limit.seconds} for limit in found]
