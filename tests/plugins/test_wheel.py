"""A plugin from outside, as a wheel: it appears and runs; a broken one is reported, and no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.config import Config
from hub.sdk.sandbox import running

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOKEN = "toy-token-4711-not-for-others"


def build(folder: Path, out: Path) -> Path:
    """The wheel of a distribution, built from a copy, without a network."""
    copy = out / f"{folder.name}-source"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for text in copy.rglob("*.py.txt"):
        text.rename(text.with_suffix(""))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *options, "-w", str(out), str(copy)], check=True, timeout=120)
    (wheel,) = out.glob(f"koppel_{folder.name}-*.whl")
    return wheel


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the toy and the broken plugin."""
    out, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    wheels = [build(HERE / name, out) for name in ("toy", "broken")]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    options = ["--no-deps", "--no-index", "--no-compile", "--target", str(site)]
    subprocess.run([*pip, *options, *map(str, wheels)], check=True, timeout=120)
    return site


class Shell:
    """Says `koppel` in a process of its own, with the plugins installed."""

    def __init__(self, config: Config, site: Path) -> None:
        self.env = {**config.environ(os.environ), "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}

    def __call__(self, *arguments: str, stdin: str = "") -> Any:
        """The one JSON document that was printed."""
        done = subprocess.run(
            [sys.executable, "-m", "hub", *arguments, "--json"],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def koppel(config: Config, site: Path) -> Shell:
    """The command line of a new hub."""
    return Shell(config, site)


@pytest.fixture
def urls(toy_module: Any) -> Iterator[tuple[str, str]]:
    """Two pretend toys."""
    from koppel_toy.sandbox import create_app

    with running(create_app(customers=5)) as one, running(create_app(customers=0)) as two:
        yield one, two


def test_the_wheel_holds_nothing_but_the_plugin(site: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build(HERE / "toy", tmp_path)) as wheel:
        names = {name.partition("/")[0] for name in wheel.namelist()}
    assert names == {"koppel_toy", "koppel_toy-1.2.3.dist-info"}


def test_a_syntax_error_is_reported_and_nothing_else_notices(koppel: Shell) -> None:
    found = koppel("systems")
    (broken,) = [f for f in found["failed"] if f["name"] == "broken"]
    assert (broken["distribution"], broken["version"]) == ("koppel-broken", "0.9")
    assert broken["error"].startswith("SyntaxError: ")
    assert "koppel_broken/__init__.py:7" in broken["where"]
    assert "toy" in [s["name"] for s in found["systems"]]


def test_a_plugin_from_a_wheel_appears_and_runs_in_a_flow(
    koppel: Shell, urls: tuple[str, str]
) -> None:
    (toy,) = koppel("systems", "toy")["systems"]
    assert (toy["distribution"], toy["version"]) == ("koppel-toy", "1.2.3")
    file = {
        "version": 1,
        "connections": {
            name: {"system": "toy", "credentials": {"base_url": url, "token": TOKEN}}
            for name, url in zip(("one", "two"), urls, strict=True)
        },
        "flows": {"customers": {"from": "one.customers", "to": "two.customers"}},
    }
    assert len(koppel("apply", "-", stdin=json.dumps(file))["changes"]) == 3
    assert {c["status"] for c in koppel("check")["connections"]} == {"ok"}
    summary = koppel("run", "customers")
    assert (summary["status"], summary["created"]) == ("succeeded", 5)
    assert koppel("run", "customers")["created"] == 0
