"""What is measured, section by section. Each prints its tables and notes what was promised."""

from collections.abc import Callable, Iterator

from bench.measure import Failed, measured
from bench.report import Measurement, Report, Result, best, middle, ratio, say, table, whole

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
US = "bench.legs_up"

BESIDE = 10_000
"""People where peers stand beside ours: with more they only take longer to be made ready."""

JOBQUEUE = "JobQueue, grace raised"
APSCHEDULER = "APScheduler + store, grace raised"
ROBODANNY = "RoboDanny's loop"
POLL = "a poll each second"

CLUB_RESTS = (1_000, 10_000, 100_000)
"""Rests of a club's challenge, of at most a thousand people."""

STALL_ROUNDS = 3
"""A stall is one moment of a run: the median of so many."""


def ours(kind: str) -> str:
    """Our line in a table."""
    return on("Legs Up", kind)


def on(name: str, kind: str) -> str:
    """A line of a design on a database."""
    return f"{name}, {NAMES[kind]}"


# Reminders


def beside(report: Report) -> None:
    """Ours and what others would use, with as many people due at the same moment."""
    for k in report.plan.due:
        many = k > report.plan.due[0]
        measurements = list(_designs(report, k, many))
        if many:
            # Peers take long then, and once is enough.
            mine = [one for one in measurements if one.module == US]
            others = [one for one in measurements if one.module != US]
            found = report.in_turns(f"K={k}", mine, rounds=STALL_ROUNDS)
            found |= report.in_turns(f"K={k}", others, rounds=1)
        else:
            found = report.in_turns(f"K={k}", measurements)
        _print_beside(found, k)
        _promise_beside(report, found, k)


def _designs(report: Report, k: int, many: bool) -> Iterator[Measurement]:
    crowd = {"n": BESIDE, "k": k}
    kinds, slow = report.databases.kinds, report.plan.slow_peers and not many
    for kind in kinds:
        yield Measurement(ours(kind), US, {"what": "wave", "k": k}, kind, crowd)
    yield Measurement(JOBQUEUE, "bench.peers.jobqueue", {"what": "wave", "grace": True, **crowd})
    for kind in kinds:
        asked = {"what": "wave", **crowd}
        if kind == "sqlite" or slow:
            store = "bench.peers.apscheduler_store"
            yield Measurement(on(APSCHEDULER, kind), store, {**asked, "grace": True}, kind)
        yield Measurement(on(ROBODANNY, kind), "bench.peers.robodanny", asked, kind)
        if slow:
            yield Measurement(on(POLL, kind), "bench.peers.poll", asked, kind)


def _print_beside(found: dict[str, Result], k: int) -> None:
    figures = ("cpu_us", "server_us", "p50_ms", "p99_ms", "stall_ms", "commits", "grown_mb", "lost")
    rows = []
    for name, one in found.items():
        same = found.get(ours("postgresql" if "PostgreSQL" in name else "sqlite"))
        rows.append([name, ratio(whole(one), whole(same)), *(one[figure] for figure in figures)])
    columns = ["", "CPU x", "us", "server us", "p50 ms", "p99 ms", "stall ms", "commits"]
    title = (
        f"Reminders: {k} of {BESIDE} people due at once, the platform takes all at once.\n"
        "CPU and commits are for one reminder; x is beside ours on the same database."
    )
    table(title, [*columns, "+MB", "lost"], rows)


def _promise_beside(report: Report, found: dict[str, Result], k: int) -> None:
    sqlite = whole(found.get(ours("sqlite")))
    for peer, times in ((JOBQUEUE, 3), (on(APSCHEDULER, "sqlite"), 10)):
        claim = f"CPU of a reminder below {peer}, K={k}"
        report.at_least(claim, times, ratio(whole(found.get(peer)), sqlite), "x")
    for kind in report.databases.kinds:
        mine, robodanny = found.get(ours(kind)), whole(found.get(on(ROBODANNY, kind)))
        claim = f"CPU of a reminder below {on(ROBODANNY, kind)}, K={k}"
        report.at_least(claim, 5, ratio(robodanny, whole(mine)), "x")
        latest = 60 if k <= 1_000 else 900
        report.at_most(f"lateness p99, {NAMES[kind]}, K={k}", latest, mine and mine["p99_ms"], "ms")
        wrong = mine and mine["lost"] + mine["twice"]
        report.at_most(f"reminders lost or doubled, {NAMES[kind]}, K={k}", 0, wrong)
        if k > 1_000:
            claim = f"event-loop stall, {NAMES[kind]}, K={k}"
            report.at_most(claim, 15, mine and mine["stall_ms"], "ms")


def defaults(report: Report) -> None:
    """What the schedulers lose with their own settings: a misfire grace of one second."""
    k = max(report.plan.due)
    if not report.plan.slow_peers:
        return
    rows = []
    for name, module, kind, due in (
        ("JobQueue", "bench.peers.jobqueue", "", k),
        ("APScheduler + store, SQLite", "bench.peers.apscheduler_store", "sqlite", 1_000),
    ):
        asked = {"what": "wave", "n": BESIDE, "k": due, "grace": False}
        if result := report.measure(Measurement(f"{name}, defaults", module, asked, kind)):
            report.results[f"defaults: {name}"] = result
            rows.append([name, due, result["lost"]])
    table("Lost with the defaults (misfire grace 1 s)", ["", "due at once", "lost"], rows)


def floor(report: Report) -> None:
    """Claim and completion: the statements of a wave, ours beside those of the bare driver."""
    k = max(report.plan.due)
    crowd = {"n": BESIDE, "k": k}
    rows = []
    for kind in report.databases.kinds:
        bare, statements = on("the bare driver", kind), on("our statements", kind)
        turns = on("our turns: with the core, and states read and written", kind)
        designs = (
            Measurement(bare, "bench.floor", {"what": "claim", "k": k}, kind, crowd),
            Measurement(statements, US, {"what": "claim", "k": k}, kind, crowd),
        )
        found = report.in_turns("floor", designs)
        core = Measurement(turns, US, {"what": "turns", "k": k}, kind, crowd)
        found |= report.in_turns("floor", [core], rounds=1)
        lowest = whole(found.get(bare))
        for name, one in found.items():
            rows.append([name, ratio(whole(one), lowest), one["cpu_us"], one["server_us"]])
        claim = f"claim and completion beside the bare driver, {NAMES[kind]}, K={k}"
        times = ratio(whole(found.get(statements)), lowest)
        report.at_most(claim, 2.5 if kind == "sqlite" else 1.5, times, "x")
    title = f"Claim and completion of {k} reminders, 250 a commit: CPU of one"
    table(title, ["", "x", "us", "server us"], rows)


def scale(report: Report) -> None:
    """However many people are stored: the start, memory, and the same reminders."""
    if not report.plan.people:
        return
    rows = []
    for kind in report.databases.kinds:
        starts: dict[int, Result] = {}
        for n in report.plan.people:
            for k in (each for each in report.plan.due if each <= n):
                if found := _stored(report, kind, n, k):
                    starts.setdefault(n, found["start"])
                    rows.append([f"{n:,} people, {NAMES[kind]}", k, *_figures(found)])
        few, many = min(report.plan.people), max(report.plan.people)
        least, most = starts.get(few), starts.get(many)
        slower = least and most and most["start_ms"] / least["start_ms"]
        larger = least and most and most["memory_mb"] - least["memory_mb"]
        between = f"{many:,} people against {few:,}, {NAMES[kind]}"
        report.at_most(f"cold start, {between}", 2, slower, "x")
        report.at_most(f"memory, {between}", 20, larger, "MB")
    columns = ["", "due", "start ms", "MB", "bytes each", "us", "p50 ms", "p99 ms", "stall ms"]
    table("However many people are stored: a start, then so many due at once", columns, rows)


def _stored(report: Report, kind: str, n: int, k: int) -> dict[str, Result] | None:
    say(f"{n:,} people, {k:,} due, {NAMES[kind]}")
    try:
        with report.databases.fresh(kind) as url:
            filled = measured(US, what="fill", url=url, n=n, k=k)
            start = middle([measured(US, what="start", url=url) for _ in range(3)])
            wave = measured(US, what="wave", url=url, k=k)
    except Failed as why:
        say(f"failed: {why}")
        return None
    found = {"filled": filled, "start": start, "wave": wave}
    report.results[f"scale: N={n} K={k} {NAMES[kind]}"] = found
    return found


def _figures(found: dict[str, Result]) -> list[object]:
    start, wave = found["start"], found["wave"]
    before = [start["start_ms"], start["memory_mb"], found["filled"]["bytes"]]
    return [*before, whole(wave), wave["p50_ms"], wave["p99_ms"], wave["stall_ms"]]


# Legs up


def holds(report: Report) -> None:
    """5,000 holds with a cue every 15 s, and a few beside ten thousand reminders."""
    if report.plan.seconds:
        _steady(report, 5_000)
        _among_reminders(report, 40)


def _steady(report: Report, k: int) -> None:
    seconds = report.plan.seconds
    asked: dict[str, object] = {"what": "cues", "seconds": seconds}
    designs = [
        Measurement(ours(kind), US, asked, kind, {"holding": k}) for kind in report.databases.kinds
    ]
    in_memory = {"what": "holds", "k": k, "every": 15, "seconds": seconds}
    designs.append(Measurement("JobQueue, run_repeating", "bench.peers.jobqueue", in_memory))
    found = report.in_turns("holds", designs, rounds=1)
    figures = ("cpu_us", "server_us", "p50_ms", "p99_ms", "stall_ms", "cues")
    rows = [[name, *(one.get(figure) for figure in figures)] for name, one in found.items()]
    columns = ["", "us a cue", "server us", "p50 ms", "p99 ms", "stall ms", "cues"]
    title = f"{k:,} holds with a cue every 15 s, for {seconds} s; ours come by the quarter second"
    table(title, columns, rows)


def _among_reminders(report: Report, k: int) -> None:
    crowd = {"n": 10_000, "k": 10_000, "holding": k}
    asked = {"what": "cues", "seconds": report.plan.seconds, "rate": 30}
    designs = [Measurement(ours(kind), US, asked, kind, crowd) for kind in report.databases.kinds]
    found = report.in_turns("holds among reminders", designs, rounds=1)
    rows = [
        [name, one["p50_ms"], one["p99_ms"], one["cues"], one["reminders"]]
        for name, one in found.items()
    ]
    title = f"{k} holds while 10,000 reminders wait for a platform that takes 30 a second"
    table(title, ["", "cue p50 ms", "p99 ms", "cues", "reminders"], rows)
    for kind in report.databases.kinds:
        one = found.get(ours(kind))
        claim = f"hold cue p99 while 10,000 reminders wait, {NAMES[kind]}"
        report.at_most(claim, 500, one and one["p99_ms"], "ms")


# Interactions


OUR_PART = "our part: load, step, save"


def interactions(report: Report) -> None:
    """Somebody taps: load, step, save, handled, words; the answer sent and deleted."""
    rows = []
    for at_once, limit in ((1, 0.8), (16, 0.3)):
        for kind in report.databases.kinds:
            found = report.in_turns(f"{at_once} at once", _answering(report, kind, at_once))
            mine = found.get(ours(kind))
            for name, one in found.items():
                times = ratio(whole(one), whole(mine))
                figures = (one["cpu_us"], one["server_us"], one["per_second"])
                rows.append([name, at_once, times, *figures])
            if kind == "sqlite":
                part = found.get(OUR_PART)
                claim = f"our part of an interaction, CPU, SQLite, {at_once} in flight"
                report.at_most(claim, limit, part and part["cpu_us"] / 1e3, "ms")
    title = (
        "An interaction: ours answers /reminders and /help in turn, with the real core; the bare\n"
        "driver makes our statements, one after another; an async ORM loads, saves, says a line"
    )
    table(title, ["", "in flight", "CPU x", "us", "server us", "a second"], rows)


def _answering(report: Report, kind: str, at_once: int) -> Iterator[Measurement]:
    people = 1_000
    count = report.plan.turns // (1 if at_once > 1 else 4)
    asked = {"what": "interact", "n": people, "count": count}
    many = {**asked, "at_once": at_once}
    yield Measurement(ours(kind), US, many, kind, {"n": people})
    yield Measurement(OUR_PART, US, {**many, "what": "answer"}, kind, {"n": people})
    if at_once == 1:
        yield Measurement(on("the bare driver", kind), "bench.floor", asked, kind, {"n": people})
    yield Measurement(on("async ORM", kind), "bench.peers.async_orm", many, kind)


# HTTP to Telegram

HTTPX, LIBRARY = "HTTPXRequest, the library's own", "the library alone, no HTTP"
MANY_LANES = 64
FLOOR, TRANSPORT = "aiohttp, the same fields posted", "Legs Up's transport"

LANES = (1, 8, 16, 64)
AFTER = (0, 100)


def transport(report: Report) -> None:
    """A message to Telegram: our transport, what it is used instead of, and the floor."""
    quick = report.plan.rounds == 1
    rounds, seconds = 1 if quick else STALL_ROUNDS, 1.0
    asked = {"what": "library", "lanes": 1, "seconds": seconds}
    measurement = Measurement(LIBRARY, "bench.transport", asked)
    alone = report.in_turns("transport", [measurement], rounds, best)
    for after in AFTER[1:] if quick else AFTER:
        rows: list[list[object]] = []
        for lanes in LANES[1::2] if quick else LANES:
            asked = {"lanes": lanes, "seconds": seconds, "after": after}
            designs = [
                Measurement(name, "bench.transport", {"what": what, **asked})
                for name, what in ((TRANSPORT, "ours"), (HTTPX, "httpx"), (FLOOR, "floor"))
            ]
            case = f"lanes: {lanes}, answers after {after} ms"
            found = report.in_turns(f"transport, {case}", designs, rounds, best)
            mine = whole(found.get(TRANSPORT))
            rows += (_row(name, lanes, one, mine) for name, one in found.items())
            times = ratio(whole(found.get(HTTPX)), mine)
            if lanes > 1:  # one alone is no burst
                least = 10 if lanes >= MANY_LANES else 3
                report.at_least(f"CPU of a message below HTTPXRequest, {case}", least, times, "x")
        rows += (_row(name, None, one, None) for name, one in alone.items())
        title = (
            f"A message to a Bot API server in another process that answers after {after} ms.\n"
            f"CPU is for one message, of this end; best of {rounds} (a stall: the median)"
        )
        columns = ["", "lanes", "CPU x", "us", "a second", "stall ms", "while connecting"]
        table(title, columns, rows)


def _row(name: str, lanes: int | None, one: Result, mine: float | None) -> list[object]:
    stalls = (one["stall_ms"], one["first_stall_ms"])
    return [name, lanes, ratio(whole(one), mine), one["cpu_us"], one["per_second"], *stalls]


# Clock changes


def clocks(report: Report) -> None:
    """A bedtime in nights in which the clocks change."""
    found = report.measure(Measurement("clock changes", "bench.dst", {"what": "compare"}))
    if found is None:
        return
    report.results["clocks"] = found
    names = ("zone", "bedtime", "clock", "cron", "ours")
    rows = [[one[name] for name in names] for one in found["cases"]]
    columns = ["zone", "bedtime", "the clock", "CronTrigger, JobQueue", "Legs Up"]
    title = (
        "A bedtime where the clock changes. The next moment costs "
        f"CronTrigger {found['cron_us']:.0f} us, ours {found['ours_us']:.0f} us"
    )
    table(title, columns, rows)
    wrong = sum(one["ours"] != "once" for one in found["cases"])
    report.at_most("clock changes: evenings skipped or doubled", 0, wrong)


def clubs(report: Report) -> None:
    """A club's challenge: what it costs to count."""
    rows = []
    for kind in report.databases.kinds:
        for rests in CLUB_RESTS:
            name = f"{on('a challenge', kind)}, {rests} rests"
            asked = {"what": "counting", "rests": rests}
            found = report.measure(Measurement(name, "bench.clubs", asked, kind))
            if found is None:
                continue
            report.results[name] = found
            ours_ms, bare = found["ours_ms"], found["bare_ms"]
            times = [ratio(found["python_ms"], ours_ms), ratio(ours_ms, bare)]
            figures = ("ours_ms", "mine_ms", "python_ms", "bare_ms")
            rows.append([name, found["entrants"], *(found[each] for each in figures), *times])
            report.at_most(f"{name}: a recap", 2000, ours_ms, "ms")
            report.at_most(f"{name}: a press", 1000, found["mine_ms"], "ms")
    columns = ["", "entrants", "recap ms", "own view ms", "Python ms", "driver ms"]
    title = "Counting a challenge with its ranking; x is Python beside ours, ours beside the driver"
    table(title, [*columns, "Python x", "ours x"], rows)


SECTIONS: dict[str, Callable[[Report], None]] = {
    "clocks": clocks,
    "interactions": interactions,
    "floor": floor,
    "beside": beside,
    "defaults": defaults,
    "scale": scale,
    "holds": holds,
    "transport": transport,
    "clubs": clubs,
}
