"""What is wrong in a config file: every mistake with its line, gathered before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.engine.complaints import unknown
from hub.engine.configfile.yamltree import Node
from hub.sdk import ConfigurationError


@dataclass(frozen=True)
class Problem:
    """One mistake: on which line, at which key (`flows.shop-orders.schedule`), what."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.key}: {self.message}"
            if self.key
            else (f"line {self.line}: {self.message}")
        )


class ConfigFileError(ConfigurationError):
    """A config file with mistakes; nothing of it was applied. problems: all of them, by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda problem: (problem.line, problem.key))
        super().__init__("\n".join(map(str, self.problems)))


class Findings:
    """Gathers problems of one file."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, line: int, key: str, message: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(line, key, message))

    def stop(self) -> None:
        """Raise ConfigFileError if there is anything."""
        if self.problems:
            raise ConfigFileError(self.problems)

    # -- reading nodes, noting what does not fit

    def table(self, node: Node | None, key: str, known: Sequence[str] = ()) -> Node | None:
        """A node that must be a table with only known keys (any, when none are given)."""
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, dict):
            self.add(node.line, key, "must be a table of keys and values")
            return None
        for name in node.value:
            if known and name not in known:
                self.add(
                    node.key_lines[name], f"{key}.{name}" if key else name, unknown(name, known)
                )
        return node

    def text(self, parent: Node, name: str, key: str, *, required: bool = False) -> str | None:
        """A text below a table; a number is taken as it was written."""
        node = parent.get(name)
        if node is None or node.value is None:
            if required:
                self.add(parent.line, f"{key}.{name}", "required")
            return None
        if isinstance(node.value, (dict, list, bool)):
            self.add(node.line, f"{key}.{name}", "must be a text")
            return None
        return str(node.value)

    def flag(self, parent: Node, name: str, key: str, default: bool) -> bool:
        """Yes or no below a table."""
        node = parent.get(name)
        if node is None or node.value is None:
            return default
        if isinstance(node.value, bool):
            return node.value
        words = {"yes": True, "on": True, "no": False, "off": False}
        if isinstance(node.value, str) and node.value.lower() in words:
            return words[node.value.lower()]
        self.add(node.line, f"{key}.{name}", "must be yes or no (true or false)")
        return default
