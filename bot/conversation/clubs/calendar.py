"""A club's runs: weekly ones, or those of its own calendar; and what is posted when one is over."""

from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation.buttons import ANYONE, data
from bot.conversation.club import ClubScene, Planned, Score, Telling, recap_on, run_over
from bot.conversation.clubs.reply import Answer, ours, post
from bot.conversation.values import replace
from bot.events import Button, ClubRun

LATE = timedelta(minutes=number("late_club_post"))
LONGEST = timedelta(hours=12)
"""A run of the calendar that lasts longer is none, or its end is a mistake."""
AHEAD = timedelta(days=62)
MOST = 100
"""Runs of a calendar that are kept: as many as Discord lets a server plan."""


def told(scene: ClubScene, run: ClubRun, now: datetime) -> Answer:
    """An entry of the calendar as it stands now; one that is over is dealt with at once."""
    club = scene.club
    known = next((each for each in club.planned if each.key == run.key), None)
    kept = [each for each in club.planned if each is not known and each.over > now - LONGEST]
    if not run.called_off and _possible(run, now):
        ends = run.ends
        if known is not None and ends is not None and ends <= now:
            # It ended just now: it is due, whatever was planned, and is told once.
            ends = max(ends, (club.ran or ends) + timedelta(microseconds=1))
        # One that repeats has a later start, and is another run.
        over = known is not None and known.told and run.starts < known.over
        kept.append(Planned(run.key, run.starts, ends, told=over))
    kept.sort(key=lambda each: each.starts)
    return wake(replace(scene, club=replace(club, planned=tuple(kept[:MOST]))), now)


def _possible(run: ClubRun, now: datetime) -> bool:
    """Whether it can be a run that anybody waits for."""
    if run.starts > now + AHEAD:
        return False
    ends = run.ends or Planned(run.key, run.starts, None).over
    return timedelta() <= ends - run.starts <= LONGEST and ends >= now - LATE


def wake(scene: ClubScene, now: datetime) -> Answer:
    """A run that is over: whoever wants to be asked is; for the others one post, once a day."""
    club, over = scene.club, run_over(scene.club)
    if over is None or over > now:
        return scene, ()
    # After an outage only the last one counts, and of long ago none.
    recent = replace(club, ran=max(over - timedelta(microseconds=1), now - LATE))
    while (later := run_over(recent)) is not None and later <= now:
        over, recent = later, replace(recent, ran=later)
    over = max(over, now - LATE - timedelta(microseconds=1))
    planned = tuple(replace(each, told=each.told or each.over <= over) for each in club.planned)
    club = replace(club, ran=over, planned=planned)
    today = now.astimezone(club.clock).date()
    late = now - over > LATE
    if not late:
        club = replace(club, tellings=(*club.tellings, Telling(over)))
    scene = replace(scene, club=club)
    in_it = any(scene.score(each.number)[0] != Score() for each in club.running)
    soon = recap_on(club) == today and in_it  # and one post a day is enough
    if late or soon or club.is_quiet(now) or club.posted == today:
        return scene, ()
    spoken = ours(club)
    row = (
        Button(spoken("club.back"), data(ANYONE, "ran"), opens="ran"),
        Button(spoken("club.after_runs"), data(ANYONE, "after", club.id), opens=f"r_{club.id}"),
    )
    scene = replace(scene, club=replace(club, posted=today))
    return scene, (post(scene, spoken("club.run_over"), row, until=over + LATE),)
