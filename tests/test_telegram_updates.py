"""What Telegram delivers, as it documents it, and what we make of each; a file for each case."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, Update

from adapters.telegram.updates import Seen, read
from bot.events import (
    Address,
    Blocked,
    Command,
    Event,
    Incoming,
    Joined,
    Left,
    Location,
    Moved,
    Press,
    Text,
    Unblocked,
    Unreadable,
)

FOLDER = Path(__file__).parent / "telegram_updates"

ANNA, NAME = "7000000001", "Anna L\N{LATIN SMALL LETTER A WITH DIAERESIS}ufer"
SUPERGROUP, FORUM, GROUP = "-1009876543210", "-1001234567890", "-4012345678"


def says(
    event: Event, message: int, chat: str = ANNA, thread: str = "", locale: str = "de"
) -> Seen:
    """Anna, whose chat with us has her number; what is said in a group says which."""
    group = Address("telegram", chat, thread) if chat != ANNA else None
    incoming = Incoming(
        "", Address("telegram", ANNA), ANNA, event, locale, group=group, club=group, called=NAME
    )
    return Seen(incoming, chat=chat, message=message)


def presses(data: str, message: int, query: str, chat: str = ANNA, thread: str = "") -> Seen:
    pressed = says(Press(data), message, chat, thread)
    return replace(pressed, query=query)


def turns(event: Event, chat: str = SUPERGROUP) -> Seen:
    """Anna adds us to a group, or removes us: no message stands for it."""
    return Seen(says(event, 0, chat).incoming)


def nobody(event: Event, chat: str = SUPERGROUP, thread: str = "", **more: Any) -> Seen:  # noqa: ANN401
    """What nobody says who could be spoken to alone."""
    club = Address("telegram", chat, thread)
    return Seen(Incoming("", club, "", event, group=club, club=club, **more))


def named(seen: Seen, called: str) -> Seen:
    assert seen.incoming
    return replace(seen, incoming=replace(seen.incoming, called=called))


NOTHING = Seen()

EXPECTED = {
    "private_text": says(Text("my legs are tired"), 4211),
    "start_with_payload": says(Command("start", "up"), 4211),
    "command_with_argument_on_a_second_line": says(Command("remind", "tomorrow 21:30"), 4211),
    "command_with_our_name": says(Command("up", "5"), 4211, SUPERGROUP),
    "command_for_another_bot": Seen(chat=SUPERGROUP, message=4211),
    "group_command_in_a_forum_topic": says(Command("up"), 88, FORUM, "42"),
    "reply_thread_that_is_no_topic": says(Command("ran"), 90, SUPERGROUP),
    "group_text": says(Text("who comes on Sunday?"), 91, SUPERGROUP),
    "anonymous_admin": Seen(chat=SUPERGROUP, message=92),
    "in_the_name_of_a_channel": Seen(chat=SUPERGROUP, message=93),
    "a_bot_in_a_group": Seen(chat=SUPERGROUP, message=96),
    "callback_query": presses("1|7|tick|3|heart|yes", 4212, "3006477002394567890"),
    "callback_query_of_an_inaccessible_message": presses("1|7|up", 17, "3006477002394567891"),
    "callback_query_without_a_message": replace(
        presses("1|7|up", 0, "3006477002394567892"), chat=""
    ),
    "callback_query_in_a_group": presses("1|7|hold", 89, "3006477002394567893", FORUM, "42"),
    "blocked": Seen(says(Blocked(), 0).incoming),
    "unblocked": Seen(says(Unblocked(), 0).incoming),
    "kicked_from_a_group": turns(Left()),
    "added_to_a_group": turns(Joined()),
    "added_as_an_admin": turns(Joined()),
    "added_by_an_anonymous_admin": nobody(Joined()),
    "added_with_few_rights": turns(Joined()),
    "promoted_in_a_group": NOTHING,
    "restricted_in_a_group": NOTHING,
    "removed_while_restricted": turns(Left()),
    "left_of_our_own": nobody(Left()),
    "added_to_a_channel": NOTHING,
    "group_created_with_us": Seen(chat=GROUP, message=1),
    "we_joined_a_group": Seen(chat=SUPERGROUP, message=100),
    "anonymous_admin_of_a_club": replace(
        nobody(Command("club"), SUPERGROUP, "42", organiser=True), chat=SUPERGROUP, message=97
    ),
    "post_of_a_linked_channel": Seen(chat=SUPERGROUP, message=98),
    "club_in_the_name_of_a_channel": Seen(chat=SUPERGROUP, message=99),
    "a_name_that_is_no_line": named(
        says(Text("my legs are tired"), 4211), "A n n a of the very very very lo"
    ),
    "migration_from_the_group": replace(
        nobody(Moved(SUPERGROUP), GROUP), moved=(GROUP, SUPERGROUP)
    ),
    "migration_to_the_supergroup": Seen(chat=SUPERGROUP, message=1),
    "location": says(Location(52.520008, 13.404954), 4213),
    "location_in_a_group": Seen(chat=SUPERGROUP, message=94),
    "venue": says(Location(-33.8568, 151.2153), 4211),
    "voice": says(Unreadable(), 4211),
    "voice_in_a_group": Seen(chat=SUPERGROUP, message=4211),
    "photo_with_caption": says(Text("is this right?"), 4211),
    "photo_without_caption": says(Unreadable(), 4211),
    "sticker": says(Unreadable(), 4211),
    "edited_message": NOTHING,
    "channel_post": NOTHING,
    "unknown_kind_of_update": NOTHING,
    "a_user_without_language_code": named(says(Command("help"), 4211, locale=""), "Anna"),
    "emoji_rtl_and_control_characters": says(
        Text("\u202e\u05e9\u05dc\u05d5\u05dd \U0001f3c3\u200d\u2640\ufe0f l\u00e4uft  gut"), 4211
    ),
    "a_pinned_message": Seen(chat=ANNA, message=4215),
    "a_member_joined_a_group": Seen(chat=SUPERGROUP, message=95),
    "a_new_field_we_do_not_know": says(Text("hello"), 4211),
}


def update(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def seen(raw: dict[str, Any]) -> Seen:
    return read(Update.de_json(raw, Bot("123456:TEST-abc")), "LegsUpTestBot")


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_made_of_an_update(name: str) -> None:
    raw = update(name)
    wanted = EXPECTED[name]
    if wanted.incoming:
        named = replace(wanted.incoming, id=f"update-{raw['update_id']}")
        wanted = replace(wanted, incoming=named)
    assert seen(raw) == wanted


def test_every_recorded_update_is_in_the_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == EXPECTED.keys()


def test_every_update_has_a_number_of_its_own() -> None:
    assert len({update(name)["update_id"] for name in EXPECTED}) == len(EXPECTED)
