"""What is logged can be read by people and by programs, and tells nobody's words."""

import asyncio
import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from bot import logs
from bot.events import Address, Incoming, Lane, Text

SECRET = "xylophone"
OURS = logs.get("bot.tests")
THEIRS = logging.getLogger("somebodys.library")
FORMS: tuple[logs.Form, ...] = ("json", "text")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What `configure` changed is changed back."""
    loggers = [logging.getLogger(name) for name in (None, *logs.OURS)]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def written(form: logs.Form = "json", level: str = "DEBUG") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, stream, form)
    return stream


def alone() -> None:
    """Without pytest's own handlers, which fail at a text that does not fit its values."""
    logging.getLogger().handlers.clear()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(with_words: str) -> None:
    raise ValueError(with_words)


# How it looks


def test_a_line_for_programs_is_one_object() -> None:
    stream = written()
    OURS.warning("words wait", platform="telegram", lane=Lane.EXIT, seconds=1.5, name="a b")
    [line] = lines(stream)
    at = datetime.fromisoformat(str(line.pop("timestamp")))
    assert at.utcoffset() == timedelta(0)
    assert list(line) == ["level", "logger", "event", "platform", "lane", "seconds", "name"]
    assert line == {
        "level": "warning",
        "logger": "bot.tests",
        "event": "words wait",
        "platform": "telegram",
        "lane": "exit",
        "seconds": 1.5,
        "name": "a b",
    }


@pytest.mark.parametrize(
    ("stream", "form", "is_json"),
    [
        (Terminal(), "auto", False),
        (io.StringIO(), "auto", True),
        (Terminal(), "json", True),
        (io.StringIO(), "text", False),
    ],
)
def test_people_read_text_and_programs_json(
    stream: io.StringIO, form: logs.Form, is_json: bool
) -> None:
    logs.configure("INFO", stream, form)
    OURS.info("all is well", people=3)
    assert stream.getvalue().startswith("{") == is_json
    assert "all is well" in stream.getvalue()


def test_colours_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain, file = Terminal(), Terminal(), io.StringIO()
    for stream, wish in ((coloured, ""), (plain, "1"), (file, "")):
        monkeypatch.setenv("NO_COLOR", wish)
        logs.configure("INFO", stream, "text")
        OURS.info("all is well")
    assert ["\x1b" in stream.getvalue() for stream in (coloured, plain, file)] == [
        sys.platform != "win32",
        False,
        False,
    ]


def test_configured_twice_writes_once_and_to_the_last() -> None:
    first, second = written(), written()
    OURS.info("once")
    assert (first.getvalue(), len(lines(second))) == ("", 1)


def test_the_chosen_level_is_ours_and_libraries_begin_at_warning() -> None:
    stream = written(level="DEBUG")
    OURS.debug("ours")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        THEIRS.log(level, "theirs")
    assert [line["event"] for line in lines(stream)] == ["ours", "theirs"]
    quiet = written(level="ERROR")
    OURS.warning("ours")
    THEIRS.warning("theirs")
    assert quiet.getvalue() == ""


def test_one_logger_can_be_silenced() -> None:
    stream = written()
    log = logs.get("bot.tests.silenced")
    silenced = logging.getLogger("bot.tests.silenced")
    silenced.setLevel(logging.CRITICAL)
    log.error("not said")
    silenced.setLevel(logging.NOTSET)
    log.error("said")
    assert [line["event"] for line in lines(stream)] == ["said"]


# What it is about


def test_the_cause_is_in_every_record_made_meanwhile() -> None:
    stream = written()

    def theirs() -> None:
        THEIRS.warning("in a thread")

    async def all_of_it() -> None:
        with logs.about(cause="c1"):
            OURS.info("ours")
            THEIRS.warning("theirs")
            await asyncio.create_task(asyncio.to_thread(theirs))
            with logs.about(cause="c2"):
                OURS.info("within")
            OURS.info("a nearer one", cause="c3")
        OURS.info("after")

    asyncio.run(all_of_it())
    assert [(line["event"], line.get("cause")) for line in lines(stream)] == [
        ("ours", "c1"),
        ("theirs", "c1"),
        ("in a thread", "c1"),
        ("within", "c2"),
        ("a nearer one", "c3"),
        ("after", None),
    ]


# What it never tells


def ours_raised() -> None:
    try:
        fail(SECRET)
    except ValueError as error:
        OURS.exception("went wrong")
        OURS.error("went wrong", exc_info=error, stack_info=True)
        OURS.error("went wrong", what=error, all=[error])


def ours_from_another() -> None:
    try:
        try:
            fail(SECRET)
        except ValueError as error:
            raise ValueError(f"more {SECRET}") from error
    except ValueError:
        OURS.exception("went wrong")


def ours_whole_event() -> None:
    incoming = Incoming("1", Address("x", SECRET), SECRET, Text(SECRET))
    OURS.error("ValueError of %s", incoming, incoming=incoming, seen={SECRET: 1})


def theirs_raised() -> None:
    try:
        fail(SECRET)
    except ValueError as error:
        THEIRS.exception("went wrong")
        THEIRS.error("went wrong: %s, %r", SECRET, error, stack_info=True)
        THEIRS.error(f"went wrong: {error!r}")  # noqa: G004, RUF100 - as libraries do
        THEIRS.error(error)
        THEIRS.error("%(who)s", {"who": SECRET}, exc_info=error)
        THEIRS.error("%d", SECRET, extra={"request": SECRET})


def theirs_in_the_loop() -> None:
    async def forgotten() -> None:
        fail(SECRET)

    async def run() -> None:
        task = asyncio.create_task(forgotten())
        asyncio.get_running_loop().call_soon(fail, SECRET)
        await asyncio.wait([task])
        del task

    asyncio.run(run())


def theirs_on_the_clock() -> None:
    seen: list[object] = []
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_listener(seen.append)
    scheduler.start()
    job = scheduler.add_job(fail, args=[SECRET], name=SECRET)
    deadline = time.monotonic() + 10
    while scheduler.get_job(job.id) and time.monotonic() < deadline:
        time.sleep(0.01)
    scheduler.shutdown()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "tell",
    [
        ours_raised,
        ours_from_another,
        ours_whole_event,
        theirs_raised,
        theirs_in_the_loop,
        theirs_on_the_clock,
    ],
)
def test_an_exception_is_told_by_its_kind_and_place(
    tell: Callable[[], None],
    form: logs.Form,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone()
    stream = written(form)
    tell()
    told = stream.getvalue()
    assert "ValueError" in told
    assert SECRET not in told
    assert SECRET not in "".join(capsys.readouterr())
    if tell is not ours_whole_event:
        assert f"fail {__file__}" in told or tell is ours_from_another


def test_of_others_text_small_numbers_and_kinds_remain() -> None:
    alone()
    stream = written()
    THEIRS.warning("%s: retry in %.1f s, %d of %d", TimeoutError(SECRET), 2.5, 3, 5)
    THEIRS.warning("chat %s: %s", 4711_0815, True)
    THEIRS.warning("chat %d is gone", 4711_0815)
    THEIRS.warning("%s of two", 1, 2)
    THEIRS.warning("Unclosed connection\nclient: <x>")
    assert [line["event"] for line in lines(stream)] == [
        "<TimeoutError>: retry in 2.5 s, 3 of 5",
        "chat <int>: True",
        "chat %d is gone",
        "%s of two",
        "Unclosed connection...",
    ]


def test_a_stream_that_broke_is_no_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    alone()
    written().close()
    OURS.error("a last word", key=SECRET)
    THEIRS.error("a last word: %s", SECRET)
    assert capsys.readouterr() == ("", "")


# In tests


@pytest.mark.parametrize("configured", [False, True])
def test_tests_find_our_records_in_logging(
    caplog: pytest.LogCaptureFixture, configured: bool
) -> None:
    if configured:
        written()
    with suppress(ValueError), logs.about(cause="c1"):
        try:
            fail(SECRET)
        except ValueError:
            OURS.exception("100 % failed", platform="telegram")
            raise
    [record] = caplog.records
    assert (record.name, record.levelname) == ("bot.tests", "ERROR")
    assert record.getMessage() == "100 % failed"
    keys = record.__dict__["keys"]
    assert (keys["platform"], keys["cause"]) == ("telegram", "c1")
    assert keys["what"].startswith("ValueError in ")
    assert SECRET not in caplog.text + str(record.__dict__)
