"""Loads the plugins one by one: what works is collected, what does not is reported and left out."""

from __future__ import annotations

import difflib
import importlib.metadata
import logging
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from hub.declarations import DeclarationError, check_system
from hub.mapping.transforms.registry import Registry as Transforms
from hub.sdk import ConfigurationError, KoppelError, System, hookspecs

log = logging.getLogger(__name__)
GROUP = "koppel"
"""The entry-point group; every entry names a module with hook implementations."""
Policy = Callable[[Any, Any], Any]
_COLLECTED = ("register_systems", "register_transforms", "register_policies")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that is loaded: where it comes from and what it adds."""

    name: str
    distribution: str
    version: str
    module: str
    systems: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A plugin that is not loaded: why, and at which line."""

    name: str
    distribution: str
    version: str
    module: str
    error: str
    where: str = ""


class Hooks:
    """Calls hooks so that a plugin's mistake is logged and costs nothing else.

    What a plugin raises on purpose (a RecordError in `before_write`) reaches the caller.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Callable[..., None]:
        caller = getattr(self._manager.hook, name)
        if not caller.get_hookimpls():
            return _nobody

        def call(**values: Any) -> None:
            try:
                caller(**values)
            except KoppelError:
                raise
            except Exception as error:
                log.warning("hook %s: %s (%s)", name, describe(error), place(error))

        return call


def _nobody(**values: Any) -> None:
    """No plugin listens."""


@dataclass(kw_only=True)
class Registry:
    """What the plugins add. Made in code, one per process; there is no global one."""

    systems: dict[str, System] = field(default_factory=dict)
    transforms: Transforms
    policies: list[Policy] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    manager: pluggy.PluginManager = field(repr=False)

    @classmethod
    def load(cls, entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Registry:
        """Load every plugin that is installed. Never raises because of a plugin."""
        registry = cls.empty()
        if os.environ.get("KOPPEL_TRACE_HOOKS", "") not in ("", "0"):
            trace_hooks(registry.manager)
        found = importlib.metadata.entry_points(group=GROUP)
        for entry in sorted(entry_points or found, key=_order):
            registry.add_entry_point(entry)
        return registry

    @classmethod
    def empty(cls) -> Registry:
        """A registry without plugins, with the hub's own transforms."""
        from hub.mapping.transforms import TRANSFORMS

        manager = pluggy.PluginManager("koppel")
        manager.add_hookspecs(hookspecs)
        return cls(transforms=TRANSFORMS.with_added(()), manager=manager)

    @property
    def hooks(self) -> Hooks:
        """The hooks, to be called by name: `registry.hooks.run_started(run=7, flow="orders")`."""
        return Hooks(self.manager)

    def system(self, name: str) -> System:
        """The system of that name. Raises ConfigurationError with the nearest known name."""
        found = self.systems.get(name)
        if found is not None:
            return found
        broken = next((f for f in self.failures if name in (f.name, f.distribution)), None)
        if broken is not None:
            raise ConfigurationError(
                f"The plugin {broken.name} ({broken.distribution} {broken.version}) could not be "
                f"loaded: {broken.error}"
            )
        near = difflib.get_close_matches(name, self.systems, 1)
        if near:
            hint = f"did you mean {near[0]!r}?"
        elif self.systems:
            hint = f"installed are: {', '.join(sorted(self.systems))}"
        else:
            hint = "no plugin is installed; install one, such as `pip install koppel-SYSTEM`"
        raise ConfigurationError(f"There is no system {name!r}; {hint}")

    def add_entry_point(self, entry: importlib.metadata.EntryPoint) -> None:
        """Load one plugin, or report why that cannot be done."""
        distribution = entry.dist.name if entry.dist else ""
        version = entry.dist.version if entry.dist else ""
        about = {
            "name": entry.name,
            "distribution": distribution,
            "version": version,
            "module": entry.value,
        }
        try:
            self.add(entry.load(), **about)
        except (Exception, SystemExit) as error:
            self.failures.append(Failure(**about, error=describe(error), where=place(error)))

    def add(
        self,
        plugin: Any,
        *,
        name: str,
        distribution: str = "",
        version: str = "",
        module: str = "",
    ) -> None:
        """Take in a module (or object) with hook implementations: all of it or nothing.

        Raises whatever is wrong with it.
        """
        self.manager.register(plugin, name=name)
        try:
            hooks = self._hooks_of(plugin, name)
            got = {hook: _listed(hook, impl()) for hook, impl in hooks.items() if impl is not None}
            systems = self._checked_systems(got.get("register_systems", []))
            before = set(self.transforms)
            transforms = self.transforms.with_added(got.get("register_transforms", []))
            policies = got.get("register_policies", [])
            for policy in policies:
                if not callable(policy):
                    raise DeclarationError(["register_policies must give functions"])
        except BaseException:
            self.manager.unregister(plugin)
            raise
        self.systems.update(systems)
        self.transforms = transforms
        self.policies.extend(policies)
        self.plugins.append(
            Plugin(
                name=name,
                distribution=distribution,
                version=version,
                module=module,
                systems=tuple(systems),
                transforms=tuple(sorted(set(transforms) - before)),
                hooks=tuple(sorted(hooks)),
            )
        )

    def _hooks_of(self, plugin: Any, name: str) -> dict[str, Callable[[], Any] | None]:
        """Hook name -> the function to call now, for those that are collected while loading."""
        hooks: dict[str, Callable[[], Any] | None] = {}
        known = [n for n in vars(hookspecs) if hasattr(getattr(hookspecs, n), "koppel_spec")]
        for caller in self.manager.get_hookcallers(plugin) or ():
            if not caller.has_spec():
                near = difflib.get_close_matches(caller.name, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
                raise DeclarationError([f"there is no hook {caller.name!r}; {hint}"])
            impl = next(i for i in caller.get_hookimpls() if i.plugin is plugin)
            hooks[caller.name] = impl.function if caller.name in _COLLECTED else None
        if not hooks:
            raise DeclarationError(
                [f"{name} implements no hook; mark register_systems with @hookimpl"]
            )
        return hooks

    def _checked_systems(self, systems: list[Any]) -> dict[str, System]:
        added: dict[str, System] = {}
        for system in systems:
            check_system(system)
            if system.name in added:
                raise DeclarationError([f"the system {system.name!r} is registered twice"])
            if system.name in self.systems:
                owner = next(p for p in self.plugins if system.name in p.systems)
                raise DeclarationError(
                    [
                        f"there is a system {system.name!r} already, from {owner.distribution} "
                        f"{owner.version}; uninstall one of the two"
                    ]
                )
            added[system.name] = system
        return added


def _listed(hook: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise DeclarationError([f"{hook} must return a list, not {type(value).__name__}"])
    return list(value)


def _order(entry: importlib.metadata.EntryPoint) -> tuple[str, str]:
    """Always the same order, so that of two plugins with one system the same one wins."""
    return (entry.dist.name if entry.dist else "", entry.name)


def describe(error: BaseException) -> str:
    """An error in one line: its kind only where the text alone says too little."""
    text = " ".join(str(error).split())
    if isinstance(error, DeclarationError):
        return text
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException) -> str:
    """`file.py:12`: where in the plugin it went wrong, the last line outside of the hub."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    ours = str(Path(__file__).resolve().parent)
    stdlib = sysconfig.get_path("stdlib")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = frame.filename
        library = file.startswith(stdlib) and "-packages" not in file
        if not (library or "/pluggy/" in file or file.startswith((ours, "<"))):
            return f"{file}:{frame.lineno}"
    return ""


def trace_hooks(manager: pluggy.PluginManager) -> None:
    """Print every hook call and who took part, for plugin authors (KOPPEL_TRACE_HOOKS=1)."""

    def before(name: str, impls: Sequence[Any], values: Mapping[str, Any]) -> None:
        shown = ", ".join(
            f"{key}={value!r}" if isinstance(value, (str, int)) else f"{key}=…"
            for key, value in values.items()
        )
        takers = ", ".join(impl.plugin_name for impl in impls) or "nobody"
        print(f"hook {name}({shown}) -> {takers}", file=sys.stderr)

    def after(
        outcome: pluggy.Result[Any], name: str, impls: Sequence[Any], values: Mapping[str, Any]
    ) -> None:
        if outcome.exception is not None:
            print(f"hook {name} raised {describe(outcome.exception)}", file=sys.stderr)

    manager.add_hookcall_monitoring(before, after)
