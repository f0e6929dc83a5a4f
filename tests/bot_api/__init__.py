"""A Telegram Bot API server of our own, strict, with people in front of it."""

from tests.bot_api.people import Chat, Group, Person, Press, Shown
from tests.bot_api.server import GARBAGE, NGINX_502, BotApi, Call

__all__ = ["GARBAGE", "NGINX_502", "BotApi", "Call", "Chat", "Group", "Person", "Press", "Shown"]
