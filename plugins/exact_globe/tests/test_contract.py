"""The promises that every plugin makes."""

from __future__ import annotations

from koppel_exact_globe import exact_globe

from hub.testing import SystemContract


class TestContract(SystemContract):
    system = exact_globe
