"""Reads a config file into what is wanted: connections, flows and overall settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.engine import forms
from hub.engine.configfile.problems import ConfigFileError, Findings, Problem
from hub.engine.configfile.yamltree import Node, YamlProblem, load
from hub.engine.flows import FlowSpec
from hub.engine.naming import name_problem, nearest
from hub.registry import Registry
from hub.sdk import Form, System
from hub.store.settings import SETTINGS, SettingError, parsed

VERSION = 1
TOP = ("version", "settings", "connections", "shared", "flows")
CONNECTION = ("system", "title", "credentials", "settings")
FLOW = (
    "from",
    "to",
    "title",
    "enabled",
    "schedule",
    "filter",
    "settings",
    "rules",
    "retention_days",
)
SHARED = ("from", "to", "settings")
KEPT = "kept"


@dataclass(frozen=True)
class WantedConnection:
    """A connection as the file wants it. node: where it stands, for later mistakes."""

    name: str
    system: System
    title: str
    credentials: Form
    settings: Form
    node: Node


@dataclass(frozen=True)
class WantedFlow:
    """A flow as the file wants it. node: where it stands, for later mistakes."""

    spec: FlowSpec
    node: Node


@dataclass(frozen=True)
class WantedShared:
    """What the flows from one connection to another share. node: for later mistakes."""

    source: str
    target: str
    settings: Mapping[str, Any]
    node: Node


@dataclass
class Wanted:
    """All that a file says."""

    settings: dict[str, Any] = field(default_factory=dict)
    connections: dict[str, WantedConnection] = field(default_factory=dict)
    shared: dict[str, WantedShared] = field(default_factory=dict)
    flows: dict[str, WantedFlow] = field(default_factory=dict)
    node: Node | None = None


def read(
    registry: Registry,
    text: str,
    *,
    stored: Mapping[str, Mapping[str, Any]],
    systems: Mapping[str, str],
    folder: Path,
    environ: Mapping[str, str] | None = None,
) -> tuple[Wanted, Findings]:
    """Understand a file, noting everything that is wrong with it.

    stored: connection name -> stored credentials, for `{secret: kept}`. systems: connection name ->
    its system, for connections that are there. folder: what `{file: PATH}` is relative to.
    """
    findings = Findings()
    wanted = Wanted()
    try:
        root = load(text)
    except YamlProblem as problem:
        raise ConfigFileError([Problem(problem.line, problem.key, problem.message)]) from None
    if root is None:
        raise ConfigFileError([Problem(1, "", "the file is empty; it must say `version: 1`")])
    if not isinstance(root.value, dict):
        raise ConfigFileError([Problem(root.line, "", "must be a table; see the documentation")])
    wanted.node = root
    findings.table(root, "", TOP)
    version = root.get("version")
    if version is None:
        findings.add(root.line, "version", f"required; write `version: {VERSION}`")
    elif version.value != VERSION or isinstance(version.value, bool):
        findings.add(
            version.line,
            "version",
            f"this program reads version {VERSION}, not {version.plain()!r}",
        )
    _overall(root, wanted, findings)
    secrets = Secrets(findings, folder, os.environ if environ is None else environ)
    for name, key, table in _named_tables(root, "connections", CONNECTION, "`system:`", findings):
        made = _connection(
            registry, name, key, table, findings, secrets, stored.get(name), systems.get(name)
        )
        if made is not None:
            wanted.connections[name] = made
    for name, key, table in _named_tables(root, "shared", SHARED, "`from:` and `to:`", findings):
        common = _shared(key, table, wanted, findings)
        if common is not None:
            wanted.shared[name] = common
    for name, key, table in _named_tables(root, "flows", FLOW, "`from:` and `to:`", findings):
        spec = _flow(name, key, table, findings)
        if spec is not None:
            wanted.flows[name] = WantedFlow(spec, table)
    return wanted, findings


def _named_tables(
    root: Node, what: str, known: Sequence[str], needs: str, findings: Findings
) -> Iterator[tuple[str, str, Node]]:
    """Name, key and table of everything below `connections`, `shared` or `flows`."""
    parent = findings.table(root.get(what), what)
    if parent is None:
        return
    for name, node in parent.items():
        key, line = f"{what}.{name}", parent.key_lines[name]
        problem = name_problem(name)
        if problem:
            findings.add(line, key, problem)
            continue
        if node.value is None:
            findings.add(line, key, f"is empty; it needs {needs}")
        table = findings.table(node, key, known)
        if table is not None:
            yield name, key, table


def _overall(root: Node, wanted: Wanted, findings: Findings) -> None:
    table = findings.table(root.get("settings"), "settings", [s.name for s in SETTINGS])
    for name, node in table.items() if table else ():
        if name not in [s.name for s in SETTINGS]:
            continue
        try:
            wanted.settings[name] = parsed(name, "" if node.value is None else node.plain())
        except SettingError as error:
            findings.add(node.line, f"settings.{name}", str(error))


def _connection(
    registry: Registry,
    name: str,
    key: str,
    node: Node,
    findings: Findings,
    secrets: Secrets,
    stored: Mapping[str, Any] | None,
    system_now: str | None,
) -> WantedConnection | None:
    title = findings.text(node, "title", key) or ""
    system_name = findings.text(node, "system", key, required=True)
    if system_name is None:
        return None
    system = registry.systems.get(system_name)
    if system is None:
        hint = nearest(system_name, registry.systems, what="system installed")
        broken = next((f for f in registry.failures if f.name == system_name), None)
        if broken:
            hint = f"its plugin could not be loaded: {broken.error}"
        findings.add(
            node.key_lines["system"], f"{key}.system", f"there is no system {system_name!r}; {hint}"
        )
        return None
    if system_now is not None and system_now != system_name:
        findings.add(
            node.key_lines["system"],
            f"{key}.system",
            f"{name} is a connection to {system_now} already; give the new one another name",
        )
        return None
    values = {}
    for part, form in (("credentials", system.credentials), ("settings", system.settings)):
        below = findings.table(node.get(part), f"{key}.{part}")
        given = secrets.resolved(below, form, f"{key}.{part}", stored or {}) if below else {}
        filled = forms.fill(form, given)
        for path, message in filled.errors.items():
            if path.partition(".")[0] in secrets.failed:
                continue  # its own mistake was named already
            at = f"{key}.{part}.{path}" if path else f"{key}.{part}"
            findings.add(_line(node, part, path), at, message)
        secrets.failed.clear()
        values[part] = filled.value
    credentials, settings = values["credentials"], values["settings"]
    if credentials is None or settings is None:
        return None
    return WantedConnection(name, system, title, credentials, settings, node)


def _line(node: Node, part: str, path: str) -> int:
    return node.line_of([part, *path.split(".")] if path else [part])


class Secrets:
    """Resolves `{env: NAME}`, `{file: PATH}` and `{secret: kept}` in credentials and settings."""

    def __init__(self, findings: Findings, folder: Path, environ: Mapping[str, str]) -> None:
        self._findings = findings
        self._folder = folder
        self._environ = environ
        self.failed: set[str] = set()

    def resolved(
        self, node: Node, form: type[Form], key: str, stored: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The answers with every reference replaced by what it stands for."""
        secret_names = forms.secret_names(form)
        values: dict[str, Any] = {}
        for name, below in node.items():
            reference = self._reference(below)
            if reference is None:
                values[name] = below.plain()
                continue
            kind, argument = reference
            at = f"{key}.{name}"
            value = self._look_up(kind, argument, at, below, stored.get(name), name in secret_names)
            if value is None:
                self.failed.add(name)
            else:
                values[name] = value
        return values

    def _reference(self, node: Node) -> tuple[str, Any] | None:
        if not isinstance(node.value, dict) or len(node.value) != 1:
            return None
        ((kind, below),) = node.value.items()
        return (kind, below.plain()) if kind in ("env", "file", "secret") else None

    def _look_up(
        self, kind: str, argument: Any, key: str, node: Node, kept: Any, secret: bool
    ) -> Any:
        if kind == "secret":
            if argument != KEPT:
                problem = f"write {{secret: {KEPT}}} to keep what is stored"
            elif not secret:
                problem = "is not a secret; write its value"
            elif kept in (None, ""):
                problem = (
                    "nothing is stored yet that could be kept; give it as {env: NAME} or "
                    "{file: PATH}"
                )
            else:
                return kept
        elif not isinstance(argument, str) or not argument:
            problem = f"{{{kind}: ...}} needs a name"
        elif kind == "env":
            if self._environ.get(argument):
                return self._environ[argument].strip()
            problem = f"the environment variable {argument} is not set"
        else:
            path = self._folder / Path(argument).expanduser()
            try:
                content = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                problem = f"the file {path} cannot be read ({error.strerror})"
            except UnicodeDecodeError:
                problem = f"the file {path} is not a text file"
            else:
                if content:
                    return content
                problem = f"the file {path} is empty"
        self._findings.add(node.line, key, problem)
        return None


def _shared(key: str, node: Node, wanted: Wanted, findings: Findings) -> WantedShared | None:
    ends = [findings.text(node, side, key, required=True) for side in ("from", "to")]
    for side, name in zip(("from", "to"), ends, strict=True):
        if name is not None and "." in name:
            connection = name.partition(".")[0]
            findings.add(
                node.key_lines[side],
                f"{key}.{side}",
                f"must be a connection, such as {connection}, not {name!r}: all flows from one "
                "connection to another share these settings",
            )
            return None
    source, target = ends
    settings = findings.table(node.get("settings"), f"{key}.settings")
    if source is None or target is None:
        return None
    for name, other in wanted.shared.items():
        if (other.source, other.target) == (source, target):
            findings.add(
                node.line, key, f"says what {name} says: what flows from {source} to {target} share"
            )
            return None
    return WantedShared(source, target, settings.plain() if settings else {}, node)


def _flow(name: str, key: str, node: Node, findings: Findings) -> FlowSpec | None:
    ends = {}
    for side in ("from", "to"):
        text = findings.text(node, side, key, required=True)
        if text is None:
            continue
        connection, dot, entity = text.partition(".")
        if not (connection and dot and entity):
            findings.add(
                node.key_lines[side],
                f"{key}.{side}",
                f"must be CONNECTION.ENTITY, such as webshop.orders, not {text!r}",
            )
            continue
        ends[side] = (connection, entity)
    rules: list[Any] = []
    rules_node = node.get("rules")
    if rules_node is not None and rules_node.value is not None:
        if isinstance(rules_node.value, list):
            rules = rules_node.plain()
        else:
            findings.add(rules_node.line, f"{key}.rules", "must be a list of rules")
    filter_node = findings.table(node.get("filter"), f"{key}.filter")
    settings_node = findings.table(node.get("settings"), f"{key}.settings")
    retention = node.get("retention_days")
    if len(ends) < 2:
        return None
    return FlowSpec(
        name=name,
        title=findings.text(node, "title", key) or "",
        source=ends["from"][0],
        source_entity=ends["from"][1],
        target=ends["to"][0],
        target_entity=ends["to"][1],
        enabled=findings.flag(node, "enabled", key, True),
        schedule=findings.text(node, "schedule", key),
        filter=filter_node.plain() if filter_node else {},
        settings=settings_node.plain() if settings_node else {},
        rules=rules,
        retention_days=retention.plain() if retention else None,
    )
