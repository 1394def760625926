"""The contract that every plugin keeps."""

from __future__ import annotations

from flask import Flask
from koppel_hubspot import hubspot
from koppel_hubspot.sandbox import create_app

from hub.testing import SystemContract


class TestContract(SystemContract):
    system = hubspot


class TestContractInAnAccountWhoseSkusAreNotUnique(SystemContract):
    """The same where products can only be found through search."""

    system = hubspot

    def make_app(self) -> Flask:
        return create_app(rate_limits=False, unique_sku=False)
