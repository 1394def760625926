"""The contract that every plugin keeps."""

from __future__ import annotations

from koppel_ccvshop import ccvshop

from hub.testing import SystemContract


class TestContract(SystemContract):
    system = ccvshop
