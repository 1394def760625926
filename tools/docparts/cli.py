"""docs/cli.md: every command with its arguments and options, from Click, and the exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from hub.cli import koppel
from tools.docparts.markdown import code, paragraphs, sentence, table
from tools.docparts.sources import Sources

FILE = "cli.md"


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """The overview, the exit codes, and one part per command."""
    found = list(commands())
    yield FILE, "commands", _overview(found)
    yield FILE, "exit codes", _exit_codes()
    for name, command in found:
        yield FILE, f"koppel {name}", _command(name, command)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its full name (`key rotate`)."""
    context = click.Context(koppel, info_name="koppel")
    yield from _below(koppel, context, "")


def _below(
    group: click.Group, context: click.Context, before: str
) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        full = f"{before} {name}".strip()
        if isinstance(command, click.Group):
            yield from _below(command, click.Context(command, info_name=name), full)
        else:
            yield full, command


def _overview(found: list[tuple[str, click.Command]]) -> str:
    rows = [
        (f"[`koppel {name}`](#koppel-{name.replace(' ', '-')})", _short(c)) for name, c in found
    ]
    return table(("command", "does"), rows)


def _short(command: click.Command) -> str:
    return sentence(paragraphs(command.help).split("\n\n")[0])


def _exit_codes() -> str:
    text = re.sub(r"\s+", " ", koppel.help or "")
    listed = text.partition("Exit codes:")[2].strip().rstrip(".")
    rows = [part.strip().split(" ", 1) for part in listed.split(";")]
    return table(("code", "means"), [(code(number), sentence(words)) for number, words in rows])


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"koppel {name}")
    usage = " ".join([f"koppel {name}", *command.collect_usage_pieces(context)])
    blocks = [f"    {usage}", sentence(paragraphs(command.help))]
    rows = [row for parameter in command.params if (row := _parameter(parameter, context))]
    blocks.append(table(("argument or option", "means"), rows))
    return "\n\n".join(block for block in blocks if block)


ARGUMENTS = {
    "FILE": "A file",
    "FLOW": "The name of a flow",
    "CONNECTION": "The name of a connection",
    "RUN": "The number of a run",
    "ENTRY": "The number of an entry",
    "ENTRIES": "The numbers of entries",
    "E-MAIL": "An e-mail address",
    "EMAIL": "An e-mail address",
    "SYSTEM": "The name of a system",
    "alerts NAME": "The name of a channel",
    "systems NAME": "The name of a system",
    "lookup NAME": "The name of a lookup",
    "check-plugin NAME": "The name of a system, or of the distribution that brings it",
    "new-plugin NAME": "The name of the system: small letters, digits and underscores",
}
"""What the arguments of a command, of a group or of any command stand for; Click does not know."""


def _parameter(parameter: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    if isinstance(parameter, click.Argument):
        shown = parameter.make_metavar(context)
        needed = "" if parameter.required else ". May be left out"
        bare = shown.strip("[].")
        name = (context.info_name or "").removeprefix("koppel ")
        places = (f"{name} {bare}", f"{name.partition(' ')[0]} {bare}", bare)
        about = next(ARGUMENTS[place] for place in places if place in ARGUMENTS)
        return code(shown), sentence(about + needed)
    if not isinstance(parameter, click.Option) or parameter.hidden:
        return None
    record = parameter.get_help_record(context)
    assert record is not None
    name = re.sub(r"(INTEGER|FLOAT)( RANGE)?", "NUMBER", record[0])
    return code(name), " ".join(_help(record[1]))


def _help(text: str) -> Iterator[str]:
    """The help, then what Click puts in brackets: the default and the range."""
    said, *brackets = re.split(r"\s*\[(.*?)\]", text)
    yield sentence(said)
    for part in (p for bracket in brackets for p in bracket.split("; ")):
        low, high = re.search(r"(\d+)<=x|x>=(\d+)", part), re.search(r"x<=(\d+)", part)
        if low and high:
            yield f"From {low[1]} to {high[1]}."
        elif low:
            yield f"At least {low[2]}."
        elif part.strip():
            yield f"{part[:1].upper()}{part[1:].replace('default: ', 'default: ')}."
