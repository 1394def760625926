"""The contract: one check per promise that a plugin makes, in the order in which they are tried."""

from __future__ import annotations

# Importing a module adds its checks.
from hub.testing.checks import connecting, reading, writing
from hub.testing.checks.base import CHECKS, Broken, Check

__all__ = ["CHECKS", "Broken", "Check", "connecting", "reading", "writing"]
