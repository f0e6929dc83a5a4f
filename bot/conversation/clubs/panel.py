"""Setting a club up, and changing all of it: one panel for those who manage the club."""

import dataclasses
import re
from collections.abc import Callable
from datetime import datetime, time

from bot.content.routine import number
from bot.content.words import Words, languages, words
from bot.conversation.agenda import LONGEST_RUN, USUAL_RUN, WEEK, RunTime, folded
from bot.conversation.buttons import ANYONE, data
from bot.conversation.club import QUIET, ClubScene
from bot.conversation.clubs import challenge
from bot.conversation.clubs.reply import (
    Answer,
    alone,
    answered,
    button,
    buttons,
    changed,
    mine,
    ours,
    post,
)
from bot.conversation.free_text import either, is_said
from bot.conversation.promises import run_in_words
from bot.conversation.values import replace
from bot.events import Address, Button
from bot.practice import places
from bot.times import clocks, read_any, read_schedule

LONGEST_WELCOME = 500
"""Characters of a club's own welcome."""
_UNTIL = re.compile(r"\b(\d{1,2})[:.](\d{2})\s*(?:-|\u2013)\s*(\d{1,2})[:.](\d{2})\b")
NOON = 12
WITH_CALENDAR = "discord"
"""The platform whose clubs have a calendar of their own."""


def joined(scene: ClubScene, now: datetime) -> Answer:
    """We were added: nothing is posted; whoever did it is asked three things, if they may."""
    scene = replace(scene, club=replace(scene.club, left=None))
    if not scene.organiser or scene.nobodys or scene.club.posts:
        return scene, ()
    return begin(scene, now)


def command(scene: ClubScene, argument: str, now: datetime) -> Answer:
    """/club: the three questions, then the panel; with words behind it, that change at once."""
    if argument:
        return typed(scene, argument, now)
    return show(scene) if scene.club.posts else begin(scene, now)


# Three questions


def begin(scene: ClubScene, now: datetime) -> Answer:
    """The first question: where to post."""
    if not scene.club.zone and scene.zone:
        scene = changed(scene, zone=scene.zone)
    if scene.club.ran is None:
        scene = changed(scene, ran=now)
    spoken = mine(scene)
    # Until somebody says otherwise it speaks as whoever sets it up does.
    scene = changed(scene, language=spoken.language)
    row = [button(scene, "club.here", "here", _thread(scene))]
    text = spoken("club.hello", reads=_reads(scene))
    return scene, (alone(scene, f"{text}\n{spoken('club.where')}", *buttons(row)),)


def _reads(scene: ClubScene) -> str:
    """What we can read there."""
    return mine(scene)(f"club.reads.{scene.club.place.platform}")


def _thread(scene: ClubScene) -> str:
    here = scene.here or scene.club.place
    return here.thread or "0"


def _ask_runs(scene: ClubScene) -> Answer:
    spoken = mine(scene)
    with_calendar = scene.club.place.platform == WITH_CALENDAR
    first = [button(scene, "club.runs.calendar", "calendar")] if with_calendar else []
    none = [button(scene, "club.runs.none", "runs", "none")]
    scene = replace(scene, asking="runs")
    return scene, (alone(scene, spoken("club.runs.ask"), *buttons(first, none), typed=True),)


def _ask_words(scene: ClubScene) -> Answer:
    scene = replace(scene, asking="words")
    return scene, (alone(scene, mine(scene)("club.words.ask"), typed=True),)


def preview(scene: ClubScene) -> Answer:
    """What all of them will see, before they do."""
    club, spoken = scene.club, mine(scene)
    scene = replace(scene, asking="")
    joins = [] if club.running else [spoken("club.post_join")]
    shown = " ".join(f"[{each}]" for each in _shown(scene))
    seen = f"_{_welcome(scene)}_\n{shown}"
    text = f"{spoken('club.preview')}\n\n{seen}"
    how = "with" if joins else "plain"
    first = [button(scene, "club.post", "post", how, club.welcomes)]
    if joins:
        first.append(button(scene, "club.post_without", "post", "plain", club.welcomes))
    second = [button(scene, "club.words", "words"), button(scene, "club.not_yet", "later")]
    return scene, (alone(scene, text, *buttons(first, second)),)


def _shown(scene: ClubScene) -> list[str]:
    spoken = ours(scene.club)
    joins = [] if scene.club.running else [spoken("club.join_default")]
    return [spoken("club.try"), *joins]


def _welcome(scene: ClubScene) -> str:
    own = scene.club.welcome
    return ours(scene.club)("club.own_words", text=own) if own else ours(scene.club)("club.welcome")


def _post(scene: ClubScene, how: str, now: datetime) -> Answer:
    """The one welcome post, with a challenge to join if they like."""
    row = [Button(ours(scene.club)("club.try"), data(ANYONE, "up"), opens="up")]
    welcomes = scene.club.welcomes + 1  # a finger that taps twice posts once
    scene = changed(scene, posts=True, ran=scene.club.ran or now, welcomes=welcomes)
    if how == "with" and not scene.club.running:
        scene, joins = challenge.default(scene, now)
        row.append(joins)
    welcome = post(scene, _welcome(scene), *buttons(row))
    return scene, (alone(scene, mine(scene)("club.posted")), welcome)


# The panel


def show(scene: ClubScene) -> Answer:
    """Everything as it stands, and a button for each."""
    club, spoken = scene.club, mine(scene)
    where = "club.is_here" if scene.here == club.place else "club.is_elsewhere"
    place = spoken(where) if club.posts else spoken("club.is_nowhere")
    runs = [run_in_words(spoken, each) for each in club.runs]
    running = len(club.running)
    lines = (
        spoken("club.panel", reads=_reads(scene)),
        spoken("club.panel.where", where=place),
        spoken("club.panel.clock", clock=club.zone or spoken("settings.no_zone")),
        spoken("club.panel.language", language=words(club.language)("language.name")),
        spoken(
            "club.panel.quiet",
            hours=_hours(spoken, club.quiet) if club.quiet else spoken("club.none"),
        ),
        spoken(
            "club.panel.runs",
            runs=spoken("club.from_calendar")
            if club.calendar
            else spoken("list.also").join(runs) or spoken("club.none"),
        ),
        spoken(
            "club.panel.challenges",
            challenges=spoken.count("club.challenges", running) if running else spoken("club.none"),
        ),
        spoken(f"club.panel.start.{'everyone' if club.everyone else 'organisers'}"),
        spoken(
            "club.panel.posts",
            day=spoken.weekday(number("recap_weekday")),
            clock=spoken.time(time(number("recap_hour"))),
        ),
    )
    rows = buttons(
        [
            button(scene, "club.button.here", "here", _thread(scene)),
            button(scene, "club.button.runs", "runs", "ask"),
        ],
        [
            button(scene, "club.button.clock", "zone"),
            button(scene, "club.button.quiet", "quiet"),
            button(scene, "club.button.language", "language"),
        ],
        [
            button(scene, "club.button.challenge", "challenge"),
            button(scene, "club.button.together", "together"),
        ],
        [
            button(scene, "club.button.start", "start", "few" if club.everyone else "all"),
            button(scene, "club.button.welcome", "welcome"),
        ],
    )
    lost = [] if scene.reachable else [spoken("club.unreachable")]
    return scene, (alone(scene, "\n".join([*lost, *lines]), *rows),)


def _hours(spoken: Words, quiet: tuple[time, time]) -> str:
    begin, end = map(spoken.time, quiet)
    return spoken("club.hours", begin=begin, end=end)


def pressed(scene: ClubScene, what: str, said: str, more: str, now: datetime) -> Answer | None:
    """A button of the questions or the panel."""
    match what:
        case "here":
            return _here(scene, said)
        case "calendar" if scene.club.place.platform == WITH_CALENDAR:
            scene = changed(scene, calendar=True, runs=(), ran=now)
            return _go_on(scene, mine(scene)("club.runs.from_calendar"))
        case "runs" if said == "ask":
            return _ask_runs(scene)
        case "runs" if said == "none":
            scene = changed(scene, calendar=False, runs=())
            return _go_on(scene, mine(scene)("club.runs.no"))
        case "post" if said in ("with", "plain") and more == str(scene.club.welcomes):
            return _post(scene, said, now)
        case "words":
            return _ask_words(scene)
        case "later":
            return answered(replace(scene, asking=""), "club.later")
        case "welcome":
            return preview(scene)
        case "zone":
            scene = replace(scene, asking="zone")
            return scene, (alone(scene, mine(scene)("club.zone.ask"), typed=True),)
        case "quiet":
            scene = replace(scene, asking="quiet")
            row = [button(scene, "club.quiet.usual", "hours", "usual")]
            row.append(button(scene, "club.quiet.none", "hours", "none"))
            return scene, (alone(scene, mine(scene)("club.quiet.ask"), *buttons(row), typed=True),)
        case "hours" if said in ("usual", "none"):
            return _quiet(scene, QUIET if said == "usual" else None)
        case "language":
            return _language(scene, said)
        case "start" if said in ("all", "few"):
            return show(changed(scene, everyone=said == "all"))
        case "panel":
            return show(scene)
        case _:
            return None


def _here(scene: ClubScene, thread: str) -> Answer | None:
    """Where posts go: where it was said, or the topic that the button names."""
    if scene.here is None and not thread.isdecimal():
        return None
    home = scene.club.place
    thread = scene.here.thread if scene.here else thread.lstrip("0")
    scene = changed(scene, place=Address(home.platform, home.chat_id, thread))
    return show(scene) if scene.club.posts else _ask_runs(scene)


def _go_on(scene: ClubScene, said: str) -> Answer:
    """After an answer: the next question, or the panel as it is now."""
    scene, messages = show(scene) if scene.club.posts else preview(scene)
    first, *more = messages
    return scene, (dataclasses.replace(first, text=f"{said}\n\n{first.text}"), *more)


def _quiet(scene: ClubScene, hours: tuple[time, time] | None) -> Answer:
    return show(changed(scene, quiet=hours))


def _language(scene: ClubScene, said: str) -> Answer:
    if said in languages():
        return show(changed(scene, language=said))
    row = [
        button(scene, "", "language", each, label=words(each)("language.name"))
        for each in languages()
    ]
    return scene, (alone(scene, mine(scene)("club.language.ask"), *buttons(row)),)


# What is typed


def typed(scene: ClubScene, text: str, now: datetime) -> Answer:
    """An answer to what is asked, or a change said in words; what is not understood is said."""
    if scene.asking == "words":
        seen = "".join(each for each in " ".join(text.split()) if each.isprintable())
        own = seen[:LONGEST_WELCOME].strip()
        return preview(changed(scene, welcome=own)) if own else _ask_words(scene)
    tries: dict[str, Callable[[ClubScene, str, datetime], Answer | None]] = {
        "language": _typed_language,
        "quiet": _typed_quiet,
        "runs": _typed_runs,
        "zone": _typed_zone,
    }
    asked = [tries[scene.asking]] if scene.asking in tries else []
    for each in (*asked, *tries.values()):
        if answer := each(scene, text, now):
            return answer
    key = f"club.not_understood.{scene.asking}" if scene.asking in tries else "club.not_understood"
    return scene, (alone(scene, mine(scene)(key), typed=bool(scene.asking)),)


def _typed_language(scene: ClubScene, text: str, now: datetime) -> Answer | None:  # noqa: ARG001  # as the others
    said = text.strip().casefold()
    names = {words(each)("language.name").casefold(): each for each in languages()}
    found = names.get(said) or (said if said in languages() else "")
    return _language(scene, found) if found else None


def _typed_quiet(scene: ClubScene, text: str, now: datetime) -> Answer | None:
    if scene.asking == "quiet" and is_said(text, mine(scene)("text.none")):
        return _quiet(scene, None)
    parts = re.split(rf"-|\u2013|{either('to')}", text.casefold())
    if len(parts) != 2:
        return None
    local = now.astimezone(scene.club.clock)
    begin, end = (read_any(part, mine(scene).language, local) for part in parts)
    if begin is None or end is None or not (begin.clock and end.clock):
        return None
    if begin.weekdays or begin.on:
        return None
    by_day = end.clock.hour > NOON  # "9 to 17"; but "10 to 6" is a night
    hours = clocks(begin, evening=not by_day)[0], clocks(end, evening=False)[0]
    return _quiet(scene, hours) if hours[0] != hours[1] else None


def _typed_runs(scene: ClubScene, text: str, now: datetime) -> Answer | None:
    spoken = mine(scene)
    if scene.asking == "runs" and is_said(text, spoken("text.none")):
        return pressed(scene, "runs", "none", "", now)
    runs = []
    text = _UNTIL.sub(_with_length, text)
    for said in read_schedule(text, spoken.language, now.astimezone(scene.club.clock)):
        length = int(said.lasts.total_seconds() // 60) if said.lasts else USUAL_RUN
        days = tuple(sorted(said.weekdays)) or ((said.on.weekday(),) if said.on else WEEK)
        if said.clock is None or said.after or not 0 < length <= LONGEST_RUN:
            return None
        if not said.weekdays and not said.on and scene.asking != "runs":
            return None
        runs.append(RunTime(clocks(said, evening=False)[0], days, length))
    if not runs:
        return None
    scene = changed(scene, runs=folded(tuple(runs)), calendar=False, ran=now)
    what = spoken("list.also").join(run_in_words(spoken, each) for each in scene.club.runs)
    told: str = spoken("club.runs.set", what=what)
    if not scene.club.zone:
        told = f"{told} {spoken('club.no_clock')}"
    return _go_on(scene, told)


def _with_length(found: re.Match[str]) -> str:
    """19:00-20:30 as 19:00, 90 min."""
    hour, minute, to_hour, to_minute = map(int, found.groups())
    length = (60 * (to_hour - hour) + to_minute - minute) % (24 * 60)
    return f"{found[1]}:{found[2]}, {length} min"


def _typed_zone(scene: ClubScene, text: str, now: datetime) -> Answer | None:
    name = places.zone_named(text)
    found = places.find(text) if not name else ()
    if not name and found:
        name = found[0].zone if len({city.zone for city in found}) == 1 else ""
    if not name:
        return None
    scene = changed(scene, zone=name)
    when = mine(scene).moment(now, scene.club.clock)
    return _go_on(scene, mine(scene)("club.zone.set", zone=name, when=when))
