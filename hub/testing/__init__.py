"""For plugin authors: the contract suite, `class TestContract(SystemContract): system = mine`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.testing.bench import Bench
    from hub.testing.contract import SystemContract

__all__ = ["Bench", "SystemContract"]


def __getattr__(name: str) -> Any:
    """Load what is asked for: pytest is needed for the class, not for `koppel check-plugin`."""
    if name == "SystemContract":
        from hub.testing.contract import SystemContract

        return SystemContract
    if name == "Bench":
        from hub.testing.bench import Bench

        return Bench
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
