"""The examples of the documentation work: files are applied, rules compiled, JSON compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from koppel_ccvshop import demo as shop_demo
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import demo as erp_demo
from koppel_exact_globe import sandbox as erp_sandbox

from hub.config import Config
from hub.engine.configfile import apply, yamltree
from hub.engine.hub import Hub
from hub.mapping.rules import compile_rules, split
from hub.mapping.settings import OrderSettings
from hub.model import Order
from hub.sdk.sandbox import running
from tools.docparts.sources import ROOT

DOCS = ROOT / "docs"


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Where and what, for every block of code in a language."""
    for path in sorted(DOCS.rglob("*.md")):
        whole = path.read_text(encoding="utf-8")
        for number, found in enumerate(re.findall(rf"```{language}\n(.*?)```", whole, re.DOTALL)):
            yield f"{path.relative_to(DOCS)}-{number}", found


YAML = dict(blocks("yaml"))
FILES = {where: block for where, block in YAML.items() if block.startswith("version:")}
RULES = {where: block for where, block in YAML.items() if block.startswith("rules:")}
SETTINGS = [where for where in YAML if where not in {*FILES, *RULES}]


def test_there_is_a_complete_example() -> None:
    assert "config.md-0" in FILES
    named = yaml.safe_load(FILES["config.md-0"])
    assert set(named) == {"version", "settings", "connections", "shared", "flows"}


@pytest.mark.parametrize("where", FILES)
def test_a_config_file_of_the_documentation_applies_and_applies_again_without_a_change(
    where: str, config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in re.findall(r"\{env: (\w+)\}", FILES[where]):
        monkeypatch.setenv(name, "a-secret-of-some-length")
    hub = Hub.start(config)
    try:
        planned = apply(hub, FILES[where], plan=True, folder=tmp_path)
        made = apply(hub, FILES[where], folder=tmp_path)
        again = apply(hub, FILES[where], folder=tmp_path)
    finally:
        hub.close()
    assert {change.action for change in made if change.kind != "setting"} == {"create"}
    assert [str(change) for change in planned] == [str(change) for change in made]
    assert again == []


@pytest.mark.parametrize("where", RULES)
def test_rules_of_the_documentation_compile(where: str) -> None:
    tree = yamltree.load(RULES[where])
    assert tree is not None
    rules = compile_rules(tree.plain()["rules"])
    assert sum(map(len, split(rules, Order))) == len(rules) > 0


@pytest.mark.parametrize("where", SETTINGS)
def test_settings_of_the_documentation_are_taken(where: str) -> None:
    tree = yamltree.load(YAML[where])
    assert tree is not None
    assert OrderSettings.model_validate(tree.plain())


@pytest.mark.parametrize(("where", "block"), list(blocks("json")), ids=lambda text: text[:20])
def test_json_of_the_documentation_is_json(where: str, block: str) -> None:
    assert json.loads(block)


# -- the shapes that commands print ---------------------------------------------------------------

Run = Callable[..., Any]


def documented(command: str) -> Any:
    """The JSON below the heading of a command."""
    whole = (DOCS / "cli.md").read_text(encoding="utf-8")
    found = re.search(
        rf"^### koppel {command}\n.*?```json\n(.*?)```", whole, re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return json.loads(found[1])


def differences(said: Any, printed: Any, at: str = "") -> Iterator[str]:
    """Where the shape that is documented is not the shape that was printed."""
    if isinstance(said, dict) and "..." in said:
        return  # anything may stand there
    if isinstance(said, dict) and isinstance(printed, dict):
        for key in said.keys() ^ printed.keys():
            yield f"{at}.{key} is {'not printed' if key in said else 'not documented'}"
        for key in said.keys() & printed.keys():
            yield from differences(said[key], printed[key], f"{at}.{key}")
    elif isinstance(said, list) and isinstance(printed, list):
        for one in printed[:1] if said else ():
            yield from differences(said[0], one, f"{at}[]")
    elif isinstance(said, dict | list) and printed is not None:
        yield f"{at} is {type(printed).__name__}"


@pytest.fixture
def shell(config: Config, tmp_path: Path) -> Iterator[Run]:
    """Says `koppel` in processes of its own, on a hub between two pretend vendors."""
    options = {"orders": 3, "rate_limits": False, "extra_orders": ["unknown_sku"]}
    env = config.environ(os.environ)
    with (
        running(shop_sandbox.create_app(**options)) as shop,
        running(erp_sandbox.create_app()) as erp,
    ):
        reach = {"shop": shop_demo(shop), "erp": erp_demo(erp)}
        flow = {
            "from": "webshop.orders",
            "to": "erp.orders",
            "settings": reach["erp"]["flows"]["orders"],
        }
        file = {
            "version": 1,
            "connections": {
                "webshop": {"system": "ccvshop", "credentials": reach["shop"]["credentials"]},
                "erp": {"system": "exact_globe", "credentials": reach["erp"]["credentials"]},
            },
            "flows": {"shop-orders": flow},
        }
        (tmp_path / "koppel.yaml").write_text(json.dumps(file))

        def run(*words: str, home: Path | None = None, stdin: str = "") -> Any:
            done = subprocess.run(
                [sys.executable, "-m", "hub", *words, "--json"],
                env=env | ({"KOPPEL_HOME": str(home)} if home else {}),
                input=stdin,
                capture_output=True,
                text=True,
                cwd=tmp_path,
                timeout=60,
            )
            assert done.stdout, done.stderr
            return json.loads(done.stdout)

        yield run


def test_commands_print_the_json_that_the_documentation_shows(shell: Run, tmp_path: Path) -> None:
    password = "a long password indeed\n"
    calls: list[tuple[str, tuple[str, ...], str]] = [
        ("apply", ("koppel.yaml",), ""),
        ("systems", ("ccvshop",), ""),
        ("export", (), ""),
        ("check", (), ""),
        ("lookup", ("erp", "vat_codes"), ""),
        ("plan", ("shop-orders", "--limit", "1"), ""),
        ("run", ("shop-orders",), ""),
        ("runs", (), ""),
        ("entries", ("2",), ""),
        ("show", ("2",), ""),
        ("retry", ("--flow", "shop-orders"), ""),
        ("pause", ("shop-orders",), ""),
        ("resume", ("shop-orders",), ""),
        ("reset-cursor", ("shop-orders",), ""),
        ("purge", ("--older-than", "1d"), ""),
        ("forget", ("somebody@example.com",), ""),
        ("key check", (), ""),
        ("key rotate", (), ""),
        ("backup", ("hub.backup",), ""),
        ("user add", ("anna@example.com",), password),
        ("user add", ("noor@example.com",), password),
        ("user list", (), ""),
        ("user password", ("noor@example.com",), password),
        ("user remove", ("noor@example.com",), ""),
        ("new-plugin", ("acme",), ""),
    ]
    wrong = []
    for command, arguments, stdin in calls:
        printed = shell(*command.split(), *arguments, stdin=stdin)
        found = differences(documented(command), printed)
        wrong += [f"koppel {command}: {difference}" for difference in found]
    assert wrong == [], "\n".join(wrong)
