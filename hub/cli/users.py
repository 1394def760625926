"""user add, list, remove, password: who may log in. Passwords are never taken from arguments."""

from __future__ import annotations

import sys

import click

from hub.cli.base import emit, json_option, opened, table


@click.group()
def user() -> None:
    """Who may log in."""


@user.command("add")
@click.argument("email")
@click.option("--name", default="", help="What to call them.")
@json_option
def add(email: str, name: str, as_json: bool) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from hub.store import users

    with opened() as hub:
        made = users.add(hub.database, email, _password(), name=name)
    if as_json:
        emit({"email": made.email, "name": made.name})
    else:
        click.echo(f"{made.email} may log in")


@user.command("list")
@json_option
def list_(as_json: bool) -> None:
    """All users."""
    from hub.store import users

    with opened() as hub:
        found = [
            {
                "email": row.email,
                "name": row.name,
                "created_at": row.created_at,
                "last_login_at": row.last_login_at,
            }
            for row in users.list_all(hub.database)
        ]
    if as_json:
        emit({"users": found})
    else:
        table(found, {"email": "E-MAIL", "name": "NAME", "last_login_at": "LAST LOGIN"})


@user.command("remove")
@click.argument("email")
@json_option
def remove(email: str, as_json: bool) -> None:
    """Remove a user."""
    from hub.store import users

    with opened() as hub:
        users.remove(hub.database, email)
    if as_json:
        emit({"email": email, "removed": True})
    else:
        click.echo(f"{email} may not log in any more")


@user.command("password")
@click.argument("email")
@json_option
def password(email: str, as_json: bool) -> None:
    """Give a user another password; it is asked for, or read from standard input."""
    from hub.store import users

    with opened() as hub:
        users.change_password(hub.database, email, _password())
    if as_json:
        emit({"email": email, "changed": True})
    else:
        click.echo(f"The password of {email} is changed")


def _password() -> str:
    """From the terminal, twice and unseen; else the first line of standard input."""
    if sys.stdin.isatty():
        asked: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt="Once more", err=True
        )
        return asked
    return sys.stdin.readline().rstrip("\r\n")
