"""The demo: every system's sandbox, coupled by ready-made flows, with new records now and then."""

from __future__ import annotations

import itertools
import json
import logging
import signal
import sys
import threading
import urllib.request
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from hub.config import Config
from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.model import Json
from hub.ops import lifeline
from hub.sdk import Entity, System
from hub.sdk.sandbox import server

log = logging.getLogger("koppel.demo")
SCHEDULE = "every 1 minutes"


@dataclass(frozen=True)
class Pretend:
    """A pretend vendor that runs: where it is, and what its plugin says about reaching it."""

    system: System
    url: str
    about: Json


def start(system: System) -> Pretend | None:
    """Start a system's sandbox in threads of this process, if it has one that can be shown."""
    if not system.sandbox or system.demo is None:
        return None
    module, _, name = system.sandbox.partition(":")
    httpd = server(getattr(import_module(module), name)())
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{httpd.server_port}"
    return Pretend(system, url, system.demo(url))


def config_of(pretends: list[Pretend]) -> Json:
    """The config file that couples them, wherever a target's plugin says how in its demo.

    A plugin's `demo(url)` returns credentials and settings, and under `flows` by entity the
    settings of a flow that writes there.
    """
    connections = {
        p.system.name: {
            "system": p.system.name,
            "title": f"{p.system.title} (pretend)",
            "credentials": p.about.get("credentials", {}),
            "settings": p.about.get("settings", {}),
        }
        for p in pretends
    }
    flows: Json = {}
    for source, target in itertools.permutations(pretends, 2):
        for writes, settings in target.about.get("flows", {}).items():
            to = target.system.entity(writes)
            entity = _source_of(source.system, to)
            if entity is None or not to.can("create"):
                continue
            name = f"{entity.name}-to-{target.system.name.replace('_', '-')}"
            if name in flows:
                continue  # one source is enough to show it
            flows[name] = {
                "title": f"{entity.title}: {source.system.title} to {target.system.title}",
                "from": f"{source.system.name}.{entity.name}",
                "to": f"{target.system.name}.{to.name}",
                "schedule": SCHEDULE,
                "settings": settings,
            }
    return {"version": 1, "connections": connections, "flows": flows}


def _source_of(system: System, target: Entity) -> Entity | None:
    """What can be read there that means the same as what the target takes."""
    return system.entity_for(target.document.kind, "read")


def arrivals(pretends: list[Pretend], rounds: int) -> None:
    """Let new records arrive at vendors whose plugin says how (`arrivals`: path and bodies)."""
    for pretend in pretends:
        how: dict[str, Any] = pretend.about.get("arrivals") or {}
        bodies = how.get("bodies") or []
        if bodies:
            request = urllib.request.Request(  # loopback, and our own sandbox
                pretend.url + how["path"],
                json.dumps(bodies[rounds % len(bodies)]).encode(),
                {"Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=10).close()


def main(config: Config) -> None:
    """Serve the sandboxes and couple them until told to stop."""
    lifeline.attach()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="koppel demo: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lifeline.leave_the_terminal_to_the_supervisor()
    hub = Hub.start(config)
    pretends = [p for p in map(start, hub.registry.systems.values()) if p is not None]
    apply(hub, json.dumps(config_of(pretends)))
    hub.close()
    for rounds in itertools.count():
        if stop.wait(40 if rounds else 5):
            return
        try:
            arrivals(pretends, rounds)
        except OSError as error:
            log.warning("no new records: %s", error)


if __name__ == "__main__":
    main(Config.from_env())
