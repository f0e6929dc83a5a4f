"""Single reminders: at a moment, or in so long."""

from datetime import date, datetime, time, timedelta

from bot.content.routine import number
from bot.conversation import changes, check, closures, promises, silence, whereabouts
from bot.conversation.agenda import Once, bedtime_at, night_of, without
from bot.conversation.asking import asked
from bot.conversation.evenings import EVENINGS
from bot.conversation.person import Asking, Scene
from bot.conversation.reply import Answer, button, say, words_of
from bot.conversation.values import replace
from bot.practice.localtime import day, moment

PARTS = {
    "": (time(7), time(13), *EVENINGS[1:4]),
    "morning": (time(6), time(7), time(8), time(9)),
    "noon": (time(12), time(12, 30), time(13)),
    "afternoon": (time(15), time(16), time(17), time(18)),
    "evening": EVENINGS,
    "night": EVENINGS,
}
"""Times to tap when only a day, or a part of it, was said."""
AT_MOST = 10
"""Single reminders of one person that wait at the same time."""
FURTHEST = timedelta(days=366)
"""How far ahead one can be set."""


def ask(scene: Scene, now: datetime, *, on: date | None = None, part: str = "") -> Answer:
    """One reminder: this evening, or that part of a day, to tap; anything to type."""
    if whereabouts.unsure(scene.person):
        return whereabouts.ask(scene, now, wish="once")
    today = day(now, scene.person.clock)
    scene = asked(scene, Asking("once", 0, now, until=on if on != today else None))
    person, spoken, where = scene.person, words_of(scene.person), scene.person.clock
    if part not in ("", "evening", "night") or (on and on != today):
        return _at_that_part(scene, on or today, part, now)
    local = now.astimezone(where).replace(tzinfo=None)
    start = local.replace(minute=0, second=0, microsecond=0)
    if start.hour < 20 and start.hour >= number("day_turns_hour"):
        start = start.replace(hour=20)
    halves = (start + timedelta(minutes=30 * step) for step in range(1, 9))
    soon = [each for each in halves if each - local > timedelta(minutes=20)][:4]
    times = tuple(
        button(person, "", "once", f"{each:%Y%m%d-%H%M}", label=spoken.time(each.time()))
        for each in soon
    )
    return scene, (say(scene, spoken("once.ask"), times),)


def _at_that_part(scene: Scene, on: date, part: str, now: datetime) -> Answer:
    person, spoken, where = scene.person, words_of(scene.person), scene.person.clock
    found = [datetime.combine(on, clock) for clock in PARTS.get(part, PARTS[""])]
    if all(moment(wall.date(), wall.time(), where) <= now for wall in found):
        found = [wall + timedelta(days=1) for wall in found]
    times = tuple(
        button(person, "", "once", f"{wall:%Y%m%d-%H%M}", label=spoken.time(wall.time()))
        for wall in found
        if moment(wall.date(), wall.time(), where) > now
    )
    text = spoken("once.ask_on", day=spoken.weekday_date(found[0].date()))
    return scene, (say(scene, text, times),)


def pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A moment that was tapped."""
    try:
        wall = datetime.strptime(said, "%Y%m%d-%H%M")  # noqa: DTZ007 - a wall time has no zone
    except ValueError:
        return None
    near = abs(wall - now.replace(tzinfo=None)) < FURTHEST
    if whereabouts.unsure(scene.person) or not near:
        return None
    return set_(scene, now, wall=wall)


def set_(
    scene: Scene,
    now: datetime,
    *,
    at: datetime | None = None,
    wall: datetime | None = None,
    other: datetime | None = None,
) -> Answer:
    """One reminder; in the evening it takes the place of that night's. ``other`` may be meant."""
    person = scene.person
    if person.consent is None:
        return check.ask_consent(scene)
    spoken, where, wanted = words_of(person), person.clock, person.agenda.wanted
    known = next((each for each in wanted.once if (each.at, each.wall) == (at, wall)), None)
    if known is None:
        known = Once(person.next_number, at=at, wall=wall)
        _, person = closures.number_for(person)
    once, due = known, known.due(where)
    if due <= now or due - now > FURTHEST:
        return scene, (say(scene, spoken("once.past" if due <= now else "once.far")),)
    night = night_of(once, where)
    kept = (each for each in wanted.once if night is None or night_of(each, where) != night)
    others = tuple(each for each in kept if each != once)
    if len(others) >= AT_MOST:
        return scene, (say(scene, spoken.count("once.too_many", AT_MOST)),)
    instead = [spoken.clock(e.due(where), where) for e in wanted.once if e not in (*others, once)]
    entry = wanted.bedtime_on(night) if night else None
    if entry and night and not instead:
        usual = bedtime_at(entry, night, person.seat, where)
        instead = [spoken.clock(usual, where)] if usual > now else []
    person = changes.changed(person, replace(wanted, once=(*others, once)), now)
    when = promises.when(person, due, now, waits=at is not None)
    parts: list[str] = [spoken("once.set", when=when)]
    if shut := silence.shut(person, now):
        parts = [spoken("once.kept", when=when), spoken(f"reminders.{shut}")]
    if instead:
        parts.append(spoken("once.instead", clock=instead[0]))
    if wanted.is_quiet(due, where):
        parts.append(spoken("quiet.this_once"))
    more = changes.seat_instead(person, now)
    if other:
        label = spoken("button.rather", clock=spoken.clock(other, where))
        more.append(button(person, "", "set", person.agenda.change, "other", label=label))
    return changes.echo(replace(scene, person=person), " ".join(parts), *more)


def drop(scene: Scene, taken: int, now: datetime) -> Answer | None:
    """Take a single reminder away."""
    wanted = scene.person.agenda.wanted
    gone = next((each for each in wanted.once if each.number == taken), None)
    if gone is None:
        return None
    person, spoken = scene.person, words_of(scene.person)
    text = spoken("reminders.dropped", when=spoken.moment(gone.due(person.clock), person.clock))
    return changes.with_echo(scene, without(wanted, taken), now, text)
