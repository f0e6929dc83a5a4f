"""Metrics: how much there is to do, how late it is done, and what it takes; numbers only.

How often is no metric of its own: every histogram has its count.
No label comes from a person: kinds are lanes, platforms are the adapters' names, and what the
database works on is named by the service.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache, partial
from itertools import accumulate
from typing import Literal

from prometheus_client import CollectorRegistry, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from bot.events import Lane

Outcome = Literal["said", "later", "unreachable", "refused", "failed"]
"""How a platform took words."""

LATE = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 10800)
"""Seconds: an optional cue is dropped after 5, a bedtime after an hour, an offer after three."""

TOOK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds that work takes, up to the patience with a platform."""

PEOPLE = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)

LANES = {lane: (lane.name.lower(),) for lane in Lane}


class Metrics:
    """What the service tells of itself, each thing in one call; read through ``registry``.

    `woken` and `sent` each belong to one thread; the rest is called from any.
    """

    def __init__(self, version: str = "") -> None:
        """``version`` of the program."""
        self.registry = CollectorRegistry()
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        tally = partial(Tally, registry=self.registry)
        self._due = tally("legs_up_due_late_seconds", "How late people had their turn.", ["kind"])
        self._wave = histogram("legs_up_wave_people", "People a wave.", buckets=PEOPLE)
        self._sent = tally(
            "legs_up_send_seconds", "What sending takes.", ["platform", "outcome"], ends=TOOK
        )
        self._said = tally("legs_up_said_late_seconds", "How late words are said.", ["lane"])
        self._waiting = gauge("legs_up_waiting_words", "Words that wait.", ["platform"])
        self._connected = gauge(
            "legs_up_platform_connected", "1 while the platform is connected.", ["platform"]
        )
        self._lag = histogram(
            "legs_up_event_loop_lag_seconds", "How late the event loop comes round.", buckets=TOOK
        )
        self._database = histogram(
            "legs_up_database_seconds", "What work of the database takes.", ["work"], buckets=TOOK
        )
        self._away = gauge("legs_up_store_away", "1 while the database cannot be used.")
        Info("legs_up_build", "The program.", registry=self.registry).info({"version": version})
        ProcessCollector(registry=self.registry)
        # Looking one up costs more than counting.
        self._database_by = cache(self._database.labels)

    def woken(self, kind: Lane, late: Iterable[float]) -> None:
        """People of one kind had their turn, so many seconds after they were due."""
        for seconds in late:
            self._due.add(LANES[kind], seconds)

    def wave(self, people: int) -> None:
        """A wave is over."""
        self._wave.observe(people)

    def sent(self, platform: str, lane: Lane, outcome: Outcome, took: float, late: float) -> None:
        """A platform took words, or did not; ``late``: seconds since they could be said."""
        self._sent.add((platform, outcome), took)
        if outcome == "said":
            self._said.add(LANES[lane], late)

    def waiting(self, platform: str, words: int) -> None:
        """So many words wait for a platform now."""
        self._waiting.labels(platform).set(words)

    def connected(self, platform: str, yes: bool) -> None:
        """A platform is connected, or no longer."""
        self._connected.labels(platform).set(yes)

    def lag(self, seconds: float) -> None:
        """The event loop came round so late."""
        self._lag.observe(seconds)

    def database(self, work: str, seconds: float) -> None:
        """The database took so long for one kind of work."""
        self._database_by(work).observe(seconds)

    def store_away(self, yes: bool) -> None:
        """The database cannot be used, or can again."""
        self._away.set(yes)


class Tally(Collector):
    """A histogram for what each reminder passes: a third of the price of the library's.

    It takes no lock: one thread adds, any may collect.
    """

    def __init__(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str],
        *,
        ends: Sequence[float] = LATE,
        registry: CollectorRegistry,
    ) -> None:
        """``ends``: where its buckets end, ascending; one more has no end."""
        self._family = partial(HistogramMetricFamily, name, meaning, labels=labels)
        self._ends = ends
        self._names = (*(str(float(end)) for end in ends), "+Inf")
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        registry.register(self)

    def add(self, labels: tuple[str, ...], value: float) -> None:
        """Count a value."""
        if labels not in self._counts:
            self._sums[labels] = 0.0
            self._counts[labels] = [0] * len(self._names)
        self._counts[labels][bisect_left(self._ends, value)] += 1
        self._sums[labels] += value

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """All that was counted; as Prometheus has it, a bucket holds those before it, too."""
        family = self._family()
        for labels, counts in tuple(self._counts.items()):
            buckets = list(zip(self._names, accumulate(counts), strict=True))
            family.add_metric(labels, buckets, self._sums[labels])
        return (family,)
