"""The command line: run, chat, doctor and so on. The only room that knows the adapters."""

import argparse
import logging
import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, reset_tzpath

from adapters.terminal.here import NoSuchZone, language, machine_zone, zone_named
from bot.content.words import Words, plain, words

if TYPE_CHECKING:
    from adapters.terminal.chat import Terminal
    from bot.health import Health
    from bot.service import Service
    from bot.settings import Settings
    from bot.store import Store
    from bot.store.backup import Backups

# Whatever takes long to import is imported where it is used: a wrong flag answers at once.

EARLIEST, LATEST = 2020, 2100
"""Years that ``--at`` may name: beyond them some time zone's rules are only a guess."""

FINE, REFUSED, MISUSED = 0, 1, 2
SECOND_INTERRUPT = 130


class Refusal(Exception):
    """Something cannot be done, in words for the person who asked."""

    def __init__(self, text: str, status: int = REFUSED) -> None:
        """``text`` says what is wrong and what to do; ``status`` is the exit status."""
        super().__init__(text)
        self.text = text
        self.status = status


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the result is the exit status."""
    _open_streams()
    # The packaged time zones, not the machine's: when these change, the store knows.
    reset_tzpath(())
    say = words(language(os.environ))
    # Until the chat minds its own signals, both mean the same: leave quietly.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _dispatch(_parser().parse_args(_with_command(arguments)), say)
    except Refusal as refusal:
        print(refusal.text, file=sys.stderr)
        return refusal.status
    except KeyboardInterrupt:
        return FINE
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except Exception as error:  # noqa: BLE001 - the last line between a person and a traceback
        # Its place, not its message: that could hold a person's words.
        place = "".join(traceback.format_tb(error.__traceback__))
        logging.getLogger(__name__).debug("%s\n%s", type(error).__name__, place)
        print(plain(say("cli.unforeseen", kind=type(error).__name__)), file=sys.stderr)
        return REFUSED


def _open_streams() -> None:
    """Streams that can be used: one that was closed (``<&-``) is empty, any letter is printed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free descriptor, so the next file (the database) does not become it.
            empty = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, empty)
        getattr(sys, name).reconfigure(errors="replace")


def _with_command(arguments: list[str] | None) -> list[str]:
    """``legs-up --zone Asia/Tokyo`` is a run, too."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and (not given[0].startswith("-") or given[0] in ("-h", "--help", "--version")):
        return given
    return ["run", *given]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="legs-up",
        description="Legs up the wall after a run or before bed, led step by step.",
        epilog="Without a command: run.",
    )
    parser.add_argument("--version", action="version", version=f"legs-up {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, meaning in (
        ("run", "open every platform that has a token; without one, the chat in this terminal"),
        ("chat", "open the chat in this terminal"),
        ("doctor", "say what is set, how the database and the clock are, and what to do next"),
        ("migrate", "bring the database up to date"),
        ("backup", "copy the database, while it is in use or not"),
        ("restore", "put a backup in its place; without a file, list the backups"),
    ):
        command = commands.add_parser(name, help=meaning, description=meaning)
        command.add_argument(
            "--data", metavar="DIR", help="folder for all data, before every setting"
        )
        if name == "backup":
            command.add_argument("to", metavar="TO", nargs="?", help="a folder, or a new file")
        if name == "restore":
            command.add_argument("file", metavar="FILE", nargs="?", help="the backup")
        if name in ("run", "chat"):
            command.add_argument(
                "--at", metavar="WHEN", help='start the clock there: "2027-03-27 20:00"'
            )
            command.add_argument("--zone", help="time zone, such as Europe/Berlin")
    return parser


def _version() -> str:
    try:
        return version("legs-up")
    except PackageNotFoundError:
        return "0 (not installed)"


def _dispatch(chosen: argparse.Namespace, say: Words) -> int:
    from bot.settings import BadSetting, read

    try:
        settings = read(chosen.data)
    except BadSetting as error:
        key = f"cli.setting.{error.name.lower().strip('.-')}"
        raise Refusal(plain(say(key, name=error.name)), MISUSED) from None
    _log(settings, chat=chosen.command == "chat" or not settings.tokens)
    match chosen.command:
        case "doctor":
            return _doctor(settings, say)
        case "migrate":
            return _migrate(settings, say)
        case "backup":
            return _backup(settings, say, chosen)
        case "restore":
            return _restore(settings, say, chosen)
        case "run" if settings.tokens:
            return _serve(settings, say, chosen)
        case _:
            return _chat(settings, say, chosen)


def _log(settings: "Settings", *, chat: bool) -> None:
    from bot import logs

    logs.configure(settings.log_level, sys.stderr, settings.log_format)
    if chat and sys.stderr.isatty() and settings.log_level == "WARNING":
        # The chat itself says so, and a log line would stand in the middle of it.
        logging.getLogger("bot.service.outages").setLevel(logging.CRITICAL)


def _store(settings: "Settings", say: Words) -> "Store":
    from sqlalchemy.exc import ArgumentError

    from bot.store import Store, StoreUnknown

    try:
        return Store(settings.database_url, folder=settings.folder)
    except (StoreUnknown, ArgumentError):
        raise Refusal(plain(say("cli.unknown_database")), MISUSED) from None


@contextmanager
def _opened(settings: "Settings", say: Words) -> "Iterator[Store]":
    """The database, opened and up to date; whatever speaks against it becomes a `Refusal`."""
    from bot.store import StoreBusy, StoreTooNew

    store = _store(settings, say)
    kind = store.database.kind
    try:
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        folder, reason = settings.folder, error.strerror or type(error).__name__
        raise Refusal(plain(say("cli.folder", folder=folder, reason=reason))) from None
    try:
        with _unusable(store, say):
            store.open()
            yield store
    except StoreBusy:
        raise Refusal(plain(say(f"cli.busy.{kind}"))) from None
    except StoreTooNew:
        raise Refusal(plain(say("cli.too_new"))) from None
    finally:
        store.close()


@contextmanager
def _unusable(store: "Store", say: Words) -> Iterator[None]:
    """Whatever is wrong with the database becomes a `Refusal`."""
    from bot.store import StoreAway, StoreUnfit

    name, kind = store.database, store.database.kind
    try:
        yield
    except StoreUnfit as error:
        raise Refusal(plain(say(f"cli.{kind}.{error.why}", name=name))) from None
    except StoreAway as error:
        raise Refusal(plain(say(f"cli.{kind}.other", reason=error))) from None


def _doctor(settings: "Settings", say: Words) -> int:
    from bot.doctor import examine

    database = _store(settings, say).database
    found = examine(settings, database, _version(), say, machine_zone())
    for finding in found:
        print(finding.text if finding.well else f"! {finding.text.strip()}")
    return FINE if all(finding.well for finding in found) else REFUSED


def _migrate(settings: "Settings", say: Words) -> int:
    with _opened(settings, say):
        print(plain(say("cli.migrated")))
    return FINE


def _backups(settings: "Settings", store: "Store") -> "Backups | None":
    """The backups of a file; a server's are made by its own tools."""
    from bot.store.backup import Backups
    from bot.store.file import File

    file = store.database
    return Backups(file, settings.backups) if isinstance(file, File) else None


def _to_restore(file: object, chosen: argparse.Namespace) -> str:
    """What to type to go back to a file, in the folder that was chosen."""
    data = ["--data", chosen.data] if chosen.data else []
    return shlex.join(["legs-up", "restore", str(file), *data])


def _backup(settings: "Settings", say: Words, chosen: argparse.Namespace) -> int:
    from bot.clock import Clock
    from bot.doctor import kilobytes
    from bot.store.backup import CannotCopy

    store = _store(settings, say)
    backups = _backups(settings, store)
    if backups is None:
        raise Refusal(plain(say("cli.backup.server", folder=settings.folder)))
    try:
        with _unusable(store, say):
            made = backups.make(Clock().now(), Path(chosen.to) if chosen.to else None)
    except CannotCopy as no:
        text = say(f"cli.backup.{no.why}", path=no.path, reason=no.reason)
        raise Refusal(plain(text)) from None
    size, command = kilobytes(made.stat().st_size), _to_restore(made, chosen)
    print(plain(say("cli.backup.made", path=made, size=size, command=command)))
    return FINE


def _restore(settings: "Settings", say: Words, chosen: argparse.Namespace) -> int:
    from bot.clock import Clock
    from bot.store import StoreBusy
    from bot.store.backup import CannotCopy

    store = _store(settings, say)
    backups = _backups(settings, store)
    if backups is None:
        raise Refusal(plain(say("cli.restore.server", folder=settings.folder)))
    file = chosen.file
    if not file:
        return _list(backups, say, chosen)
    try:
        with _unusable(store, say):
            done = backups.restore(Path(file), Clock().now())
    except StoreBusy:
        raise Refusal(plain(say("cli.restore.busy", command=_to_restore(file, chosen)))) from None
    except CannotCopy as no:
        text = say(f"cli.restore.{no.why}", path=no.path, reason=no.reason)
        raise Refusal(plain(text)) from None
    print(plain(say.count("cli.restore.done", done.people, path=file)))
    if done.again:
        print(plain(say.count("cli.restore.again", done.again)))
    if done.aside:
        print(plain(say("cli.restore.aside", path=done.aside)))
    return FINE


def _list(backups: "Backups", say: Words, chosen: argparse.Namespace) -> int:
    from bot.doctor import kilobytes

    zone = ZoneInfo(machine_zone() or "UTC")
    found = backups.all()
    if not found:
        print(plain(say("cli.restore.none", folder=backups.folder)))
        return FINE
    print(plain(say("cli.restore.list", folder=backups.folder)))
    for each in found:
        at, size = each.at.astimezone(zone), kilobytes(each.size)
        text = say("cli.restore.entry", name=each.path.name, at=f"{at:%Y-%m-%d %H:%M}", size=size)
        print(plain(text))
    command = _to_restore(found[0].path.name, chosen)
    print(plain(say("cli.restore.how", command=command)))
    return FINE


def _chat(settings: "Settings", say: Words, chosen: argparse.Namespace) -> int:
    import asyncio

    from adapters.terminal.chat import HOME, Terminal
    from bot.clock import Clock
    from bot.health import Health
    from bot.metrics import Metrics
    from bot.service import Service

    named = _zone(chosen.zone, say) if chosen.zone else ""
    local = _local(chosen.at, say) if chosen.at else None
    _inspect(say)
    with _opened(settings, say) as store:
        zone = named or machine_zone()
        # The time that they read off their own clock, in the zone that they chose.
        kept = None if named else store.clock_at(HOME)
        theirs = kept or ZoneInfo(zone or "UTC")
        # A time that the clock skips is shifted by the gap.
        start = local.replace(tzinfo=theirs).astimezone(UTC) if local else None
        clock = Clock(_start_of_clock(store, start, say, theirs) if start else timedelta())
        terminal = Terminal(clock, settings.exports, language(os.environ), zone, bool(named))
        health = Health(Metrics(_version()))
        service = Service(store, clock, [terminal], health=health)
        service.backups = _backups(settings, store)
        with _served(settings, health, say):
            asyncio.run(_talk(service, terminal, start))
    print(plain(say("cli.kept_before" if service.away else "cli.kept")))
    return FINE


@contextmanager
def _served(settings: "Settings", health: "Health", say: Words) -> Iterator[None]:
    """With the health port open, if one is set."""
    from bot.health import PortUnusable, serving

    if settings.health_port is None:
        yield
        return
    try:
        with serving(health, settings.health_port.host, settings.health_port.number):
            yield
    except PortUnusable as error:
        raise Refusal(plain(say("cli.port", port=error.port, reason=error.reason))) from None


def _inspect(say: Words) -> None:
    """Nobody is led by content that contradicts itself."""
    from bot.practice.inspection import Unfit, inspect

    try:
        inspect()
    except Unfit as faults:
        raise Refusal(plain(say("cli.unfit", faults=faults))) from None


def _zone(name: str, say: Words) -> str:
    try:
        return zone_named(name).key
    except NoSuchZone as error:
        near = ", ".join(error.near) or "Europe/Berlin, America/New_York"
        raise Refusal(plain(say("cli.zone", zone=name, near=near)), MISUSED) from None


def _local(wanted: str, say: Words) -> datetime:
    """What ``--at`` says, as a clock on the wall shows it."""
    try:
        local = datetime.fromisoformat(wanted.strip())
    except ValueError:
        local = None
    if local is None or local.tzinfo or not EARLIEST <= local.year <= LATEST:
        text = say("cli.at", at=wanted, earliest=EARLIEST, latest=LATEST)
        raise Refusal(plain(text), MISUSED)
    return local


async def _talk(service: "Service", terminal: "Terminal", start: datetime | None) -> None:
    import gc

    _mind_signals(terminal.stop)
    # Whatever is loaded by now stays: walking it would stop everything for a tenth of a second.
    gc.freeze()
    async with service:
        terminal.greet()
        if start:
            await service.travel(start)
        await terminal.run(service)


def _serve(settings: "Settings", say: Words, chosen: argparse.Namespace) -> int:
    """Everything that has a token, until it is stopped."""
    import asyncio

    from bot.clock import Clock
    from bot.serving import CannotServe, check

    if chosen.at or chosen.zone:
        raise Refusal(plain(say("cli.not_with_token")), MISUSED)
    _inspect(say)
    try:
        with _opened(settings, say) as store:
            check(settings, store)
            if float(store.get("clock_offset") or 0):
                # A time that was tried out in the terminal is no time for other people.
                store.put("clock_offset", "0")
                store.clamp(Clock().now())
            asyncio.run(_until_stopped(settings, store, say))
    except CannotServe as no:
        raise Refusal(plain(say(no.key, **no.values)), no.status) from None
    print(plain(say("cli.closed")))
    return FINE


async def _until_stopped(settings: "Settings", store: "Store", say: Words) -> None:
    import asyncio

    from bot.clock import Clock
    from bot.hands import Hands
    from bot.health import Health
    from bot.metrics import Metrics
    from bot.service import Service
    from bot.serving import platforms, serve

    stop = asyncio.Event()
    _mind_signals(stop.set)
    bots = platforms(settings)
    service = Service(store, Clock(), bots, health=Health(Metrics(_version())))
    service.backups, service.hands = _backups(settings, store), Hands()
    service.allow = settings.allow
    with _served(settings, service.health, say):
        await serve(settings, bots, service, say, stop)


def _start_of_clock(store: "Store", start: datetime, say: Words, zone: tzinfo) -> timedelta:
    """The offset from which to travel to ``start``: the last thing that happened, if any did.

    From there each due moment up to ``start`` has its own time, and time never goes back.
    """
    from bot.clock import Clock

    last = store.last_at()
    if last and start < last:
        local = last.astimezone(zone) + timedelta(minutes=1)
        raise Refusal(plain(say("cli.too_early", earliest=f"{local:%Y-%m-%d %H:%M}")))
    return (last or start) - Clock().now()


def _mind_signals(stop: Callable[[], None]) -> None:
    """The first Ctrl-C (or SIGTERM, or a closed window) stops calmly, the second at once."""
    import asyncio

    loop = asyncio.get_running_loop()
    minded = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def first() -> None:
        for number in minded:
            loop.remove_signal_handler(number)
            signal.signal(number, lambda *_: os._exit(SECOND_INTERRUPT))
        stop()

    for number in minded:
        loop.add_signal_handler(number, first)


if __name__ == "__main__":
    sys.exit(main())
