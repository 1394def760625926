"""The promises that every plugin makes."""

from __future__ import annotations

from flask import Flask
from koppel_exact_globe import exact_globe
from koppel_exact_globe.sandbox import create_app

from hub.testing import SystemContract


class TestContract(SystemContract):
    system = exact_globe


class TestContractWithAPast(SystemContract):
    """The same in an administration that has orders, deliveries and invoices already."""

    system = exact_globe

    def make_app(self) -> Flask:
        return create_app(past_orders=7, families=5)
