"""/reminders: one card with all that is on, when it comes next, and the ways to change it."""

from datetime import datetime

from bot.conversation import (
    changes,
    check,
    evenings,
    promises,
    quiet_times,
    runs,
    silence,
    single,
)
from bot.conversation.agenda import Wanted, bedtime_at, without
from bot.conversation.person import Person, Scene
from bot.conversation.promises import bedtime_in_words, quiet_in_words, run_in_words
from bot.conversation.reply import Answer, button, pairs, say, words_of
from bot.conversation.values import replace
from bot.practice.localtime import day


def show(scene: Scene, now: datetime) -> Answer:
    """/reminders: what is on, when it comes next, and all that can be changed."""
    person = scene.person
    if person.consent is None:
        return check.ask_consent(scene)
    spoken, wanted, where = words_of(person), person.agenda.wanted, person.clock
    lines = listed(person, now)
    if not lines:
        text: str = spoken("reminders.none")
    else:
        text = "\n".join((spoken("reminders.title"), *lines))
    rows = [
        button(person, "reminders.button.bedtime", "remind", "bedtime"),
        button(person, "reminders.button.runs", "remind", "runs"),
        button(person, "reminders.button.once", "remind", "once"),
        button(person, "reminders.button.quiet", "remind", "quiet"),
    ]
    if wanted.bedtimes or wanted.runs:
        if person.quiet or quiet_times.paused(person, now):
            rows.append(button(person, "button.reminders_again", "resume"))
        else:
            rows.append(button(person, "button.pause_until", "remind", "pause"))
        rows.append(button(person, "button.all_off", "remind", "off"))
    rows += [
        button(person, "", "remind", "drop", each.number, label=_drop(person, each.due(where)))
        for each in wanted.once
    ]
    if person.offer:
        label = _drop(person, person.offer.at)
        rows.append(button(person, "", "skip", person.offer.number, label=label))
    if wanted.bedtimes or wanted.runs or wanted.once:
        rows += changes.seat_instead(person, now)
    if person.home is not None:
        rows.append(button(person, "button.home_yes", "home", person.home.number, "yes"))
    if person.agenda.why:
        rows.append(button(person, "button.why_this", "remind", "why"))
    if scene.elsewhere:
        rows.append(button(person, "button.where", "link"))
    return scene, (say(scene, text, *pairs(rows), slot="reminders"),)


def listed(person: Person, now: datetime) -> list[str]:
    """All that is on, a line each, and what keeps it from coming or when the next one comes."""
    lines = _lines(person, now)
    return [*lines, *_state(person, now)] if lines else []


def _drop(person: Person, at: datetime) -> str:
    spoken = words_of(person)
    return spoken("button.take_away_one", clock=spoken.clock(at, person.clock))


def _lines(person: Person, now: datetime) -> list[str]:
    spoken, wanted, where = words_of(person), person.agenda.wanted, person.clock
    lines: list[str] = [
        spoken("reminders.bedtime", what=bedtime_in_words(spoken, each)) for each in wanted.bedtimes
    ]
    about = [each for each in wanted.bedtimes if not each.exact]
    if about:
        clocks = [
            spoken.clock(bedtime_at(each, day(now, where), person.seat, where), where)
            for each in about
        ]
        clocks.sort()
        lines.append(spoken("reminders.seat", clock=spoken("list.or").join(dict.fromkeys(clocks))))
    if wanted.bedtimes and wanted.both:
        lines.append(spoken("reminders.both"))
    lines += [spoken("reminders.run", what=run_in_words(spoken, each)) for each in wanted.runs]
    lines += [
        spoken("reminders.single", when=_at(person, once.due(where), now))
        for once in sorted(wanted.once, key=lambda each: each.due(where))
    ]
    if person.offer:
        lines.append(spoken("reminders.put_off", when=_at(person, person.offer.at, now)))
    if wanted.quiet:
        lines.append(quiet_in_words(spoken, wanted.quiet))
    return lines


def _at(person: Person, at: datetime, now: datetime) -> str:
    return promises.when(person, at, now, waits=True)


def _state(person: Person, now: datetime) -> list[str]:
    """What keeps them from coming, or when the next one comes."""
    spoken, wanted = words_of(person), person.agenda.wanted
    if person.quiet:
        return [spoken("reminders.quiet")]
    lines: list[str] = []
    if wanted.paused_until and quiet_times.paused(person, now):
        lines.append(spoken("reminders.paused", day=spoken.weekday_date(wanted.paused_until)))
    if shut := silence.shut(person, now):
        return [*lines, spoken(f"reminders.{shut}")]
    if wanted.seat and silence.way(person, now) == "seat":
        lines.append(spoken("reminders.seat_only"))
    following = promises.next_in_words(person, now)
    waits = wanted.bedtimes and all(each.run_days for each in wanted.bedtimes)
    if not following and waits:
        following = spoken("bedtime.after_runs")
    return [*lines, following]


def why(scene: Scene) -> Answer:
    """Why the last reminder came, and how to have fewer."""
    person, spoken = scene.person, words_of(scene.person)
    nudge = person.agenda.why
    if nudge is None:
        return scene, (say(scene, spoken("why_this.none")),)
    when = spoken.moment(nudge.at, person.clock)
    return scene, (say(scene, spoken(f"why_this.{nudge.purpose}", when=when)),)


def pressed(scene: Scene, what: str, taken: int, now: datetime) -> Answer | None:
    """A button of the card."""
    wanted, spoken = scene.person.agenda.wanted, words_of(scene.person)
    match what:
        case "":
            return show(scene, now)
        case "bedtime":
            return evenings.ask(scene, now)
        case "runs":
            return runs.ask(scene, now)
        case "once":
            return single.ask(scene, now)
        case "quiet":
            return quiet_times.ask(scene, now)
        case "pause":
            return quiet_times.ask_pause(scene, now)
        case "why":
            return why(scene)
        case "drop":
            return single.drop(scene, taken, now)
        case "seat":
            return changes.with_echo(
                scene, replace(wanted, seat=True), now, spoken("reminders.seat_only")
            )
        case "off":
            scene = changes.let_go(scene, now, Wanted(quiet=wanted.quiet))
            return changes.echo(scene, spoken("reminders.off"))
        case "no":
            return scene, (say(scene, promises.farewell(scene.person, "offer.skipped", now)),)
        case _:
            return None


def set_pressed(scene: Scene, taken: int, what: str, now: datetime) -> Answer | None:
    """A tap below an echo."""
    agenda = scene.person.agenda
    if agenda.change != taken or (agenda.before is None and what != "undo"):
        return None
    match what:
        case "right":
            return scene, (say(scene, promises.farewell(scene.person, "reminders.right", now)),)
        case "undo":
            return changes.undo(scene, taken, now)
        case "exact":
            return evenings.with_all(scene, now, evenings.fresh(scene.person), exact=True)
        case "run_days":
            return evenings.with_all(scene, now, evenings.fresh(scene.person), run_days=True)
        case "other":
            return _other_half(scene, now)
        case _:
            return None


def _other_half(scene: Scene, now: datetime) -> Answer | None:
    """The other half of the day was meant, of what was set last."""
    wanted, before = scene.person.agenda.wanted, scene.person.agenda.before
    fresh = [each for each in wanted.once if before and each not in before.once]
    if fresh and fresh[0].wall:
        wall = fresh[0].wall
        other = wall.replace(hour=(wall.hour + 12) % 24)
        kept = replace(scene.person.agenda, wanted=without(wanted, fresh[0].number))
        scene = replace(scene, person=replace(scene.person, agenda=kept))
        return single.set_(scene, now, wall=other)
    if before and before.runs != wanted.runs:
        usual = tuple(each for each in wanted.runs if each not in before.runs)
        turned = tuple(replace(each, clock=evenings.turned(each.clock)) for each in usual)
        return runs.set_runs(scene, turned, now)
    bedtimes = tuple(
        replace(each, clock=evenings.turned(each.clock)) for each in evenings.fresh(scene.person)
    )
    return evenings.set_(scene, bedtimes, now) if bedtimes else None
