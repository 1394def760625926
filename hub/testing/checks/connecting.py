"""What a plugin promises about its declaration, its connection and its secrets."""

from __future__ import annotations

from contextlib import suppress

from hub.declarations import check_system
from hub.sdk import (
    Api,
    AuthenticationError,
    KoppelError,
    Option,
    TemporaryError,
)
from hub.testing.bench import Bench, NotApplicable, Tape, Unpaced
from hub.testing.checks.base import Broken, check, must


@check
def declaration(bench: Bench) -> None:
    """The declaration is valid, and says to users what they need."""
    system = bench.system
    check_system(system)
    must(system.description.strip(), "the system has no description")
    must(system.setup.strip(), "setup is empty: say in Markdown where users find their keys")
    for kind in system.entities:
        entity = kind()
        must((kind.__doc__ or "").strip(), f"{entity.name} has no docstring; users read it")
        able = [a for a in ("read", "get", "find", "create", "update") if entity.can(a)]
        must(able, f"{entity.name} can do nothing")
        if entity.can("find"):
            must(entity.match, f"{entity.name} can find, but match does not say by what")
        if entity.can("create"):
            must(
                entity.can("find") and entity.match,
                f"{entity.name} can be created but not found again; after a dropped answer nobody "
                "would know whether it was made",
            )


@check
def names_the_account(bench: Bench) -> None:
    """The check names the account."""
    with bench.open() as api:
        account = bench.system.check(api)
        must(account.name.strip(), "the account has no name")
        must(api.requests, "check made no request, so it proves nothing")


@check
def refuses_wrong_credentials(bench: Bench) -> None:
    """Wrong credentials are told apart from an outage, and are not shown."""
    secrets = bench.secrets()
    if not secrets:
        raise NotApplicable("there are no secrets to get wrong")
    wrong = {name: f"wr0ng{value[5:]}x" for name, value in secrets.items()}
    try:
        with bench.open(credentials=bench.credentials(**wrong)) as api:
            bench.system.check(api)
    except AuthenticationError as error:
        shown = [n for n, v in {**secrets, **wrong}.items() if len(v) > 5 and v in str(error)]
        must(not shown, f"the error shows {', '.join(shown)}")
        return
    except KoppelError as error:
        raise Broken(
            f"wrong credentials gave {type(error).__name__} instead of AuthenticationError: {error}"
        ) from error
    raise Broken("wrong credentials were accepted")


@check
def html_page_is_temporary(bench: Bench) -> None:
    """A proxy's HTML page instead of an answer is waited out, with any status."""
    for status in (502, 200):
        with bench.fault("html", status=status), bench.open() as api:
            _must_be_temporary(api, bench, f"an HTML page with status {status}")


@check
def error_without_json_is_temporary(bench: Bench) -> None:
    """A bare 500 is waited out."""
    with bench.fault("status", status=500, body=""), bench.open() as api:
        _must_be_temporary(api, bench, "an empty answer with status 500")


@check
def silence_is_temporary(bench: Bench) -> None:
    """A connection that breaks off is waited out."""
    with bench.fault("drop_before"), bench.open() as api:
        _must_be_temporary(api, bench, "a dropped connection")


def _must_be_temporary(api: Api, bench: Bench, what: str) -> None:
    try:
        bench.system.check(api)
    except TemporaryError:
        return
    except Exception as error:
        raise Broken(
            f"{what} gave {type(error).__name__} instead of TemporaryError: {error}"
        ) from error
    raise Broken(f"{what} was taken for a good answer")


@check
def waits_when_told_to(bench: Bench) -> None:
    """429 with Retry-After is waited for as long as asked, and then repeated."""
    bench.pauses.clear()
    fault = bench.fault("status", status=429, times=1, headers={"Retry-After": "7"})
    with fault as struck, bench.open() as api:
        bench.system.check(api)
    must(struck.hits == 1, "the sandbox was not asked")
    must(sum(bench.pauses) >= 7, f"asked to wait for 7 seconds, it waited {sum(bench.pauses)}")


@check
def every_request_is_paced(bench: Bench) -> None:
    """Every request goes through the hub's pacer and is recorded."""
    tape, pacer = Tape(), Unpaced()
    before = len(bench.sandbox.asked())
    with bench.open(tape=tape, pacer=pacer) as api:
        bench.system.check(api)
        with suppress(NotApplicable):
            for entity in bench.entities("read"):
                next(iter(bench.pages(api, entity)), None)
    # A handshake (NTLM) asks several times for one request: all but the last are answered 401.
    asked = len([r for r in bench.sandbox.asked()[before:] if r["status"] != 401])
    must(
        pacer.waits == asked == len(tape.exchanges),
        f"the sandbox got {asked} requests, of which {pacer.waits} were paced and "
        f"{len(tape.exchanges)} recorded; use only the api that is handed in",
    )


@check
def lookups_give_options(bench: Bench) -> None:
    """Every lookup gives options with a value and a label, each value once."""
    if not bench.system.lookups:
        raise NotApplicable("there are no lookups")
    with bench.open() as api:
        for lookup in bench.system.lookups:
            options = list(lookup.fetch(api))
            must(options, f"the lookup {lookup.name} is empty in the sandbox")
            for option in options:
                must(isinstance(option, Option), f"{lookup.name} gives {option!r}, not an Option")
                must(isinstance(option.value, str), f"{lookup.name}: {option.value!r} is no text")
                must(option.value, f"{lookup.name}: an option has no value")
                must(option.label.strip(), f"{lookup.name}: {option.value} has no label")
            values = [option.value for option in options]
            must(len(values) == len(set(values)), f"{lookup.name} gives a value twice")
