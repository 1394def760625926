"""What the environment says: every setting is declared here and read into one frozen `Config`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

PREFIX = "KOPPEL_"
LEASE_RANGE = (5, 3600)


class ConfigError(Exception):
    """A setting cannot be used; the text names the variable and says what to do."""


def _home(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _split(text: str) -> SplitResult:
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError for a port that is no number
    return parts


def _database(text: str) -> str:
    scheme = _split(text).scheme
    if scheme in ("postgres", "postgresql"):  # without a driver SQLAlchemy would look for psycopg2
        return "postgresql+psycopg" + text[len(scheme) :]
    if scheme not in ("sqlite", "postgresql+psycopg"):
        raise ValueError("it must begin with postgresql:// or sqlite:///")
    if scheme == "sqlite" and (":memory:" in text or not text.startswith("sqlite:///")):
        raise ValueError("it must name a file: a database in memory is not shared by processes")
    return text


def _redis(text: str) -> str:
    if _split(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    return text


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.replace("\n", ",").split(",") if key.strip())
    if not keys:
        raise ValueError("it holds no key")
    return keys


def _host(text: str) -> str:
    if "/" in text or " " in text:
        raise ValueError("it must be a host name or an address, such as 127.0.0.1 or 0.0.0.0")
    return text.strip("[]")


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise ValueError("it must be a number from 0 to 65535 (0: any free port)")
    return int(text)


def _base_url(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be an address such as https://hub.example.com")
    if parts.query or parts.fragment:
        raise ValueError("it must end before any ? or #")
    return text.rstrip("/")


def _lease(text: str) -> int:
    low, high = LEASE_RANGE
    if not (text.isdecimal() and low <= int(text) <= high):
        raise ValueError(f"it must be a whole number of seconds from {low} to {high}")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One variable of the environment: its name, what holds without it, and what it is for."""

    name: str
    """The variable, such as `KOPPEL_PORT`; `KOPPEL_PORT_FILE` names a file that holds the value."""
    default: str | None
    """The value that holds when the variable is not set; None: see `unset`."""
    help: str
    unset: str = ""
    """What happens without a value, in words, where there is no plain default."""
    secret: bool = False
    """Its value must not be shown."""
    parse: Callable[[str], Any] = field(repr=False, default=str)

    @property
    def attribute(self) -> str:
        """The name of the field of `Config` that holds it."""
        return self.name.removeprefix(PREFIX).lower()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="KOPPEL_HOME",
        default="./koppel-data",
        help="The data folder: database, embedded Redis, encryption key. Back it up as a whole.",
        parse=_home,
    ),
    Setting(
        name="KOPPEL_DATABASE_URL",
        default=None,
        unset="SQLite, in the data folder",
        help="The database, such as postgresql://koppel:password@localhost/koppel.",
        secret=True,
        parse=_database,
    ),
    Setting(
        name="KOPPEL_REDIS_URL",
        default=None,
        unset="embedded: `koppel up` starts its own, in the data folder",
        help="The Redis or Valkey server that wakes the workers, such as redis://localhost:6379/0.",
        secret=True,
        parse=_redis,
    ),
    Setting(
        name="KOPPEL_SECRET_KEY",
        default=None,
        unset="made once, in the data folder, readable by its owner only",
        help=(
            "The key that encrypts credentials and logs. Several, separated by commas, while "
            "keys are being rotated: the first encrypts, all of them decrypt."
        ),
        secret=True,
        parse=_keys,
    ),
    Setting(
        name="KOPPEL_HOST",
        default="127.0.0.1",
        help="The address that the web server listens on; 0.0.0.0 is every address of the machine.",
        parse=_host,
    ),
    Setting(
        name="KOPPEL_PORT",
        default="8420",
        help="The port that the web server listens on.",
        parse=_port,
    ),
    Setting(
        name="KOPPEL_BASE_URL",
        default=None,
        unset="http://HOST:PORT",
        help=(
            "The address under which browsers and other systems reach the hub, used in OAuth "
            "redirects, webhooks and links in messages. Set it when a proxy stands in front."
        ),
        parse=_base_url,
    ),
    Setting(
        name="KOPPEL_LEASE_SECONDS",
        default="30",
        help=(
            "How long a run stays claimed after its worker has died; then another worker goes on "
            "with it."
        ),
        parse=_lease,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one hub. Secrets are left out of its `repr`."""

    home: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False, default=None)
    """None: the embedded server of this home."""
    secret_key: tuple[str, ...] = field(repr=False, default=())
    """The keys that were given, first encrypts; empty: use (or make once) `secret_key_file`."""
    host: str = "127.0.0.1"
    port: int = 8420
    base_url: str = "http://127.0.0.1:8420"
    lease_seconds: int = 30

    @property
    def secret_key_file(self) -> Path:
        """Where the hub keeps the key that it made itself; not used when `secret_key` is given."""
        return self.home / "secret.key"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read the environment. Raises ConfigError for what cannot be used."""
        env = os.environ if environ is None else environ
        values = {setting.attribute: _value(setting, env) for setting in SETTINGS}
        home = values["home"]
        values["database_url"] = values["database_url"] or sqlite_url(home / "koppel.sqlite3")
        values["secret_key"] = values["secret_key"] or ()
        values["base_url"] = values["base_url"] or address(values["host"], values["port"])
        return cls(**values)

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """*base*, changed where needed so that a process started with it reads this configuration.

        What already agrees is left as it is: a secret that was given as a file stays in its file.
        """
        env = dict(base)
        current = Config.from_env(base)
        for setting in SETTINGS:
            value = getattr(self, setting.attribute)
            if value == getattr(current, setting.attribute):
                continue
            env.pop(setting.name, None)
            env.pop(f"{setting.name}_FILE", None)
            if value not in (None, ()):
                env[setting.name] = ",".join(value) if isinstance(value, tuple) else str(value)
        return env

    def listening_on(self, host: str, port: int) -> Config:
        """The same hub on another address; the public address follows unless it was given."""
        follows = self.base_url == address(self.host, self.port)
        base_url = address(host, port) if follows else self.base_url
        return replace(self, host=host, port=port, base_url=base_url)

    def make_home(self) -> Path:
        """Make the data folder, for its owner only, and say clearly why that fails."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"KOPPEL_HOME: the data folder {self.home} cannot be made ({error.strerror}). "
                "Give a folder that you may write to."
            ) from error
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise ConfigError(
                f"KOPPEL_HOME: the data folder {self.home} may not be written to by this user. "
                "Give another folder or change its owner."
            )
        return self.home


def address(host: str, port: int) -> str:
    """The address a browser on this machine can open; "every address" includes loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file; a `%` or `?` in a folder's name is no part of its syntax."""
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def _value(setting: Setting, env: Mapping[str, str]) -> Any:
    """The value: from the variable, the file it names, or the default."""
    source, text = _text(setting, env)
    if text is None:
        return None
    try:
        return setting.parse(text)
    except ValueError as error:
        shown = "its value" if setting.secret else f"'{text}'"
        raise ConfigError(f"{source}: {shown} cannot be used: {error}.") from error


def _text(setting: Setting, env: Mapping[str, str]) -> tuple[str, str | None]:
    """Where the value comes from and what it says; empty means not set."""
    name, file_name = setting.name, f"{setting.name}_FILE"
    value, path = env.get(name, "").strip(), env.get(file_name, "").strip()
    if value and path:
        raise ConfigError(f"{name} and {file_name} are both set; keep one of them.")
    if not path:
        return name, value or setting.default
    try:
        value = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{file_name}: {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file_name}: {path} is not a text file.") from error
    if not value:
        raise ConfigError(f"{file_name}: {path} is empty; write the value of {name} into it.")
    return file_name, value
