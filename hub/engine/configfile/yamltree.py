"""Reads YAML into a tree that remembers lines, with the traps of YAML taken out.

Only `true` and `false` are yes and no, so that the country NO stays a text; `0123` and `12:30`
stay texts as well; numbers with decimals are exact. Keys are always texts, and no key may stand
twice in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

LARGEST = 2_000_000
"""Characters of a config file."""
MOST_NODES = 100_000
"""Values in a config file, aliases counted each time they are used."""
DEEPEST = 60
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,2})?")
_ODD = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff]")
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))


class YamlProblem(ValueError):
    """The text is not usable YAML; says on which line and why."""

    def __init__(self, line: int, message: str, key: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.key = key


@dataclass(frozen=True)
class Node:
    """One value with the line it stands on. value: dict of Nodes, list of Nodes, or a scalar.

    key_lines: for a dict, the line of every key.
    """

    value: Any
    line: int
    key_lines: dict[str, int]

    def __getitem__(self, key: str) -> Node:
        found: Node = self.value[key]
        return found

    def get(self, key: str) -> Node | None:
        """The value below a key of a dict."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a dict."""
        yield from self.value.items()

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def line_of(self, steps: Sequence[str | int]) -> int:
        """The line of what is at a path, or of the nearest thing above it."""
        node, line = self, self.line
        for step in steps:
            if isinstance(node.value, dict) and str(step) in node.value:
                line, node = node.key_lines[str(step)], node.value[str(step)]
            elif isinstance(node.value, list) and str(step).isdigit():
                if int(step) >= len(node.value):
                    break
                node = node.value[int(step)]
                line = node.line
            else:
                break
        return line


def load(text: str) -> Node | None:
    """The tree of a document; None when there is nothing in it. Raises YamlProblem."""
    if len(text) > LARGEST:
        raise YamlProblem(
            1, f"the file is too large: {len(text):,} characters, at most {LARGEST:,}"
        )
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_problem(text, error) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlProblem(line, f"the character {text[error.position]!r} is not allowed") from None
    except RecursionError:
        raise YamlProblem(1, "the file is nested too deeply") from None
    return None if root is None else _Reader().read(root, 0)


def _syntax_problem(text: str, error: yaml.MarkedYAMLError) -> YamlProblem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    indent = shown[: len(shown) - len(shown.lstrip())]
    if "\t" in indent or "\\t" in str(error.problem):
        return YamlProblem(line, "there is a tab; indent with spaces instead")
    problem = str(error.problem or "this is not YAML")
    if "another document" in problem:
        problem = "there is more than one document (---); put everything into one"
    elif "mapping values are not allowed here" in problem:
        problem = "a colon stands where none can be; put the text in quotes or mend the indentation"
    elif "could not find expected ':'" in problem:
        problem = "a key without a colon; write `key: value`"
    elif "<stream end>" in problem:
        problem = "the file ends too early: a bracket or a quote is not closed"
    elif "undefined alias" in problem:
        problem = (
            f"{problem.replace('found ', 'there is an ')}; put texts that start with * in quotes"
        )
    return YamlProblem(line, problem)


class _Reader:
    """Turns PyYAML's nodes into ours, counting what aliases blow up."""

    def __init__(self) -> None:
        self._count = 0

    def read(self, node: yaml.Node, depth: int) -> Node:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > MOST_NODES or depth > DEEPEST:
            raise YamlProblem(line, "the file holds too much, or an alias holds itself")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, depth)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.read(item, depth + 1) for item in node.value], line, {})
        return Node(_scalar(node, line), line, {})

    def _mapping(self, node: yaml.MappingNode, line: int, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            at = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlProblem(at, "a key must be a text")
            key = str(key_node.value)
            if key in values:
                raise YamlProblem(at, f"stands here already, on line {lines[key]}", key)
            values[key], lines[key] = self.read(value_node, depth + 1), at
        return Node(values, line, lines)


def _scalar(node: yaml.Node, line: int) -> Any:
    text = str(node.value)
    tag = getattr(node, "tag", "")
    if tag not in _TAGS and not tag.endswith((":timestamp", ":merge", ":value")):
        raise YamlProblem(
            line, f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} is not supported"
        )
    if getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    return resolve(text)


def resolve(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes what `load` reads back as the same values, and other YAML programs too."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # lists stand below their key, indented


def _represent_text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None
    if _ODD.search(value) or not isinstance(resolve(value), str):
        style = '"'
    elif "\n" in value.strip() and "\t" not in value and " \n" not in value:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _represent_table(dumper: _Dumper, value: dict[str, Any]) -> yaml.MappingNode:
    # A reference such as {secret: kept} reads best on one line.
    short = len(value) == 1 and next(iter(value)) in ("secret", "env", "file")
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", value.items(), flow_style=True if short else None
    )


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_table)


def dump(value: Any) -> str:
    """The text of a document: texts that could be taken for something else are quoted."""
    text = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )
    return str(text)


def inline(value: Any) -> str:
    """A value on one line, for messages."""
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=1e9)
    return str(text).removesuffix("...\n").strip()
