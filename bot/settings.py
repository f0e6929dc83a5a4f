"""The settings: the environment and a ``.env`` file in the working folder, read once."""

import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

APP = "legs-up"
DATABASE_FILE = "legs-up.sqlite3"
THIS_MACHINE = "127.0.0.1"
HIGHEST_PORT = 65535
TELEGRAM_API = "https://api.telegram.org"
DISCORD_API = "https://discord.com/api/v10"
MOST_SHARDS = 64
"""One carries 2,500 servers; what has more runs as more than one process."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""core.telegram.org/bots/api#setwebhook"""
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a link can hold after ?start= (core.telegram.org/bots/features#deep-linking)."""


class BadSetting(Exception):
    """A setting has a value that means nothing. The value itself is never kept: it may be secret.

    ``name`` is the setting's name in the environment, ``.env`` when the file cannot be read, or
    the flag ``--data``.
    """

    def __init__(self, name: str) -> None:
        """``name`` as a person knows it."""
        super().__init__(name)
        self.name = name


class Port(NamedTuple):
    """Where to listen."""

    host: str
    number: int


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _port(value: object) -> object:
    """``9090`` is a port of this machine alone; ``0.0.0.0:9090`` and ``[::]:9090`` are open."""
    if not isinstance(value, str):
        return value
    host, colon, number = value.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    # A colon in a host must be in brackets, or nobody knows which one is the port's.
    if bool(colon) != bool(bare) or (":" in host and host != f"[{bare}]"):
        raise ValueError("no host")
    if not (number.isascii() and number.isdigit() and 0 < int(number) <= HIGHEST_PORT):
        raise ValueError("no port")
    return Port(bare or THIS_MACHINE, int(number))


def _folder(path: Path) -> Path:
    if "?" in str(path):
        raise ValueError("a database's address could not name it")
    # A home that is unknown raises RuntimeError, which pydantic would let through.
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def _typed(folder: str) -> Path:
    # Path("") would be the working folder, which nobody means.
    if not folder.strip():
        raise ValueError("empty")
    return _folder(Path(folder))


def _url(value: object) -> object:
    """The address of a server, without a slash at its end."""
    return _address(value, "http", "https")


def _gateway(value: object) -> object:
    """The address of a gateway, which speaks web sockets."""
    return _address(value, "ws", "wss")


def _address(value: object, *schemes: str) -> object:
    if not isinstance(value, str):
        return value
    parts = urlsplit(value.strip())
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("no address")
    return value.strip().rstrip("/")


def _secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("no secret that Telegram would take")
    return value


def _codes(value: object) -> object:
    """Words with commas between them."""
    if not isinstance(value, str):
        return value
    found = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if (value.strip() and not found) or not all(_CODE.fullmatch(code) for code in found):
        raise ValueError("no word of a link")
    return found


class Settings(BaseSettings):
    """Everything that can be set, by its name in the environment; empty counts as not set."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    folder: Annotated[Path, AfterValidator(_folder)] = Field(
        default_factory=lambda: user_data_path(APP, appauthor=False),
        validation_alias="LEGS_UP_DATA",
    )
    # The store knows which addresses it can use. It may hold a password, so it is never shown.
    database: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = Field(default="WARNING", validation_alias="LOG_LEVEL")
    log_format: Annotated[Literal["auto", "json", "text"], BeforeValidator(_lower)] = Field(
        default="auto", validation_alias="LOG_FORMAT"
    )
    health_port: Annotated[Port | None, NoDecode, BeforeValidator(_port)] = Field(
        default=None, validation_alias="HEALTH_PORT"
    )
    telegram_token: SecretStr | None = Field(default=None, validation_alias="TELEGRAM_TOKEN")
    telegram_api: Annotated[str, BeforeValidator(_url)] = Field(
        default=TELEGRAM_API, validation_alias="TELEGRAM_API_URL"
    )
    # Telegram is to call us there, and not to be asked all the time.
    telegram_webhook: Annotated[str | None, BeforeValidator(_url)] = Field(
        default=None, validation_alias="TELEGRAM_WEBHOOK_URL"
    )
    telegram_secret: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        default=None, validation_alias="TELEGRAM_WEBHOOK_SECRET"
    )
    telegram_listen: Annotated[Port, NoDecode, BeforeValidator(_port)] = Field(
        default=Port(THIS_MACHINE, 8080), validation_alias="TELEGRAM_WEBHOOK_LISTEN"
    )
    allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_codes)] = Field(
        default=(), validation_alias="ALLOW"
    )
    discord_token: SecretStr | None = Field(default=None, validation_alias="DISCORD_TOKEN")
    # With its version.
    discord_api: Annotated[str, BeforeValidator(_url)] = Field(
        default=DISCORD_API, validation_alias="DISCORD_API_URL"
    )
    discord_gateway: Annotated[str | None, BeforeValidator(_gateway)] = Field(
        default=None, validation_alias="DISCORD_GATEWAY_URL"
    )
    discord_shards: Annotated[int, Field(ge=1, le=MOST_SHARDS)] = Field(
        default=1, validation_alias="DISCORD_SHARDS"
    )
    # The server for which alone the commands are set, while somebody works on them.
    discord_guild: Annotated[int | None, Field(ge=1)] = Field(
        default=None, validation_alias="DISCORD_DEV_GUILD"
    )

    @property
    def database_url(self) -> str:
        """Where the database is: the one that is set, else a file in the data folder."""
        return self.database or f"sqlite:///{self.folder / DATABASE_FILE}"

    @property
    def exports(self) -> Path:
        """The folder for files that are handed to the person."""
        return self.folder / "exports"

    @property
    def backups(self) -> Path:
        """The folder for copies of the database."""
        return self.folder / "backups"

    @property
    def telegram(self) -> str:
        """The token of the Telegram bot; empty without one."""
        return self.telegram_token.get_secret_value().strip() if self.telegram_token else ""

    @property
    def discord(self) -> str:
        """The token of the Discord bot; empty without one."""
        return self.discord_token.get_secret_value().strip() if self.discord_token else ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The platforms that have a token."""
        both = (("Telegram", self.telegram), ("Discord", self.discord))
        return tuple(name for name, token in both if token)


def read(folder: str | None = None) -> Settings:
    """Read the settings; ``folder`` as it was typed goes before LEGS_UP_DATA and DATABASE_URL.

    Raises `BadSetting`.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise BadSetting(str(error.errors()[0]["loc"][0])) from None
    except (OSError, ValueError):
        raise BadSetting(".env") from None
    if folder is None:
        return settings
    try:
        return settings.model_copy(update={"folder": _typed(folder), "database": None})
    except ValueError:
        raise BadSetting("--data") from None
