"""What is kept, in whose hands, and how it goes away; help and settings."""

import dataclasses
from datetime import datetime, timedelta

from bot.content.words import languages, words
from bot.conversation import check, linking, promises, quiet_times
from bot.conversation.person import Keep, Person, Scene, renewal_due
from bot.conversation.reply import (
    Answer,
    button,
    country,
    country_name,
    emergency_number,
    help_number,
    minutes,
    say,
    seconds,
    words_of,
    zone_of,
)
from bot.conversation.values import replace
from bot.events import File, Lane
from bot.practice.countries import numbers
from bot.practice.questionnaire import expires

LINES_OF_HISTORY = 7
"""Rests that /stats shows one by one."""


def help_(scene: Scene) -> Answer:
    """/help: the verbs."""
    return scene, (say(scene, words_of(scene.person)("help")),)


def stats(scene: Scene) -> Answer:
    """/stats: what there was, a line each for the newest."""
    person, spoken = scene.person, words_of(scene.person)
    if not scene.history:
        nothing = person.consent is not None and person.consent.keep is Keep.NOTHING
        return scene, (say(scene, spoken("stats.not_kept" if nothing else "stats.none")),)
    total = sum(rest.seconds for rest in scene.history)
    parts = [
        spoken.count("stats.rests", len(scene.history)),
        spoken("stats.time", time=seconds(spoken, timedelta(seconds=total))),
    ]
    lines = [
        spoken(
            "stats.line",
            day=spoken.day(rest.started, zone_of(person)),
            time=minutes(
                spoken, rest.seconds / 60 if rest.seconds < 60 else round(rest.seconds / 60)
            ),
            way=spoken(f"way.{rest.variation}"),
            feeling=spoken(f"stats.{'told' if rest.logged else rest.feeling or 'unrated'}"),
        )
        for rest in scene.history[-LINES_OF_HISTORY:]
    ]
    return scene, (say(scene, "\n".join([" ".join(parts), *lines])),)


def settings(scene: Scene) -> Answer:
    """/settings: zone, country with its numbers, what is kept."""
    person, spoken = scene.person, words_of(scene.person)
    keep = person.consent.keep if person.consent else "none"
    linked = bool(scene.elsewhere)
    where = country_name(person) if country(person) else spoken("settings.no_country")
    text = "\n".join(
        (
            spoken("settings.language", language=spoken.locale.get_display_name() or ""),
            spoken("settings.zone", zone=_clock(person)),
            spoken("settings.country", country=where),
            spoken("settings.numbers", call=emergency_number(person)),
            *([spoken("settings.help_line", number=line)] if (line := help_number(person)) else ()),
            spoken(f"settings.keep.{keep}"),
            *([spoken("settings.linked", platforms=linking.listed(scene))] if linked else ()),
            spoken("settings.change"),
        )
    )
    rows = []
    if keep == Keep.RESULT:
        rows.append((button(person, "button.keep_nothing", "keep", "nothing"),))
    if keep == Keep.NOTHING:
        rows.append((button(person, "button.keep_result", "keep", "result"),))
    if linked:
        rows.append((button(person, "button.where", "link"),))
    return scene, (say(scene, text, *rows),)


def _clock(person: Person) -> str:
    """What is known of a person's clock: the zone, or how far it is from UTC."""
    return str(person.clock) if person.knows_time else words_of(person)("settings.no_zone")


def keep(scene: Scene, choice: str, now: datetime) -> Answer | None:
    """Keep the result from now on, or nothing any more."""
    person = scene.person
    if person.consent is None or choice not in (Keep.RESULT, Keep.NOTHING):
        return None
    person = replace(person, consent=replace(person.consent, keep=Keep(choice), at=now))
    if choice == Keep.NOTHING:
        person = check.nothing_kept(person, now)
        scene = replace(scene, forget_history=True)
    else:
        person = replace(person, cleared_until=None)
    scene = replace(scene, person=person)
    return scene, (say(scene, words_of(person)(f"keep.{choice}")),)


def language(scene: Scene, said: str) -> Answer:
    """/language, or a tap: the language of all that is said from now on."""
    person = scene.person
    wanted = said.strip().casefold()
    for code in languages():
        if wanted in (code, words(code)("language.name").casefold()):
            scene = replace(scene, person=replace(person, language=code))
            return scene, (say(scene, words(code)("language.set")),)
    row = tuple(
        button(person, "", "language", code, label=words(code)("language.name"))
        for code in languages()
    )
    return scene, (say(scene, words_of(person)("language.ask"), row),)


def set_country(scene: Scene, said: str) -> Answer:
    """/country: by name or two letters; for the emergency numbers."""
    person, spoken = scene.person, words_of(scene.person)
    if person.consent is None:
        return no_consent(scene)
    names = {
        name.casefold(): code for code, name in spoken.locale.territories.items() if len(code) == 2
    }
    wanted = said.strip()
    code = wanted.upper() if wanted.upper() in names.values() else names.get(wanted.casefold(), "")
    if not code or not code.isalpha():
        return scene, (say(scene, spoken("country.which")),)
    person = replace(person, country=code)
    scene = replace(scene, person=person)
    key = "country.set" if numbers(code) else "country.set_unknown"
    text = spoken(key, country=country_name(person), call=emergency_number(person))
    return scene, (say(scene, text),)


def no_consent(scene: Scene) -> Answer:
    """Something to remember, of somebody of whom nothing may be kept."""
    return scene, (say(scene, words_of(scene.person)("country.not_kept")),)


def privacy(scene: Scene) -> Answer:
    """/privacy: what is kept and what is not."""
    return scene, (say(scene, words_of(scene.person)("privacy")),)


def export(scene: Scene, now: datetime) -> Answer:
    """/export: everything that is kept, as a file."""
    person, spoken = scene.person, words_of(scene.person)
    if person.consent is None or not scene.record:
        return scene, (say(scene, spoken("export.nothing")),)
    name = f"legs-up-{now.astimezone(zone_of(person)):%Y-%m-%d}.json"
    message = say(scene, spoken("export.done"))
    return scene, (dataclasses.replace(message, file=File(name, scene.record)),)


def forget(scene: Scene, said: str) -> Answer | None:
    """/forget: asked once, then everything is gone."""
    person, spoken = scene.person, words_of(scene.person)
    parts: list[str]
    if said == "yes":
        parts = [spoken("forget.done")]
        if person.legs_up:
            parts.insert(0, spoken("exit.plain"))
        return replace(scene, gone=True), (say(scene, "\n\n".join(parts), lane=Lane.EXIT),)
    if said == "no":
        return scene, (say(scene, spoken("forget.kept")),)
    if said:
        return None
    rows = (
        (button(person, "button.forget_yes", "forget", "yes"),),
        (button(person, "button.forget_no", "forget", "no"),),
    )
    parts = [spoken("forget.ask")]
    if scene.elsewhere:
        parts.append(spoken("forget.linked", platforms=linking.listed(scene)))
    if scene.entered:
        parts.append(spoken("forget.club"))
    return scene, (say(scene, " ".join(parts), *rows),)


def quiet(scene: Scene) -> Answer:
    """/stop outside a rest: reminders pause until the person says otherwise."""
    person = scene.person
    if person.consent is None:
        return scene, (say(scene, words_of(person)("stop.stranger")),)
    person = replace(person, quiet=True, offer=None, card=None, joining=None)
    scene = replace(scene, person=person)
    row = (button(person, "button.reminders_again", "resume"),)
    return scene, (say(scene, words_of(person)("stop.quiet"), row),)


def resume(scene: Scene, now: datetime) -> Answer:
    """Reminders again."""
    if scene.person.consent is None:
        return scene, (say(scene, words_of(scene.person)("stop.stranger")),)
    person = quiet_times.resumed(scene.person, now)
    scene, spoken = replace(scene, person=person), words_of(person)
    parts = [spoken("stop.resumed"), promises.next_in_words(person, now)]
    return scene, (say(scene, " ".join(filter(None, parts))),)


def wake(scene: Scene, now: datetime) -> Answer:
    """One quiet line two weeks before the check runs out."""
    due = renewal_due(scene.person)
    clearance = scene.person.clearance
    if due is None or clearance is None or due > now or scene.person.hold:
        return scene, ()
    person = replace(scene.person, renewal_told=expires(clearance))
    scene = replace(scene, person=person)
    if check.current(person, now) is None:
        return scene, ()
    spoken = words_of(person)
    text = spoken("check.renewal", day=spoken.date(expires(clearance)))
    row = (button(person, "button.check_again", "check", 0, "begin"),)
    return scene, (say(scene, text, row, lane=Lane.REMINDER, silent=True, kind="renewal"),)


def is_stranger(person: Person) -> bool:
    """Whether there is nothing to go back to."""
    return person.consent is None and person.hold is None
