"""The contract that every plugin keeps."""

from __future__ import annotations

from koppel_hubspot import hubspot

from hub.testing import SystemContract


class TestContract(SystemContract):
    system = hubspot
