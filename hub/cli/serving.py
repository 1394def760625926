"""up, web, worker, scheduler: the processes of the hub."""

from __future__ import annotations

import click

from hub.cli.base import finishing


@click.command()
@click.option("--host", help="The address to listen on. [default: 127.0.0.1, or KOPPEL_HOST]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port. [default: 8420]")
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=2,
    show_default=True,
    help="How many runs can be worked at the same time.",
)
@click.option("--demo", is_flag=True, help="Sandboxes and ready-made flows, in a throwaway home.")
@finishing
def up(host: str | None, port: int | None, workers: int, demo: bool) -> int:
    """Run everything: web, workers, scheduler and, unless there is one, Redis."""
    from hub.config import Config
    from hub.supervisor import up as run

    return run(Config.from_env(), host=host, port=port, workers=workers, demo=demo)


@click.command()
def web() -> None:
    """Run the web server only."""
    from hub.config import Config
    from hub.ops.serve import main

    main(Config.from_env())


@click.command()
def worker() -> None:
    """Run one worker only."""
    from hub.config import Config
    from hub.worker import main

    main(Config.from_env())


@click.command()
def scheduler() -> None:
    """Run the scheduler only."""
    from hub.config import Config
    from hub.scheduler import main

    main(Config.from_env())
