"""The readiness check: consent first, 20 lines on 4 pages, and what the answers allow."""

import dataclasses
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from bot.content.routine import number, routine
from bot.content.words import languages, words
from bot.conversation import verdict
from bot.conversation.agenda import newest_trace, traces_gone
from bot.conversation.buttons import data
from bot.conversation.closures import number_for
from bot.conversation.person import RECONFIRM, Check, Consent, Habits, Keep, Person, Scene
from bot.conversation.reply import (
    Answer,
    Rows,
    button,
    pairs,
    say,
    words_of,
    zone_of,
)
from bot.conversation.safety import asked_by_doctor
from bot.conversation.values import replace
from bot.events import As, Form, Message, Option
from bot.practice.clearance import Clearance, Verdict, strictest
from bot.practice.localtime import day, day_turns
from bot.practice.questionnaire import (
    PAGES,
    UNDER_AGE,
    assess,
    holds,
    lines,
    with_clinician,
)

KEPT_NOTHING = timedelta(hours=number("keep_nothing_for"))
NONE = "none"
"""The value of "None of these" in a form."""
EVERY_LINE = tuple(name for page in range(1, PAGES + 1) for name in lines(page))


def ask_consent(scene: Scene, then: tuple[object, ...] = ()) -> Answer:
    """Who this is, and what it may keep. ``then`` is what they wanted, which goes on after it."""
    person = scene.person
    spoken = words_of(person)
    after = (".".join(map(str, then)),) if then else ()
    rows = tuple(
        (button(person, f"consent.{choice}", "consent", choice, *after),)
        for choice in ("result", "nothing", "no")
    )
    others = tuple(
        button(person, "", "language", each, *after, label=words(each)("language.name"))
        for each in languages()
        if each != spoken.language
    )
    return scene, (say(scene, spoken("consent.ask"), *rows, *filter(None, (others,))),)


def agreed(person: Person) -> bool:
    """Whether there is a yes to the words of today."""
    consent = person.consent
    return consent is not None and consent.version == routine().consent_version


def consent(scene: Scene, choice: str, now: datetime) -> Answer | None:
    """The answer to it."""
    if choice == "no":
        was = scene.person
        person = Person(was.id, locale=was.locale, zone=was.zone, hold=was.hold, closed=was.closed)
        person = replace(person, next_number=was.next_number, formerly=was.formerly)
        scene = replace(scene, person=person, forget_history=True)
        seat = (button(person, "button.seat", "seat"),)
        return scene, (say(scene, words_of(was)("consent.declined"), seat),)
    if choice not in (Keep.RESULT, Keep.NOTHING):
        return None
    given = Consent(Keep(choice), routine().consent_version, now)
    person = replace(scene.person, consent=given)
    if choice == Keep.NOTHING:
        person = nothing_kept(person, now)
        scene = replace(scene, forget_history=True)
    return begin(replace(scene, person=person), now)


def nothing_kept(person: Person, now: datetime) -> Person:
    """What was kept is gone, but what allowed a rest under way, and a refusal of today for a day.

    What the eyes told becomes a question without its reason.
    """
    found, carried, refused = person.clearance, person.carried, person.refused_at
    stays = found is not None and (person.hold is not None or not found.open)
    person = replace(
        person,
        clearance=found if stays else None,
        cleared_until=now + KEPT_NOTHING if stays else None,
        cleared_at=None,
        proposed=None,
        proposed_at=None,
        carried=None,
        refused_at=refused if stays else None,
        renewal_told=None,
        habits=Habits(),
        agenda=traces_gone(person.agenda),
        card=None,
    )
    return asked_by_doctor(person, now) if carried is not None else person


def begin(scene: Scene, now: datetime, lead: str = "") -> Answer:
    """The first page; a check that was under way goes on where it was."""
    if not agreed(scene.person):
        return ask_consent(scene)
    check = scene.person.check or Check(started=now)
    scene = replace(scene, person=replace(scene.person, check=check, card=None))
    return page(scene, lead=lead)


def page(scene: Scene, *, lead: str = "", notice: str = "", shown: As = As.CLOSED) -> Answer:
    """The page that is open, or the question about age that is."""
    check = scene.person.check
    if check is None:
        return scene, ()
    if check.asking:
        return scene, (_ask_age(scene, check, lead),)
    person, spoken = scene.person, words_of(scene.person)
    names = lines(check.page)
    text = "\n".join(
        (
            spoken("check.page", page=check.page, pages=PAGES, title=spoken(f"page.{check.page}")),
            *(f"{n} {spoken(f'line.{name}')}" for n, name in enumerate(names, 1)),
        )
    )
    ticks = [
        button(
            person,
            "",
            "tick",
            check.page,
            name,
            "off" if name in check.ticks else "on",
            label=_label(person, n, name, check.ticks),
        )
        for n, name in enumerate(names, 1)
    ]
    none = (button(person, "button.none", "none", check.page),)
    ticked = any(name in check.ticks for name in names)
    done = ((button(person, "button.next_page", "page", check.page),),) if ticked else ()
    text = f"{lead}\n\n{text}" if lead else text
    asked = say(scene, text, none, *pairs(ticks), *done, slot="check", notice=notice)
    form = _form(person, check, (none, *done), shown)
    return scene, (dataclasses.replace(asked, form=form),)


def _form(person: Person, check: Check, rows: Rows, shown: As) -> Form:
    """The lines of the page to tick all at once, and what stands below it there."""
    spoken = words_of(person)
    options = [
        Option(f"{n} {spoken(f'label.{name}')}", name, name in check.ticks)
        for n, name in enumerate(lines(check.page), 1)
    ]
    ways = (
        button(person, "button.tick_lines", "lines", check.page, As.PAGE),
        button(person, "button.no_form", "lines", check.page, As.LIST),
    )
    return Form(
        data(person.id, "lines", check.page),
        spoken("check.form", page=check.page, pages=PAGES, title=spoken(f"page.{check.page}")),
        spoken("check.form.hint"),
        (*options, Option(spoken("button.none"), NONE)),
        (*rows, ways),
        shown,
    )


def open_form(scene: Scene, on_page: int, how: As) -> Answer | None:
    """The page as a form; None for a page that is not open."""
    check = scene.person.check
    if check is None or check.page != on_page or check.asking:
        return None
    return page(scene, shown=how)


def chosen(scene: Scene, on_page: int, values: Iterable[str], now: datetime) -> Answer | None:
    """All ticks of a page at once; "none of these" beside a tick is asked again."""
    check = scene.person.check
    if check is None or check.page != on_page or check.asking:
        return None
    here, said = lines(on_page), set(values)
    ticked = {*check.ticks} - {*here} | said & {*here}
    check = replace(check, ticks=tuple(name for name in EVERY_LINE if name in ticked))
    scene = replace(scene, person=replace(scene.person, check=check))
    if NONE in said:
        return none_of_these(scene, on_page, now)
    if not said & {*here}:
        return page(scene, lead=words_of(scene.person)("unknown.in_check"))
    return _further(scene, check, now)


def _label(person: Person, n: int, name: str, ticks: Iterable[str]) -> str:
    label = f"{n} {words_of(person)(f'label.{name}')}"
    return words_of(person)("check.ticked", label=label) if name in ticks else label


def tick(scene: Scene, on_page: int, name: str, said: str) -> Answer | None:
    """Tick a line, or take its tick away; None for a page that is not open.

    The button names what it makes of the line: a finger that taps twice takes nothing back.
    """
    check = scene.person.check
    if check is None or check.page != on_page or check.asking or name not in lines(on_page):
        return None
    if said not in ("on", "off"):
        return None
    ticked = said == "on"
    every = {*check.ticks, name} if ticked else {*check.ticks} - {name}
    ticks = tuple(each for each in EVERY_LINE if each in every)
    scene = replace(scene, person=replace(scene.person, check=replace(check, ticks=ticks)))
    spoken = words_of(scene.person)
    notice = spoken(
        "check.tick" if ticked else "check.untick",
        label=spoken(f"label.{name}"),
        n=sum(each in ticks for each in lines(on_page)),
        all=len(lines(on_page)),
    )
    return page(scene, notice=notice)


def none_of_these(scene: Scene, on_page: int, now: datetime) -> Answer | None:
    """Nothing on the page is true; with a tick beside it the tick counts, and it is asked again."""
    check = scene.person.check
    if check is None or check.page != on_page or check.asking:
        return None
    if any(name in check.ticks for name in lines(on_page)):
        notice = words_of(scene.person)("check.none_but_ticked")
        return page(scene, lead=notice, notice=notice)
    return _further(scene, check, now)


def turn_page(scene: Scene, on_page: int, now: datetime) -> Answer | None:
    """On to the next page, or to what the answers allow."""
    check = scene.person.check
    if check is None or check.page != on_page or check.asking:
        return None
    if not any(name in check.ticks for name in lines(on_page)):
        return None  # "Done" of an old message: whether nothing is true must be said
    return _further(scene, check, now)


def _further(scene: Scene, check: Check, now: datetime) -> Answer:
    if check.page < PAGES:
        check = replace(check, page=check.page + 1)
        return page(replace(scene, person=replace(scene.person, check=check)))
    if UNDER_AGE in check.ticks:
        check = replace(check, asking="group")
        return page(replace(scene, person=replace(scene.person, check=check)))
    return finish(scene, None, now)


def _ask_age(scene: Scene, check: Check, lead: str) -> Message:
    person, spoken = scene.person, words_of(scene.person)
    text: str = spoken(f"age.{check.asking}")
    text = f"{lead}\n\n{text}" if lead else text
    if check.asking == "group":
        choices = [button(person, f"age.{g}", "age", g) for g in ("guarded", "child", "adult")]
    elif check.asking == "year":
        youngest, oldest = _years(check)
        choices = [
            button(person, "", "age", year, label=str(year)) for year in range(oldest, youngest + 1)
        ]
    else:
        choices = [
            button(person, "", "age", n, label=spoken.month(n).title()) for n in range(1, 13)
        ]
    return say(scene, text, *pairs(choices))


def _years(check: Check) -> tuple[int, int]:
    """The latest and the earliest year of birth that fit the group."""
    this = check.started.year
    guardian, alone = number("age_with_guardian"), number("age_alone")
    if check.group == "guarded":
        return this - guardian, this - alone
    return this - YOUNGEST, this - guardian


YOUNGEST = 6
"""Nobody younger reads these questions."""


def age(scene: Scene, said: str, now: datetime) -> Answer | None:
    """An answer about age: the group, then the year, then the month of birth."""
    person, check = scene.person, scene.person.check
    if check is None or not check.asking:
        return None
    if check.asking == "group" and said == "adult":
        ticks = tuple(name for name in check.ticks if name != UNDER_AGE)
        check = replace(check, asking="", ticks=ticks)
        return finish(replace(scene, person=replace(person, check=check)), None, now)
    if check.asking == "group" and said in ("guarded", "child"):
        check = replace(check, asking="year", group=said)
        return page(replace(scene, person=replace(person, check=check)))
    if not said.isdecimal():
        return None
    if check.asking == "year":
        youngest, oldest = _years(check)
        if not oldest <= int(said) <= youngest:
            return None
        check = replace(check, asking="month", year=int(said))
        return page(replace(scene, person=replace(person, check=check)))
    if check.asking == "month" and 1 <= int(said) <= 12:
        return finish(scene, date(check.year, int(said), 1), now)
    return None


def finish(scene: Scene, born: date | None, now: datetime) -> Answer:
    """What the answers allow. The ticks are gone with this step."""
    person = scene.person
    ticks = person.check.ticks if person.check else ()
    found = assess(ticks, day(now, zone_of(person)), born)
    if UNDER_AGE in ticks and born and found.guarded_until is None and not found.closed_until:
        ticks = tuple(name for name in ticks if name != UNDER_AGE)
    if person.carried is not None:
        found = strictest(found, replace(person.carried, on=found.on, version=found.version))
        ticks = (*(name for name in ticks if name != "glaucoma"), "glaucoma")
    person = replace(person, check=None)
    stored = person.clearance
    recent = person.refused_at is not None and now - person.refused_at < RECONFIRM
    if recent and stored is not None and _milder(found, stored):
        taken, person = number_for(person)
        person = replace(person, proposed=found, proposed_at=now, settled=taken)
        return reconfirm(replace(scene, person=person))
    return settle(scene, person, found, ticks, now)


def _milder(found: Clearance, stored: Clearance) -> bool:
    unlocked = stored.opens is None and found.opens is not None
    return found.verdict < stored.verdict or (found.verdict == stored.verdict and unlocked)


def reconfirm(scene: Scene) -> Answer:
    """A milder check so soon after a refusal waits until it is said once more."""
    person = scene.person
    rows = (
        (button(person, "button.proposed_yes", "proposed", person.settled, "yes"),),
        (button(person, "button.proposed_no", "proposed", person.settled, "no"),),
    )
    return scene, (say(scene, words_of(person)("check.milder"), *rows),)


def proposed(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """Whether the milder check is the true one."""
    person = scene.person
    found = person.proposed
    if found is None or taken != person.settled or said not in ("yes", "no"):
        return None
    person = replace(person, proposed=None, proposed_at=None)
    if said == "yes":
        return settle(scene, replace(person, refused_at=None), found, (), now)
    scene = replace(scene, person=person)
    return scene, (say(scene, words_of(person)("check.stays")),)


def settle(
    scene: Scene, person: Person, found: Clearance, ticks: Iterable[str], now: datetime
) -> Answer:
    """Keep the result and say it."""
    taken, person = number_for(person)
    person = replace(
        person,
        settled=taken,
        clearance=found,
        cleared_at=now,
        cleared_until=None if person.keeps else now + KEPT_NOTHING,
        card=None,
        proposed=None,
        proposed_at=None,
        refused_at=now if found.verdict >= Verdict.ASK_CLINICIAN else person.refused_at,
    )
    scene = replace(scene, person=person)
    if found.open:
        return scene, (verdict.allowed(scene, found),)
    return scene, (verdict.refused(scene, found, tuple(ticks)),)


def current(person: Person, now: datetime) -> Clearance | None:
    """The result that holds now; none when it has expired or there is none."""
    found = person.clearance
    if found is None:
        return None
    where = zone_of(person)
    today = day(now, where)
    if found.closed_until is not None and today < found.closed_until:
        return found  # growing older is all that opens it
    last = person.habits.last
    last_day = day(last, where) if last else None
    return found if holds(found, today, last_day) else None


def may_go_up(person: Person, now: datetime) -> bool:
    """Whether the check allows legs up now, with nothing of it left to answer."""
    found = current(person, now)
    settled = agreed(person) and person.check is None and person.proposed is None
    return settled and found is not None and found.open


def show(scene: Scene, now: datetime) -> Answer:
    """/check: what holds now, and the ways to change it."""
    person = scene.person
    if not agreed(person):
        return ask_consent(scene)
    if person.check is not None:
        return page(scene)
    if person.proposed is not None:
        return reconfirm(scene)
    found = current(person, now)
    if found is None:
        return begin(scene, now, _lapsed(person))
    spoken = words_of(person)
    again = button(person, "button.check_again", "check", 0, "begin")
    if found.open:
        way = "verdict.gentler" if found.verdict is Verdict.GENTLER else "verdict.no_concern"
        parts: list[str] = [spoken(way)]
        if found.verdict is Verdict.GENTLER:
            parts.append(verdict.gentler_way(person, found))
        parts.append(spoken("check.since", day=spoken.date(found.on)))
        return scene, (say(scene, "\n".join(parts), (again,)),)
    message = verdict.refused(scene, found)
    rows = [*message.buttons] if found.closed_until else [*message.buttons, (again,)]
    if found.opens:
        rows.insert(0, (button(person, "button.clinician", "clinician", person.settled, "ask"),))
    return scene, (dataclasses.replace(message, buttons=tuple(rows)),)


def _lapsed(person: Person) -> str:
    return words_of(person)("check.lapsed") if person.clearance else ""


def clinician(scene: Scene, taken: int, said: str, now: datetime) -> Answer | None:
    """A clinician's OK, in the person's own word, and only for what was named."""
    person = scene.person
    found = current(person, now)
    if found is None or found.opens is None or taken != person.settled:
        return None
    spoken = words_of(person)
    if said == "ask":
        rows = (
            (button(person, "button.clinician_yes", "clinician", taken, "yes"),),
            (button(person, "button.clinician_no", "clinician", taken, "no"),),
        )
        text = spoken("clinician.ask", what=verdict.opened(person, found.opens))
        return scene, (say(scene, text, *rows),)
    if said == "no":
        return scene, (say(scene, spoken("clinician.no")),)
    if said != "yes":
        return None
    fine = with_clinician(found, day(now, zone_of(person)))
    person = replace(person, carried=None)
    return settle(scene, person, fine, (), now)


def health_news(scene: Scene, now: datetime) -> Answer:
    """Something has changed: the old result counts no more."""
    person = replace(scene.person, clearance=None, cleared_until=None, card=None, check=None)
    return begin(replace(scene, person=person), now, words_of(person)("check.news"))


def wake(scene: Scene, now: datetime) -> Answer:
    """Drafts and results that are kept for a day only are gone after it."""
    person = scene.person
    if person.check and person.check.gone_at <= now:
        person = replace(person, check=None)
    if person.cleared_until and person.cleared_until <= now:
        person = replace(
            person,
            clearance=None,
            cleared_at=None,
            cleared_until=None,
            refused_at=None,
            settled=0,
        )
    if person.proposed_until and person.proposed_until <= now:
        person = replace(person, proposed=None, proposed_at=None)
    if not person.keeps:
        traces = newest_trace(person.agenda)
        if traces and day_turns(traces, person.clock) <= now:
            person = replace(person, agenda=traces_gone(person.agenda))
    return scene if person is scene.person else replace(scene, person=person), ()
