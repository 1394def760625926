"""SystemContract: the contract as a pytest class; a plugin's test file subclasses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask

from hub.model import Document
from hub.registry import Registry
from hub.sdk import Entity, System
from hub.testing import samples
from hub.testing.bench import Bench, NotApplicable, bench
from hub.testing.checks import CHECKS, Check


class SystemContract:
    """Subclass it in a test file and name the system, by its object or its installed name:

        class TestContract(SystemContract):
            system = "toy"

    Override `make_app` for a sandbox with other options, and `sample` when a record to be written
    needs something that the hub cannot know.
    """

    system: ClassVar[System | str]

    def make_app(self) -> Flask | None:
        """The sandbox; None: what the declaration names."""
        return None

    def sample(self, bench: Bench, entity: Entity) -> Document:
        """A document to be written."""
        return samples.sample(bench, entity)

    @pytest.fixture(scope="class")
    @classmethod
    def contract_bench(cls) -> Iterator[Bench]:
        """The system on its sandbox, one for the whole class."""
        own, system = cls(), cls.system
        if isinstance(system, str):
            system = Registry.load().system(system)
        with bench(system, app=own.make_app(), sample=own.sample) as made:
            yield made

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
    def test_contract(self, check: Check, contract_bench: Bench) -> None:
        """Each promise of the contract."""
        __tracebackhide__ = True
        contract_bench.forget()
        contract_bench.pauses.clear()
        try:
            check.run(contract_bench)
        except NotApplicable as reason:
            pytest.skip(str(reason))


__all__: list[Any] = ["SystemContract"]
