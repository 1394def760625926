"""What the documentation is made from: the plugins of this repository, and its tests."""

from __future__ import annotations

import importlib.metadata
import tomllib
from dataclasses import dataclass
from pathlib import Path

from hub.registry import GROUP, Registry
from hub.sdk import System

ROOT = Path(__file__).resolve().parent.parent.parent


class NotInstalled(Exception):
    """A plugin of this repository that cannot be described."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The plugins of this repository, whatever else is installed beside them."""

    registry: Registry

    @classmethod
    def load(cls) -> Sources:
        """Load them. Raises NotInstalled when one is missing or broken."""
        ours = {
            tomllib.loads(file.read_text(encoding="utf-8"))["project"]["name"]
            for file in sorted((ROOT / "plugins").glob("*/pyproject.toml"))
        }
        found = [
            entry
            for entry in importlib.metadata.entry_points(group=GROUP)
            if entry.dist is not None and entry.dist.name in ours
        ]
        registry = Registry.load(found)
        missing = ours - {plugin.distribution for plugin in registry.plugins}
        if missing:
            why = "; ".join(f"{f.name}: {f.error}" for f in registry.failures) or "not installed"
            raise NotInstalled(f"{', '.join(sorted(missing))} cannot be documented ({why})")
        return cls(registry=registry)

    @property
    def systems(self) -> list[System]:
        """The systems by name."""
        return [self.registry.systems[name] for name in sorted(self.registry.systems)]
