"""What the answers of a check allow, in words."""

from bot.content.routine import number
from bot.content.words import Words
from bot.conversation.person import Person, Scene
from bot.conversation.reply import (
    button,
    minutes,
    say,
    seconds,
    words_of,
)
from bot.events import Message
from bot.practice.clearance import Clearance, Variation, Verdict
from bot.practice.questionnaire import (
    UNDER_AGE,
    line,
)


def allowed(scene: Scene, found: Clearance) -> Message:
    """Nothing speaks against it, or the gentler way, with the first rest at hand."""
    person, spoken = scene.person, words_of(scene.person)
    first = start_with(found)
    gentler = found.verdict is Verdict.GENTLER
    parts: list[str] = [spoken("verdict.gentler" if gentler else "verdict.no_concern")]
    if gentler:
        parts.append(gentler_way(person, found))
    elif found.guarded_until:
        parts.append(spoken("gentler.guardian"))
    if len(found.variations) > 1:
        parts.append(spoken("verdict.start", way=way_words(spoken, first, found.may_use_floor)))
    row = [button(person, "button.now", "up")]
    if Variation.HIPS_BACK in found.variations and first is not Variation.HIPS_BACK:
        row.append(button(person, "button.wall", "up", Variation.HIPS_BACK))
    row.append(button(person, "verdict.tonight", "remind", "once"))
    return say(scene, "\n".join(parts), tuple(row))


def start_with(found: Clearance) -> Variation:
    """The way for the first time: calves on a chair where it may be, else the gentlest."""
    chair = Variation.CALVES_ON_CHAIR
    return chair if chair in found.variations else found.variations[0]


def way_words(spoken: Words, way: Variation, floor: bool = True) -> str:
    """A way in words, on the floor or on a bed."""
    return spoken(f"way.{way}" if floor else f"way.on_bed.{way}")


def gentler_way(person: Person, found: Clearance) -> str:
    """What the gentler way is for this person."""
    spoken = words_of(person)
    ways = spoken("list.ways").join(
        way_words(spoken, way, found.may_use_floor) for way in found.variations
    )
    parts = [spoken("gentler.ways", ways=ways, minutes=minutes(spoken, found.longest))]
    if not found.may_use_floor:
        parts.append(spoken("gentler.bed"))
    if found.seconds_to_sit > number("sit"):
        parts.append(spoken("gentler.sit", time=seconds(spoken, found.seconds_to_sit)))
    if found.hours_after_food:
        parts.append(spoken.count("gentler.food", found.hours_after_food))
    if found.someone_nearby:
        parts.append(spoken("gentler.nearby"))
    if found.guarded_until:
        parts.append(spoken("gentler.guardian"))
    return " ".join(parts)


def refused(scene: Scene, found: Clearance, ticks: tuple[str, ...] = ()) -> Message:
    """Kindly no: whom to ask, a note for them where their OK opens something, and the seat."""
    person, spoken = scene.person, words_of(scene.person)
    seat = button(person, "button.seat", "seat")
    if found.closed_until:
        text = spoken("verdict.child", month=spoken.date(found.closed_until))
        return say(scene, f"{text}\n\n{spoken('verdict.seat')}", (seat,))
    whom = dict.fromkeys(line(name).whom for name in ticks if name != UNDER_AGE)
    whom.pop("midwife", None)  # the words for pregnancy name them
    if len(set(whom) - {""}) > 1:
        whom.pop("gp", None)  # every other one says "your doctor" too
    parts: list[str] = [spoken("verdict.ask_clinician" if found.opens else "verdict.locked")]
    if ticks:
        parts.append(spoken("verdict.glad"))
    parts = [" ".join(parts)]
    asked = [spoken(f"whom.{name}") for name in whom if name]
    if asked:
        parts.append(spoken("verdict.whom", whom=spoken("list.also").join(asked)))
    if "pregnancy" in ticks:
        parts.append(spoken("verdict.pregnancy"))
    if found.opens and ticks:
        parts.append(note(person, found.opens, ticks))
    if found.opens:
        parts.append(spoken("verdict.come_back"))
    parts.append(spoken("verdict.seat"))
    row = [seat]
    wanted = person.agenda.wanted
    if (wanted.bedtimes or wanted.runs) and not wanted.seat:
        parts.append(spoken("verdict.reminders"))
        row.append(button(person, "button.quiet_seat", "remind", "seat"))
    return say(scene, "\n\n".join(parts), tuple(row))


def note(person: Person, opens: Clearance, ticks: tuple[str, ...]) -> str:
    """A note to show a clinician; shown once, with the result."""
    spoken = words_of(person)
    ticked = "; ".join(spoken(f"note.{name}") for name in ticks)
    return spoken("verdict.note", what=opened(person, opens), ticked=ticked)


def opened(person: Person, opens: Clearance) -> str:
    """What a clinician's OK would open, in plain words."""
    spoken = words_of(person)
    return spoken(
        "verdict.opens",
        ways=spoken("list.or").join(spoken(f"way.plain.{v}") for v in opens.variations),
        minutes=minutes(spoken, opens.longest),
        sit=seconds(spoken, opens.seconds_to_sit),
    )
