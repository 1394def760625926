"""The command `koppel`: every command loads only what it needs, and errors are one sentence."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from hub import __version__

COMMANDS = {
    "up": "serving",
    "web": "serving",
    "worker": "serving",
    "scheduler": "serving",
    "systems": "setup",
    "apply": "setup",
    "export": "setup",
    "check": "setup",
    "connect": "connecting",
    "lookup": "setup",
    "plan": "running",
    "run": "running",
    "retry": "running",
    "runs": "log",
    "entries": "log",
    "show": "log",
    "pause": "flows",
    "resume": "flows",
    "reset-cursor": "flows",
    "purge": "data",
    "forget": "data",
    "key": "data",
    "backup": "data",
    "restore": "data",
    "user": "users",
    "alerts": "alerts",
    "sandbox": "plugins",
    "check-plugin": "plugins",
    "new-plugin": "plugins",
}
"""Command -> the module of this package that has it, in the order of the help."""


class Commands(click.Group):
    """Loads the module of a command when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(
            importlib.import_module(f"hub.cli.{module}"), cmd_name.replace("-", "_")
        )
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean '{near[0]}'?" if near else "see `koppel --help`"
            message = f"There is no command '{args[0]}'; {hint}"
            raise click.UsageError(message, ctx) if args[0][:1] != "-" else error from None


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="koppel")
def koppel() -> None:
    """Koppel keeps business systems in step: orders, customers, products, stock and invoices.

    Exit codes: 0 fine; 1 some records failed or were blocked; 2 wrong usage or configuration;
    3 a connection could not be reached or refused the credentials; 4 the flow is already running;
    70 our fault.

    KOPPEL_DEBUG=1 shows where our fault is; KOPPEL_TRACE_HOOKS=1 prints what plugins are told.
    """


def main(arguments: Sequence[str] | None = None) -> Any:
    """The entry point. Ends the process with an exit code of the interface."""
    from hub.cli import base

    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(base.guarded(koppel, given))
