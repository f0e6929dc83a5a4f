"""The doctor: what is set, how the database and the clock are, and what to do next."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import filelock
from babel import Locale

from bot.clock import RELEASED, Clock
from bot.content.words import Words, languages, plain
from bot.settings import Settings
from bot.store import StoreAway, StoreUnfit
from bot.store.file import File, damage, revisions
from bot.store.migrations import steps

if TYPE_CHECKING:
    from bot.store.server import Server


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of what was found; ``well`` is False where something must be done."""

    text: str
    well: bool = True


def examine(
    settings: Settings, database: "File | Server", release: str, say: Words, zone: str
) -> tuple[Finding, ...]:
    """Look at everything and change nothing."""
    found = [
        Finding(say("doctor.version", version=release, python=sys.version.split()[0])),
        *_settings(settings, say),
        Finding(say("doctor.database", path=database)),
        *(
            _file(database.path.absolute(), say)
            if isinstance(database, File)
            else _server(database, say)
        ),
        *_clock(Clock().now(), zone, say),
        Finding(say("doctor.zones", version=f"tzdata {version('tzdata')}")),
        Finding(say("doctor.languages", languages=", ".join(map(_language, languages())))),
    ]
    well = all(finding.well for finding in found)
    found.append(Finding(say("doctor.next.well" if well else "doctor.next.ill")))
    return tuple(Finding(plain(finding.text), finding.well) for finding in found)


def _settings(settings: Settings, say: Words) -> Iterator[Finding]:
    yield Finding(say("doctor.folder", folder=settings.folder))
    yield Finding(say("doctor.log", level=settings.log_level))
    if port := settings.health_port:
        yield Finding(say("doctor.port", port=f"{port.host}:{port.number}"))
    for platform in settings.tokens:
        yield Finding(say(f"doctor.token.{platform.lower()}"))
    if settings.telegram:
        yield Finding(say("doctor.telegram", api=settings.telegram_api, how=_receiving(settings)))
    if settings.discord:
        shards = settings.discord_shards
        yield Finding(say("doctor.discord", api=settings.discord_api, shards=shards))
    if settings.tokens:
        yield Finding(say("doctor.allow" if settings.allow else "doctor.allow_all"))
    else:
        yield Finding(say("doctor.no_token"))


def _receiving(settings: Settings) -> str:
    if settings.telegram_webhook is None:
        return "polling"
    listen = settings.telegram_listen
    return f"webhook {settings.telegram_webhook} -> {listen.host}:{listen.number}"


def _server(server: "Server", say: Words) -> Iterator[Finding]:
    try:
        found = server.look()
    except StoreUnfit as error:
        key = "doctor.server.foreign" if error.why == "foreign" else "doctor.server.closed"
        yield Finding(say(key, reason=error), well=False)
        return
    except StoreAway as error:
        yield Finding(say("doctor.server.closed", reason=error), well=False)
        return
    yield _schema(found.revisions, say) if found.revisions else Finding(say("doctor.none_yet"))
    yield Finding(say("doctor.size", size=kilobytes(found.size)))
    yield Finding(say("doctor.busy" if found.busy else "doctor.free"))


def kilobytes(size: int) -> str:
    """A size in bytes, as people read it."""
    return f"{max(1, round(size / 1000)):,}"


def _file(path: Path, say: Words) -> Iterator[Finding]:
    try:
        made = path.exists()
    except OSError as error:
        yield Finding(say("doctor.closed", reason=_reason(error)), well=False)
        return
    if not made:
        yield Finding(say("doctor.none_yet"))
        nearest = next(folder for folder in path.parents if folder.exists())
        if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
            yield Finding(say("doctor.not_writable", path=nearest), well=False)
        return
    try:
        found = revisions(path)
        harm = damage(path)
        size = path.stat().st_size
    except StoreUnfit:
        yield Finding(say("doctor.foreign"), well=False)
        return
    except (sqlite3.Error, OSError) as error:
        # Where nothing may be written, SQLite cannot even read a file in WAL mode.
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT:
            yield Finding(say("doctor.damaged", harm=_reason(error)), well=False)
        elif _writable(path):
            yield Finding(say("doctor.closed", reason=_reason(error)), well=False)
        else:
            yield Finding(say("doctor.not_writable", path=path), well=False)
        return
    yield _schema(found, say)
    if harm:
        yield Finding(say("doctor.damaged", harm=harm), well=False)
    yield Finding(say("doctor.size", size=kilobytes(size)))
    if not _writable(path):
        yield Finding(say("doctor.not_writable", path=path), well=False)
    yield Finding(say("doctor.busy" if _busy(path) else "doctor.free"))


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _schema(found: frozenset[str], say: Words) -> Finding:
    shown = ", ".join(sorted(found)) or "-"
    if found - set(steps()):
        return Finding(say("doctor.schema.newer", schema=shown), well=False)
    if found == {steps()[-1]}:
        return Finding(say("doctor.schema.current", schema=shown))
    return Finding(say("doctor.schema.older", schema=shown))


def _busy(path: Path) -> bool:
    """Whether a run has the file; asked by its lock, which is let go at once."""
    beside = Path(f"{path}.lock")
    if not beside.exists():
        return False
    try:
        with filelock.FileLock(beside, blocking=False):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False


def _clock(now: datetime, zone: str, say: Words) -> Iterator[Finding]:
    local = now.astimezone(ZoneInfo(zone or "UTC"))
    key = "doctor.clock" if zone else "doctor.clock.no_zone"
    yield Finding(say(key, utc=f"{now:%Y-%m-%d %H:%M}", local=f"{local:%Y-%m-%d %H:%M}", zone=zone))
    if now < RELEASED:
        yield Finding(say("doctor.clock.wrong", year=RELEASED.year), well=False)


def _language(code: str) -> str:
    return Locale.parse(code).english_name or code


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
