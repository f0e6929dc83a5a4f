"""Those who talk with the bot: what they can do, and what their screens show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.discord_api import commands, components
from tests.discord_api.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, SUBMIT, Interaction
from tests.discord_api.messages import face
from tests.discord_api.places import DM, Channel, Guild, Message, new_id
from tests.discord_api.rules import PERMISSIONS, SILENT, Json, mentioned

if TYPE_CHECKING:
    from tests.discord_api.server import DiscordApi

STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10


@dataclass(frozen=True)
class Shown:
    """A message as it is on somebody's screen at one moment."""

    id: int
    text: str
    buttons: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    disabled: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ephemeral: bool = False
    thinking: bool = False
    silent: bool = False
    edited: int = 0
    by_bot: bool = True
    pings_me: bool = False
    components: list[Json] = field(default_factory=list, repr=False)
    message: Message = field(repr=False, kw_only=True)


What = str | Callable[[Shown], bool]


class Person:
    """Somebody with Discord open."""

    def __init__(
        self,
        api: "DiscordApi",
        name: str,
        locale: str,
        *,
        dms_open: bool,
        installed: bool | None,
        number: int,
    ) -> None:
        self.api = api
        self.id = number or new_id()
        self.name = name
        self.locale = locale
        self.dms_open = dms_open
        self.installed = installed
        self.met = False  # the bot, in a guild
        self.blocked = False
        self.roles: list[int] = []
        self.interactions: list[Interaction] = []
        self._dismissed: set[int] = set()
        self._dm: Channel | None = None

    def __repr__(self) -> str:
        return f"<Person {self.name}>"

    @property
    def json(self) -> Json:
        return {
            "id": str(self.id), "username": self.name.lower(), "discriminator": "0",
            "global_name": self.name, "avatar": None, "public_flags": 0,
            "avatar_decoration_data": None, "primary_guild": None,
        }  # fmt: skip

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def dm(self) -> Channel:
        """Hers with the bot."""
        if self._dm is None:
            self._dm = Channel(self.api, DM)
            self._dm.people = [self]
        return self._dm

    @property
    def guilds(self) -> list[Guild]:
        return [one for one in self.api.guilds.values() if self in one.people]

    @property
    def shares_a_guild(self) -> bool:
        return any(one.bot for one in self.guilds)

    @property
    def has_app(self) -> bool:
        """User-installed (resources/application#installation-context)."""
        return not self.met if self.installed is None else self.installed

    @property
    def reachable(self) -> bool:
        """Whether the bot may write to her alone."""
        related = self.shares_a_guild or self.has_app
        return related and self.dms_open and not self.blocked

    # What she does to the bot

    def blocks(self) -> None:
        self.blocked = True

    def unblocks(self) -> None:
        self.blocked = False

    def closes_dms(self) -> None:
        self.dms_open = False

    def opens_dms(self) -> None:
        self.dms_open = True

    def leaves(self, guild: Guild) -> None:
        """The bot is not told: that would need a privileged intent."""
        guild.leaves(self)

    def restarts(self) -> None:
        """Restarts her client: what only she saw is gone."""
        for channel in self.api.channels.values():
            self._dismissed |= {one.id for one in channel.messages.values() if one.ephemeral}

    def dismisses(self, shown: Shown) -> None:
        assert shown.ephemeral, "only what she alone sees can be dismissed"
        self._dismissed.add(shown.id)

    async def write(
        self, text: str, where: Channel | None = None, reply_to: Shown | None = None
    ) -> Shown:
        """A plain message, in her DM with the bot or in a channel."""
        channel = where or self.dm
        assert channel.shows_to(self), f"{self.name} is not there"
        message = Message(channel, self.json, {"content": text})
        users, roles, _ = mentioned(text)
        known = {one.id: one.json for one in self.api.people.values()}
        known[self.api.application_id] = self.api.me
        if reply_to is not None:
            message.kind, message.replied = 19, reply_to.message
            message.reference = {
                "type": 0, "message_id": str(reply_to.id), "channel_id": str(channel.id),
            }  # fmt: skip
            users.add(int(reply_to.message.author["id"]))
        message.mentions = [known[one] for one in users if one in known]
        message.mention_roles = list(roles)
        self.api.messages.put(message)
        return self._shown(message)

    async def deletes(self, shown: Shown) -> None:
        """topics/permissions: what others said goes by MANAGE_MESSAGES, and in no chat of two."""
        guild = shown.message.channel.guild
        may = guild is not None and "MANAGE_MESSAGES" in guild.rights(self)
        assert may or not shown.by_bot, "nobody else deletes what the bot said"
        assert not shown.ephemeral, "that is dismissed"
        self.api.messages.remove(shown.message)

    # Commands

    def _owners(self, where: Channel, command: Json | None = None) -> Json:
        """receiving-and-responding#interaction-object-authorizing-integration-owners-object."""
        supported = [0, 1]
        if command is not None:
            supported = command.get("integration_types") or [0]
        owners: Json = {}
        if where.guild is not None and where.guild.bot and 0 in supported:
            owners["0"] = str(where.guild.id)
        elif where.is_with_bot and self.shares_a_guild and 0 in supported:
            owners["0"] = "0"
        if self.has_app and 1 in supported and self.api.user_install:
            owners["1"] = str(self.id)
        return owners

    def commands(self, where: Channel | None = None) -> list[Json]:
        """Those that her client offers there."""
        channel = where or self.dm
        assert channel.shows_to(self), f"{self.name} is not there"
        context = 0 if channel.guild else 1 if channel.is_with_bot else 2
        found = list(self.api.commands.get(channel.guild.id, [])) if channel.guild else []
        for one in self.api.commands[None]:
            contexts = one.get("contexts")
            if (contexts is None or context in contexts) and self._owners(channel, one):
                found.append(one)
        return [one for one in found if self._may_use(one, channel.guild)]

    def _may_use(self, command: Json, guild: Guild | None) -> bool:
        """application-commands#permissions: in a guild; "0" leaves those who may do everything."""
        needed = command.get("default_member_permissions")
        if guild is None or needed is None:
            return True
        may = guild.permissions(self)
        whole = may & PERMISSIONS["ADMINISTRATOR"]
        return bool(whole or (int(needed) and may & int(needed) == int(needed)))

    def _command(self, name: str, kind: int, where: Channel) -> Json:
        offered = [one for one in self.commands(where) if one["type"] == kind]
        for one in offered:
            if one["name"] == name:
                return one
        there = sorted(one["name"] for one in offered)
        raise AssertionError(f"no command {name!r} for {self.name} there; there are {there}")

    def _begin(
        self, kind: int, where: Channel, data: Json, owners: Json, message: Message | None = None
    ) -> Interaction:
        interaction = Interaction(self, where, kind, data, owners)
        interaction.message = message
        self.interactions.append(interaction)
        return self.api.interactions.begin(interaction)

    async def command(
        self, name: str, /, where: Channel | None = None, **options: object
    ) -> Interaction:
        """``name`` may go on with a subcommand: "remind add"."""
        channel = where or self.dm
        data = self._typed(name, channel, options)
        command = self._command(name.split(maxsplit=1)[0], commands.CHAT_INPUT, channel)
        return self._begin(COMMAND, channel, data, self._owners(channel, command))

    def _typed(
        self, name: str, where: Channel, options: Mapping[str, object], focused: str = ""
    ) -> Json:
        first, *others = name.split()
        command = self._command(first, commands.CHAT_INPUT, where)
        at, data = command, self._data(command)
        inner = data
        for one in others:
            at = next(option for option in at["options"] if option["name"] == one)
            deeper: Json = {"type": at["type"], "name": at["name"], "options": []}
            inner["options"] = [deeper]
            inner = deeper
        known = {one["name"]: one for one in at.get("options") or []}
        assert not set(options) - set(known), f"{name} has no {set(options) - set(known)}"
        if not focused:
            missing = {key for key, one in known.items() if one.get("required")} - set(options)
            assert not missing, f"{name} asks for {missing}"
        filled = [_filled(known[key], value, key == focused) for key, value in options.items()]
        if filled:
            inner["options"] = filled
        return data

    def _data(self, command: Json) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    async def autocomplete(
        self,
        name: str,
        option: str,
        text: str,
        /,
        where: Channel | None = None,
        within: float = 5.0,
        **others: object,
    ) -> list[Json]:
        """The choices that come while she types into an option."""
        channel = where or self.dm
        data = self._typed(name, channel, {**others, option: text}, focused=option)
        command = self._command(name.split(maxsplit=1)[0], commands.CHAT_INPUT, channel)
        one = self._begin(AUTOCOMPLETE, channel, data, self._owners(channel, command))
        await one.answered(within)
        return one.choices or []

    async def menu(
        self, name: str, on: "Shown | Person", where: Channel | None = None
    ) -> Interaction:
        """Apps, then this command, on a message or on a person."""
        channel = where or (on.message.channel if isinstance(on, Shown) else self.dm)
        kind = commands.MESSAGE if isinstance(on, Shown) else commands.USER
        command = self._command(name, kind, channel)
        data = self._data(command) | {"target_id": str(on.id)}
        if isinstance(on, Shown):
            data["resolved"] = {"messages": {str(on.id): on.message.json}}
        else:
            data["resolved"] = {"users": {str(on.id): on.json}}
            if channel.guild is not None and on in channel.guild.people:
                member = channel.guild.as_member(on)
                del member["user"], member["deaf"], member["mute"]
                data["resolved"]["members"] = {str(on.id): member}
        return self._begin(COMMAND, channel, data, self._owners(channel, command))

    # Components

    async def press(
        self, label: str, shown: Shown | None = None, where: Channel | None = None
    ) -> Interaction:
        """The newest button of exactly this label that she sees."""
        screen = self._screen(where)
        if shown is not None:
            screen = [one for one in screen if one.id == shown.id]
        for one in reversed(screen):
            for button in components.walk(one.components):
                if button["type"] == components.BUTTON and components.label(button) == label:
                    if button.get("disabled") or "custom_id" not in button:
                        continue
                    return self.press_id(one, button["custom_id"])
        there = "; ".join(f"{one.text!r}: {one.buttons}" for one in screen)
        raise AssertionError(f"no button {label!r} for {self.name}; shown are {there or 'none'}")

    async def presses(self, post: "Shown | Message", label: str) -> Interaction:
        """This button of that post, as it is now."""
        channel = post.channel if isinstance(post, Message) else post.message.channel
        there = [one for one in self.sees(channel) if one.id == post.id]
        assert there, f"{self.name} sees no such post"
        return await self.press(label, there[0], channel)

    def press_id(self, shown: Shown, custom_id: str) -> Interaction:
        """As a changed client could: also what is no longer there."""
        data = {"custom_id": custom_id, "component_type": components.BUTTON, "id": 1}
        return self._component(shown, data)

    def _component(self, shown: Shown, data: Json) -> Interaction:
        channel = shown.message.channel
        came = shown.message.interaction
        owners = came.owners if came else self._owners(channel)
        return self._begin(COMPONENT, channel, data, owners, shown.message)

    async def select(
        self, *labels: str, shown: Shown | None = None, where: Channel | None = None
    ) -> Interaction:
        """Chooses in the newest select that she sees, all at once."""
        screen = [shown] if shown else self._screen(where)
        for one in reversed(screen):
            for menu in components.walk(one.components):
                if menu["type"] != components.STRING_SELECT or menu.get("disabled"):
                    continue
                options = {option["value"]: option for option in menu["options"]}
                told = {option["label"] for option in menu["options"]} | set(options)
                if not set(labels) <= told:
                    continue
                low, high = menu.get("min_values", 1), menu.get("max_values", 1)
                assert low <= len(labels) <= high, f"from {low} to {high} are to be chosen"
                return self._component(one, {
                    "custom_id": menu["custom_id"], "component_type": menu["type"],
                    "id": menu["id"],
                    "values": [components.chosen(options, label) for label in labels],
                })  # fmt: skip
        raise AssertionError(f"no select with {labels} for {self.name}")

    # Modals

    async def submit(
        self, opened: Interaction, filled: Mapping[str, object] | None = None
    ) -> Interaction:
        """Fills in a modal, by custom_id or label, and sends it."""
        modal = opened.modal
        assert modal is not None, f"{opened} opened no modal"
        fields = components.fields(modal)
        by_label = {label: custom_id for custom_id, (label, _) in fields.items()}
        values = {by_label.get(name, name): value for name, value in (filled or {}).items()}
        data: Json = {
            "custom_id": modal["custom_id"], "components": components.submitted(modal, values),
        }  # fmt: skip
        sent = self._begin(SUBMIT, opened.where, data, opened.owners, opened.message)
        sent.parent = opened
        return sent

    async def tick(self, opened: Interaction, labels: Sequence[str]) -> Interaction:
        """Ticks boxes, wherever in the modal they are, and sends it."""
        modal = opened.modal
        assert modal is not None, f"{opened} opened no modal"
        filled: dict[str, object] = {}
        left = list(labels)
        for custom_id, (above, one) in components.fields(modal).items():
            if one["type"] in (components.CHECKBOXES, components.RADIO):
                known = {option["label"] for option in one["options"]}
                mine = [label for label in left if label in known]
                left = [label for label in left if label not in known]
                if one["type"] == components.CHECKBOXES:
                    filled[custom_id] = mine
                elif mine:
                    filled[custom_id] = mine[0]
            elif one["type"] == components.CHECKBOX:
                filled[custom_id] = above in left
                left = [label for label in left if label != above]
        assert not left, f"nothing to tick is called {left}"
        return await self.submit(opened, filled)

    # Her screen

    def sees(self, where: Channel | None = None) -> list[Shown]:
        """What is on her screen there, the oldest first."""
        channel = where or self.dm
        if not channel.shows_to(self):
            return []
        return [
            self._shown(one)
            for _, one in sorted(channel.messages.items())
            if not one.deleted
            and not (one.ephemeral and one.recipient is not self)
            and one.id not in self._dismissed
        ]

    def _screen(self, where: Channel | None) -> list[Shown]:
        """There, or everywhere."""
        places = [where] if where else list(self.api.channels.values())
        return sorted((one for place in places for one in self.sees(place)), key=lambda one: one.id)

    def thinking(self, interaction: Interaction) -> bool:
        return interaction.thinking and any(
            one.message is interaction.original for one in self.sees(interaction.where)
        )

    def threads(self) -> list[Channel]:
        return [
            one
            for one in self.api.channels.values()
            if one.is_thread and one.shows_to(self) and not one.archived
        ]

    async def until(
        self, predicate: Callable[[], object], within: float = 10.0, what: str = "it"
    ) -> None:
        await self.api.until(predicate, within, what)

    async def reads(self, what: What, where: Channel | None = None, within: float = 10.0) -> Shown:
        """Waits until something that fits is on her screen; the newest that does."""
        fits = what if callable(what) else (lambda one: what in one.text)

        def found() -> Shown | None:
            return next((one for one in reversed(self.sees(where)) if fits(one)), None)

        try:
            await self.until(lambda: found() is not None, within, repr(what))
        except AssertionError as error:
            there = [one.text for one in self.sees(where)]
            raise AssertionError(f"{error}; {self.name} sees {there}") from None
        shown = found()
        assert shown is not None
        return shown

    def _shown(self, message: Message) -> Shown:
        all_of_it = components.walk(message.components)
        buttons = [one for one in all_of_it if one["type"] == components.BUTTON]
        selects = [one for one in all_of_it if one["type"] == components.STRING_SELECT]
        seen = face(message)
        return Shown(
            id=message.id, text=seen.text, buttons=seen.buttons,
            links={components.label(one): one["url"] for one in buttons if "url" in one},
            disabled=[components.label(one) for one in buttons if one.get("disabled")],
            options=[option["label"] for one in selects for option in one["options"]],
            files=[one["filename"] for one in message.attachments], ephemeral=message.ephemeral,
            thinking=message.loading, silent=bool(message.flags & SILENT), edited=message.edits,
            by_bot=message.by_bot, pings_me=self.id in message.pinged,
            components=message.components, message=message,
        )  # fmt: skip


def _filled(option: Json, value: object, focused: bool) -> Json:
    """What the client makes of what is typed; what it would not send is an error of the test."""
    kind, name = option["type"], option["name"]
    filled: Json = {"name": name, "type": kind, "value": value}
    if focused:
        assert option.get("autocomplete"), f"{name} has no autocomplete"
        return filled | {"value": str(value), "focused": True}  # as typed, whatever the type
    listed = option.get("choices") or []
    if listed:
        by_name = {one["name"]: one["value"] for one in listed}
        filled["value"] = value = by_name.get(str(value), value)
        assert value in by_name.values(), f"{value!r} is not among {sorted(by_name)}"
    if kind in (INTEGER, NUMBER):
        assert isinstance(value, int if kind == INTEGER else int | float), f"{name} is a number"
        low, high = option.get("min_value"), option.get("max_value")
        assert low is None or value >= low, f"{name} is at least {low}"
        assert high is None or value <= high, f"{name} is at most {high}"
    elif kind == STRING:
        assert isinstance(value, str), f"{name} is a text"
        most = option.get("max_length") or 6000
        assert (option.get("min_length") or 0) <= len(value) <= most, f"{name} is too long or short"
    elif kind == BOOLEAN:
        assert isinstance(value, bool), f"{name} is yes or no"
    elif isinstance(value, Person):
        filled["value"] = str(value.id)
    return filled
