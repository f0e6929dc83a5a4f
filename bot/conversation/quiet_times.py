"""Quiet hours, and pauses of all reminders."""

from datetime import date, datetime, time, timedelta

from bot.conversation import changes, check, whereabouts
from bot.conversation.agenda import Bedtime, Wanted, bedtime_at, from_now
from bot.conversation.asking import asking
from bot.conversation.person import Person, Scene
from bot.conversation.promises import bedtime_in_words, quiet_in_words
from bot.conversation.reply import Answer, button, pairs, say, words_of
from bot.conversation.values import replace
from bot.practice.localtime import day

PAUSES = (1, 3, 7, 14)
"""Days of a pause to tap."""
HOURS = ((time(22), time(7)), (time(23), time(7)), (time(0), time(8)))
"""Quiet hours to tap."""
LONGEST_PAUSE = timedelta(days=366)


def ask(scene: Scene, now: datetime) -> Answer:
    """Quiet hours: to tap, or to type."""
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="quiet")
    scene = asking(scene, "quiet", now)
    person, spoken = scene.person, words_of(scene.person)
    buttons = [
        button(
            person,
            "",
            "quiet",
            f"{begin:%H%M}-{end:%H%M}",
            label=f"{spoken.time(begin)}-{spoken.time(end)}",
        )
        for begin, end in HOURS
    ]
    if person.agenda.wanted.quiet:
        buttons.append(button(person, "button.no_quiet", "quiet", "none"))
    return scene, (say(scene, spoken("quiet.ask"), *pairs(buttons)),)


def set_(scene: Scene, quiet: tuple[time, time] | None, now: datetime) -> Answer:
    """From when to when nothing is sent unasked."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    wanted, spoken = replace(scene.person.agenda.wanted, quiet=quiet), words_of(scene.person)
    text: str = quiet_in_words(spoken, quiet) if quiet else spoken("quiet.none")
    inside = [each for each in wanted.bedtimes if swallows(each, wanted, scene.person, now)]
    if inside:
        which = spoken("list.also").join(bedtime_in_words(spoken, each) for each in inside)
        text = f"{text} {spoken('quiet.swallows', what=which)}"
    if quiet:
        text = spoken("quiet.set", hours=text)
    return changes.with_echo(scene, wanted, now, text)


def swallows(entry: Bedtime, wanted: Wanted, person: Person, now: datetime) -> bool:
    """Whether the quiet hours lie over that bedtime."""
    at = bedtime_at(entry, day(now, person.clock), person.seat, person.clock)
    return wanted.is_quiet(at, person.clock)


def pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """Quiet hours that were tapped."""
    if said == "none":
        return set_(scene, None, now)
    known = {f"{begin:%H%M}-{end:%H%M}": (begin, end) for begin, end in HOURS}
    return set_(scene, known[said], now) if said in known else None


def ask_pause(scene: Scene, now: datetime) -> Answer:
    """Until when: to tap, or to type."""
    scene = asking(scene, "pause", now)
    person, spoken = scene.person, words_of(scene.person)
    today = day(now, person.clock)
    days = [
        button(
            person,
            "",
            "pause",
            f"{today + timedelta(days=each):%Y%m%d}",
            label=spoken.weekday_date(today + timedelta(days=each)),
        )
        for each in PAUSES
    ]
    rest = button(person, "button.until_i_say", "pause", "open")
    return scene, (say(scene, spoken("pause.ask"), *pairs(days), (rest,)),)


def pause_pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A pause that was tapped."""
    try:
        until = datetime.strptime(said, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return pause(scene, until, now)


def pause(scene: Scene, until: date, now: datetime) -> Answer:
    """No reminders before that day."""
    if scene.person.consent is None:
        return check.ask_consent(scene)
    today = day(now, scene.person.clock)
    if not today < until <= today + LONGEST_PAUSE:
        return scene, (say(scene, words_of(scene.person)("pause.which")),)
    wanted = scene.person.agenda.wanted
    if not (wanted.bedtimes or wanted.runs or wanted.once or scene.person.offer):
        return scene, (say(scene, words_of(scene.person)("reminders.none")),)
    scene = changes.let_go(scene, now, replace(wanted, paused_until=until))
    person, spoken = scene.person, words_of(scene.person)
    parts: list[str] = [spoken("pause.set", day=spoken.weekday_date(until))]
    still = [each.due(person.clock) for each in wanted.once]
    still = sorted(at for at in still if day(at, person.clock) < until)
    if still:
        when = "; ".join(spoken.moment(at, person.clock) for at in still)
        parts.insert(0, spoken("pause.but", when=when))
    return changes.echo(scene, " ".join(parts))


def resumed(person: Person, now: datetime) -> Person:
    """Reminders again: what lies behind stays behind."""
    wanted = replace(person.agenda.wanted, paused_until=None)
    still = tuple(each for each in wanted.once if each.due(person.clock) > now)
    agenda = replace(person.agenda, wanted=replace(wanted, once=still), back=None)
    fresh = from_now(agenda, person.seat, person.clock, now)
    return replace(person, quiet=False, agenda=fresh)


def paused(person: Person, now: datetime) -> bool:
    """Whether all reminders wait for a day to come."""
    until = person.agenda.wanted.paused_until
    return until is not None and until > day(now, person.clock)
