"""The conversation: every event is answered by one pure function, and `step` is its table."""

import dataclasses
from datetime import datetime

from bot.content.words import words
from bot.conversation import (
    about,
    account,
    asking,
    check,
    entering,
    evenings,
    feeling,
    groups,
    hold,
    joining,
    linking,
    merging,
    night,
    nudges,
    offers,
    quiet_times,
    reminders,
    runs,
    safety,
    single,
    trouble,
    up,
    visiting,
    way_out,
    whereabouts,
    wishes,
)
from bot.conversation.agenda import answered
from bot.conversation.buttons import ANYONE, Pressed, data, parse
from bot.conversation.free_text import NO_CRY, alarm, meanings, urgent
from bot.conversation.person import Person, Phase, Scene, with_agenda
from bot.conversation.reply import Answer, button, emergency_number, say, words_of
from bot.conversation.suggesting import suggestions as suggestions  # for whoever is typing
from bot.conversation.values import replace
from bot.events import (
    Address,
    As,
    Blocked,
    CalledOff,
    Chosen,
    ClubRun,
    Command,
    Event,
    Expired,
    Joined,
    Lane,
    Left,
    Location,
    Message,
    Moved,
    Press,
    RunFinished,
    Text,
    Unblocked,
    Unreadable,
    Wake,
)

NOBODYS = (Wake, Expired, RunFinished, CalledOff, Blocked, Unblocked)
"""Events that nobody said."""
HISTORY = ("stats", "export")
"""The commands for which a scene needs the history of rests."""


OPENS = ("up", "seat", "ran", "check", "reminders", "help", "challenge")
"""What a link into the chat can begin with, as /start has it."""

VERBS = (
    *OPENS,
    *("start", "hold", "lutw", "stop", "remind", "bedtime", "runs", "quiet", "pause", "zone"),
    *("resume", "what", "why", "faq", "stats", "settings", "language", "country", "privacy"),
    *("export", "forget", "link", "unlink", "join", "log"),
)
"""Every command; in a group, what is none of them is meant for somebody else."""

ANYBODYS = frozenset(
    (
        *("up", "seat", "check", "consent", "language", "ran", "why", "faq", "resume"),
        *("emergency", "together", "enter", "after"),
    )
)
"""Verbs of buttons that do the same for whoever presses them."""


def step(scene: Scene, event: Event, now: datetime) -> tuple[Scene, tuple[Message, ...]]:
    """Answer an event: the scene as it is afterwards, and what is to be said.

    Pure. An event that comes twice or too late changes nothing that matters; ``now`` before the
    scene's last moment counts as that moment.
    """
    now = max(now, scene.person.at or now)
    if scene.group is not None:
        return _in_group(scene, scene.group, event, now)
    if not isinstance(event, NOBODYS):
        agenda = answered(scene.person.agenda)  # whatever they say, they are there
        scene = with_agenda(scene, agenda)
    before = scene.person
    scene, said = _answer(scene, event, now)
    person = scene.person
    typed = isinstance(event, Text) or person.asking != before.asking
    said = _told_where(person, said, typed=typed)
    waits = person.agenda.missed is not None and person.hold is None
    if waits and said and all(each.lane >= Lane.REPLY for each in said):
        scene, missed = nudges.missed(scene)
        said = (*missed, *said)
    said = night.hushed(scene.person, said, now)
    if before.joining or before.hold or person.joining or person.hold:
        scene = replace(scene, parts=joining.parts(before, scene, now))
    return replace(scene, person=replace(scene.person, at=now)), said


def _told_where(person: Person, said: tuple[Message, ...], *, typed: bool) -> tuple[Message, ...]:
    """What belongs to a rest is marked, and the question that a ``typed`` line may answer."""
    if typed and said and person.asking is not None:
        said = (*said[:-1], dataclasses.replace(said[-1], typed=True))
    if person.hold is not None:
        said = tuple(dataclasses.replace(each, in_rest=True) for each in said)
    return said


def _in_group(scene: Scene, group: Address, event: Event, now: datetime) -> Answer:
    """What somebody said where others can read is answered in their own chat."""
    if isinstance(event, Press):
        return scene, ()  # no button of ours stands there but links
    name = event.name.casefold() if isinstance(event, Command) else ""
    plain = isinstance(event, Command) and name in ("help", "stop") and not event.argument
    cry = "" if plain else urgent_words(event, scene.person.speaks)
    if not (cry or name in VERBS):
        return scene, ()
    if account.is_stranger(scene.person):
        if cry:
            return scene, (groups.called(group, cry),)
        opens = name if name in OPENS else "start"
        return scene, (groups.stranger(scene, group, opens, now),)
    alone, said = step(replace(scene, group=None), event, now)
    return replace(alone, group=group), (*said, groups.answered(scene, group, now))


def _answer(scene: Scene, event: Event, now: datetime) -> Answer:
    match event:
        case Wake():
            return _wake(scene, now)
        case Expired(kind):
            return hold.expired(nudges.expired(scene, kind), kind, now)
        case Command(name, argument):
            return _command(scene, name.casefold(), argument, now)
        case Press(data):
            return _press(scene, data, now)
        case Chosen(data, values):
            return _chosen(scene, data, values, now)
        case Text(text):
            return _text(scene, text, now)
        case Unreadable():
            return _unreadable(scene, now)
        case Blocked() | Unblocked():
            return scene, ()
        case Location():
            return _located(scene, event, now)
        case RunFinished(ended_at):
            return runs.finished(scene, ended_at, now)
        case CalledOff(club, taken):
            return joining.called_off(scene, club, taken)
        case Joined() | Left() | Moved() | ClubRun():
            return scene, ()  # a club's


def _wake(scene: Scene, now: datetime) -> Answer:
    every: list[Message] = []
    rooms = (hold, joining, safety, check, nudges, up, whereabouts, asking, account, linking)
    for room in rooms:
        scene, said = room.wake(scene, now)
        every += said
    # Nobody looks at the screen: what comes by itself has to make a sound.
    return scene, tuple(_anew(each) if each.slot else each for each in every)


def _aside(answer: Answer) -> Answer:
    """An answer beside what was asked, which stays open."""
    scene, said = answer
    return scene, tuple(dataclasses.replace(each, aside=True) for each in said)


def _anew(message: Message) -> Message:
    return dataclasses.replace(message, anew=True)


def _located(scene: Scene, location: Location, now: datetime) -> Answer:
    """A shared location, and what had to wait for it."""
    if scene.person.consent is None:
        return account.no_consent(scene)
    question = scene.person.asking
    scene, said = whereabouts.shared(scene, location, now)
    return wishes.go_on(scene, said, question, now)


def _command(scene: Scene, name: str, argument: str, now: datetime) -> Answer:
    if name == "start" and argument in OPENS:
        name, argument = argument, ""
    if name == "start" and (way := visiting.way(argument)) is not None:
        return _visits(scene, way, now)
    if found := alarm(f"{name} {argument}") if name not in (*NO_CRY, "stop", "help") else "":
        return _alarm(scene, found, now)
    match name:
        case "start":
            return here(scene, now)
        case "up" | "hold" | "lutw":
            return up.legs_up(scene, argument, now)
        case "stop":
            return _stop(scene, now)
        case "help":
            return trouble.stop(scene, now) if scene.person.legs_up else account.help_(scene)
        case "seat":
            return hold.seat(scene, now)
        case "ran":
            return runs.ran(scene, now)
        case "after":
            return runs.after(scene, argument, now)
        case "reminders" | "remind" | "bedtime" | "runs" | "quiet" | "pause" | "zone":
            return _about_time(scene, name, argument, now)
        case "resume":
            return account.resume(scene, now)
        case "check" if scene.person.legs_up:
            return hold.where(scene, now)
        case "check":
            asked = safety.open_question(scene, now)
            return (scene, (asked,)) if asked else check.show(scene, now)
        case "what":
            return about.what(scene)
        case "why":
            return about.why(scene, argument)
        case "faq":
            return about.faq(scene, argument)
        case "stats":
            return account.stats(scene)
        case "settings":
            return account.settings(scene)
        case "language":
            return account.language(scene, argument)
        case "country":
            return account.set_country(scene, argument)
        case "privacy":
            return account.privacy(scene)
        case "export":
            return account.export(scene, now)
        case "forget":
            return account.forget(scene, "") or (scene, ())
        case "link":
            return linking.command(scene, argument, now)
        case "unlink":
            return linking.unlink(scene, "", now) or (scene, ())
        case "challenge":
            return entering.show(scene, now)
        case "join":
            return _visits(scene, visiting.coded(argument) or visiting.Way("c", 0), now)
        case "log":
            return entering.log(scene, argument, now)
        case "club" | "together":
            return scene, (say(scene, words_of(scene.person)("club.say_there")),)
        case _:
            return _one_helpful_line(scene)


def _visits(scene: Scene, way: visiting.Way, now: datetime) -> Answer:
    """Into something of a club's."""
    match way.what:
        case "t":
            return joining.join(scene, way.number, now)
        case "c":
            return entering.join(scene, way.number, way.code, now)
        case _:
            return entering.after_runs(scene)


def _with_wish(answer: Answer, wish: str, now: datetime) -> Answer:
    """After their yes: what they wanted of a club goes on, and the check with it."""
    scene, said = answer
    way = visiting.way(wish)
    if way is None or not check.agreed(scene.person):
        return answer
    scene, more = _visits(scene, way, now)
    return scene, (*more, *(() if way.what == "t" else said))


def _about_time(scene: Scene, name: str, argument: str, now: datetime) -> Answer:
    """Commands that set reminders, or tell what they are set by."""
    if scene.person.consent is None:
        return account.no_consent(scene) if name == "zone" else check.ask_consent(scene)
    if name == "zone":
        return whereabouts.command(scene, argument, now)
    if name in ("reminders", "remind") and not argument:
        return reminders.show(scene, now)
    if name in ("reminders", "remind"):
        answer = wishes.free(scene, argument, now)
        scene = asking.asking(scene, "once", now)
    else:
        answer = wishes.carry_out(scene, name, argument, now)
        scene = asking.asking(scene, name, now)
    return answer or wishes.not_understood(scene, now) or (scene, ())


def _press(scene: Scene, data: str, now: datetime) -> Answer:
    pressed = parse(data)
    pressed = pressed and merging.translated(scene.person, pressed)
    if pressed is None or pressed.owner not in (scene.person.id, ANYONE):
        return _stale(scene, now)
    if pressed.owner == ANYONE and scene.person.consent and pressed.verb not in ANYBODYS:
        return _stale(scene, now)  # shown to a stranger: it may not touch what somebody keeps
    return _button(scene, pressed, now) or _stale(scene, now)


def _chosen(scene: Scene, data: str, values: tuple[str, ...], now: datetime) -> Answer:
    """A form that was handed in: of whoever it was shown to, and still open."""
    pressed = parse(data)
    if pressed is None or pressed.owner != scene.person.id or pressed.verb != "lines":
        return _stale(scene, now)
    return check.chosen(scene, pressed.number, values, now) or _stale(scene, now)


def _button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of a rest does; None when what it was about is over."""
    number = pressed.number
    match pressed.parts:
        case "up", *way:
            return up.legs_up(scene, "".join(way[:1]), now)
        case "seat", *_:
            return hold.seat(scene, now)
        case "hold", *about_:
            return hold.pressed(scene, tuple(about_), now)
        case "feel", _, how:
            return feeling.feel(scene, number, how, now)
        case "worse", _, which:
            return feeling.worse(scene, number, which, now)
        case "next", said, *taken:
            return feeling.next_time(scene, said, "".join(taken[:1]))
        case "card", _, what:
            return up.pressed(scene, number, what, now)
        case "before", _, asking, said:
            return up.before(scene, number, asking, said, now)
        case "change", _:
            return up.change(scene, number, "", "", now)
        case "change", _, what, said:
            return up.change(scene, number, what, said, now)
        case "not_now", _, which:
            return up.not_now(scene, number, which, now)
        case "leg", _, which:
            return up.leg(scene, number, which, now)
        case "later", _:
            return offers.later(scene, number, now)
        case "skip", *_:
            return offers.skip(scene, number, now)
        case "emergency", _, said:
            return safety.emergency_answer(scene, number, said, now)
        case "answer", _, kind, said:
            return safety.answer(scene, number, kind, said, now)
        case _:
            return _account_button(scene, pressed, now)


def _account_button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of the check or the settings does; None when what it was about is over."""
    number, resting = pressed.number, scene.person.legs_up
    match pressed.parts:
        case "consent", choice, *wish if not check.agreed(scene.person) and not resting:
            answer = check.consent(scene, choice, now)
            return answer and _with_wish(answer, "".join(wish[:1]), now)
        case "tick", _, name, said:
            return check.tick(scene, number, name, said)
        case "none", _:
            return check.none_of_these(scene, number, now)
        case "page", _:
            return check.turn_page(scene, number, now)
        case "lines", _, how if how in (As.PAGE, As.LIST):
            return check.open_form(scene, number, As(how))
        case "age", said:
            return check.age(scene, said, now)
        case "check", *_ if not resting and not safety.open_question(scene, now):
            return check.begin(scene, now)
        case "proposed", _, said:
            return check.proposed(scene, number, said, now)
        case "clinician", _, said:
            return check.clinician(scene, number, said, now)
        case "language", code, *wish:
            scene, told = account.language(scene, code)
            way = visiting.way("".join(wish[:1]))
            if way is not None:
                return _visits(scene, way, now)
            return here(scene, now) if account.is_stranger(scene.person) else (scene, told)
        case "ran", when:
            return runs.pressed(scene, when, now)
        case (("nudge" | "remind" | "set" | "bedtime" | "once" | "pause" | "quiet" | "run"), *_):
            return _reminder_button(scene, pressed, now)
        case (("clock" | "city" | "place" | "zone" | "travel" | "home"), *_):
            return _place_button(scene, pressed, now)
        case "keep", choice:
            return account.keep(scene, choice, now)
        case "forget", said:
            return account.forget(scene, said)
        case (("link" | "unlink" | "pin"), *_):
            return _linking_button(scene, pressed, now)
        case (("together" | "enter" | "after" | "joining" | "entry" | "member"), *_):
            return _club_button(scene, pressed, now)
        case "resume", *_:
            return account.resume(scene, now)
        case "why", topic:
            return _aside(about.why(scene, topic))
        case "faq", asked:
            return _aside(about.faq(scene, asked))
        case _:
            return None


def _reminder_button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of a reminder does; None when what it was about is over."""
    number = pressed.number
    if scene.person.consent is None:
        return None
    match pressed.parts:
        case "nudge", _, what, *much:
            return nudges.pressed(scene, number, what, "".join(much[:1]), now)
        case "remind", what, taken if taken.isdecimal():
            return reminders.pressed(scene, what, int(taken), now)
        case "remind", *what:
            return reminders.pressed(scene, "".join(what[:1]), 0, now)
        case "set", _, what:
            return reminders.set_pressed(scene, number, what, now)
        case "bedtime", said:
            return evenings.pressed(scene, said, now)
        case "once", said:
            return single.pressed(scene, said, now)
        case "pause", "open":
            return account.quiet(scene)
        case "pause", said:
            return quiet_times.pause_pressed(scene, said, now)
        case "quiet", said:
            return quiet_times.pressed(scene, said, now)
        case "run", _, what, *said:
            return runs.usual_pressed(scene, number, (what, *said), now)
        case _:
            return None


def _club_button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of a club's post does, or of what somebody is in there."""
    match pressed.parts:
        case (("together" | "enter" | "after"), *_):
            way = visiting.pressed(Press(data(pressed.owner, *pressed.parts)))
            return _visits(scene, way, now) if way else None
        case "joining", _, what:
            return joining.pressed(scene, pressed.number, what, now)
        case "entry", *about_:
            return entering.pressed(scene, tuple(about_), now)
        case "member", _, said:
            return entering.member(scene, said)
        case _:
            return None


def _linking_button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of linked chats does; None when what it was about is over."""
    if scene.person.consent is None:
        return None
    match pressed.parts:
        case "link", _, said:
            return linking.pressed(scene, pressed.number, said, now)
        case ("link",) if scene.elsewhere:
            return linking.status(scene)
        case "pin", *to:
            return linking.pin(scene, "".join(to[:1]))
        case "unlink", said if said and scene.elsewhere:
            return linking.unlink(scene, said, now)
        case _:
            return None


def _place_button(scene: Scene, pressed: Pressed, now: datetime) -> Answer | None:
    """What a button of a clock or a place does, and what had to wait for it."""
    number, question = pressed.number, scene.person.asking
    if scene.person.consent is None:
        return None
    match pressed.parts:
        case "clock", _, said:
            found = whereabouts.clock_pressed(scene, number, said, now)
        case "place", *_:
            return _aside(whereabouts.share(scene))
        case "city", _, said:
            found = whereabouts.city_pressed(scene, number, said, now)
        case "zone", *_:
            return whereabouts.command(scene, "", now)
        case "travel", _, said:
            return whereabouts.travel_pressed(scene, number, said, now)
        case "home", _, said:
            return whereabouts.home_pressed(scene, number, said, now)
        case _:
            return None
    return found and wishes.go_on(*found, question, now)


def _stale(scene: Scene, now: datetime) -> Answer:
    """A button of something that is over: said kindly, with where things stand."""
    scene, said = here(scene, now)
    return scene, (say(scene, words_of(scene.person)("stale")), *said)


def here(scene: Scene, now: datetime) -> Answer:
    """Where things stand, with the buttons to go on."""
    person = scene.person
    if person.hold is not None:
        return hold.where(scene, now)
    asked = safety.open_question(scene, now)
    if asked is not None:
        return scene, (asked,)
    if not check.agreed(person):
        return check.ask_consent(scene)
    if person.check is not None:
        return check.page(scene)
    if person.proposed is not None:
        return check.reconfirm(scene)
    row = (button(person, "button.up", "up"), button(person, "button.seat", "seat"))
    return scene, (say(scene, words_of(person)("home"), row),)


def _text(scene: Scene, text: str, now: datetime) -> Answer:
    found = alarm(text)
    if found and not _known_dizzy(scene, text):
        return _alarm(scene, found, now)
    person = scene.person
    question = asking.open_question(person, now)
    if question is not None and question.kind == "nick" and person.hold is None:
        named = entering.nick(scene, text)
        if named:
            return named
    if person.hold is None:
        answer = up.typed(scene, text, now) or wishes.answer(scene, text, now)
        answer = answer or nudges.typed(scene, text, now)
        if answer:
            return answer
    for what in meanings(text, words_of(person).language):
        answer = _meant(scene, what, now)
        if answer is not None:
            return answer
    if account.is_stranger(person):
        return here(scene, now)
    if person.hold is None and person.check is None:
        free = wishes.free(scene, text, now) or wishes.not_understood(scene, now)
        return free or _one_helpful_line(scene)
    return _one_helpful_line(scene)


def _unreadable(scene: Scene, now: datetime) -> Answer:
    """Something without words: said so, with whom to call, and where things stand."""
    call = emergency_number(scene.person)
    told = say(scene, words_of(scene.person)("unreadable", call=call))
    scene, said = here(scene, now)
    return scene, (told, *said)


def _known_dizzy(scene: Scene, text: str) -> bool:
    """On the way out, dizzy has an answer of its own."""
    running = scene.person.hold
    out = running is not None and running.phase in (Phase.WAY_OUT, Phase.SIT)
    return out and "dizzy" in meanings(text, words_of(scene.person).language)


def _meant(scene: Scene, what: str, now: datetime) -> Answer | None:
    """What a typed word does here; None where it means nothing."""
    if scene.person.hold is not None:
        return _in_rest(scene, what, now)
    match what:
        case "up":
            return up.legs_up(scene, "", now)
        case "ran":
            return runs.ran(scene, now)
        case "seat":
            return hold.seat(scene, now)
        case "what":
            return about.what(scene)
        case _:
            return None


def _in_rest(scene: Scene, what: str, now: datetime) -> Answer | None:
    running = scene.person.hold
    if running is None:
        return None
    if what in feeling.FEELINGS:
        return feeling.feel(scene, running.number, what, now)
    return hold.act(scene, what, now)


def _stop(scene: Scene, now: datetime) -> Answer:
    if scene.person.hold is None:
        return account.quiet(scene)
    return trouble.stop(scene, now, harmless=True)


def _alarm(scene: Scene, found: str, now: datetime) -> Answer:
    """Stop, ouch, help, chest: in a rest the end at once; outside, what fits."""
    if scene.person.legs_up:
        return trouble.stop(scene, now, harmless=found == "stop")
    person, spoken = scene.person, words_of(scene.person)
    if found == "chest":
        return safety.emergency(way_out.ended(scene, now), now)
    if found == "stop":
        return _stop(scene, now)
    first = say(scene, spoken("alarm.first", call=emergency_number(person)), lane=Lane.SAFETY)
    if found == "hurt" and check.current(person, now) is not None and person.hold is None:
        scene, said = up.legs_up(scene, "", now)
    else:
        scene, said = account.help_(scene)
    return scene, (first, *said)


def _one_helpful_line(scene: Scene) -> Answer:
    person, spoken = scene.person, words_of(scene.person)
    if person.hold is not None:
        return scene, (say(scene, spoken("unknown.in_rest")),)
    if person.check is not None:
        return scene, (say(scene, spoken("unknown.in_check")),)
    return scene, (say(scene, spoken("unknown")),)


def exit_words(locale: str) -> str:
    """The plain way out, for when nothing else can be said."""
    return words(locale)("exit.plain")


def urgent_words(event: Event, locale: str) -> str | None:
    """What to say to an alarm while nothing can be loaded; None for any other event."""
    if not urgent(event):
        return None
    spoken = words(locale)
    return f"{spoken('exit.plain')}\n{spoken('alarm.first', call=spoken('emergency.unknown'))}"
