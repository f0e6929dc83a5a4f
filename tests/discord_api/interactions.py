"""Interactions and their answers (discord-api-docs, interactions/receiving-and-responding)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.discord_api import commands, components, rules
from tests.discord_api.messages import SENDABLE, Upload
from tests.discord_api.places import Channel, Message, new_id
from tests.discord_api.rules import EPHEMERAL, LOADING, Field, Json, Refusal

if TYPE_CHECKING:
    from tests.discord_api.people import Person
    from tests.discord_api.server import DiscordApi

COMMAND, COMPONENT, AUTOCOMPLETE, SUBMIT = 2, 3, 4, 5
SAYS, THINKS, DEFERS, UPDATES, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
# #followup-messages: of apps that only the user has
MOST_FOLLOWUPS = 5


class Interaction:
    """What a person did, and what became of it."""

    def __init__(
        self, person: "Person", where: Channel, kind: int, data: Json, owners: Json
    ) -> None:
        api = person.api
        self.api = api
        self.id = new_id()
        self.token = f"aW50ZXJhY3Rpb24{api.chance.randbytes(40).hex()}"
        self.person = person
        self.where = where
        self.kind = kind
        self.data = data
        self.owners = owners
        self.message: Message | None = None
        self.parent: Interaction | None = None
        self.born = api.now()
        self.delivered: float | None = None
        self.first: int | None = None
        self.answered_at: float | None = None
        self.original: Message | None = None
        self.followups: list[Message] = []
        self.modal: Json | None = None
        self.choices: list[Json] | None = None
        self.overdue = False

    def __repr__(self) -> str:
        name = self.data.get("name") or self.data.get("custom_id")
        return f"<Interaction {self.kind} {name!r} of {self.person.name}, first {self.first}>"

    @property
    def took(self) -> float | None:
        """The seconds until the first answer."""
        return None if self.answered_at is None else self.answered_at - self.born

    @property
    def failed(self) -> bool:
        """Whether the person reads that this interaction failed."""
        return self.first is None and self.api.now() - self.born > self.api.first_within

    @property
    def in_time(self) -> bool:
        """Whether the bot was told of it soon enough to answer."""
        return self.delivered is not None and (
            self.delivered - self.born <= self.api.first_within / 2
        )

    @property
    def expired(self) -> bool:
        return self.api.now() - self.born > self.api.token_within

    @property
    def thinking(self) -> bool:
        """The person still sees a loading state; after 15 minutes for ever."""
        return bool(self.original and self.original.loading and not self.original.deleted)

    @property
    def never_finished(self) -> bool:
        return self.thinking and self.expired

    @property
    def messages(self) -> list[Message]:
        own = [self.original] if self.original else []
        return [one for one in (*own, *self.followups) if not one.deleted]

    @property
    def context(self) -> int:
        if self.where.guild is not None:
            return 0
        return 1 if self.where.is_with_bot else 2

    @property
    def metadata(self) -> Json:
        """resources/message#message-interaction-metadata-object, on the answers."""
        metadata: Json = {
            "id": str(self.id), "type": self.kind, "user": self.person.json,
            "authorizing_integration_owners": self.owners,
        }  # fmt: skip
        if self.kind == COMMAND:
            metadata |= {"name": self.data["name"], "command_type": self.data["type"]}
        elif self.kind == COMPONENT and self.message:
            metadata["interacted_message_id"] = str(self.message.id)
        elif self.parent:
            metadata["triggering_interaction_metadata"] = self.parent.metadata[
                "interaction_metadata"
            ]
        return {"interaction_metadata": metadata}

    @property
    def json(self) -> Json:
        """#interaction-object-interaction-structure."""
        where, person = self.where, self.person
        interaction: Json = {
            "id": str(self.id), "application_id": self.api.me["id"], "type": self.kind,
            "data": self.data, "channel": where.seen_by(person), "channel_id": str(where.id),
            "token": self.token, "version": 1, "locale": person.locale, "entitlements": [],
            "app_permissions": str(where.app_permissions), "context": self.context,
            "authorizing_integration_owners": self.owners,
            "attachment_size_limit": rules.LARGEST_FILE,
        }  # fmt: skip
        guild = where.guild
        if guild is None:
            interaction["user"] = person.json
        else:
            interaction |= {
                "guild_id": str(guild.id), "guild_locale": guild.locale,
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "member": guild.as_member(person, permissions=True),
            }  # fmt: skip
        if self.message is not None:
            interaction["message"] = self.message.json
        return interaction

    async def answered(self, within: float = 10.0) -> "Interaction":
        """Waits for the first answer."""
        await self.person.until(lambda: self.first is not None, within, f"an answer to {self}")
        return self

    async def finished(self, within: float = 10.0) -> "Interaction":
        """Waits until nothing is loading any more."""
        await self.person.until(
            lambda: self.first is not None and not self.thinking, within, f"the end of {self}"
        )
        return self

    async def opened(self, within: float = 10.0) -> Json:
        """Waits for the modal."""
        await self.answered(within)
        assert self.modal is not None, f"{self} opened no modal"
        return self.modal


class Interactions:
    def __init__(self, api: "DiscordApi") -> None:
        self.api = api
        self.all: dict[int, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}

    def begin(self, interaction: Interaction) -> Interaction:
        self.all[interaction.id] = interaction
        self.by_token[interaction.token] = interaction
        interaction.born = self.api.now()
        where = interaction.where
        self.api.gateway.tell_interaction(interaction.json, where.guild)
        return interaction

    def delivered(self, number: str) -> None:
        """It went out to the bot."""
        interaction = self.all[int(number)]
        if interaction.delivered is None:
            interaction.delivered = self.api.now()

    def check(self) -> None:
        """Notes whatever was not answered in time, if somebody was there to answer."""
        for one in self.all.values():
            if one.failed and one.in_time and not one.overdue:
                one.overdue = True
                self.api.broke(f"{one} was not answered within {self.api.first_within:g} s")

    # The first answer

    async def callback(
        self, number: str, token: str, given: Json, uploads: Sequence[Upload]
    ) -> Json:
        interaction = self.all.get(rules.snowflake(number) or 0)
        if interaction is None or interaction.token != token:
            raise Refusal(404, 10062, mistake="answers an interaction that there is not")
        if interaction.failed:
            interaction.overdue = True
            age = self.api.now() - interaction.born
            late = f"{interaction} was answered after {age:.1f} s" if interaction.in_time else ""
            raise Refusal(404, 10062, mistake=late)
        if interaction.first is not None:
            raise Refusal(400, 40060, mistake=f"{interaction} was answered before")
        if interaction.where.gone:
            raise Refusal(404, 10003)
        at = Field()
        kind = at.choice(given, "type", self._kinds(interaction))
        at.done()
        assert kind is not None
        self._first(interaction, kind, given.get("data") or {}, uploads)
        interaction.first, interaction.answered_at = kind, self.api.now()
        self.api.changed()
        return self._told(interaction)

    def _kinds(self, interaction: Interaction) -> tuple[int, ...]:
        """#interaction-response-object-interaction-callback-type, with its two stars.

        A modal may be deferred wherever it was opened (discord/discord-api-docs#8612,
        discordjs/discord.js#8455); to be updated there must be a message.
        """
        match interaction.kind:
            case 2:
                return SAYS, THINKS, MODAL
            case 3:
                return SAYS, THINKS, DEFERS, UPDATES, MODAL
            case 4:
                return (CHOICES,)
            case _:
                return (SAYS, THINKS, DEFERS, UPDATES) if interaction.message else (
                    SAYS, THINKS, DEFERS
                )  # fmt: skip

    def _first(
        self, interaction: Interaction, kind: int, data: Json, uploads: Sequence[Upload]
    ) -> None:
        at = Field() / "data"
        match kind:
            case 4:
                interaction.original = self._say(interaction, data, uploads, at)
            case 5:
                flags = data.get("flags") or 0
                if flags & ~EPHEMERAL:
                    self.api.broke(f"{interaction}: a deferral has no flag but EPHEMERAL")
                message = self._new(interaction, {"flags": flags & EPHEMERAL | LOADING})
                interaction.original = self.api.messages.put(message)
            case 6:
                interaction.original = interaction.message
            case 7:
                assert interaction.message is not None
                self._change(interaction.message, data, uploads, at)
                interaction.original = interaction.message
            case 8:
                focused = _focused(interaction.data)
                listed = at.rows(data, "choices", 0, 25)
                commands.choices(at / "choices", listed, focused["type"])
                at.done()
                interaction.choices = listed
            case _:
                modal = components.of_modal(at, data)
                at.done()
                interaction.modal = modal

    def _told(self, interaction: Interaction) -> Json:
        """#interaction-callback-interaction-callback-response-object."""
        told: Json = {"id": str(interaction.id), "type": interaction.kind}
        resource: Json = {"type": interaction.first}
        message = interaction.original
        if message is not None and interaction.first in (SAYS, THINKS, UPDATES):
            told |= {
                "response_message_id": str(message.id), "response_message_loading": message.loading,
                "response_message_ephemeral": message.ephemeral,
            }  # fmt: skip
            if interaction.first != THINKS:
                resource["message"] = message.json
        return {"interaction": told, "resource": resource}

    def _new(self, interaction: Interaction, content: Json) -> Message:
        message = Message(interaction.where, self.api.me, content)
        message.interaction = interaction
        message.recipient = interaction.person
        if "0" not in interaction.owners and not interaction.where.external_apps:
            message.flags |= EPHEMERAL
        answered = interaction.original or interaction.message
        if answered is None:
            message.kind = 20 if interaction.data.get("type") == commands.CHAT_INPUT else 23
        else:
            message.kind = 19
            message.reference = {
                "type": 0, "message_id": str(answered.id), "channel_id": str(answered.channel.id),
            }  # fmt: skip
        return message

    def _say(
        self, interaction: Interaction, data: Json, uploads: Sequence[Upload], at: Field
    ) -> Message:
        messages = self.api.messages
        flags = messages.allowed_flags(data, SENDABLE | EPHEMERAL, "")
        content = messages.checked(data, uploads, flags, at, None)
        message = self._new(interaction, content | {"flags": flags})
        messages.pings(message, data)
        return messages.put(message)

    def _change(
        self, message: Message, data: Json, uploads: Sequence[Upload], at: Field
    ) -> Message:
        messages = self.api.messages
        if message.deleted:
            raise Refusal(404, 10008)
        flags = messages.edit_flags(message, data)
        return messages.change(message, messages.checked(data, uploads, flags, at, message), data)

    # What follows, by the token

    def of(self, application: str, token: str) -> Interaction:
        """Whose token it is, while it is good."""
        interaction = self.by_token.get(token)
        if application != self.api.me["id"]:
            raise Refusal(404, 10015, mistake=f"webhook of another application: {application}")
        if interaction is None:
            raise Refusal(401, 50027, mistake="a token that there is not")
        if interaction.expired:
            age = self.api.now() - interaction.born
            raise Refusal(401, 50027, mistake=f"the token of {interaction} is {age:.0f} s old")
        if interaction.first is None:
            raise Refusal(404, 10015, mistake=f"{interaction} has had no first answer")
        return interaction

    def message(self, interaction: Interaction, number: str) -> Message:
        if number == "@original":
            message = interaction.original
        else:
            message = next((one for one in interaction.messages if str(one.id) == number), None)
        if message is None or message.deleted:
            raise Refusal(404, 10008)
        return message

    async def followup(
        self, interaction: Interaction, given: Json, uploads: Sequence[Upload]
    ) -> Json:
        if interaction.thinking and interaction.original:
            # #create-followup-message: works as an edit; the ephemeral flag is ignored
            return self.edit(interaction.original, given, uploads)
        if "0" not in interaction.owners and len(interaction.followups) >= MOST_FOLLOWUPS:
            raise Refusal(400, 40094, mistake=f"{interaction} has had {MOST_FOLLOWUPS} followups")
        message = self._say(interaction, given, uploads, Field())
        interaction.followups.append(message)
        self.api.changed()
        return message.json

    def edit(self, message: Message, given: Json, uploads: Sequence[Upload]) -> Json:
        return self._change(message, given, uploads, Field()).json


def _focused(data: Json) -> Json:
    for one in data.get("options") or []:
        if one.get("focused"):
            return dict(one)
        if one["type"] in (commands.SUB_COMMAND, commands.GROUP):
            return _focused(one)
    raise AssertionError("no option is focused")
