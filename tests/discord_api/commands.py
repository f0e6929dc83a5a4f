"""Application commands (discord-api-docs, interactions/application-commands)."""

import unicodedata
from collections.abc import Callable, Sequence

from tests.discord_api.rules import LOCALES, Field, Json

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
# #registering-a-command: in each scope
MOST = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
SUB_COMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10
LONGEST = 8000


def name_fits(name: str) -> bool:
    """#application-command-object-application-command-naming, with the lower case."""
    letters = all(
        one in "-_'"
        or unicodedata.category(one)[0] in "LN"
        or unicodedata.name(one, "").startswith(("DEVANAGARI", "THAI"))
        for one in name
    )
    return letters and name == name.lower()


def _localized(at: Field, given: Json, name: str, check: Callable[[Field, Json, str], str]) -> int:
    """The field and its translations; how long the longest is."""
    longest = len(check(at, given, name))
    translations = given.get(f"{name}_localizations") or {}
    here = at / f"{name}_localizations"
    for locale in translations:
        if locale not in LOCALES:
            (here / locale).wrong("APPLICATION_COMMAND_INVALID_LOCALE", "Locale is not valid")
        longest = max(longest, len(check(here, translations, locale)))
    return longest


def _slash_name(at: Field, given: Json, name: str) -> str:
    value = at.text(given, name, 1, 32)
    if value and not name_fits(value):
        (at / name).wrong("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return value


def _menu_name(at: Field, given: Json, name: str) -> str:
    return at.text(given, name, 1, 32)


def _hundred(at: Field, given: Json, name: str) -> str:
    return at.text(given, name, 1, 100)


def _choice(at: Field, given: Json, kind: int) -> int:
    size = _localized(at, given, "name", _hundred)
    value = given.get("value")
    fits: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}
    if not isinstance(value, fits[kind]) or isinstance(value, bool):
        (at / "value").wrong("APPLICATION_COMMAND_OPTIONS_VALUE_INVALID", "Value has another type")
    elif isinstance(value, str):
        at.text(given, "value", 1, 100)
    return size + len(str(value))


def choices(at: Field, given: Sequence[Json], kind: int) -> int:
    """At most 25, of a command or as the answer of an autocomplete."""
    if len(given) > 25:
        at.wrong("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    names = [one.get("name") for one in given]
    if len(set(names)) < len(names):
        at.wrong("APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_DUPLICATE", "Option choice name is taken")
    return sum(_choice(at / number, one, kind) for number, one in enumerate(given))


def _option(at: Field, given: Json, depth: int) -> int:
    allowed = {0: range(1, 12), 1: (SUB_COMMAND, *range(3, 12)), 2: range(3, 12)}[depth]
    kind = at.choice(given, "type", allowed)
    size = _localized(at, given, "name", _slash_name)
    size += _localized(at, given, "description", _hundred)
    if kind in (SUB_COMMAND, GROUP):
        return size + _options(at, given, 2 if kind == SUB_COMMAND else 1)
    if given.get("options"):
        (at / "options").wrong("APPLICATION_COMMAND_OPTIONS_INVALID", "Options are not allowed")
    listed = at.rows(given, "choices", 0, 25)
    picky = kind in (STRING, INTEGER, NUMBER)
    if (listed or given.get("autocomplete")) and not picky:
        (at / "choices").wrong(
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "This type has neither choices nor more"
        )
    if listed and given.get("autocomplete"):
        (at / "autocomplete").wrong(
            "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES",
            "autocomplete may not be set to true if choices are present",
        )
    if kind == STRING:
        at.number(given, "min_length", 0, 6000)
        at.number(given, "max_length", 1, 6000)
    return size + (choices(at / "choices", listed, kind) if listed and picky and kind else 0)


def _options(at: Field, given: Json, depth: int) -> int:
    listed = at.rows(given, "options", 0, 25)
    names = [one.get("name") for one in listed]
    if len(set(names)) < len(names):
        (at / "options").wrong("APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Option name is taken")
    optional = False
    for number, one in enumerate(listed):
        if one.get("type") not in (SUB_COMMAND, GROUP):
            if one.get("required") and optional:
                (at / "options" / number).wrong(
                    "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                    "Required options must be placed before non-required options",
                )
            optional = optional or not one.get("required")
    return sum(_option(at / "options" / number, one, depth) for number, one in enumerate(listed))


def _among(at: Field, given: Json, name: str, allowed: Sequence[int]) -> None:
    value = given.get(name)
    if value is None:
        return
    if not isinstance(value, list) or not value or len(set(value)) < len(value):
        (at / name).wrong("SET_TYPE_CONVERT", "A set that is not empty is needed")
        return
    for number, one in enumerate(value):
        if one not in allowed:
            what = ", ".join(map(str, allowed))
            (at / name / number).wrong("BASE_TYPE_CHOICES", f"Value must be one of ({what}).")


def checked(at: Field, given: Json, in_guild: bool) -> None:
    """One command; ``at`` is where it stands."""
    kind = at.choice({"type": 1} | given, "type", (CHAT_INPUT, USER, MESSAGE)) or CHAT_INPUT
    if kind == CHAT_INPUT:
        size = _localized(at, given, "name", _slash_name)
        size += _localized(at, given, "description", _hundred)
        size += _options(at, given, 0)
        # #slash-commands-example-slash-command: of each command, the longest translation counts
        if size > LONGEST:
            at.wrong("APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({LONGEST})")
    else:
        _localized(at, given, "name", _menu_name)
        if given.get("description"):
            (at / "description").wrong(
                "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
                "Context menu commands cannot have description",
            )
        if given.get("options"):
            (at / "options").wrong(
                "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", "Context menu commands have no options"
            )
    for name, allowed in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        if not in_guild:  # there they mean nothing, and are not looked at
            _among(at, given, name, allowed)
    permissions = given.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        (at / "default_member_permissions").wrong("NUMBER_TYPE_COERCE", "Value is not a bit set.")


def stored(given: Json, number: int, application: int, guild_id: int | None) -> Json:
    """A command as it comes back."""
    kind = given.get("type") or CHAT_INPUT
    command: Json = {
        "id": str(number), "application_id": str(application), "version": str(number + 1),
        "default_member_permissions": given.get("default_member_permissions"), "type": kind,
        "name": given["name"], "name_localizations": given.get("name_localizations"),
        "description": given.get("description") or "",
        "description_localizations": given.get("description_localizations"),
        "nsfw": bool(given.get("nsfw")),
    }  # fmt: skip
    if guild_id:
        return command | {"guild_id": str(guild_id), "options": given.get("options") or []}
    return command | {
        "contexts": given.get("contexts"), "options": given.get("options") or [],
        "integration_types": given.get("integration_types") or [0], "dm_permission": True,
    }  # fmt: skip


def crowded(at: Field, given: Sequence[Json]) -> None:
    """Too many of one type, or two of one name."""
    for kind, most in MOST.items():
        names = [one.get("name") for one in given if (one.get("type") or CHAT_INPUT) == kind]
        if len(names) > most:
            at.wrong(
                "APPLICATION_COMMANDS_LIMIT", f"Maximum number of application commands: {most}"
            )
        if len(set(names)) < len(names):
            at.wrong(
                "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
