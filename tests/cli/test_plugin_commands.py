"""sandbox, check-plugin, new-plugin: what a plugin author uses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from hub.config import Config
from tests.cli.conftest import TOKEN, Koppel


def test_a_sandbox_runs_until_it_is_told_to_stop(toy_site: Path, config: Config) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "sandbox", "toy", "--option", "customers=2"],
        env={**config.environ(os.environ), "PYTHONPATH": f"{toy_site}:{Path.cwd()}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        asked = urllib.request.Request(
            f"{url}/api/customers", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert len(json.load(answer)["items"]) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_a_sandbox_names_the_options_it_has(koppel: Koppel) -> None:
    said = koppel("sandbox", "toy", "--option", "custmers=3")
    assert said.code == 2
    assert "customers, latency, name" in said.err


def test_check_plugin_keeps_every_promise_of_the_toy(koppel: Koppel) -> None:
    said = koppel("check-plugin", "toy", "--json")
    assert said.code == 0, said.out
    assert said.json["passed"] is True
    (toy,) = said.json["systems"]
    assert {c["verdict"] for c in toy["checks"]} == {"passed"}
    assert "every promise is kept" in koppel("check-plugin", "koppel-toy").out


def test_check_plugin_of_nothing_is_wrong_usage(koppel: Koppel) -> None:
    assert koppel("check-plugin", "nothing").code == 2


@pytest.mark.parametrize("name", ["My Shop", "1shop", "shop-x", "../x"])
def test_a_name_that_no_system_can_have_is_refused(
    koppel: Koppel, tmp_path: Path, name: str
) -> None:
    assert koppel("new-plugin", name, "--into", str(tmp_path / "new")).code == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_never_overwritten(koppel: Koppel, tmp_path: Path) -> None:
    (tmp_path / "koppel-my-shop").mkdir()
    assert koppel("new-plugin", "my_shop", "--into", str(tmp_path)).code == 2


def test_a_new_plugin_passes_the_contract_from_its_first_minute(
    koppel: Koppel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = koppel("new-plugin", "my_shop", "--into", str(tmp_path), "--json")
    assert said.code == 0
    folder = Path(said.json["folder"])
    # Installed the way pip would: the package, and what names it.
    site = tmp_path / "site"
    shutil.copytree(folder / "koppel_my_shop", site / "koppel_my_shop")
    about = site / "koppel_my_shop-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: koppel-my-shop\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text("[koppel]\nmy_shop = koppel_my_shop\n")
    monkeypatch.syspath_prepend(str(site))
    said = koppel("check-plugin", "my_shop", "--json")
    assert said.code == 0, said.out
    assert {c["verdict"] for c in said.json["systems"][0]["checks"]} == {"passed"}


def test_the_test_file_of_a_new_plugin_runs_under_pytest(koppel: Koppel, tmp_path: Path) -> None:
    koppel("new-plugin", "my_shop", "--into", str(tmp_path))
    folder = tmp_path / "koppel-my-shop"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{Path.cwd()}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
