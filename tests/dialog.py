"""A test is the conversation: `Dialog` plays one, and wakes the person at each due moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.content.words import plain
from bot.conversation import step
from bot.conversation.person import Hold, Person, Phase, Rest, Scene, due_at
from bot.events import Address, Command, Event, Expired, Message, Press, Text, Wake

HERE = Address("test", "me")
BERLIN = "Europe/Berlin"
AFTERNOON = "2026-11-22 16:00"
EVENING = "2026-11-22 21:30"


class Dialog:
    """One person and the bot, with a clock that is moved by hand.

    ``lines`` is the transcript. ``said`` are the words of the last event, as plain text.
    ``buttons`` are those on the screen, ``shown`` all that ever were, by their label.
    """

    def __init__(self, at: str = AFTERNOON, zone: str = BERLIN, person_id: int = 7) -> None:
        self.zone = ZoneInfo(zone)
        self.now = moment(at, self.zone)
        self.scene = Scene(Person(person_id, zone=zone), HERE)
        self.history: dict[int, Rest] = {}
        self.lines: list[str] = []
        self.messages: tuple[Message, ...] = ()
        self.buttons: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.every_data: set[str] = set()
        self.taps = 0
        self.words = 0
        self._day = ""

    @property
    def person(self) -> Person:
        return self.scene.person

    @property
    def hold(self) -> Hold | None:
        return self.scene.person.hold

    @property
    def said(self) -> str:
        return "\n".join(plain(message.text) for message in self.messages)

    def event(self, event: Event) -> "Dialog":
        """Hand in any event; what is said goes into the transcript."""
        before = self.scene
        if isinstance(event, Command) and event.name in ("stats", "export"):
            before = replace(before, history=tuple(self.history.values()), record="{}")
        self.scene, self.messages = step(before, event, self.now)
        for rest in self.scene.rests:
            self.history[rest.number] = rest
        if self.scene.forget_history or self.scene.gone:
            self.history.clear()
        if self.scene.gone:
            self.scene = Scene(Person(self.person.id + 1, zone=self.person.zone), HERE)
        self.scene = replace(self.scene, rests=(), history=(), record="", forget_history=False)
        if any(message.buttons for message in self.messages):
            self.buttons = {}
        for message in self.messages:
            self._write(message)
        return self

    def tap(self, label: str) -> "Dialog":
        """Press a button that is on the screen: its label, or the beginning of it."""
        found = [full for full in self.buttons if full == label or full.startswith(label)]
        assert found, f"no button {label!r} among {list(self.buttons)}"
        self.taps += 1
        self.lines.append(f">>> [{found[0]}]")
        return self.event(Press(self.buttons[found[0]]))

    def press(self, label: str, data: str) -> "Dialog":
        """Press a button of an older message."""
        self.taps += 1
        self.lines.append(f">>> [{label}] of an older message")
        return self.event(Press(data))

    def type(self, text: str) -> "Dialog":
        """Type a line: a command with its slash, or free text."""
        self.lines.append(f">>> {text}")
        if text.startswith("/"):
            name, _, argument = text[1:].partition(" ")
            return self.event(Command(name, argument))
        return self.event(Text(text))

    def wake(self) -> "Dialog":
        """Go to the next due moment and wake the person there."""
        due = due_at(self.person)
        assert due is not None, "nothing is due"
        self.now = max(self.now, due)
        self.event(Wake())
        after = due_at(self.person)
        assert after is None or after > self.now, "a wake must make progress"
        return self

    def wait(self, **time: float) -> "Dialog":
        """Let time pass, waking the person at each due moment on the way."""
        until = self.now + timedelta(**time)
        while (due := due_at(self.person)) is not None and due <= until:
            self.wake()
        self.now = until
        return self

    def sleep(self, **time: float) -> "Dialog":
        """Let time pass with the bot away: nobody is woken."""
        self.now += timedelta(**time)
        self.lines.append(f"... the bot was away for {timedelta(**time)}")
        return self

    def until(self, condition: Callable[["Dialog"], bool]) -> "Dialog":
        """Wake at due moments until the condition holds."""
        for _ in range(100):
            if condition(self):
                return self
            self.wake()
        raise AssertionError("it never came to that")

    def expire(self, kind: str) -> "Dialog":
        """A message of that kind came too late and was dropped by the sender."""
        return self.event(Expired(kind))

    def agreed_to(self, version: int) -> "Dialog":
        """As if the words of consent had changed since."""
        assert self.person.consent is not None
        consent = replace(self.person.consent, version=version)
        self.scene = replace(self.scene, person=replace(self.person, consent=consent))
        return self

    def answered(self, version: int) -> "Dialog":
        """As if the questions had changed since."""
        assert self.person.clearance is not None
        clearance = replace(self.person.clearance, version=version)
        self.scene = replace(self.scene, person=replace(self.person, clearance=clearance))
        return self

    def forget_lines(self) -> "Dialog":
        """Begin the transcript and the counts here."""
        self.lines, self.taps, self.words, self._day = [], 0, 0, ""
        return self

    def _write(self, message: Message) -> None:
        text = plain(message.text)
        self.words += len(text.split())
        local = self.now.astimezone(self.zone)
        if self._day != f"{local:%a %d %b}":
            self._day = f"{local:%a %d %b}"
            self.lines.append(f"--- {self._day}")
        mark = "".join(
            sign for sign, on in (("!", message.lane <= 1), ("(silent)", message.silent)) if on
        )
        self.lines.append(f"{local:%H:%M:%S} {mark}".rstrip())
        self.lines += [f"    {line}" for line in text.splitlines()]
        if message.buttons:
            self.buttons |= {b.label: b.data for row in message.buttons for b in row}
            self.shown |= self.buttons
            self.every_data |= set(self.buttons.values())
        self.lines += [
            "    " + " ".join(f"[{button.label}]" for button in row) for row in message.buttons
        ]


def cleared(at: str = AFTERNOON, *ticks: str, keep: str = "I agree") -> Dialog:
    """A person who has agreed and answered the check with these labels ticked."""
    dialog = Dialog(at).type("/start").tap(keep)
    while dialog.person.check is not None:
        on_page = [full for full in dialog.buttons if full.split(" ", 1)[-1] in ticks]
        for full in on_page:
            dialog.tap(full)
        if dialog.person.check.asking:
            break
        dialog.tap("Done, next" if on_page else "None of these")
    return dialog


def resting(at: str = AFTERNOON, *ticks: str) -> Dialog:
    """A person whose clock runs: legs up."""
    dialog = cleared(at, *ticks).tap("Now")
    if "OK" in dialog.buttons:
        dialog.tap("OK")
    return dialog.tap("None of these, start").tap("Next").tap("Next").tap("I'm in place")


def tenth_evening() -> Dialog:
    """Nine comfortable evenings with bent knees at the wall, and the card of the tenth."""
    dialog = cleared(AFTERNOON).wait(hours=5, minutes=30).type("/up knees_bent").tap("OK")
    for _ in range(9):
        dialog.tap("None of these, start")
        while dialog.hold is not None and dialog.hold.phase is Phase.SETUP:
            dialog.tap("Next")
        dialog.until(lambda d: d.hold is not None and d.hold.phase is Phase.WAY_OUT)
        dialog.tap("Lighter").sleep(days=1)
        dialog.now = moment(f"{dialog.now:%Y-%m-%d} 21:30", dialog.zone)
        dialog.forget_lines().type("/up")
    return dialog


def moment(local: str, zone: ZoneInfo) -> datetime:
    """A moment by the clock there."""
    return datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
