"""The command line with a toy system installed, and two pretend toys to couple."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.config import Config
from hub.sdk.sandbox import Sandbox, running

TOY = Path(__file__).parents[1] / "plugins" / "toy"
TOKEN = "toy-token-4711-not-for-others"


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        return json.loads(self.out)


Koppel = Callable[..., Said]


@pytest.fixture(scope="session")
def toy_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages, in which the toy is installed."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(
        TOY / "koppel_toy", site / "koppel_toy", ignore=shutil.ignore_patterns("__pycache__")
    )
    about = site / "koppel_toy-1.2.3.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: koppel-toy\nVersion: 1.2.3\n")
    (about / "entry_points.txt").write_text("[koppel]\ntoy = koppel_toy\n")
    return site


@pytest.fixture
def koppel(
    config: Config,
    toy_site: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Koppel:
    """Say a command: `koppel("run", "customers", "--json")`."""
    for name, value in config.environ({}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(toy_site))
    monkeypatch.setenv("TOY_TOKEN", TOKEN)

    def say(*arguments: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return Said(int(ended.value.code or 0), printed.out, printed.err)

    return say


@dataclass(frozen=True)
class Toy:
    """A pretend toy that runs."""

    url: str
    sandbox: Sandbox

    def holds(self, where: str) -> list[dict[str, Any]]:
        """What it has now."""
        found: list[dict[str, Any]] = self.sandbox.state()[where]
        return found


@pytest.fixture
def toys(toy_site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Toy, Toy]]:
    """A full one and an empty one."""
    monkeypatch.syspath_prepend(str(toy_site))
    from koppel_toy.sandbox import create_app

    full = create_app(customers=8, name="Full toys")
    empty = create_app(customers=0, name="Empty toys")
    with running(full) as one, running(empty) as two:
        yield Toy(one, full.extensions["sandbox"]), Toy(two, empty.extensions["sandbox"])


FILE = """\
version: 1
connections:
  full:
    system: toy
    title: The full one
    credentials: {{base_url: "{0}", token: {{env: TOY_TOKEN}}}}
  empty:
    system: toy
    credentials: {{base_url: "{1}", token: {{env: TOY_TOKEN}}}}
flows:
  customers:
    from: full.customers
    to: empty.customers
    schedule: every 5 minutes
    settings: {{colour: r}}
"""


@pytest.fixture
def config_file(toys: tuple[Toy, Toy], tmp_path: Path) -> Path:
    """A config file that couples the two."""
    path = tmp_path / "koppel.yaml"
    path.write_text(FILE.format(toys[0].url, toys[1].url))
    return path


@pytest.fixture
def coupled(koppel: Koppel, config_file: Path) -> Koppel:
    """The command line of a hub in which the two are coupled."""
    said = koppel("apply", str(config_file))
    assert said.code == 0, said.err
    return koppel
