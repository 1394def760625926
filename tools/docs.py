"""Writes the generated parts of docs/*.md anew, from the code they describe; see `make docs`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. With `--check`
nothing is written, and the exit code says whether anything would change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> str:
    """Every variable of the environment, as a table."""
    from hub.config import SETTINGS

    rows = ["| variable | without it | what it is for |", "|---|---|---|"]
    for setting in SETTINGS:
        default = setting.unset if setting.default is None else f"`{setting.default}`"
        rows.append(f"| `{setting.name}` | {default} | {setting.help} |")
    return "\n".join(rows)


def commands() -> str:
    """Every command with its arguments and options, as their own help tells them."""
    import click

    from hub.cli import koppel

    def described(command: click.Command, parents: click.Context) -> list[str]:
        context = click.Context(command, info_name=command.name, parent=parents)
        if isinstance(command, click.Group):
            inside = (command.get_command(context, name) for name in command.list_commands(context))
            return [text for sub in inside if sub for text in described(sub, context)]
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        lines = [f"### {context.command_path}", "", f"    {usage}", "", command.help or "", ""]
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and "--help" not in record[0]:
                lines.append(f"- `{record[0]}`: {record[1]}".rstrip(": "))
        return ["\n".join(lines).rstrip()]

    root = click.Context(koppel, info_name="koppel", max_content_width=100)
    inside = (koppel.get_command(root, name) for name in koppel.list_commands(root))
    return "\n\n".join(text for sub in inside if sub for text in described(sub, root))


PARTS: dict[str, Callable[[], str]] = {"settings": settings, "commands": commands}


def written(text: str) -> str:
    """The text of a page with its generated parts as the code has them now."""

    def part(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in PARTS:
            raise SystemExit(f"There is no generated part '{name}'; there are: {', '.join(PARTS)}")
        return f"{found[1]}\n{PARTS[name]()}\n\n{found[3]}"

    return _PART.sub(part, text)


def main(check: bool) -> int:
    """Write what has changed; the exit code."""
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = written(before)
        if after != before:
            stale.append(page.name)
            if not check:
                page.write_text(after, encoding="utf-8")
    if stale:
        print(f"{'Out of date, run `make docs`' if check else 'Written'}: {', '.join(stale)}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
