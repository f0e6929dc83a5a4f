"""A club's challenges: chosen from a few, posted with a button to join, ended by themselves."""

from datetime import datetime, timedelta

from bot.content.routine import number
from bot.content.words import Words
from bot.conversation.club import Challenge, Club, ClubScene, Kind, Score
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
    public,
)
from bot.conversation.scores import in_numbers
from bot.conversation.values import replace
from bot.events import Button
from bot.practice.localtime import day

AT_ONCE = number("challenges_at_once")
PRESETS: dict[str, tuple[Kind, int, int]] = {
    "three": (Kind.WEEKLY, 3, 28),
    "five": (Kind.WEEKLY, 5, 28),
    "team": (Kind.TEAM, 1000, 28),
    "small": (Kind.TEAM, 300, 28),
    "month": (Kind.DAYS, 0, 30),
}
"""What can be chosen: the kind, its goal, and how many days it lasts."""


HOWS = ("", "n", "r", "l", "rl", "lr")
"""How: with a ranking, with rests that are told, neither or both."""


def made(scene: ClubScene, preset: str, now: datetime, *, ranking: bool = False) -> Challenge:
    """A challenge of that kind, from today."""
    kind, goal, days = PRESETS[preset]
    starts = day(now, scene.club.clock)
    ends = starts + timedelta(days=days - 1)
    return Challenge(
        scene.club.next_number, kind, starts, ends, goal, scene.fresh.lower(), ranking=ranking
    )


def _with(scene: ClubScene, new: Challenge) -> ClubScene:
    club = scene.club
    return changed(
        scene, challenges=(*club.challenges, new), next_number=max(club.next_number, new.number) + 1
    )


def join_button(club: Club, challenge: Challenge) -> Button:
    """The way in, for everybody who reads it."""
    where = (club.id, challenge.number, challenge.code)
    opens = f"c_{club.id}_{challenge.number}_{challenge.code}"
    return public(club, "club.join", "enter", *where, opens=opens)


def default(scene: ClubScene, now: datetime) -> tuple[ClubScene, Button]:
    """The challenge that the welcome offers."""
    new = made(scene, "three", now)
    scene = _with(scene, new)
    row = join_button(scene.club, new)
    label = ours(scene.club)("club.join_default")
    return scene, Button(label, row.data, opens=row.opens)


def in_words(spoken: Words, challenge: Challenge) -> str:
    """What it asks for: 3 days a week, 4 weeks."""
    days = (challenge.ends - challenge.starts).days + 1
    return _in_words(spoken, challenge.kind, challenge.goal, days)


def _in_words(spoken: Words, kind: Kind, goal: int, days: int) -> str:
    weeks = spoken.count("count.weeks", days // 7)
    match kind:
        case Kind.WEEKLY:
            often = spoken.count("challenge.days_a_week", goal)
            return spoken("challenge.weekly", days=often, weeks=weeks)
        case Kind.TEAM:
            minutes = spoken.count("club.minutes", goal)
            return spoken("challenge.team", minutes=minutes, weeks=weeks)
        case Kind.DAYS:
            return spoken.count("challenge.days", days)


def show(scene: ClubScene) -> Answer:
    """What runs, and what could."""
    club, spoken = scene.club, mine(scene)
    lines = [
        spoken(
            "challenge.line",
            what=in_words(spoken, each),
            ends=spoken.weekday_date(each.ends),
            code=code(club, each),
        )
        for each in club.running
    ]
    ends = [
        [button(scene, "", "end", each.number, label=spoken("challenge.end", what=what))]
        for each in club.running
        if (what := in_words(spoken, each))
    ]
    if len(club.running) >= AT_ONCE:
        lines.append(spoken("challenge.enough"))
        return scene, (alone(scene, "\n".join(lines), *buttons(*ends)),)
    new = [
        [button(scene, "", "new", preset, label=_in_words(spoken, *PRESETS[preset]))]
        for preset in PRESETS
    ]
    lines.append(spoken("challenge.ask"))
    return scene, (alone(scene, "\n".join(lines), *buttons(*new, *ends)),)


def code(club: Club, challenge: Challenge) -> str:
    """What lets somebody in from their own chat."""
    return f"{club.id}-{challenge.number}-{challenge.code.upper()}"


def pressed(scene: ClubScene, what: str, said: str, more: str, now: datetime) -> Answer | None:
    """A button of the challenges."""
    match what:
        case "challenge":
            return show(scene)
        case "new" if said in PRESETS:
            return _preview(scene, said, more, now)
        case "begin" if said in PRESETS:
            return _begin(scene, said, more, now)
        case "end":
            return _end(scene, said, more)
        case _:
            return None


def _preview(scene: ClubScene, preset: str, how: str, now: datetime) -> Answer | None:
    """What everybody will see, before they do; ``how`` has r for a ranking, l for told rests."""
    if how not in HOWS:
        return None
    spoken, new = mine(scene), made(scene, preset, now, ranking="r" in how)
    new = replace(new, logged="l" in how)
    seen = f"_{_announcement(scene, new)}_\n[{ours(scene.club)('club.join')}]"
    parts = [spoken("challenge.preview"), seen, spoken("challenge.private")]
    if new.ranking:
        parts.append(spoken("challenge.with_ranking"))
    if new.logged:
        parts.append(spoken("challenge.with_logged"))

    def toggled(letter: str) -> str:
        return how.replace(letter, "") if letter in how else f"{how.replace('n', '')}{letter}"

    ranking = "challenge.no_ranking" if new.ranking else "challenge.ranking"
    logged = "challenge.no_logged" if new.logged else "challenge.logged"
    rows = buttons(
        [button(scene, "club.post", "begin", preset, how or "n")],
        [
            button(scene, ranking, "new", preset, toggled("r") or "n"),
            button(scene, logged, "new", preset, toggled("l") or "n"),
        ],
        [button(scene, "club.not_yet", "later")],
    )
    return scene, (alone(scene, "\n\n".join(parts), *rows),)


def _announcement(scene: ClubScene, new: Challenge) -> str:
    spoken = ours(scene.club)
    what = in_words(spoken, new)
    return spoken(f"challenge.post.{new.kind}", what=what, ends=spoken.weekday_date(new.ends))


def _begin(scene: ClubScene, preset: str, how: str, now: datetime) -> Answer | None:
    """It is posted, and runs from today."""
    if how not in HOWS:
        return None
    if len(scene.club.running) >= AT_ONCE:
        return show(scene)
    new = replace(made(scene, preset, now, ranking="r" in how), logged="l" in how)
    if any(each.kind is new.kind and each.goal == new.goal for each in scene.club.running):
        return answered(scene, "challenge.runs_already")  # a finger that taps twice
    scene = _with(changed(scene, posts=True, ran=scene.club.ran or now), new)
    said = mine(scene)("challenge.begun", code=code(scene.club, new))
    announced = post(scene, _announcement(scene, new), (join_button(scene.club, new),))
    return scene, (alone(scene, said), announced)


def _end(scene: ClubScene, said: str, sure: str) -> Answer | None:
    """Before its time, and only if they are sure: everybody reads what came together."""
    found = scene.club.challenge(int(said)) if said.isdecimal() else None
    if found is None or found.result is not None:
        return None
    spoken = mine(scene)
    if sure != "yes":
        row = [
            button(scene, "challenge.end_yes", "end", found.number, "yes"),
            button(scene, "challenge.end_no", "panel"),
        ]
        text = spoken("challenge.end_ask", what=in_words(spoken, found))
        return scene, (alone(scene, text, *buttons(row)),)
    score, _ = scene.score(found.number)
    scene = changed(scene, challenges=frozen(scene.club, found, score))
    ours_ = ours(scene.club)
    head = ours_("recap.ended", what=in_words(ours_, found))
    result = post(scene, "\n".join((head, in_numbers(ours_, score))))
    told = alone(scene, spoken("challenge.ended"))
    return scene, (told, result) if score.days else (told,)


def frozen(club: Club, over: Challenge, score: Score) -> tuple[Challenge, ...]:
    """The club's challenges, where that one has its result."""
    return tuple(
        replace(each, result=score) if each.number == over.number else each
        for each in club.challenges
    )
