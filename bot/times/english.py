"""English: its words for times and its own ways to put them together."""

from collections.abc import Mapping
from datetime import time
from fractions import Fraction

from bot.times.grammar import Lexicon, Rule, Vocabulary, listed
from bot.times.meaning import (
    EVERY_DAY,
    HOUR,
    MINUTE,
    SHORTENED,
    SIGNS,
    WEEKEND,
    WORKING_DAYS,
    Clock,
    Figure,
    Heard,
    Language,
    Monday,
    Offset,
    clock,
    dated,
    days_from,
    full_hour,
    shifted,
    spoken,
    weeks_after,
)

_SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)


def _numbers() -> Mapping[str, object]:
    small = _SMALL_NUMBERS.split()
    numbers = {word: Figure(value) for value, word in enumerate(small)}
    for tens, word in enumerate(["twenty", "thirty", "forty", "fifty"], start=2):
        numbers[word] = Figure(10 * tens)
        for ones in range(1, 10):
            numbers[f"{word} {small[ones]}"] = Figure(10 * tens + ones)
    return {**numbers, "sixty": Figure(60)}


_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)


def _ordinals() -> Mapping[str, object]:
    words = _ORDINALS.split()
    words += [f"twenty {word}" for word in words[:9]] + ["thirtieth", "thirty first"]
    return {word: Figure(value) for value, word in enumerate(words, start=1)}


_WEEKDAYS = (
    "monday|mon",
    "tuesday|tues|tue",
    "wednesday|weds|wed",
    "thursday|thurs|thur|thu",
    "friday|fri",
    "saturday|sat",
    "sunday|sun",
)

_MONTHS = (
    "january|jan",
    "february|feb",
    "march|mar",
    "april|apr",
    "may",
    "june|jun",
    "july|jul",
    "august|aug",
    "september|sept|sep",
    "october|oct",
    "november|nov",
    "december|dec",
)

# What people say around a time: it changes nothing.
_FILLER = """
    please, pls, plz, thanks, thank you, ok, okay, yes, yeah, sure, hi, hey, hello, well, then,
    instead, remind me, remind, ping me, nudge me, wake me, wake me up, tell me, call me, ask me,
    message me, set, set it, set a, set it to, set it for, set my, set the, make it, make that,
    make it for, reminder, reminders, a reminder, reminder for, reminder to, alarm, alarm for, the,
    my, a, it, lets say, lets do, lets, say, do, put, put it, id like, i want, i would like,
    how about, move it to, change it to, change to, switch to, switch it to, push it to, better,
    rather, see you, see you then, maybe, give me, id say, i, ill, ill be, can you, could you,
    would you, usually, normally, is, are, would be good, would be great, is good, is fine, works,
    sounds good, start, starting
"""

# What a length may be of: alone beside one it makes no reminder.
_DOING = """
    bedtime, bed, go to bed, i go to bed, to go to bed, im in bed, in bed, sleep, bed time,
    legs up, my legs up, put my legs up, to put my legs up, legs up the wall, rest, a rest, run,
    my run, i run, my runs, runs, running, training, long run, easy run, pause, pause it,
    pause everything, quiet, break, a break
"""
_EVENTS = "after my run, after the run, after running, after work, after training, after dinner"

# What only says more beside the day on which it ends.
_AWAY = """
    on holiday, on holidays, on vacation, on leave, holiday, holidays, vacation, a holiday,
    a vacation, away, off, out, travelling, traveling, sick
"""
_WHO_IS = "im|i am|ill be|i will be|were|we are"
_NO_REMINDERS = """
    no reminders, no reminder, no more reminders, without reminders, dont remind me,
    do not remind me, stop reminding me
"""

# What only says more beside a clock time.
_RUN_DAYS = """
    run days, running days, days i run, the days i run, days when i run, days with a run
"""


def _topics() -> Mapping[str, object]:
    who_is_away = [f"{who} {what}" for who in _WHO_IS.split("|") for what in listed(_AWAY)]
    run_days = [f"{on}{what}" for on in ("", "on ", "only on ") for what in listed(_RUN_DAYS)]
    return {
        **dict.fromkeys(listed(_DOING) + listed(_EVENTS), "doing"),
        **dict.fromkeys(listed(_AWAY) + who_is_away + listed(_NO_REMINDERS), "away"),
        **dict.fromkeys([*run_days, "when i run", "only when i run"], "run_days"),
    }


_WORDS: Vocabulary = {
    "NUMBER": _numbers(),
    "ORDINAL": _ordinals(),
    "ONE": {"a|an|another": Figure(1)},
    "UNIT": {
        "minutes|minute|mins|min|m": MINUTE,
        "hours|hour|hrs|hr|h": HOUR,
    },
    "DAY_UNIT": {"days|day": 1, "weeks|week": 7},
    "SPAN": {
        "half an hour|a half hour|half hour|a half an hour": HOUR / 2,
        "a quarter of an hour|quarter of an hour|a quarter hour|quarter hour": HOUR / 4,
        "three quarters of an hour|three quarter of an hour": HOUR * 3 / 4,
        "a couple of hours|couple of hours|a couple hours": 2 * HOUR,
    },
    "PART_NUMBER": {"half": Fraction(1, 2)},
    "and_a_half": {"and a half": None},
    "WEEKDAY": {forms: day for day, forms in enumerate(_WEEKDAYS)},
    "WEEKDAYS": {
        **{f"{forms.split('|')[0]}s": frozenset({day}) for day, forms in enumerate(_WEEKDAYS)},
        "weekdays|weekday|workdays|workday|working days|work days": WORKING_DAYS,
        "weekends|weekend|the weekend|the weekends|at the weekend|at weekends": WEEKEND,
        "m f|m - f|m to f|m thru f|m through f": WORKING_DAYS,
        "daily|every day|everyday|each day|every single day|day": EVERY_DAY,
    },
    "MONTH": {forms: month for month, forms in enumerate(_MONTHS, start=1)},
    "DAY": {
        "today": Offset(0),
        "tomorrow|tmrw|tomorow|tmr|tomoz|2moro|2morrow|2mrw": Offset(1),
        "the day after tomorrow|day after tomorrow|overmorrow": Offset(2),
        "next week": Monday(1),
    },
    "DAY_PART": {
        "tonight|tonite|2nite|2night|this evening": (Offset(0), "evening"),
        "late tonight|later tonight|later this evening": (Offset(0), "evening"),
        "this morning": (Offset(0), "morning"),
        "this afternoon": (Offset(0), "afternoon"),
    },
    "DATE": {
        "christmas eve|xmas eve": dated(24, 12),
        "christmas day|xmas day": dated(25, 12),
        "new years eve|new year eve|nye": dated(31, 12),
        "new years day": dated(1, 1),
    },
    "WEEK": {
        "this week|the rest of the week|rest of the week|rest of this week": 1,
        "until the end of the week|till the end of the week|until the end of this week": 1,
    },
    "UNTIL_NAME": {"until the weekend|till the weekend|til the weekend": 5},
    "PART": {
        "morning|in the morning|early|early morning": "morning",
        "afternoon|in the afternoon": "afternoon",
        "evening|in the evening": "evening",
        "night|at night|in the night": "night",
    },
    "EVERY_PART": {
        "mornings": "morning",
        "afternoons": "afternoon",
        "evenings": "evening",
        "nights|nightly": "night",
    },
    "NOON": {"noon|midday|lunchtime": "noon"},
    "TURN": {"midnight": Clock(time(0), part="night")},
    "HALF": {"am|a . m|a . m .": "am", "pm|p . m|p . m .": "pm"},
    "oclock": {"oclock|o clock|h": None},
    "half": {"half": None},
    "half_past": {"half past|half after": None},
    "quarter": {"quarter|a quarter": None},
    "past": {"past|after": None},
    "to": {"to|til|till": None},
    "before": {"before": None},
    "shortly": {"shortly|just|right|a bit|a little|a little bit|a few minutes": None},
    "hours": {"hours|hour|hrs|hr|h": None},
    "more": {"more|another": None},
    "oh": {"oh|o": None},
    "ish": {"ish": None},
    "WEEKNIGHTS": {
        "weeknights|weeknight|every weeknight|week nights": WORKING_DAYS,
        "school nights|school night|every school night": EVERY_DAY - {4, 5},
    },
    "at": {"at|@": None},
    "on": {"on": None},
    "in": {"in|within": None},
    "for": {"for": None},
    "from": {"from": None},
    "from_now": {"from now|later": None},
    "long": {"long": None},
    "until": {"until|till|til": None},
    "through": {"through|thru|until and including|up to and including": None},
    "end_of": {"end of|the end of": None},
    "end_of_month": {"end of month|the end of the month|end of the month": None},
    "every": {"every|each": None},
    "except": {"except|except for|excluding|apart from": None},
    "next": {"next|the next|coming|this coming": None},
    "this": {"this": None},
    "the": {"the": None},
    "th": {"th|st|nd|rd": None},
    "of": {"of": None},
    "and": {"and|n|plus": None},
    "about": {
        "or so|about|around|roughly|approximately|approx|circa|ca|ish|some time around": None
    },
    "exactly": {"exactly|sharp|on the dot|precisely|prompt": None},
    "event": dict.fromkeys(listed(_EVENTS)),
    "TOPIC": _topics(),
    "filler": dict.fromkeys(listed(_FILLER)),
}


def _half_past(hour: Figure | Clock, half: str | None) -> Clock | None:
    return shifted(full_hour(hour, half), 30)


def _oh(hour: Figure, minute: Figure, half: str | None) -> Clock | None:
    """As in "nine oh five"."""
    return clock(hour, minute, half) if minute.value < 10 else None


def _hyphened(hour: Figure, minute: Figure, half: str | None) -> Clock | None:
    """As in "nine-thirty"; "nine-ten" may be a range."""
    return spoken(hour, minute, half) if minute.value > 12 else None


_CLOCKS = (
    Rule("CLOCK", "half_past ?hyphen NUMBER|TURN ?HALF ?oclock", _half_past),
    Rule("CLOCK", "half ?hyphen NUMBER ?HALF ?oclock", _half_past),
    Rule("CLOCK", "NUMBER hyphen NUMBER ?HALF", _hyphened),
    Rule("CLOCK", "NUMBER oh NUMBER ?HALF", _oh),
    Rule("CLOCK", "quarter of NUMBER ?HALF", lambda h, half: shifted(full_hour(h, half), -15)),
)

_PHRASES = (
    Rule("HEARD", "CLOCK ish", lambda at: Heard(clock=at, about=True)),
    Rule("HEARD", "?at NUMBER ish", lambda n: (at := clock(n)) and Heard(clock=at, about=True)),
    Rule("HEARD", "?on WEEKNIGHTS", lambda days: Heard(every=days, part="night")),
    Rule("HEARD", "DAYS from DAY", days_from),
    Rule("HEARD", "DAYS on WEEKDAY", lambda days, name: weeks_after(name, days)),
    Rule("HEARD", "this WEEKDAY", lambda day: Heard(names=frozenset({day}))),
)

ENGLISH = Language(Lexicon(SIGNS, _WORDS, shortened=SHORTENED), _CLOCKS, phrases=_PHRASES)
