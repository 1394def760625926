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
from hub.sdk.errors import KoppelError


def prepare(config: Config) -> None:
    """Bring home and database up to date, and refuse a key that does not fit."""
    config.make_home()
    from hub.store import Database, migrate, open_vault

    migrate(config)
    database = Database(config.database_url)
    try:
        open_vault(config, database)
    finally:
        database.dispose()


def main() -> int:
    """Prepare the hub that the environment describes."""
    lifeline.attach()
    # Told to stop together with the rest of its group: half a migration helps nobody.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        config = Config.from_env()
        prepare(config)
        from hub.web import setup_link

        json.dump({"setup_link": setup_link(config)}, sys.stdout)
    except (ConfigError, KoppelError) as error:
        print(f"koppel: {error}", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 70
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
