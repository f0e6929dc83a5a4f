"""Several people in several chats, for what concerns two of them: a small store in memory."""

from dataclasses import replace
from datetime import timedelta

from bot.content.words import plain
from bot.conversation import linking, step
from bot.conversation.person import Link, Linking, Person, Scene, due_at
from bot.events import Address, Command, Event, Message, Press, Text, Wake
from tests.dialog import AFTERNOON, BERLIN, Dialog

TELEGRAM, DISCORD = Address("telegram", "t"), Address("discord", "d")


def someone(who: int, *ticks: str, keep: str = "I agree", at: str = AFTERNOON) -> Dialog:
    """Somebody who has agreed and answered the check with these labels ticked."""
    dialog = Dialog(at, person_id=who).type("/start").tap(keep)
    while dialog.person.check is not None:
        on_page = [full for full in dialog.buttons if full.split(" ", 1)[-1] in ticks]
        for full in on_page:
            dialog.tap(full)
        dialog.tap("Done, next" if on_page else "None of these")
    return dialog


class Chats:
    """Whoever is in which chat, with one clock. ``said`` and ``buttons`` are by chat."""

    def __init__(self, people: dict[Address, Dialog]) -> None:
        self.zone = Dialog().zone
        self.now = max(dialog.now for dialog in people.values())
        self.people = {dialog.person.id: dialog.person for dialog in people.values()}
        self.who = {place: dialog.person.id for place, dialog in people.items()}
        self.buttons = {place: dict(dialog.shown) for place, dialog in people.items()}
        self.said: dict[Address, str] = {}
        self.messages: tuple[Message, ...] = ()
        self.links: list[Link] = []
        self.codes = iter(f"BCDFGHJ{last}" for last in "23456789KMNPQR")
        self.lines: list[str] = []
        self.every_data: set[str] = set()
        self.gone: list[int] = []

    def at(self, place: Address) -> Person:
        return self.people[self.who[place]]

    def type(self, place: Address, text: str) -> "Chats":
        self.lines.append(f"{place.platform} >>> {text}")
        if text.startswith("/"):
            name, _, argument = text[1:].partition(" ")
            return self.event(place, Command(name, argument))
        return self.event(place, Text(text))

    def tap(self, place: Address, label: str) -> "Chats":
        found = [full for full in self.buttons[place] if full.startswith(label)]
        assert found, f"no button {label!r} among {list(self.buttons[place])}"
        self.lines.append(f"{place.platform} >>> [{found[-1]}]")
        return self.event(place, Press(self.buttons[place][found[-1]]))

    def wait(self, **time: float) -> "Chats":
        self.now += timedelta(**time)
        return self

    def wake(self, place: Address) -> "Chats":
        due = due_at(self.at(place))
        assert due is not None
        self.now = max(self.now, due)
        return self.event(place, Wake())

    def event(self, place: Address, event: Event) -> "Chats":
        scene = Scene(self.at(place), place, linking=self._load(place, event))
        before = scene.linking
        scene, self.messages = step(scene, event, self.now)
        if before is not None and scene.linking is not None:
            self._keep(place, before, scene.linking)
            if scene.linking.vanished:
                for at, who in self.who.items():
                    if who == scene.linking.vanished:
                        self.who[at] = scene.person.id
                del self.people[scene.linking.vanished]
            if left := scene.linking.left:
                self.people[left.id], self.who[place] = left, left.id
        self.people[scene.person.id] = replace(scene.person)
        self.said = {}
        for message in self.messages:
            self._hear(message)
        return self

    def _hear(self, message: Message) -> None:
        text, place = plain(message.text), message.to
        self.said[place] = "\n".join(filter(None, (self.said.get(place, ""), text)))
        self.lines.append(place.platform)
        self.lines += [f"    {line}" for line in text.splitlines()]
        for row in message.buttons:
            self.lines.append("    " + " ".join(f"[{button.label}]" for button in row))
            for button in row:
                self.buttons[place].pop(button.label, None)
                self.buttons[place][button.label] = button.data
                self.every_data.add(button.data)

    def _load(self, place: Address, event: Event) -> Linking | None:
        if not linking.concerns(event):
            return None
        me, link = self.who[place], None
        self.links = [each for each in self.links if each.ends > self.now]
        needs = Linking(places=self._places(me), spare=max(self.people) + 100)
        match event:
            case Command("link", argument):
                code = linking.spelled(argument)
                link = next((each for each in self.links if each.name == code.encode().hex()), None)
                fresh = next(self.codes)
                needs = replace(needs, code=fresh, name=fresh.encode().hex())
            case Press(data):
                mine = [each for each in self.links if me in (each.asker, each.namer)]
                link = next((each for each in mine if f"|{each.number}|" in data), None)
            case _:
                pass
        if link is None:
            return needs
        other = link.asker if link.asker != me else link.namer
        theirs = self._places(other)
        return replace(needs, link=link, other=self.people.get(other), others_places=theirs)

    def _places(self, who: int) -> tuple[Address, ...]:
        return tuple(place for place, each in self.who.items() if each == who)

    def _keep(self, place: Address, before: Linking, after: Linking) -> None:
        if after.link == before.link:
            return
        self.links = [each for each in self.links if each != before.link]
        if after.link:
            self.links = [each for each in self.links if each.asked_at != after.link.asked_at]
            self.links.append(after.link)


def two(telegram: Dialog | None = None, discord: Dialog | None = None) -> Chats:
    """Somebody on Telegram, and somebody who came later on Discord."""
    return Chats({TELEGRAM: telegram or someone(7), DISCORD: discord or someone(9)})


def asked(chats: Chats) -> Chats:
    """Telegram has asked for a code, and Discord has named it."""
    chats.type(TELEGRAM, "/link")
    return chats.type(DISCORD, f"/link {code_in(chats)}")


def linked(chats: Chats) -> Chats:
    """Both have said yes."""
    return asked(chats).tap(DISCORD, "Yes, that is me").tap(TELEGRAM, "Yes, link us")


def code_in(chats: Chats, place: Address = TELEGRAM) -> str:
    """The code that was last given there."""
    return chats.said[place].split("/link ")[1].split()[0]


__all__ = ["BERLIN", "DISCORD", "TELEGRAM", "Chats", "asked", "code_in", "linked", "someone", "two"]
