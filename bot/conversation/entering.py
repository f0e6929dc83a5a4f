"""A club's challenge, as one of its runners sees it: in, out, days off, and what others see."""

import re
from datetime import date, datetime, timedelta

from bot.content.routine import number
from bot.content.words import Words
from bot.conversation import check
from bot.conversation.asking import asked
from bot.conversation.closures import number_for
from bot.conversation.club import FEW, Challenge, Club, Entered, Entry, Kind
from bot.conversation.clubs.challenge import in_words, join_button
from bot.conversation.person import Asking, Person, Rest, Scene
from bot.conversation.reply import Answer, Rows, button, minutes, say, words_of
from bot.conversation.scores import counts, in_numbers, progress, ranking, wanted
from bot.conversation.values import replace
from bot.events import Button
from bot.practice.clearance import Variation
from bot.practice.localtime import day

WEEK_OFF = timedelta(days=number("week_off"))
LONGEST_TOLD = number("logged_minutes")
USUAL_TOLD = number("seat_minutes")
"""Minutes of a rest of which somebody tells without its length."""
LONGEST_NAME = 24
_CALLS = re.compile(r"[@#/]|(?<=\w)\.(?=\w)")
"""What a platform makes a mention, a command, a tag or a link of, by itself."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that show nothing."""
RANKED = 10
"""Lines of a ranking that are shown."""


def join(scene: Scene, taken: int, code: str, now: datetime) -> Answer:
    """In from today: by the button, a link, or the code."""
    person, visit, spoken = scene.person, scene.visit, words_of(scene.person)
    challenge = visit.club.challenge(taken) if visit else None
    if visit is None or challenge is None or challenge.code != code.lower():
        return scene, (say(scene, spoken("enter.unknown")),)
    today = day(now, person.clock)
    if challenge.result is not None or today > challenge.ends:
        return scene, (say(scene, spoken("enter.over")),)
    if not check.agreed(person):
        then = ("c", visit.club.id, taken, challenge.code)
        scene, said = check.ask_consent(scene, then=then)
        return scene, (say(scene, spoken("enter.first")), *said)
    if not person.keeps:
        row = (button(person, "button.keep_result", "keep", "result"),)
        return scene, (say(scene, spoken("enter.keeps"), row),)
    known = _mine(scene, visit.club.id, taken)
    if known is not None and (known.entry.left is None or known.entry.left > today):
        again = replace(known.entry, left=None)
        back = () if again == known.entry else (again,)
        key = "enter.back" if back else "enter.already"
        scene = replace(scene, entries=(*scene.entries, *back))
        return scene, (say(scene, spoken(key), *_rows(person, again, challenge)),)
    new = Entry(visit.club.id, taken, max(today, challenge.starts))
    if known is not None:
        new = replace(new, name=known.entry.name, hidden=known.entry.hidden)
    scene = replace(scene, entries=(*scene.entries, new))
    parts: list[str] = [spoken("enter.in", what=in_words(spoken, challenge))]
    rows = _rows(person, new, challenge)
    if challenge.ranking:
        parts.append(spoken("enter.seen", name=spoken("rank.runner")))
        rows = (*_name_rows(person, new, _name(visit.called)), *rows)
    return scene, (say(scene, " ".join(parts), *rows),)


def _mine(scene: Scene, club: int, taken: int) -> Entered | None:
    """Their newest entry in that challenge."""
    mine = [e for e in scene.entered if (e.entry.club, e.entry.number) == (club, taken)]
    return max(mine, key=lambda each: each.entry.joined, default=None)


def _button(person: Person, entry: Entry, key: str, *what: str, label: str = "") -> Button:
    return button(person, key, "entry", entry.club, entry.number, *what, label=label)


def _rows(person: Person, entry: Entry, challenge: Challenge) -> Rows:
    off = [_button(person, entry, "entry.off", "off")]
    if challenge.kind is not Kind.WEEKLY:
        off = []
    name = [_button(person, entry, "entry.name", "name")] if challenge.ranking else []
    return tuple(filter(None, ((*off, *name), (_button(person, entry, "entry.leave", "leave"),))))


def _name_rows(person: Person, entry: Entry, called: str) -> Rows:
    first = [_button(person, entry, "entry.keep", "keep")]
    if entry.name:
        first.append(_button(person, entry, "entry.runner", "runner"))
    if called and called != entry.name:
        first.append(_button(person, entry, "entry.called", "called"))
    nick = _button(person, entry, "entry.nick", "nick")
    hide = "show" if entry.hidden else "hide"
    return tuple(first), (nick, _button(person, entry, f"entry.{hide}", hide))


# What runs


def show(scene: Scene, now: datetime) -> Answer:
    """/challenge: each that they are in, with their own week, and how far all are."""
    person, spoken = scene.person, words_of(scene.person)
    today = day(now, person.clock)
    mine = [each for each in _newest(scene) if each.entry.left is None]
    if not mine:
        club = scene.visit.club if scene.visit else None
        joins = [(_join_button(club, each, spoken),) for each in club.running] if club else []
        return scene, (say(scene, spoken("entry.some" if joins else "entry.none"), *joins),)
    said = []
    for each in mine:
        lines = _lines(spoken, each, today)
        rows = _rows(person, each.entry, each.challenge)
        said.append(say(scene, "\n".join(filter(None, lines)), *rows))
    return scene, tuple(said)


def _join_button(club: Club, challenge: Challenge, spoken: Words) -> Button:
    found = join_button(club, challenge)
    return Button(spoken("entry.join", what=in_words(spoken, challenge)), found.data)


def _newest(scene: Scene) -> list[Entered]:
    newest = dict[tuple[int, int], Entered]()
    for each in sorted(scene.entered, key=lambda each: each.entry.joined):
        newest[each.entry.club, each.entry.number] = each
    return list(newest.values())


def _lines(spoken: Words, each: Entered, today: date) -> list[str]:
    challenge, entry = each.challenge, each.entry
    week = challenge.week(today)
    head = spoken("entry.head", what=in_words(spoken, challenge))
    if challenge.kind is Kind.WEEKLY:
        goal = wanted(challenge, entry, week)
        key = "entry.week" if goal else "entry.week_off"
        own = spoken(key, week=week, weeks=challenge.weeks, days=each.this_week, goal=goal)
    else:
        days = spoken.count("count.days", each.mine.days)
        own = spoken(
            "entry.mine", days=days, minutes=spoken.count("club.minutes", each.mine.seconds // 60)
        )
    every = in_numbers(spoken, each.every)
    lines = [head, own, every, progress(spoken, challenge, each.every)]
    if challenge.ranking and each.every.runners >= FEW:
        lines += ranking(spoken, each.ranking[:RANKED])
    if challenge.ranking and entry.hidden:
        lines.append(spoken("entry.hidden"))
    return lines


def pressed(scene: Scene, about: tuple[str, ...], now: datetime) -> Answer | None:
    """A button of one's own entry."""
    if len(about) < 3 or not (about[0].isdecimal() and about[1].isdecimal()):
        return None
    found = _mine(scene, int(about[0]), int(about[1]))
    if found is None or found.entry.left is not None or found.challenge.result is not None:
        return None
    person, spoken, entry = scene.person, words_of(scene.person), found.entry
    today = day(now, person.clock)
    called = _name(scene.visit.called) if scene.visit else ""
    match about[2:]:
        case ("off",):
            first = max([today, *(last + timedelta(days=1) for _, last in entry.off)])
            off = (first, first + WEEK_OFF - timedelta(days=1))
            if first > found.challenge.ends:
                return scene, (say(scene, spoken("entry.is_off")),)
            scene = _changed(scene, replace(entry, off=(*entry.off, off)))
            return scene, (say(scene, spoken("entry.off_until", day=spoken.weekday_date(off[1]))),)
        case ("leave",):
            row = (
                _button(person, entry, "entry.leave_yes", "leave", "yes"),
                _button(person, entry, "entry.leave_no", "leave", "no"),
            )
            return scene, (say(scene, spoken("entry.leave_ask"), row),)
        case ("leave", "no"):
            return scene, (say(scene, spoken("entry.stays")),)
        case ("leave", "yes"):
            scene = _changed(scene, replace(entry, left=today + timedelta(days=1)))
            return scene, (say(scene, spoken("entry.is_left")),)
        case ("name",):
            shown = _shown(spoken, entry)
            return scene, (say(scene, shown, *_name_rows(person, entry, called)),)
        case ("keep",):
            return scene, (say(scene, _shown(spoken, entry)),)
        case ("runner",):
            return _seen(scene, replace(entry, name="", hidden=False))
        case ("called",) if called:
            return _seen(scene, replace(entry, name=called, hidden=False))
        case (("hide" | "show") as what,):
            return _seen(scene, replace(entry, hidden=what == "hide"))
        case ("nick",):
            scene = asked(scene, Asking("nick", 0, now, said=f"{entry.club}.{entry.number}"))
            return scene, (say(scene, spoken("entry.nick_ask")),)
        case _:
            return None


def nick(scene: Scene, text: str) -> Answer | None:
    """The name that they typed, in one short line."""
    question = scene.person.asking
    club, _, taken = question.said.partition(".") if question else ("", "", "")
    found = _mine(scene, int(club or 0), int(taken or 0))
    name = _name(text)
    if question is None or found is None or found.entry.left is not None or not name:
        return None
    scene = replace(scene, person=replace(scene.person, asking=None))
    return _seen(scene, replace(found.entry, name=name, hidden=False))


def _name(said: str) -> str:
    """A name as others see it: one short line of what can be seen, which calls or links nobody."""
    line = _CALLS.sub(" ", " ".join(said.split()))
    seen = "".join(each for each in line if each.isprintable() and each not in _BLANK)
    return " ".join(seen.split())[:LONGEST_NAME].strip()


def _changed(scene: Scene, entry: Entry) -> Scene:
    return replace(scene, entries=(*scene.entries, entry))


def _shown(spoken: Words, entry: Entry) -> str:
    if entry.hidden:
        return spoken("entry.hidden")
    return spoken("enter.seen", name=entry.name or spoken("rank.runner"))


def _seen(scene: Scene, entry: Entry) -> Answer:
    """How others see them from now on."""
    return _changed(scene, entry), (say(scene, _shown(words_of(scene.person), entry)),)


# After a club's runs


def after_runs(scene: Scene) -> Answer:
    """To be asked after each run of that club, or not any more."""
    person, visit, spoken = scene.person, scene.visit, words_of(scene.person)
    if visit is None:
        return scene, (say(scene, spoken("joining.over")),)
    if not check.agreed(person):
        scene, said = check.ask_consent(scene, then=("r", visit.club.id))
        return scene, (say(scene, spoken("member.first")), *said)
    scene = replace(scene, member=True)
    row = (button(person, "member.stop", "member", visit.club.id, "no"),)
    return scene, (say(scene, spoken("member.set"), row),)


def member(scene: Scene, said: str) -> Answer | None:
    """Not any more."""
    if said != "no" or scene.visit is None:
        return None
    return replace(scene, member=False), (say(scene, words_of(scene.person)("member.stopped")),)


# Rests that somebody tells of


def log(scene: Scene, said: str, now: datetime) -> Answer:
    """/log: a rest without us, today; it counts where a club says so, and is marked."""
    person, spoken = scene.person, words_of(scene.person)
    if person.consent is None or not person.keeps:
        return (
            (scene, (say(scene, spoken("log.not_kept")),))
            if person.consent
            else check.ask_consent(scene)
        )
    length = said.split(maxsplit=1)[0] if said.split() else str(USUAL_TOLD)
    told_minutes = int(length) if length.isascii() and length.isdecimal() and len(length) < 4 else 0
    if not 0 < told_minutes <= LONGEST_TOLD:
        return scene, (say(scene, spoken("log.how_long", most=LONGEST_TOLD)),)
    taken, person = number_for(person)
    seconds = told_minutes * 60
    told = Rest(
        taken,
        now - timedelta(seconds=seconds),
        seconds,
        Variation.REST_SEAT,
        day=day(now, person.clock),
        counted=counts(seconds),
        logged=True,
    )
    today = day(now, person.clock)
    now_in = [e for e in scene.entered if e.entry.left is None or e.entry.left > today]
    counted = any(each.challenge.logged for each in now_in)
    scene = replace(scene, person=person, rests=(*scene.rests, told))
    text = spoken("log.done", minutes=minutes(spoken, told_minutes))
    more = spoken("log.counts" if counted else "log.not_counted")
    return scene, (say(scene, f"{text} {more}"),)
