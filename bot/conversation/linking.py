"""One person on two platforms: one chat gives a code, the other names it, and both say yes."""

from datetime import datetime, timedelta

from bot.conversation import changes, check, merging, reminders
from bot.conversation.agenda import Wanted
from bot.conversation.buttons import parse
from bot.conversation.person import WRONG_FOR, Link, Linking, Person, Scene
from bot.conversation.reply import (
    Answer,
    button,
    country,
    emergency_number,
    minutes,
    pairs,
    say,
    words_of,
)
from bot.conversation.values import replace
from bot.events import Address, Button, Command, Event, Message, Press

LASTS = timedelta(minutes=10)
"""For each step: enough to find the other chat, or to make one; soon over for a code overheard."""
WRONG_AT_MOST = 5
"""Wrong codes within `WRONG_FOR`: more is no mistyping."""
ALPHABET = "BCDFGHJKMNPQRSTVWXYZ23456789"
"""What is not taken for something else: no L, 0 or 1, and no vowels, so that no code is a word."""
LENGTH = 8
"""Some 38 bits: nobody guesses one within its minutes, and everybody can type it."""

COMMANDS = ("link", "unlink", "settings", "reminders", "remind", "forget")
PRESSES = ("link", "unlink", "pin", "remind")


def concerns(event: Event) -> bool:
    """Whether an event needs `Linking` in its scene."""
    match event:
        case Command(name):
            return name.casefold() in COMMANDS
        case Press(data):
            pressed = parse(data)
            return pressed is not None and pressed.verb in PRESSES
        case _:
            return False


def leaves(event: Event) -> bool:
    """Whether it may take a chat away, which needs the id of somebody new."""
    pressed = parse(event.data) if isinstance(event, Press) else None
    return pressed is not None and pressed.parts == ("unlink", "yes")


def spelled(said: str) -> str:
    """A code as it is kept, however it was typed; nothing if it is none."""
    code = "".join(said.split()).replace("-", "").upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def platform(place: Address | str) -> str:
    """How a platform is called."""
    return (place if isinstance(place, str) else place.platform).title()


def listed(scene: Scene) -> str:
    """The platforms on which they are, this one first."""
    spoken, here = words_of(scene.person), scene.address.platform
    return spoken.all_of([platform(each) for each in (here, *scene.elsewhere)])


# A code


def command(scene: Scene, said: str, now: datetime) -> Answer:
    """/link: a code to be named in the other chat; with a code: what it means, and a question."""
    if (refusal := _not_yet(scene)) is not None:
        return refusal
    if said:
        return _named(scene, said, now)
    if scene.elsewhere:
        return status(scene)
    linking, person, spoken = scene.linking or Linking(), scene.person, words_of(scene.person)
    link = Link(linking.name, person.id, scene.address, now + LASTS)
    scene = replace(scene, linking=replace(linking, link=link))
    code = f"{linking.code[:4]}-{linking.code[4:]}"
    text = spoken("link.code", code=code, time=minutes(spoken, LASTS / timedelta(minutes=1)))
    return scene, (say(scene, text, (_no(person, link, "button.never_mind"),)),)


def _not_yet(scene: Scene) -> Answer | None:
    """What stands in the way on this side, with what to do; None if nothing does."""
    person, spoken = scene.person, words_of(scene.person)
    if person.hold is not None:
        return scene, (say(scene, spoken("link.rest")),)
    if not check.agreed(person):
        scene, asked = check.ask_consent(scene)
        return scene, (say(scene, spoken("link.consent")), *asked)
    if not person.keeps:
        return scene, (say(scene, spoken("link.nothing")),)
    return None


def _named(scene: Scene, said: str, now: datetime) -> Answer:
    """Somebody names a code: one wording for all that does not work, so that it tells nothing."""
    linking, person, spoken = scene.linking or Linking(), scene.person, words_of(scene.person)
    tries = tuple(at for at in person.tries if now - at < WRONG_FOR)
    if len(tries) >= WRONG_AT_MOST:
        return scene, (say(scene, spoken("link.too_many")),)
    link = linking.link
    if link is not None and link.asker == person.id:
        return scene, (say(scene, spoken("link.own")),)
    if link is None or link.ends <= now or link.namer not in (0, person.id):
        tries = (*tries, now) if spelled(said) else tries
        scene = replace(scene, person=replace(person, tries=tries))
        unknown = say(scene, spoken("link.unknown"))
        if link is None or link.ends <= now:
            return scene, (unknown,)
        # Somebody else knows it: then nobody may use it any more.
        scene = replace(scene, linking=replace(linking, link=None))
        if linking.other is None:
            return scene, (unknown,)
        asker = Scene(linking.other, link.asked_at)
        off = words_of(linking.other)("link.off_there", platform=platform(scene.address))
        return scene, (unknown, say(asker, off))
    if (same := _same(scene, linking)) is not None:
        return same
    ends = link.ends if link.namer else now + LASTS  # naming it again gives no more time
    link = replace(link, namer=person.id, named_at=scene.address, ends=ends)
    scene = replace(scene, linking=replace(linking, link=link))
    yes = button(person, "button.link_me", "link", link.number, "yes")
    text = spoken("link.ask", platform=platform(link.asked_at))
    return scene, (say(scene, text, (yes, _no(person, link, "button.link_not"))),)


def _same(scene: Scene, linking: Linking) -> Answer | None:
    """Two chats on one platform stay two people's."""
    both = {each.platform for each in linking.places} & {
        each.platform for each in linking.others_places
    }
    if not both:
        return None
    text = words_of(scene.person)("link.same", platform=platform(min(both)))
    return scene, (say(scene, text),)


def _no(person: Person, link: Link, key: str) -> Button:
    return button(person, key, "link", link.number, "no")


# Two yeses


def pressed(scene: Scene, number: int, said: str, now: datetime) -> Answer | None:
    """A tap of either side; None for a link that is over."""
    linking, person = scene.linking, scene.person
    link = linking.link if linking else None
    if linking is None or link is None or link.number != number or link.ends <= now:
        return None
    named = person.id == link.namer
    if said == "no":
        return _called_off(scene, linking, link)
    if said != "yes" or linking.other is None or not (named or link.agreed):
        return None
    if (refusal := _not_yet(scene) or _same(scene, linking)) is not None:
        return refusal
    if named:
        return _agreed(scene, linking, link, linking.other, now)
    return _linked(scene, linking, linking.other, now)


def _there(scene: Scene, link: Link) -> Address | None:
    """The chat of the other side."""
    return link.asked_at if scene.person.id == link.namer else link.named_at


def _called_off(scene: Scene, linking: Linking, link: Link) -> Answer:
    scene = replace(scene, linking=replace(linking, link=None))
    said = [say(scene, words_of(scene.person)("link.off"))]
    there = _there(scene, link)
    if there is not None and linking.other is not None:
        other = Scene(linking.other, there)
        text = words_of(other.person)("link.off_there", platform=platform(scene.address))
        said.append(say(other, text))
    return scene, tuple(said)


def _agreed(scene: Scene, linking: Linking, link: Link, asker: Person, now: datetime) -> Answer:
    """Whoever named the code has said yes: now whoever asked for it is asked."""
    off = _no(scene.person, link, "button.never_mind")
    text = words_of(scene.person)("link.wait", platform=platform(link.asked_at))
    if link.agreed:  # they are asked once
        return scene, (say(scene, text, (off,)),)
    link = replace(link, agreed=True, ends=now + LASTS)
    scene = replace(scene, linking=replace(linking, link=link))
    other = Scene(asker, link.asked_at)
    yes = button(other.person, "button.link_us", "link", link.number, "yes")
    no = _no(other.person, link, "button.link_not_me")
    asked = words_of(other.person)("link.confirm", platform=platform(scene.address))
    return scene, (say(scene, text, (off,)), say(other, asked, (yes,), (no,)))


def _linked(scene: Scene, linking: Linking, other: Person, now: datetime) -> Answer:
    """Both have said yes: from this step on they are one, and both chats are told."""
    person, spoken = scene.person, words_of(scene.person)
    if other.hold is not None:
        return scene, (say(scene, spoken("link.rest_there")),)
    if not (check.agreed(other) and other.keeps):
        return scene, (say(scene, spoken("link.not_there")),)
    older, newer = sorted((person, other), key=lambda each: each.id)
    one = merging.merged(older, newer, now)
    mine = older if person is older else merging.shifted(newer, older.next_number)
    theirs = newer if person is older else older
    one = replace(one, agenda=replace(one.agenda, before=merging.held(mine, one)))
    there = linking.link.named_at if linking.link else None
    after = replace(
        linking,
        places=(*linking.places, *linking.others_places),
        link=None,
        other=None,
        vanished=newer.id,
        shift=older.next_number,
    )
    scene = replace(scene, person=one, linking=after)
    told = _told(one, older, newer, now)
    said = [say(scene, "\n".join((_done(scene, other_at=there), *told)))]
    if there is not None:
        afar = replace(scene, address=there)
        said.append(say(afar, "\n".join((_done(afar, other_at=scene.address), *told))))
    lost = merging.held(theirs, one) not in (Wanted(), one.agenda.wanted)
    if there is not None and lost:
        afar = replace(scene, address=there)
        said.append(say(afar, "\n".join(reminders.listed(one, now))))
    if one.agenda.wanted != merging.held(mine, one) or lost:
        title = words_of(one)("link.reminders", platform=platform(scene.address))
        text = "\n".join((title, *reminders.listed(one, now)))
        _, echo = changes.echo(scene, text, *changes.seat_instead(one, now))
        said += echo
    _, asked = where(scene)
    return scene, (*said, *asked)


def _done(scene: Scene, other_at: Address | None) -> str:
    there = platform(other_at or scene.address)
    return words_of(scene.person)("link.done", here=platform(scene.address), there=there)


def _told(one: Person, older: Person, newer: Person, now: datetime) -> list[str]:
    """What both should know of what has become of two."""
    spoken = words_of(one)
    told: list[str] = []
    before = [each.clearance for each in (older, newer) if each.clearance]
    if before and check.current(one, now) is None:
        told.append(spoken("link.check_anew"))
    elif len(before) == 2:
        told.append(spoken("link.stricter"))
    if country(older) and country(newer) and country(older) != country(newer):
        told.append(spoken("settings.numbers", call=emergency_number(one)))
    if older.quiet != newer.quiet:
        told.append(spoken("link.quiet"))
    if older.knows_time and newer.knows_time and str(older.clock) != str(newer.clock):
        told.append(spoken("link.clock", zone=str(one.clock)))
    return told


# Where reminders go


def status(scene: Scene) -> Answer:
    """Which chats are linked, and where reminders go."""
    return where(scene, words_of(scene.person)("settings.linked", platforms=listed(scene)))


def where(scene: Scene, lead: str = "") -> Answer:
    """Where reminders go: one tap to change it."""
    person, spoken = scene.person, words_of(scene.person)
    places = (scene.address.platform, *scene.elsewhere)
    text: str = spoken("link.last_used")
    if person.pinned in places:
        text = spoken("link.pinned", platform=platform(person.pinned))
    if lead:
        text = f"{lead} {text}"
    rows = [
        button(person, "", "pin", each, label=spoken("link.always", platform=platform(each)))
        for each in sorted(places)
        if each != person.pinned
    ]
    if person.pinned in places:
        rows.append(button(person, "button.last_used", "pin"))
    return scene, (say(scene, text, *pairs(rows)),)


def pin(scene: Scene, to: str) -> Answer | None:
    """Reminders always go there; to nothing: where they last spoke."""
    if not scene.elsewhere or to not in ("", scene.address.platform, *scene.elsewhere):
        return None
    person = replace(scene.person, pinned=to)
    scene, spoken = replace(scene, person=person), words_of(person)
    text = spoken("pin.set", platform=platform(to)) if to else spoken("pin.last_used")
    return scene, (say(scene, text),)


# Two again


def unlink(scene: Scene, said: str, now: datetime) -> Answer | None:
    """/unlink: asked once; then this chat begins anew, and keeps what keeps legs down."""
    person, spoken = scene.person, words_of(scene.person)
    if not scene.elsewhere:
        return scene, (say(scene, spoken("unlink.none")),)
    if person.hold is not None:
        return scene, (say(scene, spoken("link.rest")),)
    here, there = platform(scene.address), platform(scene.elsewhere[0])
    match said:
        case "":
            yes = button(person, "button.unlink", "unlink", "yes")
            no = button(person, "button.stay_linked", "unlink", "no")
            return scene, (say(scene, spoken("unlink.ask", here=here, there=there), (yes, no)),)
        case "no":
            return scene, (say(scene, spoken("unlink.no")),)
        case "yes" if scene.linking is not None:
            left = merging.leaving(person, scene.linking.spare, now)
            if person.pinned == scene.address.platform or len(scene.elsewhere) == 1:
                person = replace(person, pinned="")
            scene = replace(scene, person=person, linking=replace(scene.linking, left=left))
            return scene, _parted(scene, left, here)
        case _:
            return None


def _parted(scene: Scene, left: Person, here: str) -> tuple[Message, ...]:
    places = scene.linking.places if scene.linking else ()
    told = words_of(scene.person)("unlink.told", platform=here)
    return (
        say(replace(scene, person=left), words_of(left)("unlink.done")),
        *(say(replace(scene, address=each), told) for each in places if each != scene.address),
    )


def wake(scene: Scene, now: datetime) -> Answer:
    """Wrong codes of an hour ago count no more."""
    tries = scene.person.tries
    if tries and now - tries[-1] >= WRONG_FOR:
        scene = replace(scene, person=replace(scene.person, tries=()))
    return scene, ()
