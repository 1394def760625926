"""Hub: the running program's parts in one place: configuration, database, vault, plugins."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.engine.indexes import DatabaseIndexes
from hub.engine.pacing import pacer_for
from hub.engine.tokens import StoredTokens
from hub.sdk import Api, ConfigurationError
from hub.sdk.exchange import NoRecorder, Recorder
from hub.sdk.forms import Form
from hub.store import migrate
from hub.store.database import Database
from hub.store.tables import Connection
from hub.store.vault import Vault, open_vault

if TYPE_CHECKING:
    from hub.config import Config
    from hub.registry import Registry


@dataclass(kw_only=True)
class Hub:
    """What web, command line and workers share. Make one per process with `Hub.start`."""

    config: Config
    database: Database
    vault: Vault
    registry: Registry
    redis: Any = field(default=None)

    @classmethod
    def start(cls, config: Config, *, registry: Registry | None = None) -> Hub:
        """Migrate, open the database and the vault, load the plugins."""
        from hub.embedded_redis import RedisUnavailable, connect
        from hub.registry import Registry as Loader

        config.make_home()
        migrate(config)
        database = Database(config.database_url)
        try:
            vault = open_vault(config, database)
        except BaseException:
            database.dispose()
            raise
        hub = cls(
            config=config,
            database=database,
            vault=vault,
            registry=registry or Loader.load(),
        )
        with contextlib.suppress(RedisUnavailable):
            hub.redis = connect(config)
        return hub

    def close(self) -> None:
        """Let go of the database and Redis."""
        self.database.dispose()
        if self.redis is not None:
            self.redis.close()

    def credentials(self, connection: Connection) -> Form:
        """The opened credentials form. Raises ConfigurationError when they do not fit any more."""
        import json

        system = self.registry.system(connection.system)
        values: dict[str, Any] = {}
        if connection.credentials:
            where = f"connection/{connection.id}/credentials"
            values = json.loads(self.vault.open(connection.credentials, where))
        return _filled(system.credentials, values, connection.name, "credentials")

    def settings(self, connection: Connection) -> Form:
        """The connection's settings form."""
        system = self.registry.system(connection.system)
        return _filled(system.settings, connection.settings, connection.name, "settings")

    def open(
        self, connection: Connection, *, recorder: Recorder | None = None, rank: int = 0
    ) -> Api:
        """The connection, ready to call. Close it after use.

        rank: who goes first when the budget is short, see `hub.engine.budget`.
        """
        assert connection.id is not None
        credentials = self.credentials(connection)
        return Api(
            system=self.registry.system(connection.system),
            connection=connection.name,
            credentials=credentials,
            settings=self.settings(connection),
            pacer=pacer_for(self.redis, connection.id, rank),
            recorder=recorder or NoRecorder(),
            indexes=DatabaseIndexes(self.database, self.vault, connection.id),
            tokens=self.tokens(connection, credentials),
        )

    def tokens(self, connection: Connection, credentials: Form) -> StoredTokens | None:
        """Where the access tokens of a connection come from; None when it uses no OAuth2."""
        system = self.registry.system(connection.system)
        oauth2 = system.oauth2_for(credentials)
        if oauth2 is None:
            return None
        return StoredTokens(
            database=self.database,
            vault=self.vault,
            system=system,
            oauth2=oauth2,
            connection=connection,
            credentials=credentials,
            settings=self.settings(connection),
            page=f"{self.config.base_url}/connections/{connection.name}",
        )


def _filled(form: type[Form], values: dict[str, Any], name: str, what: str) -> Form:
    from pydantic import ValidationError

    try:
        return form.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(p) for p in first["loc"])
        raise ConfigurationError(
            f"The {what} of connection {name} are not complete: {path}: {first['msg']}",
            setting=path,
        ) from None
