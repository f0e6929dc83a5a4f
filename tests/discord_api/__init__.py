"""A Discord of our own, REST and gateway, strict, with people in front of it."""

from tests.discord_api.interactions import Interaction
from tests.discord_api.people import Person, Shown
from tests.discord_api.places import Channel, Face, Guild, Message, ScheduledEvent
from tests.discord_api.server import CLOUDFLARE_502, Call, DiscordApi

__all__ = [
    "CLOUDFLARE_502", "Call", "Channel", "DiscordApi", "Face", "Guild", "Interaction", "Message",
    "Person", "ScheduledEvent", "Shown",
]  # fmt: skip
