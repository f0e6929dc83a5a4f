"""The week of a club in a few lines: what came together, never who did not."""

from datetime import date, datetime, timedelta

from bot.content.routine import number
from bot.conversation.buttons import ANYONE, data
from bot.conversation.club import FEW, Challenge, ClubScene, quiet_ends, recap_at, recap_on
from bot.conversation.clubs.challenge import frozen, in_words
from bot.conversation.clubs.reply import Answer, changed, mine, ours, post
from bot.conversation.scores import in_numbers, progress, ranking
from bot.conversation.values import replace
from bot.events import Button, Message

LATE = timedelta(hours=number("late_recap"))
NAMED = 3
"""How many of a ranking stand in a recap."""


def told(scene: ClubScene, on: date) -> list[Challenge]:
    """The challenges that a recap of that day is about."""
    return [each for each in scene.club.running if each.starts < on]


def wake(scene: ClubScene, now: datetime) -> Answer:
    """What is due: a post for all challenges, and the result of those that are over."""
    club, due, on = scene.club, recap_at(scene.club), recap_on(scene.club)
    if due is None or on is None or due > now:
        return scene, ()
    if club.is_quiet(now):
        return changed(scene, recap_after=quiet_ends(club, now)), ()
    texts = [about(scene, each, on) for each in told(scene, on)]
    for each in told(scene, on):
        if each.ends < on:
            came, _ = scene.score(each.number)
            scene = changed(scene, challenges=frozen(scene.club, each, came))
    scene = changed(scene, recapped=on, recap_after=None)
    if now - due > LATE or not club.posts or not any(texts):
        return scene, ()
    cheers = ours(club).count("recap.cheers", club.cheers) if club.cheers else ""
    today = now.astimezone(club.clock).date()
    scene = changed(scene, recap=club.recap + 1, cheers=0, posted=today)
    text = "\n\n".join(filter(None, [*texts, cheers]))
    cheer = Button(ours(club)("recap.cheer"), data(ANYONE, "cheer", club.id, scene.club.recap))
    return scene, (post(scene, text, (cheer,), until=due + LATE),)


def about(scene: ClubScene, challenge: Challenge, on: date) -> str:
    """One challenge: what came together, how far its goal is, and a ranking where it has one."""
    spoken = ours(scene.club)
    came, ranks = scene.score(challenge.number)
    if not came.runners and not came.days:
        return ""
    what = in_words(spoken, challenge)
    if challenge.ends < on:
        head = spoken("recap.ended", what=what)
    else:
        week = challenge.week(on)
        head = spoken("recap.week", what=what, week=week, weeks=max(week, challenge.weeks))
    lines = [head, in_numbers(spoken, came), progress(spoken, challenge, came)]
    if challenge.ranking and came.runners >= FEW:
        lines += ranking(spoken, ranks[:NAMED])
    return "\n".join(filter(None, lines))


def cheered(scene: ClubScene, recap: int) -> Answer:
    """A cheer under a recap: counted once of everybody, named of nobody."""
    now_on = 0 < recap == scene.club.recap
    key = ("cheer.done" if scene.new else "cheer.again") if now_on else "cheer.old"
    if scene.new and now_on:
        scene = replace(scene, club=replace(scene.club, cheers=scene.club.cheers + 1))
    said = mine(scene)(key)
    return scene, (Message(scene.address, said, notice=said, passing=True, silent=True),)
