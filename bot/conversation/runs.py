"""After a run: walk and drink first, legs up after."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.conversation import check, closures, hold, safety, up
from bot.conversation.person import Offer, Scene
from bot.conversation.reply import Answer, button, say, words_of, zone_of

COOL_DOWN = timedelta(minutes=safety.which("not_now", "warm").later)
"""How long to walk and drink before legs go up."""


def ran(scene: Scene, now: datetime) -> Answer:
    """/ran: back from a run."""
    person = scene.person
    if person.hold is not None:
        return hold.where(scene, now)
    spoken = words_of(person)
    row = (button(person, "ran.now", "ran", "now"), button(person, "ran.soon", "ran", "soon"))
    return scene, (say(scene, spoken("ran"), row),)


def pressed(scene: Scene, when: str, now: datetime) -> Answer | None:
    """Cooled down already, or in a while."""
    if when not in ("now", "soon"):
        return None
    if (
        when == "now"
        or closures.is_closed(scene.person, now)
        or not check.may_go_up(scene.person, now)
    ):
        return up.legs_up(scene, "", now)
    at = now + COOL_DOWN
    taken, person = closures.number_for(scene.person)
    scene = replace(scene, person=replace(person, offer=Offer(at, taken)))
    spoken = words_of(scene.person)
    clock = spoken.clock(at, zone_of(scene.person))
    row = (button(scene.person, "button.skip", "skip", taken),)
    return scene, (say(scene, spoken("offer.set", clock=clock), row),)
