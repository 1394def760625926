"""The toy plugin's module, without installing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def toy_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy plugin's module."""
    monkeypatch.syspath_prepend(str(HERE / "toy"))
    import koppel_toy

    return koppel_toy
