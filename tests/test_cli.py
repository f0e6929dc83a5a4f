"""The real program, through pipes and through a terminal of its own."""

import os
import random
import re
import select
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "bot")
PATIENCE = 30.0
KEPT = "All kept. `make run` picks up here."
PROMPT = "\r\n> "

# A terminal of its own: without it Ctrl-C is only a character.
OWN_TERMINAL = (
    sys.executable,
    "-c",
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])",
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nothing of the machine's: no settings, no language, no colours."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LEGS_UP_DATA": str(tmp_path / "data"),
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "TZ": "Europe/Berlin",
    }


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]):
    def run(
        *arguments: str, lines: str | bytes = b"", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            input=lines.encode() if isinstance(lines, str) else lines,
            capture_output=True,
            cwd=tmp_path,
            env=environment | settings,
            timeout=PATIENCE * 4,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in out + err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run


class Screen:
    """The program in a terminal: what it shows, and keys to press."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.master, slave = os.openpty()
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.shown = ""
        self.process = subprocess.Popen(
            [*OWN_TERMINAL, *PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )

    def until(self, text: str) -> str:
        """Wait for a text, and take everything up to it off the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} never came; shown was:\n{self.shown}"
            if select.select([self.master], [], [], left)[0]:
                self.shown += os.read(self.master, 65536).decode(errors="replace")
        before, _, self.shown = self.shown.partition(text)
        return before

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def end(self) -> int:
        """The exit status; the terminal must be as it was found."""
        status = self.process.wait(PATIENCE)
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 65536).decode(errors="replace")
        assert "Traceback" not in self.shown
        assert termios.tcgetattr(self.slave) == self.before
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def screen(tmp_path: Path, environment: dict[str, str]) -> Iterator[Screen]:
    screen = Screen(tmp_path, environment)
    yield screen
    screen.close()


class TestPiped:
    def test_lines_are_answered_in_order(self, run) -> None:
        done = run(lines="/help\n>> 1w\n99\n\n>> nonsense\n>> reset\n/help")
        assert done.returncode == 0
        prompts = re.findall(r"^(?:\[.*\] )?> .*$", done.stdout, re.MULTILINE)
        assert len(prompts) == 7
        assert prompts[0] == "> /help"
        assert re.fullmatch(r"\[\w{3} \d{1,2} \w{3} (\d{4} )?\d\d:\d\d\] > 99", prompts[2])
        assert "There is no 99 here." in done.stdout
        assert "Back to real time." in done.stdout
        assert prompts[-1] == "> /help"
        assert done.stdout.rstrip().endswith(KEPT)
        assert done.stderr == ""

    def test_no_line_at_all(self, run) -> None:
        done = run()
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "2>&-"])
    def test_closed_streams(self, tmp_path: Path, environment: dict[str, str], closed: str) -> None:
        command = f'"$@" {closed}'
        done = subprocess.run(
            ["sh", "-c", command, "sh", *PROGRAM],
            input=b"",
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")

    def test_nobody_reads_any_more(self, tmp_path: Path, environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            PROGRAM,
            input=b"/help\n" * 50,
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, b"")

    def test_garbage_changes_nothing(self, run, tmp_path: Path) -> None:
        run(lines="1\n")
        before = run().stdout
        done = run(lines=b"\n".join(garbage(400)) + b"\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert run().stdout == before
        assert run("doctor").returncode == 0


PIECES = (
    *(b"\x00", b"\xff\xfe", b"\x1b[2J", b"\xed\xa0\x80", b"\r", b"\t", b"{}", b"%s", b"*_\\"),
    *(b"'; DROP TABLE person; --", b"/", b">>", b"1 2 3"),
    *(text.encode() for text in ("\u202e", "\u2028", "é", "🦵")),
)


def garbage(lines: int) -> Iterator[bytes]:
    """Lines of bytes that press no button, name no moment and no command that exists."""
    chance = random.Random(2)
    for number in range(lines):
        line = chance.choice((b"?", b">> ?", b"/?", b"/x")) + b"".join(
            chance.choices(PIECES, k=chance.randrange(1, 12))
        )
        long = chance.randbytes(20_000).replace(b"\n", b"") if number % 100 == 0 else b""
        yield line + long


class TestInATerminal:
    @pytest.mark.parametrize("keys", ["\x03", "half a wo\x03", ">> 50w\r\x03"])
    def test_ctrl_c(self, screen: Screen, keys: str) -> None:
        screen.until(PROMPT)
        screen.type(keys)
        screen.until(KEPT)
        assert screen.end() == 0

    def test_ctrl_d(self, screen: Screen) -> None:
        screen.until(PROMPT)
        screen.type("\x04")
        screen.until(KEPT)
        assert screen.end() == 0

    def test_being_told_to_end(self, screen: Screen) -> None:
        screen.until(PROMPT)
        screen.process.send_signal(signal.SIGTERM)
        screen.until(KEPT)
        assert screen.end() == 0

    def test_ctrl_c_while_it_starts(self, screen: Screen) -> None:
        screen.until("Legs Up.")
        screen.type("\x03")
        assert screen.end() == 0

    def test_a_closed_window(self, screen: Screen) -> None:
        screen.until(PROMPT)
        screen.process.send_signal(signal.SIGHUP)
        assert screen.end() == 0

    def test_lines_can_be_edited(self, screen: Screen) -> None:
        screen.until(PROMPT)
        screen.type("98\x7f9\r")
        screen.until("There is no 99 here.")
        screen.type("\x03")
        assert screen.end() == 0

    def test_a_second_run_is_refused_and_the_doctor_sees_the_first(self, screen, run) -> None:
        screen.until(PROMPT)
        second = run("chat", lines="/help\n")
        assert (second.returncode, second.stdout) == (1, "")
        assert "already open" in second.stderr
        doctor = run("doctor")
        assert doctor.returncode == 0
        assert "in use" in doctor.stdout
        screen.type("\x03")
        assert screen.end() == 0


NOON = ("--at", "2026-11-23 12:00")
UP = "\n".join(
    ["I agree", *["None of these"] * 4, "Now", "None of these, start", "Next", "Next", ""]
)
"""From the first words to the last card before the clock starts, by the labels of the buttons."""

MOVED_PROMPT = "] > "


class TestInMidHold:
    def test_ctrl_c_loses_nothing(self, run, tmp_path: Path, environment: dict[str, str]) -> None:
        assert "The clock starts" in run("chat", *NOON, lines=UP + "I'm in place\n>>\n").stdout
        screen = Screen(tmp_path, environment)
        screen.until("You are at ")
        screen.until(MOVED_PROMPT)
        screen.type(">>\r")
        screen.until(MOVED_PROMPT)
        screen.type("hal\x03")
        screen.until(KEPT)
        assert screen.end() == 0
        screen.close()
        again = run(lines=">>\n" * 4 + "Lighter\n>> 30m\n/stats\n")
        assert again.returncode == 0
        assert "You are at " in again.stdout
        assert "1 rest so far" in again.stdout

    def test_words_come_above_what_is_being_typed(
        self, run, tmp_path: Path, environment: dict[str, str]
    ) -> None:
        run("chat", *NOON, lines=UP)
        screen = Screen(tmp_path, environment)
        screen.until("The clock starts in ")
        screen.until(MOVED_PROMPT)
        screen.type(">> 55s\r")
        screen.until(MOVED_PROMPT)
        screen.type("come do")
        screen.until("come do")
        before = screen.until("Come down")  # The clock started by itself: a button of its message.
        assert "\r\x1b[J" in before
        screen.until(f"{MOVED_PROMPT}come do")
        screen.type("wn\r")
        screen.until(MOVED_PROMPT)
        screen.type("\x04")
        screen.until(KEPT)
        assert screen.end() == 0
        screen.close()


class TestStoreAway:
    @pytest.mark.parametrize(
        "keys",
        ["half a wo\x03", *(pytest.param(each, marks=pytest.mark.soak) for each in "\x03\x04")],
    )
    def test_leaving(self, screen: Screen, tmp_path: Path, keys: str) -> None:
        screen.until(PROMPT)
        screen.type("1\r")
        screen.until(PROMPT)
        (database,) = (tmp_path / "data").glob("*.sqlite3")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            screen.type("stop\r")
            shown = screen.until("Come out slowly now")
            shown += screen.until(PROMPT)
            screen.type("/what\r")
            shown += screen.until("I can't get at my notes")
            shown += screen.until(PROMPT)
            screen.type(keys)
            shown += screen.until("All from before that is kept")
            assert screen.end() == 0
        assert "ERROR" not in shown + screen.shown

    def test_stop_is_not_forgotten(self, screen: Screen, tmp_path: Path) -> None:
        screen.until(PROMPT)
        (database,) = (tmp_path / "data").glob("*.sqlite3")
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            screen.type("stop\r")
            screen.until("Come out slowly now")
            screen.until(PROMPT)
        screen.until("Quiet")
        screen.type("\x04")
        screen.until(KEPT)
        assert screen.end() == 0


class TestFlags:
    def test_a_date_and_a_zone(self, run) -> None:
        done = run("--at", "2027-03-27 20:00", "--zone", "Asia/Tokyo", lines="/help\n")
        assert done.returncode == 0
        assert re.search(r"\[Sat 27 Mar (2027 )?20:00\] > /help", done.stdout)

    def test_time_goes_on_and_never_back(self, run) -> None:
        assert run("chat", "--at", "2027-03-27 20:00", lines="1\n").returncode == 0
        refused = run("chat", "--at", "2027-03-27 19:00")
        assert refused.returncode == 1
        assert "2027-03-27 20:0" in refused.stderr
        later = run("chat", "--at", "2027-03-28 07:00", lines="/help\n")
        assert re.search(r"\[Sun 28 Mar (2027 )?07:00\] > /help", later.stdout)

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (("chat", "--at", "tomorrow"), "2027-03-27 20:00"),
            (("chat", "--at", "9999-01-01 00:00"), "2027-03-27 20:00"),
            (("--zone", "Europe/Berlni"), "Europe/Berlin"),
            (("--zone", "../../etc/passwd"), "Europe/Berlin"),
            (("dance",), "chat"),
            (("chat", "--data", ""), "--data"),
            (("doctor", "--data", " "), "--data"),
        ],
    )
    def test_mistakes_are_explained(
        self, run, tmp_path: Path, arguments: tuple[str, ...], hint: str
    ) -> None:
        done = run(*arguments)
        assert list(tmp_path.iterdir()) == []
        assert (done.returncode, done.stdout) == (2, "")
        assert hint in done.stderr

    def test_missed_moments_come_below_the_header(self, run) -> None:
        run("chat", *NOON, lines=UP + "I'm in place\n")
        done = run("chat", "--at", "2026-11-23 15:00")
        assert done.returncode == 0
        assert done.stdout.startswith("Legs Up.")
        assert "Let the breath out grow" in done.stdout

    def test_the_clock_of_the_person(self, run) -> None:
        """Of the machine, until they name another; said when it changes, and only then."""
        told = "Is that right?"
        first = run("--at", "2027-03-27 20:00", "--zone", "GB", lines="1\n")
        assert told not in first.stdout
        assert told not in run("--zone", "gb", lines="").stdout
        moved = run("--zone", "Asia/Tokyo", lines="")
        assert "Tokyo: Sunday 28 Mar," in moved.stdout
        assert told in moved.stdout
        assert told not in run("--zone", "Asia/Tokyo", lines="").stdout
        later = run("--at", "2027-03-29 07:00", lines="/help\n/zone America/New_York\n/help\n")
        assert re.search(r"\[Mon 29 Mar (2027 )?07:00\] > /help", later.stdout)
        assert re.search(r"\[Sun 28 Mar (2027 )?18:00\] > /help", later.stdout)

    def test_data_elsewhere(self, run, tmp_path: Path) -> None:
        assert run("migrate", "--data", str(tmp_path / "elsewhere")).returncode == 0
        assert list((tmp_path / "elsewhere").glob("*.sqlite3"))
        assert run("doctor", "--data", "~nobody-of-that-name/x").returncode == 2
        assert not (tmp_path / "data").exists()


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "hint"),
        [
            ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
            ({"LEGS_UP_DATA": "~nobody-of-that-name/x"}, "LEGS_UP_DATA"),
            ({"DATABASE_URL": "mysql://user:secret@host/x"}, "DATABASE_URL"),
            ({"DATABASE_URL": "what?"}, "DATABASE_URL"),
        ],
    )
    def test_a_bad_value_is_named(self, run, settings: dict[str, str], hint: str) -> None:
        for command in ("run", "doctor"):
            done = run(command, **settings)
            assert (done.returncode, done.stdout) == (2, "")
            assert hint in done.stderr
            assert "secret" not in done.stderr

    def test_a_folder_that_cannot_be_used(self, run, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        done = run(LEGS_UP_DATA=str(tmp_path / "file"))
        assert (done.returncode, done.stdout) == (1, "")
        assert "LEGS_UP_DATA" in done.stderr

    def test_empty_counts_as_not_set(self, run) -> None:
        assert run("doctor", LOG_LEVEL="", TELEGRAM_TOKEN="", DATABASE_URL="").returncode == 0

    def test_the_file_beside_it(self, run, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("LOG_LEVEL=loud\n")
        assert run("doctor").returncode == 2
        assert run("doctor", LOG_LEVEL="ERROR").returncode == 0
        (tmp_path / ".env").write_bytes(b"\xff\xfe")
        assert ".env" in run("doctor").stderr

    def test_tokens_are_never_shown(self, run) -> None:
        token = "123456:a-made-up-token"
        doctor = run("doctor", TELEGRAM_TOKEN=token, DISCORD_TOKEN=token, LOG_LEVEL="DEBUG")
        assert doctor.returncode == 0
        assert "Telegram token: set" in doctor.stdout
        assert "Discord token: set" in doctor.stdout
        assert token not in doctor.stdout + doctor.stderr


class TestDoctor:
    def test_it_makes_nothing(self, run, tmp_path: Path) -> None:
        done = run("doctor")
        assert done.returncode == 0
        assert "none yet" in done.stdout
        assert list(tmp_path.iterdir()) == []

    def test_it_finds_what_is_wrong(self, run, tmp_path: Path) -> None:
        run("migrate")
        (database,) = (tmp_path / "data").glob("*.sqlite3")
        database.write_bytes(b"not a database at all" * 500)
        for file in database.parent.glob(database.name + "-*"):
            file.unlink()
        done = run("doctor")
        assert done.returncode == 1
        assert "! does not open" in done.stdout
        refused = run(lines="/help\n")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"{database} is not a database" in refused.stderr
        assert "I changed nothing" in refused.stderr

    def test_it_finds_damage_in_the_middle(self, run, tmp_path: Path) -> None:
        run("migrate")
        (database,) = (tmp_path / "data").glob("*.sqlite3")
        content = database.read_bytes()
        begins, harmed = len(content) // 2, len(content) // 4
        rest = content[begins + harmed :]  # with what SQLite has to read first
        database.write_bytes(content[:begins] + b"x" * harmed + rest)
        done = run("doctor")
        assert done.returncode == 1
        assert "! is damaged" in done.stdout

    def test_it_finds_another_programs_database(self, run, tmp_path: Path) -> None:
        path = tmp_path / "recipes.db"
        with closing(sqlite3.connect(path)) as other:
            other.execute("create table recipe (id)")
        url = {"DATABASE_URL": f"sqlite:///{path}"}
        before = path.read_bytes()
        done = run("doctor", **url)
        assert done.returncode == 1
        assert "! belongs to another program" in done.stdout
        for command in ("chat", "migrate"):
            refused = run(command, **url)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert f"{path} is the database of another program" in refused.stderr
        assert path.read_bytes() == before
