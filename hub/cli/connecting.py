"""connect: where a connection is given access and told of changes; both can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli.base import FINE, NO_CONNECTION, emit, finishing, json_option, opened, say

if TYPE_CHECKING:
    from hub.engine.hub import Hub
    from hub.store.tables import Connection


@click.command()
@click.argument("connection")
@click.option(
    "--disconnect",
    is_flag=True,
    help="Forget the access that was given; the flows of the connection rest until it is given "
    "again. The system is told where it takes that.",
)
@click.option(
    "--new-webhook-address",
    "renew",
    is_flag=True,
    help="Make a new secret address for webhooks. The old one stops working at once.",
)
@json_option
@finishing
def connect(connection: str, disconnect: bool, renew: bool, as_json: bool) -> int:
    """Say where to give CONNECTION access, and the webhook address to enter over there.

    Access is given in a browser, by somebody who is logged in to the hub; a config file may bring
    a refresh token along instead. Exit code 3 while there is no access; after --disconnect there
    is none, and that is fine.
    """
    from hub.engine import oauth, webhooks
    from hub.engine.naming import connection_named

    with opened() as hub:
        with hub.database.session() as session:
            row = connection_named(session, connection)
        if disconnect:
            problem = oauth.disconnect(hub, row)
            say(f"{row.name} is disconnected: {_stopped(hub, row)}")
            if problem:
                say(f"The system was not told, so take it back over there as well. {problem}")
        if renew:
            webhooks.renew_address(hub, row)
            say("The old webhook address has stopped working: enter the new one over there.")
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
    lacking = access is not None and access.state != "good" and not disconnect
    code = NO_CONNECTION if lacking else FINE
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


def _stopped(hub: Hub, row: Connection) -> str:
    from hub.engine.connections import live_flows

    with hub.database.session() as session:
        names = [flow.name for flow in live_flows(session, row)]
    if not names:
        return "no live flow uses it."
    return f"until it is connected again these flows rest: {', '.join(names)}."
