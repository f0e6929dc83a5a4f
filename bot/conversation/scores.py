"""What came together, in numbers and in words: counted once a day, and never telling of one of few.

The store counts the same in one query; a test holds the two against each other.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from bot.content.routine import number, routine
from bot.content.words import Words
from bot.conversation.club import COUNTED, FEW, Challenge, Entry, Kind, Rank, Score

LEAST = round(routine().lengths.try_out[0] * 60)
"""Seconds of the shortest try-out: less is in the history, and counts for nothing."""
ROUNDED = number("few_rounded")


def counts(seconds: int) -> int:
    """How many seconds of a rest count: minutes above the limit earn nothing."""
    return min(seconds, COUNTED) if seconds >= LEAST else 0


def inside(entry: Entry, challenge: Challenge, on: date) -> bool:
    """Whether a rest on that day counts for somebody who was in for that time."""
    left = entry.left is not None and on >= entry.left
    return challenge.starts <= on <= challenge.ends and on >= entry.joined and not left


def score(
    rests: Iterable[tuple[date, int, bool]], entries: Iterable[Entry], challenge: Challenge
) -> Score:
    """One person's: ``rests`` are days with their counted seconds, and whether told afterwards."""
    mine, best = tuple(entries), dict[date, int]()
    for on, seconds, logged in rests:
        told = logged and not challenge.logged
        if seconds and not told and any(inside(each, challenge, on) for each in mine):
            best[on] = max(best.get(on, 0), seconds)
    return Score(1, len(best), sum(best.values()))


def total(scores: Iterable[Score]) -> Score:
    """What came together."""
    every = tuple(scores)
    return Score(
        sum(each.runners for each in every),
        sum(each.days for each in every),
        sum(each.seconds for each in every),
    )


def wanted(challenge: Challenge, entry: Entry, week: int) -> int:
    """The days that a week asks of somebody: those off take from it, and need no reason."""
    begins = challenge.starts.toordinal() + 7 * (week - 1)
    days = [date.fromordinal(begins + n) for n in range(7)]
    off = sum(any(first <= day <= last for first, last in entry.off) for day in days)
    return min(challenge.goal, 7 - off)


# In words


def in_minutes(spoken: Words, seconds: int, runners: int) -> str:
    """How long all rested: of a few a round number, since it could tell of one of them."""
    minutes = seconds // 60
    if runners >= FEW:
        return spoken.count("club.minutes", minutes)
    rounded = round(minutes / ROUNDED) * ROUNDED
    return spoken.count("club.about_minutes", rounded) if rounded else spoken("club.some_minutes")


def in_runners(spoken: Words, runners: int) -> str:
    """How many they are; of a few nobody counts them."""
    return spoken.count("club.runners", runners) if runners >= FEW else spoken("club.few")


def in_numbers(spoken: Words, came: Score) -> str:
    """How many, on how many days, for how long."""
    who = in_runners(spoken, came.runners)
    minutes = in_minutes(spoken, came.seconds, came.runners)
    if came.runners < FEW:
        return spoken("score.few", runners=who, minutes=minutes)
    days = spoken.count("count.days", came.days)
    return spoken("score.many", runners=who, days=days, minutes=minutes)


def progress(spoken: Words, challenge: Challenge, came: Score) -> str:
    """How far the goal of all is; of a few only what does not tell of one of them."""
    match challenge.kind:
        case Kind.TEAM:
            so_far = in_minutes(spoken, came.seconds, came.runners)
            minutes = spoken.count("club.minutes", challenge.goal)
            reached = came.seconds >= challenge.goal * 60
            return spoken("score.reached" if reached else "score.goal", so_far=so_far, goal=minutes)
        case Kind.WEEKLY if came.runners >= FEW:
            goal = came.runners * challenge.goal * challenge.weeks
            return spoken("score.goal", so_far=came.days, goal=spoken.count("count.days", goal))
        case _:
            return ""


def ranking(spoken: Words, ranks: Sequence[Rank]) -> list[str]:
    """The first of a ranking; who is even shares a place."""
    lines: list[str] = []
    for each in ranks:
        ahead = sum(other.days > each.days for other in ranks) + 1
        name = each.name or spoken("rank.runner")
        key = "rank.mine" if each.mine else "rank.line"
        days = spoken.count("count.days", each.days)
        lines.append(spoken(key, place=ahead, name=name, days=days))
    return lines
