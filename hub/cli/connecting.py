"""connect: where somebody gives a connection access, and where its system tells of changes."""

from __future__ import annotations

import click

from hub.cli.base import FINE, NO_CONNECTION, emit, finishing, json_option, opened, say


@click.command()
@click.argument("connection")
@json_option
@finishing
def connect(connection: str, as_json: bool) -> int:
    """Say where to give CONNECTION access, and the webhook address to enter over there.

    Access is given in a browser, by somebody who is logged in to the hub; a config file may bring
    a refresh token along instead. Exit code 3 while there is no access.
    """
    from hub.engine import oauth, webhooks
    from hub.engine.naming import connection_named

    with opened() as hub:
        with hub.database.session() as session:
            row = connection_named(session, connection)
        access, listening = oauth.access(hub, row), webhooks.listening(hub, row)
        page = f"{hub.config.base_url}/connections/{row.name}"
        redirect = oauth.redirect_address(hub)
    about = {
        "connection": row.name,
        "access": access.state if access else None,
        "why": (access.why or None) if access else None,
        "page": page,
        "redirect": redirect if access else None,
        "webhook": listening.address if listening else None,
    }
    code = NO_CONNECTION if access and access.state != "good" else FINE
    if as_json:
        emit(about)
        return code
    if access is None:
        say(f"{row.name} does not use OAuth2: its keys are among its credentials.")
    elif access.state == "good":
        click.echo(f"{row.name}: access is given. To give it anew: {page}")
    else:
        why = f" ({access.why})" if access.why else ""
        click.echo(f"{row.name}: no access{why}. Open {page} and press Connect.")
    if access is not None:
        click.echo(f"Redirect address, for the app over there: {redirect}")
    if listening is not None:
        click.echo(f"Webhook address, to enter over there: {listening.address}")
    return code
