"""Every change of what is wanted: echoed in words, and one tap takes it back."""

from datetime import datetime

from bot.conversation import closures, promises, silence
from bot.conversation.agenda import Agenda, Wanted, from_now
from bot.conversation.person import Person, Scene
from bot.conversation.reply import Answer, button, pairs, say, words_of
from bot.conversation.values import replace
from bot.events import Button


def changed(person: Person, wanted: Wanted, now: datetime) -> Person:
    """These wishes from now on; those before can be brought back with a tap.

    A finger that taps twice changes nothing, and still takes back what was before the first tap.
    """
    person = replace(person, asking=None)
    if wanted == person.agenda.wanted and person.agenda.before is not None:
        return person
    taken, person = closures.number_for(person)
    before = person.agenda
    agenda = replace(before, wanted=wanted, before=before.wanted, dropped=None, change=taken)
    return replace(person, agenda=_from_now(person, agenda, now))


def let_go(scene: Scene, now: datetime, wanted: Wanted) -> Scene:
    """The scene with these wishes, and without what was put off; [Undo] brings both back."""
    offer = scene.person.offer
    person = changed(replace(scene.person, offer=None), wanted, now)
    if offer is not None:
        person = replace(person, agenda=replace(person.agenda, dropped=offer))
    return replace(scene, person=person)


def _from_now(person: Person, agenda: Agenda, now: datetime) -> Agenda:
    fresh = from_now(agenda, person.seat, person.clock, now)
    before, after = person.agenda.wanted, agenda.wanted
    if before.bedtimes and before.bedtimes == after.bedtimes and agenda.night and fresh.night:
        fresh = replace(fresh, night=max(agenda.night, fresh.night))
    if before.runs and before.runs == after.runs and agenda.run_day and fresh.run_day:
        fresh = replace(fresh, run_day=max(agenda.run_day, fresh.run_day))
    return fresh


def undo(scene: Scene, taken: int, now: datetime) -> Answer | None:
    """As it was before the last change."""
    person = scene.person
    agenda, where = person.agenda, person.clock
    if agenda.change != taken or not taken:
        return None
    if agenda.before is None:
        return scene, (say(scene, words_of(person)("reminders.undone")),)
    still = tuple(each for each in agenda.before.once if each.due(where) > now)
    back = agenda.dropped if agenda.dropped and agenda.dropped.at > now else None
    agenda = replace(agenda, wanted=replace(agenda.before, once=still), before=None, dropped=None)
    person = replace(person, agenda=_from_now(person, agenda, now), asking=None)
    person = replace(person, offer=back or person.offer)
    scene = replace(scene, person=person)
    parts = [words_of(person)("reminders.undone"), promises.next_in_words(person, now)]
    return scene, (say(scene, " ".join(filter(None, parts))),)


def echo(scene: Scene, text: str, *more: Button) -> Answer:
    """What was set, in words, with the taps that settle it or take it back."""
    person = scene.person
    taken = person.agenda.change
    right = button(person, "button.right", "set", taken, "right")
    back = button(person, "button.undo", "set", taken, "undo")
    if person.quiet:
        text = f"{text} {words_of(person)('reminders.quiet')}"
        more = (*more, button(person, "button.reminders_again", "resume"))
    return scene, (say(scene, text, *pairs((right, back, *more))),)


def with_echo(scene: Scene, wanted: Wanted, now: datetime, text: str, *more: Button) -> Answer:
    """Change it and echo it."""
    person = changed(scene.person, wanted, now)
    return echo(replace(scene, person=person), text, *more)


def seat_instead(person: Person, now: datetime) -> list[Button]:
    """The quiet seat, for whom legs up is closed."""
    if silence.shut(person, now) != "refused":
        return []
    return [button(person, "button.quiet_seat", "remind", "seat")]
