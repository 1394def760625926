"""What all commands share: opening the hub, printing one JSON document, exit codes, errors."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hub.engine.hub import Hub

FINE, SOME_FAILED, WRONG, NO_CONNECTION, ALREADY_RUNNING, OUR_FAULT = 0, 1, 2, 3, 4, 70
STOPPED = 130
F = TypeVar("F", bound=Callable[..., Any])
_printed = False


class Finish(Exception):
    """The command is done, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def json_option(command: F) -> F:
    """`--json`: exactly one JSON document on standard output."""
    option: Callable[[F], F] = click.option(
        "--json", "as_json", is_flag=True, help="Print exactly one JSON document."
    )
    return option(command)


@contextmanager
def opened() -> Iterator[Hub]:
    """The hub that the environment describes, closed afterwards."""
    from hub.config import Config
    from hub.engine.hub import Hub

    hub = Hub.start(Config.from_env())
    try:
        for failure in hub.registry.failures:
            say(f"The plugin {failure.name} could not be loaded: {failure.error}")
        yield hub
    finally:
        hub.close()


# ---- printing


def say(text: str) -> None:
    """A message for people: on standard error."""
    click.echo(text, err=True)


def emit(document: Any) -> None:
    """The one JSON document."""
    global _printed
    _printed = True
    click.echo(as_text(document))


def as_text(document: Any) -> str:
    """A value as indented JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2, default=plain_value)


def plain_value(value: Any) -> Any:
    """What JSON does not know: exact numbers stay numbers, times are ISO in UTC."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Rows for people: *columns* is key -> heading; the last column takes what room is left."""
    if not rows:
        return
    cells = [[_cell(row.get(key)) for key in columns] for row in rows]
    widths = [
        max(len(heading), *(len(row[n]) for row in cells))
        for n, heading in enumerate(columns.values())
    ]
    for row in [list(columns.values()), *cells]:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "strftime"):
        return str(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
    return " ".join(str(value).split())


# ---- errors


def exit_code(error: BaseException) -> int:
    """What an error means to a script."""
    from hub.sdk.errors import ConfigurationError, KoppelError
    from hub.store.errors import StoreError

    if type(error).__name__ == "AlreadyRunning":
        return ALREADY_RUNNING
    if isinstance(error, ConfigurationError):
        # What the other system said is about the connection, whichever setting mends it.
        return WRONG if error.connection is None else NO_CONNECTION
    if isinstance(error, StoreError):
        return WRONG
    if isinstance(error, KoppelError):
        return NO_CONNECTION
    if type(error).__name__ in ("ConfigError", "RedisUnavailable", "ConnectionError"):
        return WRONG
    return OUR_FAULT


def guarded(command: click.Command, arguments: list[str]) -> int:
    """Run a command; every error becomes a sentence and an exit code."""
    global _printed
    _printed = False
    as_json = "--json" in arguments
    try:
        result = command.main(arguments, prog_name="koppel", standalone_mode=False)
    except Finish as finish:
        code = finish.code
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.UsageError as error:
        code = _failed(error.format_message(), WRONG, as_json, usage=error)
    except click.ClickException as error:
        code = _failed(error.format_message(), WRONG, as_json)
    except (click.Abort, KeyboardInterrupt):
        code = _failed("Stopped.", STOPPED, as_json)
    except BrokenPipeError:
        code = FINE
    except Exception as error:
        code = exit_code(error)
        text = _incident(error) if code == OUR_FAULT else str(error)
        code = _failed(text, code, as_json)
    else:
        code = result if isinstance(result, int) else FINE
    with suppress(BrokenPipeError, ValueError):
        sys.stdout.flush()
        return code
    # Whoever read our output has gone; without this the interpreter complains when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _failed(text: str, code: int, as_json: bool, usage: click.UsageError | None = None) -> int:
    if usage is not None and usage.ctx is not None:
        say(usage.ctx.get_usage())
    say(f"Error: {text}")
    if as_json and not _printed:
        emit({"error": text, "exit": code})
    return code


def _incident(error: BaseException) -> str:
    """A sentence about our own mistake; without the error's text, which may hold anything."""
    number = uuid.uuid4().hex[:8]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f"{os.sep}hub{os.sep}" in f.filename] or frames
    at = f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
    if os.environ.get("KOPPEL_DEBUG", "") not in ("", "0"):
        traceback.print_exception(error)
        more = "The traceback stands above."
    else:
        more = "Say it again with KOPPEL_DEBUG=1 to see where, and please report it."
    return (
        f"Something went wrong in Koppel itself ({type(error).__name__}{at}; incident {number}). "
        f"{more}"
    )


def finishing(function: F) -> F:
    """A command that gives an exit code ends with it."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        code = function(*args, **kwargs)
        if isinstance(code, int) and code:
            raise Finish(code)

    return wrapper  # type: ignore[return-value]
