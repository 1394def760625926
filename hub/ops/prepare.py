"""What must have happened before the hub serves: a home, a current database, a key that fits.

A process of its own (`python -m hub.ops.prepare`), so that the supervisor need not load what only
this needs. It prints one JSON object: the link for making the first user, while there is none.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback

from hub.config import Config, ConfigError
from hub.ops import lifeline


def prepare(config: Config) -> str | None:
    """Bring home and database up to date; gives the one-time link as long as nobody can log in."""
    config.make_home()
    from hub import store

    store.migrate(config)
    from hub import web

    return web.setup_link(config)


def main() -> int:
    """Prepare the hub that the environment describes."""
    lifeline.attach()
    # Told to stop together with the rest of its group: half a migration helps nobody.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        link = prepare(Config.from_env())
    except ConfigError as error:
        print(f"koppel: {error}", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 70
    json.dump({"setup_link": link}, sys.stdout)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
