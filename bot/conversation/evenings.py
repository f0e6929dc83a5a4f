"""Evenings with a rest: each weekday its own time, about or exactly, or only on run days."""

from datetime import datetime, time

from bot.content.routine import number
from bot.conversation import changes, closures, promises, quiet_times, whereabouts
from bot.conversation.agenda import Bedtime, Purpose, bedtime_at, folded
from bot.conversation.asking import asking
from bot.conversation.person import Person, Scene
from bot.conversation.promises import bedtime_in_words, quiet_in_words
from bot.conversation.reply import Answer, button, pairs, say, words_of
from bot.conversation.safety import open_question
from bot.conversation.values import replace
from bot.practice.localtime import day

EVENINGS = (time(21), time(21, 30), time(22), time(22, 30), time(23))
"""Bedtimes to tap before one must be typed."""


def ask(scene: Scene, now: datetime) -> Answer:
    """When to be reminded in the evening: to tap, or to type."""
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="bedtime")
    scene = asking(scene, "bedtime", now)
    person, spoken = scene.person, words_of(scene.person)
    times = [
        button(person, "", "bedtime", f"{clock:%H%M}", label=spoken.time(clock))
        for clock in EVENINGS
    ]
    wanted = person.agenda.wanted
    more = []
    if wanted.bedtimes:
        on_run_days = any(each.run_days for each in wanted.bedtimes)
        which = "all_days" if on_run_days else "run_days"
        more.append(button(person, f"button.{which}", "bedtime", which))
        both = "not_both" if wanted.both else "both"
        more.append(button(person, f"button.{both}", "bedtime", both))
        more.append(button(person, "button.no_bedtime", "bedtime", "none"))
    return scene, (say(scene, spoken("bedtime.ask"), tuple(times), *pairs(more)),)


def pressed(scene: Scene, said: str, now: datetime) -> Answer | None:
    """A bedtime that was tapped, or a change of all of them."""
    wanted, spoken = scene.person.agenda.wanted, words_of(scene.person)
    match said:
        case "run_days" | "all_days":
            return with_all(scene, now, wanted.bedtimes, run_days=said == "run_days")
        case "both" | "not_both":
            text = spoken(f"reminders.{said}")
            return changes.with_echo(scene, replace(wanted, both=said == "both"), now, text)
        case "none":
            return changes.with_echo(
                scene, replace(wanted, bedtimes=()), now, spoken("bedtime.none")
            )
        case _ if len(said) == 4 and said.isdecimal() and said < "2400" and said[2:] < "60":
            clock = time(int(said[:2]), int(said[2:]))
            if whereabouts.unsure(scene.person, repeats=True):
                return whereabouts.ask(scene, now, wish="bedtime", said=f"{clock:%H:%M}")
            kept = any(each.run_days for each in wanted.bedtimes)
            return set_(scene, (Bedtime(clock, run_days=kept),), now)
        case _:
            return None


def set_(
    scene: Scene, bedtimes: tuple[Bedtime, ...], now: datetime, *, other: bool = False
) -> Answer:
    """These evenings; those of other weekdays stay as they are. ``other``: am or pm is unsure."""
    wanted = scene.person.agenda.wanted
    bedtimes = folded(bedtimes)
    every = folded((*wanted.bedtimes, *bedtimes))
    stay = [each for each in every if each not in bedtimes]
    person = changes.changed(scene.person, replace(wanted, bedtimes=every), now)
    spoken, where, entry = words_of(person), person.clock, bedtimes[0]
    what = spoken("list.also").join(bedtime_in_words(spoken, each) for each in bedtimes)
    parts: list[str] = [spoken("bedtime.set", what=what)]
    about = [each for each in bedtimes if not each.exact]
    if about:
        minutes = [bedtime_at(each, day(now, where), person.seat, where) for each in about]
        own = spoken("list.or").join(spoken.clock(at, where) for at in minutes)
        parts.append(spoken("bedtime.own_minute", clock=own))
    more = []
    swallowed = [each for each in every if quiet_times.swallows(each, wanted, person, now)]
    if swallowed and wanted.quiet:
        which = spoken("list.also").join(bedtime_in_words(spoken, each) for each in swallowed)
        hours = quiet_in_words(spoken, wanted.quiet)
        parts.append(spoken("bedtime.in_quiet", what=which, hours=hours))
        more.append(button(person, "button.no_quiet", "quiet", "none"))
    if len(swallowed) < len(every):
        parts += promises.promised(person, Purpose.BEDTIME, now)
    more += changes.seat_instead(person, now)
    if len(wanted.bedtimes) > len(stay) + 1:
        old = spoken("list.also").join(bedtime_in_words(spoken, each) for each in wanted.bedtimes)
        parts.append(spoken("bedtime.instead", what=old))
    if not entry.exact:
        label = spoken("button.exactly", clock=spoken.time(entry.clock))
        more.append(button(person, "", "set", person.agenda.change, "exact", label=label))
    if other:
        label = spoken("button.rather", clock=spoken.time(turned(entry.clock)))
        more.append(button(person, "", "set", person.agenda.change, "other", label=label))
    if not entry.run_days:
        more.append(button(person, "button.run_days", "set", person.agenda.change, "run_days"))
    elif not wanted.runs:
        more.append(button(person, "reminders.button.runs", "remind", "runs"))
    more.append(button(person, "button.other_time", "remind", "bedtime"))
    return changes.echo(replace(scene, person=person), " ".join(parts), *more)


def fresh(person: Person) -> tuple[Bedtime, ...]:
    """The bedtimes that the last change brought."""
    wanted, before = person.agenda.wanted, person.agenda.before
    return tuple(each for each in wanted.bedtimes if before and each not in before.bedtimes)


def with_all(
    scene: Scene,
    now: datetime,
    bedtimes: tuple[Bedtime, ...],
    *,
    exact: bool | None = None,
    run_days: bool | None = None,
) -> Answer | None:
    """The same bedtimes, exact, or on run days only."""
    if not bedtimes:
        return None
    bedtimes = tuple(
        replace(
            each,
            exact=each.exact if exact is None else exact,
            run_days=each.run_days if run_days is None else run_days,
        )
        for each in bedtimes
    )
    return set_(scene, bedtimes, now)


def turned(clock: time) -> time:
    """The same on the dial, in the other half of the day."""
    return clock.replace(hour=(clock.hour + 12) % 24)


def same_tomorrow(scene: Scene, now: datetime) -> Answer:
    """Asked once, after the first rest: every evening, on run days, or not at all."""
    person = scene.person
    agenda = person.agenda
    wanted = agenda.wanted
    if agenda.offered or wanted.bedtimes or wanted.runs or not person.keeps:
        return scene, ()
    if open_question(scene, now) or closures.is_closed(person, now):
        return scene, ()
    person = replace(person, agenda=replace(agenda, offered=True))
    scene = replace(scene, person=person)
    if whereabouts.unsure(person, repeats=True):
        return whereabouts.ask(scene, now, wish="tomorrow")
    return tomorrow(scene, now)


def tomorrow(scene: Scene, now: datetime) -> Answer:
    """Whether they would like the same tomorrow, at the time of this evening."""
    scene = asking(scene, "bedtime", now)
    person, spoken = scene.person, words_of(scene.person)
    local = now.astimezone(person.clock)
    near = time(local.hour, 30 * (local.minute // 30))
    clock = near if local.hour >= 20 or local.hour < number("bedtime_to_hour") else EVENINGS[1]
    label = spoken("button.every_evening", clock=spoken.time(clock))
    rows = (
        (button(person, "", "bedtime", f"{clock:%H%M}", label=label),),
        (
            button(person, "button.other_time", "remind", "bedtime"),
            button(person, "button.after_runs", "remind", "runs"),
            button(person, "button.no_reminder", "remind", "no"),
        ),
    )
    return scene, (say(scene, spoken("tomorrow.ask"), *rows),)
