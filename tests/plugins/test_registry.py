"""The registry: what is wrong with a plugin is said, and costs nobody else anything."""

from __future__ import annotations

import dataclasses
import time
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from hub.declarations import DeclarationError
from hub.model import Order
from hub.registry import Registry
from hub.sdk import (
    ConfigurationError,
    Entity,
    Field,
    Form,
    Lookup,
    RecordError,
    SecretStr,
    System,
    hookimpl,
)
from hub.sdk.forms import choice, secret, text


def plugin(**hooks: Any) -> SimpleNamespace:
    """A plugin made of hook implementations."""
    made = SimpleNamespace()
    for name, function in hooks.items():
        setattr(made, name, hookimpl(function))
    return made


def nothing() -> list[Any]:
    """What a hook with nothing to add gives."""
    return []


def of(*systems: Any) -> SimpleNamespace:
    """A plugin that adds systems."""
    return plugin(register_systems=lambda: list(systems))


def changed(system: System, **values: Any) -> System:
    """The toy, declared otherwise."""
    return dataclasses.replace(system, **values)


def entity(**attributes: Any) -> type[Entity]:
    """An entity of orders, declared otherwise."""
    return type(
        "Things", (Entity,), {"name": "things", "title": "T", "document": Order, **attributes}
    )


class Shadow(Form):
    """A setting with the name of one of the hub's."""

    vat_codes: str = text("VAT codes", default="")


class Bare(Form):
    """A field that no page could show."""

    shop: str = ""


class Leak(Form):
    """A secret where nothing is encrypted."""

    key: SecretStr | None = secret("Key", default=None)


class Open(Form):
    """A secret that is no SecretStr."""

    key: str = secret("Key")


class Asks(Form):
    """Choices that nobody gives."""

    shelf: str | None = choice("Shelf", lookup="shelves", default=None)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "My Toy"}, "the name of a system is lower-case"),
        ({"title": " "}, "the system has no title"),
        ({"sandbox": "somewhere"}, "sandbox must be 'package.module:function'"),
        ({"entities": ()}, "the system has no entities"),
        ({"credentials": dict}, "credentials must be a subclass of Form"),
        ({"credentials": Bare}, "credentials.shop is not declared with text()"),
        ({"credentials": Open}, "credentials.key: a secret is declared with secret()"),
        ({"settings": Leak}, "settings.key: secrets belong in the credentials"),
        ({"settings": Asks}, "settings.shelf: the system has no lookup 'shelves'"),
        ({"limits": (3,)}, "limits must be RateLimit"),
        ({"parallel": 0}, "parallel must be at least 1"),
        ({"lookups": (Lookup("a", "A", list), Lookup("a", "A", list))}, "2 of the lookup 'a'"),
        ({"entities": (entity(), entity())}, "there are 2 of the entity 'things'"),
        ({"entities": (dict,)}, "entities must be subclasses of Entity"),
        ({"entities": (entity(name="Things"),)}, "the name of an entity is lower-case"),
        ({"entities": (entity(document=dict),)}, "document must be a document class"),
        ({"entities": (entity(match=("numbr",)),)}, "match: Order has no numbr"),
        ({"entities": (entity(fields=("number",)),)}, "field 1 is not a Field"),
        ({"entities": (entity(fields=(Field("a[", "number"),)),)}, "the bracket is never closed"),
        ({"entities": (entity(fields=(Field("a", "lines.sku"),)),)}, "Order has no lines.sku"),
        ({"entities": (entity(fields=(Field("a", when="now"),)),)}, "when must be one of"),  # type: ignore[arg-type]
        (
            {"entities": (entity(settings=Shadow),)},
            "'vat_codes' is the name of a setting",
        ),
        ({"entities": (entity(settings=Asks),)}, "settings.shelf: the system has no lookup"),
        ({"entities": (entity(filter=Asks),)}, "filter.shelf: the system has no lookup"),
    ],
)
def test_a_wrong_declaration_is_named(toy_module: Any, values: dict[str, Any], said: str) -> None:
    registry = Registry.empty()
    with pytest.raises(DeclarationError) as found:
        registry.add(of(changed(toy_module.toy, **values)), name="toy")
    assert said in str(found.value)
    assert registry.systems == {}
    assert registry.plugins == []


def test_paths_below_custom_and_with_positions_are_meanings(toy_module: Any) -> None:
    good = entity(fields=(Field("a", "custom.shelf"), Field("b", "lines[0].sku")))
    registry = Registry.empty()
    registry.add(of(changed(toy_module.toy, entities=(good,))), name="toy")
    assert list(registry.systems) == ["toy"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (plugin(register_systems=lambda: None), "register_systems must return a list"),
        (plugin(register_systems=lambda: ["toy"]), "must give System objects, not str"),
        (plugin(register_systms=nothing), "did you mean 'register_systems'?"),
        (plugin(register_policies=lambda: [3]), "register_policies must give functions"),
        (plugin(register_systems=lambda everything: []), "everything"),
        (SimpleNamespace(), "implements no hook"),
        (plugin(register_transforms=lambda: [lambda value: value]), "has no docstring"),
    ],
)
def test_a_wrong_hook_is_named_and_leaves_nothing_behind(made: Any, said: str) -> None:
    registry = Registry.empty()
    transforms = len(registry.transforms)
    with pytest.raises(Exception, match=said):
        registry.add(made, name="wrong")
    assert not registry.manager.get_plugins()
    assert len(registry.transforms) == transforms


def test_the_second_of_two_plugins_with_one_system_is_refused(toy_module: Any) -> None:
    registry = Registry.empty()
    registry.add(toy_module, name="toy", distribution="koppel-toy", version="1")
    with pytest.raises(DeclarationError, match="from koppel-toy 1; uninstall one of the two"):
        registry.add(of(toy_module.toy), name="other")
    assert [p.name for p in registry.plugins] == ["toy"]


def entry(tmp_path: Path, name: str, code: str) -> EntryPoint:
    """An installed plugin with this code."""
    (tmp_path / f"bad_{name}.py").write_text(code)
    about = tmp_path / f"koppel_{name}-0.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: koppel-{name}\nVersion: 0.9\n")
    found = EntryPoint(name, f"bad_{name}", "koppel")
    vars(found)["dist"] = PathDistribution(about)
    return found


@pytest.mark.parametrize(
    ("name", "code", "error", "line"),
    [
        ("syntax", "x = 1\nif x\n    pass\n", "SyntaxError: expected ':'", 2),
        ("missing", "\nimport nothing_like_this\n", "ModuleNotFoundError: No module named", 2),
        ("raises", "\n\nraise RuntimeError('no luck')\n", "RuntimeError: no luck", 3),
        ("exits", "import sys\nsys.exit(3)\n", "SystemExit: 3", 2),
        ("empty", "", "implements no hook", None),
    ],
)
def test_a_plugin_that_does_not_load_is_reported_with_its_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    toy_module: ModuleType,
    name: str,
    code: str,
    error: str,
    line: int | None,
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    good = EntryPoint("toy", "koppel_toy", "koppel")
    registry = Registry.load([entry(tmp_path, name, code), good])
    assert list(registry.systems) == ["toy"]
    (failure,) = registry.failures
    assert (failure.distribution, failure.version) == (f"koppel-{name}", "0.9")
    assert error in failure.error
    if line is not None:
        assert failure.where == f"{tmp_path / f'bad_{name}.py'}:{line}"
    with pytest.raises(ConfigurationError, match="could not be loaded"):
        registry.system(name)


def test_an_unknown_system_names_the_nearest_one(toy_module: Any) -> None:
    registry = Registry.empty()
    with pytest.raises(ConfigurationError, match="no plugin is installed"):
        registry.system("toy")
    registry.add(toy_module, name="toy")
    with pytest.raises(ConfigurationError, match="did you mean 'toy'"):
        registry.system("toi")
    with pytest.raises(ConfigurationError, match="installed are: toy"):
        registry.system("something")


def test_a_hook_that_breaks_is_logged_and_one_that_refuses_is_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry, heard = Registry.empty(), []

    def refuse(payload: Any) -> None:
        raise RecordError("not on Sundays")

    registry.add(plugin(run_started=lambda run: 1 / 0), name="clumsy")
    registry.add(plugin(run_started=lambda run, flow: heard.append((run, flow))), name="good")
    registry.add(plugin(before_write=refuse), name="strict")
    registry.hooks.run_started(run=7, flow="orders")
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises(RecordError, match="not on Sundays"):
        registry.hooks.before_write(flow="orders", action="create", payload={})
    registry.hooks.run_finished(run=7, flow="orders", summary={})


def test_a_plugin_adds_transforms_to_its_registry_only() -> None:
    def louder(value: str) -> str:
        """Adds an exclamation mark."""
        return value + "!"

    registry, other = Registry.empty(), Registry.empty()
    registry.add(plugin(register_transforms=lambda: [louder]), name="loud")
    assert "louder" in registry.transforms
    assert "louder" not in other.transforms
    assert registry.plugins[0].transforms == ("louder",)


def test_hook_calls_are_printed_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KOPPEL_TRACE_HOOKS", "1")
    registry = Registry.load([EntryPoint("nothing", "json", "koppel")])
    registry.add(plugin(before_write=lambda payload: None), name="listener")
    registry.hooks.before_write(flow="orders", action="create", payload={"email": "anna@x.nl"})
    printed = capsys.readouterr().err
    assert "hook before_write(flow='orders', action='create', payload=…) -> listener" in printed
    assert "anna@x.nl" not in printed


def test_loading_is_quick(toy_module: Any) -> None:
    Registry.empty()
    started = time.thread_time()
    registry = Registry.empty()
    registry.add(toy_module, name="toy")
    assert time.thread_time() - started < 0.5
