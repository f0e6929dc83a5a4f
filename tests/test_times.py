"""Times in words: phrases as people type them, in tables of one line each, and what must hold."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.practice.localtime import zone
from bot.times import Said, clocks, moments, read, read_any, read_schedule

BERLIN = zone("Europe/Berlin")
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 16, 20, tzinfo=BERLIN)


def table(name: str) -> list[tuple[datetime, str, str]]:
    """Lines of a phrase and what it says; a line with @ gives the present from there on."""
    now, rows = NOW, []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("@ "):
            now = datetime.fromisoformat(line[2:]).replace(tzinfo=BERLIN)
        elif line:
            phrase, _, says = line.partition("\t")
            rows.append((now, phrase, says))
    return rows


def day(at: date) -> str:
    if at.year != NOW.year:
        return f"{at:%Y-%m-%d}"
    return f"{at:%d}" if at.month == NOW.month else f"{at:%m-%d}"


def minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):g}"


def says(said: Said | None, now: datetime) -> str:
    """All of what was said in one line."""
    if said is None:
        return "-"
    days = [NAMES[each] for each in sorted(said.weekdays)]
    line = ["daily" if len(days) == 7 else " ".join(days)]
    if said.weekdays and said.clock:
        line[0] += " " + " / ".join(f"{each:%H:%M}" for each in clocks(said))
    elif said.clock:
        local = [at.astimezone(BERLIN) for at in moments(said, now)]
        line.append(" / ".join(f"{day(at)} {at:%H:%M}" for at in local) or "past")
    elif said.on:
        line.append(f"on {day(said.on)}")
    line += [f"+{minutes(said.after)}"] if said.after else []
    line += [f"{minutes(said.lasts)}min"] if said.lasts else []
    line += [f"until {day(said.until)}"] if said.until else []
    line += [said.part, "exact" * said.exact, "about" * said.about]
    return ", ".join(filter(None, line))


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_people_type_is_understood(language):
    wrong = [
        f"{phrase!r} is {got!r}, not {expected!r}"
        for now, phrase, expected in table(f"phrases_{language}.txt")
        if (got := says(read(phrase, language, now), now)) != expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_not_understood_is_not_guessed(language):
    wrong = [
        f"{phrase!r} is {says(said, now)!r}"
        for now, phrase, _ in table(f"phrases_refused_{language}.txt")
        if (said := read_any(phrase, language, now)) is not None
    ]
    assert not wrong, "\n".join(wrong)


# --- what must hold whatever is typed ------------------------------------------------------------

PHRASES = [
    (language, now, phrase)
    for language in ("en", "de")
    for now, phrase, _ in table(f"phrases_{language}.txt")
]
WORDS = sorted({word for _, _, phrase in PHRASES for word in phrase.split()})
BABBLE = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
LANGUAGES = st.sampled_from(["en", "de", "xx"])
PRESENTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - st.datetimes adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001 - made aware by the strategy
    timezones=st.sampled_from([BERLIN, zone("America/New_York"), zone("Asia/Kathmandu")]),
)
as_usual = cache(read)
WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


@given(st.text(max_size=250) | BABBLE, LANGUAGES, PRESENTS, st.booleans())
def test_any_text_is_read_or_refused_and_every_moment_is_ahead(text, language, now, evening):
    said = read_any(text, language, now)
    if said is None:
        return
    found = moments(said, now, evening=evening)
    assert len(found) == len(set(found)) <= 2
    assert all(at > now.astimezone(UTC) and at.tzinfo is UTC for at in found)
    assert len(clocks(said, evening=evening)) == (1 + said.half_open) * bool(said.clock)
    assert not (said.exact and said.about)
    assert said.after is None or timedelta() < said.after <= timedelta(days=365)
    assert said != Said()


@pytest.mark.parametrize(
    "typed",
    [
        str.upper,
        lambda text: f"  {text.replace(' ', '   ')} !!",
        lambda text: text.translate(WIDE),
        lambda text: text.replace("-", "–").replace("'", "’"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: f"„{text}“ 🙂",
    ],
    ids=["loud", "spaced", "wide", "typographic", "decomposed", "quoted"],
)
def test_how_it_is_typed_changes_nothing(typed):
    wrong = [
        (phrase, says(said, now))
        for language, now, phrase in PHRASES[::4]
        if (said := read(typed(phrase), language, now)) != as_usual(phrase, language, now)
    ]
    assert not wrong


@pytest.mark.parametrize("spelling", [("ae", "oe", "ue", "ss"), ("a", "o", "u", "ss")])
def test_german_without_its_letters_is_german(spelling):
    plain = str.maketrans(dict(zip("äöüß", spelling, strict=True)))
    wrong = [
        phrase
        for language, now, phrase in PHRASES
        if language == "de"
        and read(phrase.lower().translate(plain), "de", now) != as_usual(phrase, "de", now)
    ]
    assert not wrong


def test_every_minute_of_the_day_is_exact_in_its_24_hour_form():
    for minute in range(24 * 60):
        clock = time(minute // 60, minute % 60)
        for language, phrase in (("en", f"at {clock:%H:%M}"), ("de", f"um {clock:%H:%M} Uhr")):
            said = read(phrase, language, NOW)
            either_half = 10 <= clock.hour <= 12  # as written, 10:30 may be in the evening
            assert said == Said(clock=clock, exact=True, half_open=either_half), phrase
            (at,) = moments(replace(said, half_open=False), NOW)
            assert at.astimezone(BERLIN).time() == clock
            assert timedelta() < at - NOW <= timedelta(days=1)


# What a clock says at 0 to 12.
EN = re.findall(r"\w+", "twelve one two three four five six seven eight nine ten eleven twelve")
DE = re.findall(r"\w+", "zwölf eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf")


def spoken_in_english(hour: int) -> list[tuple[str, int, int]]:
    name, after = EN[hour], EN[hour % 12 + 1]
    return [
        (name, hour, 0),
        (f"{hour}", hour, 0),
        (f"{name} o'clock", hour, 0),
        (f"half past {name}", hour, 30),
        (f"half {hour}", hour, 30),
        (f"{name} thirty-five", hour, 35),
        (f"{name} oh five", hour, 5),
        (f"{hour}:07", hour, 7),
        (f"{hour}.40", hour, 40),
        (f"a quarter past {name}", hour, 15),
        (f"quarter to {after}", hour, 45),
        (f"ten past {hour}", hour, 10),
        (f"twenty-five to {after}", hour, 35),
        (f"3 minutes past {name}", hour, 3),
    ]


def spoken_in_german(hour: int) -> list[tuple[str, int, int]]:
    name, after = DE[hour], DE[hour % 12 + 1]
    return [
        (name, hour, 0),
        (f"{hour} Uhr", hour, 0),
        (f"{hour} Uhr 5", hour, 5),
        (f"{hour} Uhr fünfunddreißig", hour, 35),
        (f"{hour}:07 Uhr", hour, 7),
        (f"{hour}.40 Uhr", hour, 40),
        (f"halb {after}", hour, 30),
        (f"viertel nach {name}", hour, 15),
        (f"viertel vor {after}", hour, 45),
        (f"viertel {after}", hour, 15),
        (f"dreiviertel {after}", hour, 45),
        (f"fünf vor halb {after}", hour, 25),
        (f"zehn nach halb {after}", hour, 40),
        (f"zwanzig vor {after}", hour, 40),
        (f"3 Minuten nach {name}", hour, 3),
    ]


@pytest.mark.parametrize("hour", range(1, 13))
@pytest.mark.parametrize(
    ("language", "forms"), [("en", spoken_in_english), ("de", spoken_in_german)]
)
def test_a_clock_time_is_right_in_each_of_its_forms(language, forms, hour):
    settled = {"en": ("{} tomorrow evening", "{} tomorrow"), "de": ("morgen Abend {}", "morgen {}")}
    for phrase, on_the_hour, minute in forms(hour):
        expected = time(on_the_hour, minute)
        said = read(phrase, language, NOW)
        assert said == Said(clock=expected, half_open=True), phrase
        assert {at.astimezone(BERLIN).time() for at in moments(said, NOW)} == {
            expected.replace(hour=hour % 12),
            expected.replace(hour=hour % 12 + 12),
        }
        evening, tomorrow = (read(each.format(phrase), language, NOW) for each in settled[language])
        assert tomorrow == Said(on=date(2026, 11, 23), clock=expected, half_open=True), phrase
        assert evening is not None
        assert evening.part == "evening"
        assert evening.clock == expected.replace(hour=(hour % 12 + 12 * (4 <= hour < 12))), phrase


@pytest.mark.parametrize(
    ("now", "phrase", "instants"),
    [
        ("2027-03-27 20:00", "tomorrow 02:30", ["2027-03-28T01:30"]),  # in the gap: 03:30
        ("2027-03-27 23:00", "in 4 hours", ["2027-03-28T02:00"]),  # elapsed: 04:00 on the wall
        ("2026-10-24 20:00", "tomorrow 02:30", ["2026-10-25T00:30"]),  # the first 02:30
        ("2026-10-25 01:00", "02:30", ["2026-10-25T00:30"]),
        ("2026-10-24 23:00", "in 4 hours", ["2026-10-25T01:00"]),  # the second 02:00
    ],
)
def test_when_clocks_jump(now, phrase, instants):
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    said = read(phrase, "en", at)
    assert said is not None
    expected = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in instants]
    assert list(moments(said, at)) == expected


def test_in_the_second_of_a_doubled_hour_its_first_is_past():
    second = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)
    said = read("02:30", "en", second)
    assert said is not None
    assert moments(said, second) == (datetime(2026, 10, 26, 1, 30, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("phrase", "now", "expected"),
    [
        ("at 9", "06:00", ["22 09:00", "22 21:00"]),
        ("at 9", "16:20", ["22 21:00", "23 09:00"]),
        ("half past nine", "22:00", ["23 09:30", "23 21:30"]),
        ("tomorrow at 10", "16:20", ["23 10:00", "23 22:00"]),
        ("tomorrow at 7", "16:20", ["23 07:00", "23 19:00"]),
        ("tomorrow at 3", "16:20", ["23 15:00", "23 03:00"]),
        ("12", "10:00", ["22 12:00", "23 00:00"]),
    ],
)
def test_without_a_leaning_to_the_evening(phrase, now, expected):
    at = datetime.combine(NOW, time.fromisoformat(now), tzinfo=BERLIN)
    said = read(phrase, "en", at)
    assert said is not None
    found = [each.astimezone(BERLIN) for each in moments(said, at, evening=False)]
    assert [f"{each:%d %H:%M}" for each in found] == expected


@pytest.mark.parametrize(
    ("phrase", "in_the_evening", "else_"),
    [
        ("every day at 9", ["21:00", "09:00"], ["09:00", "21:00"]),
        ("every day at half past twelve", ["00:30", "12:30"], ["12:30", "00:30"]),
        ("every day at 2", ["02:00", "14:00"], ["14:00", "02:00"]),
        ("every evening at 9", ["21:00"], ["21:00"]),
        ("every evening", [], []),
    ],
)
def test_a_time_that_repeats(phrase, in_the_evening, else_):
    said = read(phrase, "en", NOW)
    assert said is not None
    assert [f"{each:%H:%M}" for each in clocks(said)] == in_the_evening
    assert [f"{each:%H:%M}" for each in clocks(said, evening=False)] == else_
    assert moments(said, NOW) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 9", "22 21:00 / 23 09:00, exact"),
        ("tuesday 9pm thursday 9pm", "Tue Thu 21:00"),
        ("Mo 22 Uhr, Di 23 Uhr", "Mon 22:00 | Tue 23:00"),
        ("Mo 22 Uhr. Di 23 Uhr.", "Mon 22:00 | Tue 23:00"),
        ("Mo-Fr 22:00 Sa-So 23:00", "Mon Tue Wed Thu Fri 22:00 | Sat Sun 23:00"),
        ("Mo-Do 22 Uhr, Fr und Sa Mitternacht", "Mon Tue Wed Thu 22:00 | Fri Sat 00:00, night"),
        (
            "mon to thu 10pm, fri and sat midnight, sun 9pm",
            "Mon Tue Wed Thu 22:00 | Fri Sat 00:00, night | Sun 21:00",
        ),
        (
            "Mo-Do 22 Uhr, Fr-Sa 23 Uhr, So 21 Uhr",
            "Mon Tue Wed Thu 22:00 | Fri Sat 23:00 | Sun 21:00",
        ),
        ("Mo-Do um 22 Uhr und So um 21", "Mon Tue Wed Thu 22:00, exact | Sun 21:00, exact"),
        ("Dienstag so um 9, So 21 Uhr", "Tue 21:00 / 09:00, about | Sun 21:00"),
        (
            "monday and wednesday at 9 and friday at 10",
            "Mon Wed 21:00 / 09:00, exact | Fri 22:00 / 10:00, exact",
        ),
        ("mon, wed, fri 10pm; tue, thu 9pm", "Mon Wed Fri 22:00 | Tue Thu 21:00"),
        (
            "weeknights at ten, weekends at half eleven",
            "Mon Tue Wed Thu Fri 22:00, night, exact | Sat Sun 23:30 / 11:30, exact",
        ),
        (
            "10 on weeknights and 11 on weekends",
            "Mon Tue Wed Thu Fri 22:00, night | Sat Sun 23:00 / 11:00",
        ),
        ("Tue 9 and Thu 10", "Tue 21:00 / 09:00 | Thu 22:00 / 10:00"),
        ("mon 10, tue, wed 11", "Mon 22:00 / 10:00 | Tue Wed 23:00 / 11:00"),
        ("Di 9, 30 min, Do 10, 1 h", "Tue 21:00 / 09:00, 30min | Thu 22:00 / 10:00, 60min"),
        (
            "mondays at 10 in the evening and tuesdays at 7 in the morning",
            "Mon 22:00, evening, exact | Tue 07:00, morning, exact",
        ),
        (
            "every day at 9pm except sunday and on sundays at 10pm",
            "Mon Tue Wed Thu Fri Sat 21:00, exact | Sun 22:00, exact",
        ),
        ("on run days mon 10pm, tue 11pm", "Mon 22:00 | Tue 23:00"),
        ("mon 9, tue 10, mon 11", ""),  # a day with two times
        ("mon 10 evening tue 11", ""),  # whose evening
        ("mon 9, tue 10, wed", ""),
        ("mon 9, tue 10 until Friday", ""),
        ("mon 9, next tue 10", ""),
        ("tomorrow at 9, friday at 10", ""),
        ("mon 9 or tue 10", ""),
        ("9 mon, 9 tue, " * 9 + "8 wed", ""),
        ("no", ""),
    ],
)
def test_several_times_in_one_text(text, expected):
    for language in ("en", "de"):
        found = read_schedule(text, language, NOW)
        assert " | ".join(says(said, NOW) for said in found) == expected


@given(BABBLE, LANGUAGES, PRESENTS)
def test_no_weekday_has_two_of_several_times(text, language, now):
    found = read_schedule(text, language, now)
    days = [day for said in found for day in said.weekdays]
    assert len(days) == len(set(days))
    assert len(found) < 2 or all(said.weekdays and said.clock for said in found)
    if whole := read(text, language, now):
        assert found == (whole,)


def test_another_language_helps_out_after_the_persons_own():
    assert read("half ten", "de", NOW) is None
    assert read_any("half ten", "de", NOW) == read("half ten", "en", NOW)
    assert read_any("halb zehn", "en", NOW) == read("halb zehn", "de", NOW)
    assert read("at nine", "xx", NOW) == read("at nine", "en", NOW)


def test_more_text_than_anyone_types_is_not_read():
    assert read("at 9" + " please" * 40, "en", NOW) is None
    assert read("at 9".ljust(200), "en", NOW) == read("at 9", "en", NOW)
