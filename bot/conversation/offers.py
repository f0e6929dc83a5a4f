"""A rest put off to a moment of today: one at a time, said at that moment, and easily let go."""

from datetime import datetime

from bot.conversation import closures, promises, silence
from bot.conversation.agenda import Offer, Purpose
from bot.conversation.asking import SAME_TAP
from bot.conversation.person import Scene
from bot.conversation.reply import Answer, button, say, seconds, words_of
from bot.conversation.values import replace


def put_off(scene: Scene, at: datetime, purpose: Purpose, now: datetime, taken: int = 0) -> Answer:
    """Ask again at that moment. What was asked for just now comes in quiet hours, too."""
    person, offer = scene.person, scene.person.offer
    if offer and offer.purpose is purpose and abs(offer.at - at) < SAME_TAP:
        taken = offer.number  # a finger that taps twice
    else:
        if not taken:
            taken, person = closures.number_for(person)
        offer = Offer(at, taken, purpose)
    scene = replace(scene, person=replace(person, offer=offer))
    spoken = words_of(person)
    if person.knows_time:
        said = spoken("offer.set", clock=spoken.live_clock(offer.at, person.clock))
    else:
        said = spoken("offer.set_in", time=seconds(spoken, offer.at - now))
    parts: list[str] = [said]
    if person.agenda.wanted.is_quiet(offer.at, person.clock):
        parts.append(spoken("quiet.this_once"))
    if instead := promises.displaces(person, offer.at):
        parts.append(instead)
    row = (button(person, "button.skip", "skip", taken),)
    return scene, (say(scene, " ".join(parts), row),)


def later(scene: Scene, taken: int, now: datetime) -> Answer | None:
    """A rest put off to the moment that was named with "Not now"."""
    entry = closures.closed_for(scene.person, "later")
    if entry is None or entry.number != taken or entry.until is None:
        return None
    return put_off(scene, entry.until, Purpose.ONCE, now, taken)


def skip(scene: Scene, taken: int, now: datetime) -> Answer:
    """Not then, and it costs nothing. A later offer or card is another one."""
    person = scene.person
    if person.offer and person.offer.number == taken:
        if person.offer.purpose in silence.RUNNING:
            person = silence.freed(person)
        person = replace(person, offer=None)
    if person.card and person.card.number == taken:
        person = replace(person, card=None)
    scene = replace(scene, person=person)
    parts = [words_of(person)("offer.skipped"), promises.next_in_words(person, now)]
    return scene, (say(scene, " ".join(filter(None, parts))),)
