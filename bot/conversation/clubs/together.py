"""A rest of many, as its club sees it: announced, counted, and led by a few words in the channel.

Each rests in their own chat, in their own way (`bot.conversation.joining`).
"""

import dataclasses
from datetime import UTC, datetime, timedelta

from bot.content.routine import number
from bot.conversation.buttons import ANYONE, data
from bot.conversation.club import EDITED_EACH, LATE_EXIT, ClubScene, Crowd, Telling, Together
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
from bot.conversation.scores import in_minutes, in_runners
from bot.conversation.values import replace
from bot.events import Button, Lane, Message
from bot.times import moments, read_any

MINUTES = number("together_minutes")
AHEAD = timedelta(days=number("together_ahead"))
LEAD = timedelta(minutes=number("together_lead"))
SOON = (5, 10, 30)
"""Minutes until a start that can be tapped."""
STALE = timedelta(seconds=30)
"""So late the channel need not hear a cue any more."""
SLOT = "together"


def command(scene: ClubScene, argument: str, now: datetime) -> Answer:
    """/together: when, to tap or to say; while one is announced, how it stands."""
    if not (scene.organiser or scene.club.everyone):
        return answered(scene, "club.only_organisers")
    running = scene.club.together
    if running is not None and now < running.ends:
        return _runs(scene, running)
    if not argument:
        row = [
            button(scene, "", "at", minutes, label=mine(scene).count("together.in", minutes))
            for minutes in SOON
        ]
        scene = replace(scene, asking="together")
        return scene, (alone(scene, mine(scene)("together.ask"), *buttons(row), typed=True),)
    starts = _said(scene, argument, now)
    if starts is None:
        scene = replace(scene, asking="together")
        return scene, (alone(scene, mine(scene)("together.when"), typed=True),)
    if not now + LEAD <= starts <= now + AHEAD:
        return answered(scene, "together.not_then", days=AHEAD.days)
    return _announce(scene, starts, now)


def _said(scene: ClubScene, text: str, now: datetime) -> datetime | None:
    local = now.astimezone(scene.club.clock)
    said = read_any(text, mine(scene).language, local)
    if said is None or said.weekdays:
        return None
    if said.after is not None:
        return now + said.after
    found = moments(said, local) if said.clock else ()
    return found[0].astimezone(UTC) if found else None


def pressed(scene: ClubScene, what: str, said: str, now: datetime) -> Answer | None:
    """A button of an organiser's."""
    match what:
        case "together":
            return command(scene, "", now)
        case "at" if said in map(str, SOON):
            running = scene.club.together
            if running is not None and now < running.ends:
                return _runs(scene, running)
            return _announce(scene, now + timedelta(minutes=int(said)), now)
        case "off":
            return _call_off(scene, said, now)
        case _:
            return None


def _runs(scene: ClubScene, running: Together) -> Answer:
    when = mine(scene).live_moment(running.starts, scene.club.clock)
    row = [button(scene, "together.off", "off", running.number)]
    return scene, (alone(scene, mine(scene)("together.runs", when=when), *buttons(row)),)


def _announce(scene: ClubScene, starts: datetime, now: datetime) -> Answer:
    club = scene.club
    starts = starts.replace(microsecond=0)
    new = Together(club.next_number, starts, MINUTES, club.place, edited=now)
    scene = changed(
        scene, together=new, next_number=new.number + 1, posts=True, ran=club.ran or now
    )
    row = [button(scene, "together.off", "off", new.number)]
    when = mine(scene).live_moment(starts, club.clock)
    told = alone(scene, mine(scene)("together.set", when=when), *buttons(row))
    return scene, (told, _card(scene, new, Crowd(), anew=True))


def _card(scene: ClubScene, together: Together, crowd: Crowd, *, anew: bool = False) -> Message:
    """The announcement as it stands now, with the way in."""
    club, spoken = scene.club, ours(scene.club)
    when = spoken.live_moment(together.starts, club.clock)
    lines = [spoken("together.announced", when=when, minutes=together.minutes)]
    if crowd.inside:
        lines.append(spoken.count("together.in_now", crowd.inside))
    where = (club.id, together.number)
    join = Button(
        spoken("together.join"),
        data(ANYONE, "together", *where),
        opens=f"t_{club.id}_{together.number}",
    )
    told = post(scene, "\n".join(lines), (join,), slot=SLOT, silent=not anew)
    return _at(dataclasses.replace(told, anew=anew), together)


def _at(message: Message, together: Together) -> Message:
    """In the channel that it was announced in, wherever the club posts by now."""
    return dataclasses.replace(message, to=together.place)


def wake(scene: ClubScene, now: datetime) -> Answer:
    """What the channel hears now: how many are in, a cue, or what came together."""
    running = scene.club.together
    if running is None:
        return scene, ()
    said: list[Message] = []
    due = [cue for cue in running.cues[running.said :] if cue[1] <= now]
    if due:
        name, at = due[-1]
        running = replace(running, said=running.said + len(due))
        scene = changed(scene, together=running)
        heard = scene.crowd.inside if name == "begin" else scene.crowd.resting
        if now - at <= STALE and heard:
            said.append(_cue(scene, running, name, at))
    if _is_over(running, scene.crowd, now):
        return _over(scene, running, said)
    scene, counted = _count(scene, running, now)
    return scene, (*said, *counted)


def _is_over(together: Together, crowd: Crowd, now: datetime) -> bool:
    """The last one out ends it; nobody is waited for for ever."""
    if now < together.starts:
        return False
    last = bool(crowd.inside) and not crowd.waiting
    return last or now >= together.ends + (LATE_EXIT if crowd.waiting else timedelta(0))


def _cue(scene: ClubScene, together: Together, name: str, at: datetime) -> Message:
    text = ours(scene.club)(f"together.cue.{name}")
    cue = post(scene, text, lane=Lane.CUE, until=at + STALE, silent=name != "begin")
    return _at(cue, together)


def _count(scene: ClubScene, together: Together, now: datetime) -> Answer:
    """How many are in, written anew at most every few seconds."""
    if scene.crowd.inside == together.shown or now >= together.ends:
        return changed(scene, together=replace(together, again=None)), ()
    soonest = (together.edited or now) + EDITED_EACH
    if now < soonest:
        return changed(scene, together=replace(together, again=soonest)), ()
    together = replace(together, shown=scene.crowd.inside, edited=now, again=None)
    scene = changed(scene, together=together)
    return scene, (_card(scene, together, scene.crowd),)


def _over(scene: ClubScene, together: Together, said: list[Message]) -> Answer:
    """The last one is out: what came together, and the announcement has had its time."""
    spoken, crowd = ours(scene.club), scene.crowd
    gone = _at(post(scene, spoken("together.over"), slot=SLOT), together)
    scene = changed(scene, together=None)
    if not crowd.inside or not crowd.seconds:
        return scene, (gone,)
    who = in_runners(spoken, crowd.inside)
    minutes = in_minutes(spoken, crowd.seconds, crowd.inside)
    total = post(scene, spoken("together.total", runners=who, minutes=minutes))
    return scene, (*said, gone, _at(total, together))


def _call_off(scene: ClubScene, said: str, now: datetime) -> Answer | None:
    """Whoever is in already rests on: nobody is called out of a rest by somebody else."""
    running = scene.club.together
    if running is None or said != str(running.number):
        return None
    if now >= running.starts:
        return answered(scene, "together.too_late")
    gone = _at(post(scene, ours(scene.club)("together.called_off"), slot=SLOT), running)
    scene = changed(
        scene, together=None, tellings=(*scene.club.tellings, Telling(now, running.number))
    )
    return scene, (alone(scene, mine(scene)("together.is_off")), gone)
