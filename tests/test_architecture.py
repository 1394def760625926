"""The architecture, kept: who may import whom, no system named in the hub, modules kept short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HUB = ROOT / "hub"
LAYERS = ("model", "sdk", "mapping", "store", "engine", "cli", "web")
"""From below to above. A module imports its own layer and those below it; the command line and the
web pages stand side by side."""
WIRING = {
    "__init__",
    "__main__",
    "app",
    "config",
    "declarations",
    "demo",
    "embedded_redis",
    "jobs",
    "registry",
    "scheduler",
    "supervisor",
    "worker",
    "ops",
    "testing",
}
"""What puts the layers together, or stands beside them (the tools of plugin authors)."""
LOW_WIRING = {"config", "declarations", "registry"}
"""The wiring that layers above `mapping` may import: it needs nothing from above `mapping`."""
NEEDED_BY = {
    ("engine", "embedded_redis"): "to wake workers and to share budgets",
    ("cli", "app"): "the commands start everything",
    ("cli", "demo"): "the commands start everything",
    ("cli", "embedded_redis"): "the commands start everything",
    ("cli", "ops"): "the commands start everything",
    ("cli", "scheduler"): "the commands start everything",
    ("cli", "supervisor"): "the commands start everything",
    ("cli", "testing"): "check-plugin and new-plugin",
    ("cli", "worker"): "the commands start everything",
    ("web", "embedded_redis"): "the health page, and to wake workers",
    ("web", "worker"): "to wake workers",
}
LONGEST = 430
"""Lines; near 400 it is time to look for the second thing in it."""
LONGER = {
    "hub/engine/runs.py": "the life of one run, from being made to being told",
    "hub/store/tables.py": "all tables in one place, which is what one looks for",
    "hub/mapping/transforms/registry.py": "one thing: what a transform is",
}
"""Modules that are longer, and why."""


def modules(folder: Path) -> list[Path]:
    """The Python files of a package."""
    return sorted(p for p in folder.rglob("*.py") if "__pycache__" not in p.parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, with the line; what is only for typing does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only |= set(ast.walk(node))
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            if node.module in ("hub", "hub.sdk"):
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node.lineno


def part(module: str) -> str:
    """`engine` of `hub.engine.runs`."""
    steps = module.split(".")
    return steps[1] if steps[0] == "hub" and len(steps) > 1 else ""


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_down_only(layer: str) -> None:
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    if layer == "web":
        allowed.discard("cli")
    if LAYERS.index(layer) > LAYERS.index("mapping"):
        allowed |= LOW_WIRING
    wrong = []
    for path in modules(HUB / layer):
        for module, line in imports(path):
            target = part(module)
            known = target in LAYERS or target in WIRING
            if not known or target in allowed or target == "__init__":
                continue
            if (layer, target) in NEEDED_BY:
                continue
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_the_low_wiring_needs_nothing_from_above_mapping() -> None:
    below = {"model", "sdk", "mapping", *LOW_WIRING}
    wrong = []
    for name in LOW_WIRING:
        for module, line in imports(HUB / f"{name}.py"):
            if part(module) and part(module) not in below:
                wrong.append(f"hub/{name}.py:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_every_module_belongs_to_a_layer_or_to_the_wiring() -> None:
    found = {p.stem if p.is_file() else p.name for p in HUB.iterdir() if p.suffix in ("", ".py")}
    found -= {"__pycache__", "templates"}
    assert found <= set(LAYERS) | WIRING, sorted(found - set(LAYERS) - WIRING)


def plugin_packages() -> list[Path]:
    """The package of every plugin, first-party or of the tests."""
    folders = [*(ROOT / "plugins").iterdir(), ROOT / "tests" / "plugins" / "toy"]
    return [package for folder in folders for package in folder.glob("koppel_*") if folder.is_dir()]


def test_plugins_import_the_sdk_and_the_model_only() -> None:
    packages = plugin_packages()
    assert len(packages) >= 3
    wrong = []
    for package in packages:
        for path in modules(package):
            for module, line in imports(path):
                foreign = module.startswith("koppel_") and module.split(".")[0] != package.name
                if foreign or (part(module) not in ("", "sdk", "model")):
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_the_tests_of_plugins_import_only_what_any_plugin_may() -> None:
    wrong = []
    for folder in (ROOT / "plugins").iterdir():
        for path in modules(folder / "tests") if (folder / "tests").is_dir() else ():
            for module, line in imports(path):
                if part(module) not in ("", "sdk", "model", "testing", "mapping"):
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_the_http_client_is_imported_in_one_module() -> None:
    wrong = []
    for folder in (HUB, *plugin_packages()):
        for path in modules(folder):
            for module, line in imports(path):
                client = module.split(".")[0] in ("httpx", "httpx2", "requests", "urllib3")
                if client and path != HUB / "sdk" / "http.py":
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def system_words() -> list[str]:
    """Every name by which a first-party system could be meant."""
    words = []
    for folder in (ROOT / "plugins").iterdir():
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            words += [folder.name, folder.name.replace("_", " "), folder.name.replace("_", "-")]
    return [*sorted({word for word in words if word}), "ccv shop"]


def test_the_hub_names_no_system() -> None:
    words = system_words()
    assert len(words) >= 3
    wrong = []
    for path in [*modules(HUB), *(ROOT / "templates").rglob("*.html")]:
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            lowered = text.lower()
            wrong += [
                f"{path.relative_to(ROOT)}:{number} says {word!r}"
                for word in words
                if word in lowered
            ]
    assert not wrong, "\n".join(wrong)


def test_a_module_is_read_in_one_sitting() -> None:
    too_long = {}
    for folder in (HUB, *plugin_packages()):
        for path in modules(folder):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            name = str(path.relative_to(ROOT))
            if lines > LONGEST and name not in LONGER:
                too_long[name] = lines
    assert not too_long, f"split these, or say in LONGER why not: {too_long}"
    assert all((ROOT / name).is_file() for name in LONGER), "LONGER names a file that is gone"


def test_every_module_says_in_a_docstring_what_it_does() -> None:
    wrong = []
    for folder in (HUB, *plugin_packages()):
        for path in modules(folder):
            doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            if not doc or not doc.strip(". "):
                wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, f"without a docstring: {wrong}"
