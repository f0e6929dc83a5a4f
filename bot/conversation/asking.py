"""Questions that a typed line may answer, one at a time."""

from datetime import datetime, timedelta

from bot.content.routine import number
from bot.conversation.closures import number_for
from bot.conversation.person import DRAFT_KEPT, Asking, Person, Scene
from bot.conversation.values import replace

LIVES = timedelta(minutes=number("asking_lives"))
SAME_TAP = timedelta(seconds=number("same_tap"))
"""A finger that taps twice asks once."""


def asked(scene: Scene, question: Asking) -> Scene:
    """The scene with that question open, under a number of its own."""
    before = scene.person.asking
    if before is not None and question.at - before.at < SAME_TAP:
        same = replace(question, number=before.number, at=before.at)
        if same == replace(before, days=question.days, clock=question.clock):
            return scene
    taken, person = number_for(scene.person)
    return replace(scene, person=replace(person, asking=replace(question, number=taken)))


def asking(scene: Scene, kind: str, now: datetime) -> Scene:
    """The scene with a question of that kind open."""
    return asked(scene, Asking(kind, 0, now))


def answered(person: Person) -> Person:
    """Nothing is asked any more."""
    return replace(person, asking=None)


def open_question(person: Person, now: datetime) -> Asking | None:
    """The question that a typed line may still answer."""
    question = person.asking
    if question is None:
        return None
    return question if now - question.at <= (DRAFT_KEPT if question.wish else LIVES) else None


def wake(scene: Scene, now: datetime) -> tuple[Scene, tuple[()]]:
    """What was typed is not kept for longer than a draft."""
    question = scene.person.asking
    if question and question.gone_at <= now:
        scene = replace(scene, person=answered(scene.person))
    return scene, ()
