"""sandbox, check-plugin, new-plugin: for who writes plugins."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.base import FINE, SOME_FAILED, emit, finishing, json_option, say

if TYPE_CHECKING:
    from hub.sdk import System
    from hub.testing.report import Result


@click.command()
@click.argument("system")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: any free port]")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of this sandbox."
)
@json_option
def sandbox(system: str, port: int, options: tuple[str, ...], as_json: bool) -> None:
    """A pretend vendor on loopback, until Ctrl-C."""
    from hub.engine.configfile import yamltree
    from hub.registry import Registry
    from hub.sdk import ConfigurationError
    from hub.sdk.sandbox import server

    declared = Registry.load().system(system)
    if not declared.sandbox or declared.demo is None:
        raise ConfigurationError(f"{declared.title} has no sandbox.")
    module, _, name = declared.sandbox.partition(":")
    create = getattr(importlib.import_module(module), name)
    try:
        httpd = server(create(**_options(create, options)), port)
    except (OSError, SystemExit):
        raise ConfigurationError(f"Port {port} is taken; give another --port.") from None
    url = f"http://127.0.0.1:{httpd.server_port}"
    about = {"url": url, "system": declared.name, **declared.demo(url)}
    if as_json:
        emit(about)
    else:
        click.echo(url)
        reach = {n: about[n] for n in ("system", "credentials", "settings") if about.get(n)}
        say(f"A pretend {declared.title}. In a config file:\n")
        say(yamltree.dump({"connections": {declared.name: reach}}))
    sys.stdout.flush()
    try:
        httpd.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        httpd.server_close()


def _options(create: Any, options: tuple[str, ...]) -> dict[str, Any]:
    known = inspect.signature(create).parameters
    values: dict[str, Any] = {}
    for text in options:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise click.UsageError(
                f"--option {text}: this sandbox knows {', '.join(known) or 'no options'}"
            )
        from hub.engine.configfile.yamltree import resolve

        given = resolve(value)
        default = known[name].default
        values[name] = float(given) if isinstance(default, float) else given
    return values


@click.command()
@click.argument("name")
@json_option
@finishing
def check_plugin(name: str, as_json: bool) -> int:
    """Run the contract suite over a plugin, by the name of its system or distribution."""
    from hub.registry import Registry
    from hub.testing.report import run_contract

    systems = _systems(Registry.load(), name)
    results: list[tuple[System, list[Result]]] = []
    for system in systems:
        if not as_json:
            click.echo(f"{system.title} ({system.name})")
        results.append((system, run_contract(system, _quiet if as_json else _show)))
    broken = sum(r.verdict == "failed" for _, all_ in results for r in all_)
    if as_json:
        emit(
            {
                "systems": [
                    {"system": system.name, "checks": [_data(result) for result in all_]}
                    for system, all_ in results
                ],
                "passed": not broken,
            }
        )
    else:
        click.echo(f"{broken} promises are broken" if broken else "every promise is kept")
    return SOME_FAILED if broken else FINE


def _systems(registry: Any, name: str) -> list[System]:
    """The systems of a plugin. Raises ConfigurationError when there is none, or it is broken."""
    plugin = next((p for p in registry.plugins if name in (p.name, p.distribution)), None)
    if plugin is not None and plugin.systems:
        return [registry.systems[system] for system in plugin.systems]
    return [registry.system(name)]


_MARKS = {"passed": "ok    ", "failed": "BROKEN", "skipped": "-     "}


def _show(result: Result) -> None:
    click.echo(f"  {_MARKS[result.verdict]}  {result.check.sentence}")
    if result.reason:
        click.echo(f"          {result.reason}")


def _quiet(result: Result) -> None:
    """Everything is in the one document."""


def _data(result: Result) -> dict[str, Any]:
    return {
        "check": result.check.name,
        "promise": result.check.sentence,
        "verdict": result.verdict,
        "reason": result.reason or None,
        "seconds": round(result.seconds, 3),
    }


check_plugin.name = "check-plugin"


@click.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the folder is made. [default: here]",
)
@json_option
def new_plugin(name: str, into: Path, as_json: bool) -> None:
    """Write a small plugin that passes the contract suite, to start from."""
    from hub.testing.scaffold import write

    folder, files = write(name, into)
    if as_json:
        emit({"folder": str(folder), "files": [str(file) for file in files]})
        return
    click.echo(str(folder))
    say(
        f"{len(files)} files. Next:\n"
        f"  pip install -e {folder}\n"
        f"  koppel check-plugin {name}\n"
        f"  koppel sandbox {name}"
    )


new_plugin.name = "new-plugin"
