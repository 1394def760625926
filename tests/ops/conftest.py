"""Starting processes of the hub, and leaving none behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.running import Running, Start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start Python with these arguments and variables; ended with the test."""
    started: list[Running] = []

    def begin(*arguments: str, **env: str) -> Running:
        folder = tmp_path / f"process-{len(started)}"
        folder.mkdir()
        started.append(Running(folder, list(arguments), env))
        return started[-1]

    yield begin
    for running in started:
        running.end()
