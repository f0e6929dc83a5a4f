"""The buttons of each phase of a rest."""

from bot.conversation.person import Hold, Person, Phase
from bot.conversation.reply import Rows, button
from bot.events import Button


def settle_rows(person: Person, hold: Hold) -> Rows:
    """While the minute to settle runs."""
    return (
        (
            button(person, "button.in_place", "hold", hold.number, "place"),
            button(person, "button.more_time", "hold", hold.number, "more", hold.more),
        ),
        (
            button(person, "button.show_steps", "hold", hold.number, "steps"),
            button(person, "button.wrong", "hold", hold.number, "wrong"),
        ),
    )


def rest_rows(person: Person, hold: Hold) -> Rows:
    """While the clock of the rest runs, or is paused."""

    def choice(what: str) -> Button:
        return button(person, f"button.{what}", "hold", hold.number, what)

    if not hold.plan.variation.raised:
        return ((choice("done"), choice("wrong")),)
    pause = "resume" if hold.paused else "pause"
    return ((choice("down"), choice(pause)), (choice("tingling"), choice("wrong")))


def feeling_rows(person: Person, hold: Hold) -> Rows:
    """On the way out."""
    feelings = tuple(
        button(person, f"feeling.{feeling}", "feel", hold.number, feeling)
        for feeling in ("lighter", "same", "worse")
    )
    dizzy = button(person, "button.dizzy", "hold", hold.number, "dizzy")
    wrong = button(person, "button.wrong", "hold", hold.number, "wrong")
    return feelings, (dizzy, wrong)


def tingling_rows(person: Person, hold: Hold) -> Rows:
    """While it is open whether tingling goes away."""
    return (
        (
            button(person, "button.gone", "hold", hold.number, "gone"),
            button(person, "button.still", "hold", hold.number, "still"),
        ),
        (
            button(person, "answer.tingling.one_side", "hold", hold.number, "one_side"),
            button(person, "button.wrong", "hold", hold.number, "wrong"),
        ),
    )


def worse_rows(person: Person, hold: Hold) -> Rows:
    """Which legs feel worse."""
    return tuple(
        (button(person, f"worse.{which}", "worse", hold.number, which),)
        for which in ("both", "one", "weak")
    )


def rows(person: Person, hold: Hold) -> Rows:
    """Of whatever phase the rest is in."""
    if hold.phase in (Phase.WAY_OUT, Phase.SIT):
        return feeling_rows(person, hold)
    running = settle_rows if hold.phase is Phase.SETTLE else rest_rows
    if hold.tingled:
        # While that question is open its answers stay where the finger expects them.
        return tingling_rows(person, hold) + running(person, hold)[:1]
    return running(person, hold)
