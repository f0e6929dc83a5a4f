"""What a typed line wishes: a time, a place, a run. What is not understood is said, not guessed."""

import re
from datetime import datetime, timedelta

from bot.conversation import (
    check,
    evenings,
    quiet_times,
    reminders,
    runs,
    safety,
    single,
    up,
    whereabouts,
)
from bot.conversation.agenda import LONGEST_RUN, USUAL_RUN, WEEK, Bedtime, RunTime
from bot.conversation.asking import open_question
from bot.conversation.free_text import contains, either, is_said, meanings, names_weekday
from bot.conversation.person import Asking, Scene
from bot.conversation.reply import Answer, button, say, words_of
from bot.conversation.values import replace
from bot.events import Message
from bot.times import Said, clocks, moments, read_any, read_schedule

HEARD = 200
"""Characters of a wish that are kept while it waits for a place."""


def answer(scene: Scene, text: str, now: datetime) -> Answer | None:
    """The answer to an open question; None where nothing is asked, or this is none to it."""
    asking = open_question(scene.person, now)
    if asking is None:
        return None
    if asking.kind in ("clock", "city") and is_said(text, words_of(scene.person)("text.none")):
        scene = replace(scene, person=replace(scene.person, asking=None))
        return scene, (say(scene, words_of(scene.person)("offer.skipped")),)
    if asking.kind in ("clock", "city"):
        return None if _is_word(scene, text) else _place(scene, text, now)
    return carry_out(scene, asking.kind, text, now)


def not_understood(scene: Scene, now: datetime) -> Answer | None:
    """A question is open, and this was no answer to it: nothing has changed."""
    asking = open_question(scene.person, now)
    spoken = words_of(scene.person)
    key = f"not_understood.{asking.kind}" if asking else ""
    return (scene, (say(scene, spoken(key)),)) if key and key in spoken else None


def _is_word(scene: Scene, text: str) -> bool:
    """Whether a text means something here, so that it is no place: there are towns of all names."""
    spoken = words_of(scene.person)
    known = ("text.yes", "text.no", "text.none", "text.off")
    said = any(is_said(text, spoken(key)) for key in known)
    return said or bool(meanings(text, spoken.language))


def _place(scene: Scene, text: str, now: datetime) -> Answer | None:
    found = whereabouts.text(scene, text, now)
    asking = scene.person.asking
    return found and go_on(*found, asking, now)


def go_on(scene: Scene, said: tuple[Message, ...], asking: Asking | None, now: datetime) -> Answer:
    """After an answer about the place: what had to wait for it."""
    still = scene.person.asking
    if asking is None or not asking.wish or asking.wish == "travel":
        return scene, said
    if whereabouts.unsure(scene.person, repeats=asking.wish != "once"):
        return scene, said
    if still is asking:
        scene = replace(scene, person=replace(scene.person, asking=None))
    found = carry_out(scene, asking.wish, asking.said, now, heard=asking.at)
    if found is None:
        return scene, said
    scene, more = found
    return scene, (*said, *more)


def carry_out(
    scene: Scene, kind: str, text: str, now: datetime, *, heard: datetime | None = None
) -> Answer | None:
    """Do what that kind of question is about; without a text it is asked.

    ``heard`` is when the text was said, if it had to wait: "tomorrow" is the day after that one.
    """
    match kind, text:
        case "tomorrow", _:
            return evenings.tomorrow(scene, now)
        case "bedtime", "":
            return evenings.ask(scene, now)
        case "once", "":
            return single.ask(scene, now)
        case "runs", "":
            return runs.ask(scene, now)
        case "quiet", "":
            return quiet_times.ask(scene, now)
        case "pause", "":
            return quiet_times.ask_pause(scene, now)
        case _:
            return _do(scene, kind, text, now, heard or now)


def _do(scene: Scene, kind: str, text: str, now: datetime, heard: datetime) -> Answer | None:
    """What the text says, as an answer of that kind."""
    if is_said(text, words_of(scene.person)("text.none")):
        return _none(scene, kind, now)
    if kind == "quiet":
        return _quiet(scene, text, now)
    every = _read(scene, text, heard)
    if not every:
        return None
    match kind:
        case "bedtime":
            return _bedtime(scene, text, every, now)
        case "runs":
            return _runs(scene, text, every, now)
        case "once":
            return _once(scene, text, every[0], now, heard) if len(every) == 1 else None
        case "pause":
            until = every[0].until or every[0].on
            return quiet_times.pause(scene, until, now) if until else None
        case _:
            return None


def _none(scene: Scene, kind: str, now: datetime) -> Answer | None:
    """None of that kind."""
    wanted = scene.person.agenda.wanted
    if kind == "bedtime" and wanted.bedtimes:
        return evenings.pressed(scene, "none", now)
    if kind == "runs" and wanted.runs:
        return runs.set_runs(scene, (), now)
    if kind == "quiet" and wanted.quiet:
        return quiet_times.set_(scene, None, now)
    scene = replace(scene, person=replace(scene.person, asking=None))
    return reminders.pressed(scene, "no", 0, now)


def _read(scene: Scene, text: str, now: datetime) -> tuple[Said, ...]:
    """What a text says about time: the whole of it, or a line for each of its days."""
    person = scene.person
    return read_schedule(text, words_of(person).language, now.astimezone(person.clock))


def _bedtime(scene: Scene, text: str, every: tuple[Said, ...], now: datetime) -> Answer | None:
    if scene.person.consent is None:
        return check.ask_consent(scene)
    if any(said.clock is None for said in every):
        return None
    on = every[0].on if len(every) == 1 and not every[0].weekdays else None
    if on and names_weekday(text):  # asked for a bedtime, "Fri 23:30" is every Friday
        every = (replace(every[0], on=None, weekdays=frozenset({on.weekday()})),)
    elif on:
        return _once(scene, text, every[0], now)
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="bedtime", said=text[:HEARD])
    kept = any(each.run_days for each in scene.person.agenda.wanted.bedtimes)
    bedtimes = tuple(
        Bedtime(
            clocks(said, evening=True)[0],
            days=tuple(sorted(said.weekdays)) or WEEK,
            exact=said.exact and not said.about,
            run_days=kept or contains(text, "run_days"),
        )
        for said in every
    )
    other = len(every) == 1 and len(clocks(every[0], evening=True)) > 1
    return evenings.set_(scene, bedtimes, now, other=other)


def _runs(scene: Scene, text: str, every: tuple[Said, ...], now: datetime) -> Answer | None:
    if scene.person.consent is None:
        return check.ask_consent(scene)
    if any(said.clock is None for said in every):
        return None
    if whereabouts.unsure(scene.person, repeats=True):
        return whereabouts.ask(scene, now, wish="runs", said=text[:HEARD])
    usual = []
    for said in every:
        length = said.lasts // timedelta(minutes=1) if said.lasts else USUAL_RUN
        days = tuple(sorted(said.weekdays)) or ((said.on.weekday(),) if said.on else WEEK)
        if not 0 < length <= LONGEST_RUN:
            return None
        usual.append(RunTime(clocks(said, evening=False)[0], days, length))
    other = len(every) == 1 and len(clocks(every[0], evening=False)) > 1
    return runs.set_runs(scene, tuple(usual), now, other=other)


def _once(
    scene: Scene, text: str, said: Said, now: datetime, heard: datetime | None = None
) -> Answer | None:
    if scene.person.consent is None:
        return check.ask_consent(scene)
    if said.weekdays:
        return None
    if said.after:
        return single.set_(scene, now, at=now + said.after)
    if said.clock is None and not (said.on or said.part):
        return None
    if whereabouts.unsure(scene.person):
        return whereabouts.ask(scene, now, wish="once", said=text[:HEARD])
    where = scene.person.clock
    question = open_question(scene.person, now)
    if said.clock is None:
        return single.ask(scene, now, on=said.on, part=said.part)
    if question and question.kind == "once" and question.until and said.on is None:
        said = replace(said, on=question.until)
    found = moments(said, (heard or now).astimezone(where))
    if not found:
        return scene, (say(scene, words_of(scene.person)("once.past")),)
    wall = found[0].astimezone(where).replace(tzinfo=None)
    return single.set_(scene, now, wall=wall, other=found[1] if found[1:] else None)


def _quiet(scene: Scene, text: str, now: datetime) -> Answer | None:
    """From a clock time to another."""
    person = scene.person
    language, local = words_of(person).language, now.astimezone(person.clock)
    bare = re.sub(rf"^\s*(?:{either('be_quiet')}\s*)?(?:{either('from')})?", "", text.casefold())
    parts = re.split(rf"-|\u2013|{either('to')}", bare)
    if len(parts) != 2:
        return None
    begin, end = (read_any(part, language, local) for part in parts)
    if begin is None or end is None or begin.clock is None or end.clock is None:
        return None
    if whereabouts.unsure(person, repeats=True):
        return whereabouts.ask(scene, now, wish="quiet", said=text[:HEARD])
    noon = begin.clock.hour == 12
    hours = clocks(begin, evening=not noon)[0], clocks(end, evening=False)[0]
    return quiet_times.set_(scene, hours, now) if hours[0] != hours[1] else None


def free(scene: Scene, text: str, now: datetime) -> Answer | None:
    """A typed line that nobody asked for: a journey, or a time."""
    if scene.person.consent is None:
        return None
    if home := whereabouts.home_again(scene, text, now):
        return home
    question = scene.person.asking
    if travel := whereabouts.travelling(scene, text, now):
        return go_on(*travel, question, now)
    if is_said(text, words_of(scene.person)("text.off")):
        return reminders.pressed(scene, "off", 0, now)
    if _pointing(scene, text, now):
        return None
    if contains(text, "be_quiet") and (hours := _quiet(scene, text, now)):
        return hours
    every = _read(scene, text, now)
    if not every:
        return None
    said = every[0]
    if said.until and not said.clock:
        return quiet_times.pause(scene, said.until, now) if contains(text, "pause_until") else None
    if said.weekdays or len(every) > 1:
        about_runs = contains(text, "running") or said.lasts
        return (_runs if about_runs else _bedtime)(scene, text, every, now)
    if said.clock and contains(text, "run_days"):
        return _bedtime(scene, text, every, now)
    if said.after or said.on:
        return _once(scene, text, said, now)
    if said.clock:
        return _which(scene, text, said, now)
    return single.ask(scene, now, part=said.part) if said.part else None


def _pointing(scene: Scene, text: str, now: datetime) -> bool:
    """Whether a number may point at a sign of the card, or at an answer about the body."""
    open_ = safety.open_question(scene, now) is not None
    return (open_ or up.is_fresh(scene.person, now)) and text[:1].isdecimal()


def _which(scene: Scene, text: str, said: Said, now: datetime) -> Answer:
    """Only a time of day: once or every evening is asked."""
    if contains(text, "every_evening"):
        return _bedtime(scene, text, (said,), now) or (scene, ())
    if whereabouts.unsure(scene.person):
        return whereabouts.ask(scene, now, wish="once", said=text[:HEARD])
    person, spoken = scene.person, words_of(scene.person)
    where = person.clock
    first = moments(said, now.astimezone(where))[0]
    clock = clocks(said, evening=True)[0]
    wall = first.astimezone(where)
    once = button(person, "", "once", f"{wall:%Y%m%d-%H%M}", label=spoken.moment(first, where))
    label = spoken("button.every_evening", clock=spoken.time(clock))
    every = button(person, "", "bedtime", f"{clock:%H%M}", label=label)
    no = button(person, "button.no_reminder", "remind", "no")
    return scene, (say(scene, spoken("which_time"), (once,), (every,), (no,)),)
