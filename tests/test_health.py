"""The port that tells machines how the program is; and what it takes to count a reminder."""

import http.client
import json
import socket
import threading
import time
from contextlib import closing

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from bot.events import Lane
from bot.health import DISCONNECTED, STANDSTILL, Health, PortUnusable, serving
from bot.metrics import Metrics
from bot.settings import BadSetting, Port, read

HERE = "127.0.0.1"
PATIENCE = 10.0


class HandClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ask(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    with closing(http.client.HTTPConnection(HERE, port, timeout=PATIENCE)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()


def health() -> Health:
    return Health(Metrics("1.2.3"), HandClock())


def numbers(port: int) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads them."""
    _, text = ask(port, "/metrics")
    return {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# Whether all goes well


def test_all_is_well() -> None:
    with serving(health(), HERE, 0) as port:
        answer, body = ask(port, "/healthz")
        assert (answer.status, json.loads(body)) == (200, {"status": "ok"})
        assert answer.headers["Content-Type"] == "application/json"


def test_the_reasons_of_trouble_are_named() -> None:
    clock = HandClock()
    of = Health(Metrics(), clock)

    def reasons() -> list[str]:
        answer, body = ask(port, "/healthz")
        said = json.loads(body)
        assert answer.status == (503 if said["status"] == "trouble" else 200)
        return said["reason"].split("; ") if "reason" in said else []

    with serving(of, HERE, 0) as port:
        of.store(away=True)
        assert reasons() == ["the database is away"]
        of.platform("telegram", connected=False)
        clock.now += STANDSTILL + 1
        assert reasons() == ["the event loop has stood still for 11 s", "the database is away"]
        of.store(away=False)
        clock.now += DISCONNECTED
        of.platform("telegram", connected=False)  # said again, it is gone for no less long
        [_, gone] = reasons()
        assert gone == "telegram has not been connected for 131 s"
        of.platform("telegram", connected=True)
        assert len(reasons()) == 1


def test_it_answers_while_the_event_loop_stands_still() -> None:
    clock = HandClock()
    of = Health(Metrics(), clock)

    with serving(of, HERE, 0) as port:
        clock.now += 1000
        of.beat(0)
        assert ask(port, "/healthz")[0].status == 200
        clock.now += STANDSTILL + 1
        assert ask(port, "/healthz")[0].status == 503
        of.beat(STANDSTILL)
        assert ask(port, "/healthz")[0].status == 200
        assert numbers(port)["legs_up_event_loop_lag_seconds_sum[]"] >= STANDSTILL


# The port


def test_it_answers_two_questions_and_no_others() -> None:
    with serving(health(), HERE, 0) as port:
        for path in ("/", "/metrics/", "/favicon.ico", "/../healthz"):
            assert ask(port, path)[0].status == 404
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert ask(port, "/healthz", method)[0].status == 501
        assert ask(port, "/healthz?verbose")[0].status == 200
        for path in ("/healthz", "/metrics"):
            answer, body = ask(port, path, "HEAD")
            assert (answer.status, body) == (200, "")
            assert int(answer.headers["Content-Length"]) > 0
            assert answer.headers["Server"] == "legs-up"


def test_a_client_that_hangs_keeps_no_other_waiting() -> None:
    with serving(health(), HERE, 0) as port:
        hanging = [socket.create_connection((HERE, port), PATIENCE) for _ in range(20)]
        for client in hanging:
            client.sendall(b"GET /met")
        assert ask(port, "/healthz")[0].status == 200
        began = time.monotonic()
    # The end does not wait for them either.
    assert time.monotonic() - began < 3
    for client in hanging:
        client.close()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(health(), HERE, 0) as port:
        ask(port, "/healthz")
        ask(port, "/nowhere")
        for garbage in (b"", b"\x00\xff\r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n"):
            with socket.create_connection((HERE, port), PATIENCE) as client:
                client.sendall(garbage)
        ask(port, "/healthz")
    assert capfd.readouterr() == ("", "")


def test_it_ends_and_begins_again_on_the_same_port() -> None:
    with serving(health(), HERE, 0) as port:
        ask(port, "/healthz")
    assert "health" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")
    with serving(health(), HERE, port) as again:
        assert again == port
        ask(port, "/healthz")


def test_a_port_that_cannot_be_had_is_named() -> None:
    with (
        serving(health(), HERE, 0) as port,
        pytest.raises(PortUnusable) as taken,
        serving(health(), HERE, port),
    ):
        pass
    assert (taken.value.port, taken.value.reason) == (f"{HERE}:{port}", "Address already in use")
    for host in ("192.0.2.1", "2001:db8::1", "a..b"):
        with pytest.raises(PortUnusable) as elsewhere, serving(health(), host, 9):
            pass
        assert elsewhere.value.reason


def test_it_listens_on_ipv6(request: pytest.FixtureRequest) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with serving(health(), "::1", 0) as port:
            socket.create_connection(("::1", port), PATIENCE).close()
    except PortUnusable as error:
        pytest.skip(error.reason)


# Numbers


def test_numbers_are_counted_by_kind() -> None:
    of = health()
    metrics = of.metrics
    metrics.woken(Lane.CUE, [0.01, 0.2, 7])
    metrics.woken(Lane.REMINDER, (seconds for seconds in (9999,)))
    metrics.wave(4)
    metrics.sent("telegram", Lane.CUE, "said", took=0.2, late=0.3)
    metrics.sent("telegram", Lane.CUE, "failed", took=30.0, late=31.0)
    metrics.sent("discord", Lane.REPLY, "later", took=0.1, late=0.1)
    metrics.waiting("discord", 12)
    metrics.database("turn", 0.002)
    of.store(away=True)
    of.platform("telegram", connected=True)
    with serving(of, HERE, 0) as port:
        found = numbers(port)
    cue, reminder = "[('kind', 'cue')]", "[('kind', 'reminder')]"
    assert found[f"legs_up_due_late_seconds_count{cue}"] == 3
    assert found[f"legs_up_due_late_seconds_sum{cue}"] == pytest.approx(7.21)
    assert found[f"legs_up_due_late_seconds_count{reminder}"] == 1
    for end, within in (("0.1", 1), ("0.25", 2), ("5.0", 2), ("10.0", 3), ("+Inf", 3)):
        labels = sorted({"kind": "cue", "le": end}.items())
        assert found[f"legs_up_due_late_seconds_bucket{labels}"] == within
    for outcome, platform in (("said", "telegram"), ("failed", "telegram"), ("later", "discord")):
        labels = sorted({"outcome": outcome, "platform": platform}.items())
        assert found[f"legs_up_send_seconds_count{labels}"] == 1
    assert found["legs_up_said_late_seconds_count[('lane', 'cue')]"] == 1
    assert "legs_up_said_late_seconds_count[('lane', 'reply')]" not in found
    assert found["legs_up_wave_people_sum[]"] == 4
    assert found["legs_up_waiting_words[('platform', 'discord')]"] == 12
    assert found["legs_up_database_seconds_count[('work', 'turn')]"] == 1
    assert found["legs_up_store_away[]"] == 1
    assert found["legs_up_platform_connected[('platform', 'telegram')]"] == 1
    assert found["legs_up_build_info[('version', '1.2.3')]"] == 1


def test_every_number_is_explained_and_named_as_prometheus_names() -> None:
    of = health()
    of.metrics.woken(Lane.EXIT, [1])
    with serving(of, HERE, 0) as port:
        _, text = ask(port, "/metrics")
        answer, newer = ask(
            port, "/metrics", Accept="application/openmetrics-text; version=1.0.0; charset=utf-8"
        )
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    for families in (text_string_to_metric_families(text), openmetrics_families(newer)):
        ours = [family for family in families if family.name.startswith("legs_up_")]
        assert len(ours) >= 9
        for family in ours:
            assert family.documentation.endswith("."), family.name
            if family.type == "histogram":
                assert family.name.endswith(("_seconds", "_people"))


def test_two_services_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.wave(1)
    assert other.registry.get_sample_value("legs_up_wave_people_count") == 0


def test_counting_is_cheap() -> None:
    """The budget is 2 us a reminder; ten times that is no slow machine but a mistake."""
    metrics, reminders = Metrics(), 2000
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        metrics.woken(Lane.REMINDER, [1.0] * reminders)
        for _ in range(reminders):
            metrics.sent("telegram", Lane.REMINDER, "said", 0.05, 1.0)
        best = min(best, (time.perf_counter() - began) / reminders)
    assert best < 20e-6


# The settings


@pytest.mark.parametrize(
    ("value", "port"),
    [
        ("", None),
        ("9090", Port(HERE, 9090)),
        (" 1 ", Port(HERE, 1)),
        ("192.0.2.1:65535", Port("192.0.2.1", 65535)),
        ("localhost:80", Port("localhost", 80)),
        ("[::]:9090", Port("::", 9090)),
    ],
)
def test_a_port_is_a_number_or_has_a_host(
    monkeypatch: pytest.MonkeyPatch, value: str, port: Port | None
) -> None:
    monkeypatch.setenv("HEALTH_PORT", value)
    assert read().health_port == port


@pytest.mark.parametrize(
    "value",
    ["0", "65536", "-1", "nine", "9 0", "٣", "1.5", ":90", "host:", "::1:90", "[]:90", "[9090"],
)
def test_what_is_no_port_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HEALTH_PORT", value)
    with pytest.raises(BadSetting) as refused:
        read()
    assert refused.value.name == "HEALTH_PORT"


def test_a_form_of_the_log_is_chosen_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read().log_format == "auto"
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    assert read().log_format == "json"
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(BadSetting) as refused:
        read()
    assert refused.value.name == "LOG_FORMAT"
