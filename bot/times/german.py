"""German: its words for times and its own ways to put them together."""

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
    Later,
    Monday,
    Offset,
    at_about,
    clock,
    dated,
    days_from,
    exactly_at,
    full_hour,
    minutes_past,
    minutes_to,
    names,
    shifted,
    until_part,
    weeks_after,
)

_SMALL_NUMBERS = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
_DRAWLED_NUMBERS = "dreie viere fünfe sechse siebene achte neune zehne elfe zwölfe"  # "um neune"


def _numbers() -> Mapping[str, object]:
    small = _SMALL_NUMBERS.split()
    numbers = {word: Figure(value) for value, word in enumerate(small)}
    for tens, word in enumerate(["zwanzig", "dreißig", "vierzig", "fünfzig"], start=2):
        numbers[word] = Figure(10 * tens)
        for ones, one in enumerate(["ein", *small[2:10]], start=1):
            numbers[f"{one}und{word}"] = Figure(10 * tens + ones)
    for value, word in enumerate(_DRAWLED_NUMBERS.split(), start=3):
        numbers[word] = Figure(value)
    return {**numbers, "zwo": Figure(2), "sechzig": Figure(60)}


_ORDINALS = (
    "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt"
    " fünfzehnt sechzehnt siebzehnt achtzehnt neunzehnt zwanzigst"
)


def _ordinals() -> Mapping[str, object]:
    stems = _ORDINALS.split()
    ones = ["ein", *_SMALL_NUMBERS.split()[2:10]]
    stems += [f"{one}undzwanzigst" for one in ones] + ["dreißigst", "einunddreißigst"]
    return {
        "|".join(stem + ending for ending in ("e", "en", "er")): Figure(value)
        for value, stem in enumerate(stems, start=1)
    } | {"siebente|siebenten|siebenter": Figure(7)}


_WEEKDAYS = (
    "montag|mo",
    "dienstag|di",
    "mittwoch|mi",
    "donnerstag|do",
    "freitag|fr",
    "samstag|sonnabend|sa",
    "sonntag|so",
)
_SUNDAY = 6

_PARTS = {
    "morgen|früh|vormittag": "morning",
    "mittag": "noon",
    "nachmittag": "afternoon",
    "abend": "evening",
    "nacht": "night",
}


def _with_parts(ending: str) -> Mapping[str, object]:
    """One word for both: Dienstagabend, dienstagabends."""
    return {
        "|".join(
            f"{day}{part}{ending}"
            for day in forms.split("|")
            if len(day) > 2
            for part in parts.split("|")
        ): (number, name)
        for number, forms in enumerate(_WEEKDAYS)
        for parts, name in _PARTS.items()
    }


_MONTHS = (
    "januar|jänner|jan",
    "februar|feber|feb",
    "märz|mrz|mär",
    "april|apr",
    "mai",
    "juni|jun",
    "juli|jul",
    "august|aug",
    "september|sept|sep",
    "oktober|okt",
    "november|nov",
    "dezember|dez",
)

# What people say around a time: it changes nothing.
_FILLER = """
    kannst du, könntest du, ich würde sagen, bitte, danke, ok, okay, ja, gut, hallo, hi, dann,
    lieber, eher, doch, mal, besser, halt, stattdessen, erinnere mich, erinner mich, erinnern,
    mich, weck mich, sag mir, schreib mir, melde dich, stell, stelle, stell die, setz, setze, mach,
    mache, mach es, leg, auf, ans, an die, an das, erinnerung, erinnerungen, eine erinnerung,
    wecker, einen wecker, die, das, meine, mein, es, ich gehe, ich geh, gehe ich, geh ich, ich,
    immer, meistens, normalerweise, wäre gut, passt, ist gut, wäre super, ist, sagen wir, los,
    start, verschieb, verschieb es, ich möchte, ich will, möchte
"""

# What a length may be of: alone beside one it makes no reminder.
_DOING = """
    beine hoch, die beine hoch, beine hochlegen, die beine hochlegen, hoch, hochlegen,
    schlafenszeit, ins bett, schlafen, bettzeit, zu bett, lauf, laufen, ich laufe, laufe ich,
    laufe, training, pause, pausiere, ruhe
"""
_EVENTS = """
    nach dem laufen, nach dem lauf, nach meinem lauf, nach dem training, nach der arbeit,
    nach dem essen
"""

# What only says more beside the day on which it ends.
_AWAY = """
    urlaub, im urlaub, in urlaub, ferien, in den ferien, in ferien, weg, unterwegs, verreist, krank,
    nicht da, nicht zu hause, bin, ich bin, bin ich, wir sind, habe, ich habe, hab, ich hab,
    keine erinnerung, keine erinnerungen, keine erinnerungen mehr, ohne erinnerungen
"""

# What only says more beside a clock time.
_RUN_DAYS = """
    an lauftagen, lauftags, lauftage, an tagen mit lauf, wenn ich laufe, wenn ich gelaufen bin
"""


def _topics() -> Mapping[str, object]:
    run_days = listed(_RUN_DAYS) + [f"nur {word}" for word in listed(_RUN_DAYS)]
    return {
        **dict.fromkeys(listed(_DOING) + listed(_EVENTS), "doing"),
        **dict.fromkeys(listed(_AWAY), "away"),
        **dict.fromkeys(run_days, "run_days"),
    }


_WORDS: Vocabulary = {
    "NUMBER": _numbers(),
    "ORDINAL": _ordinals(),
    "ONE": {"ein|eine|einer|einem|einen|ne|ner|nem|nen": Figure(1)},
    "UNIT": {"minuten|minute|mins|min|m": MINUTE, "stunden|stunde|stdn|std|h": HOUR},
    "DAY_UNIT": {"tage|tagen|tag": 1, "wochen|woche": 7},
    "SPAN": {
        "halbe stunde|halben stunde|halbes stündchen": HOUR / 2,
        "eine halbe stunde|einer halben stunde|ne halbe stunde|ner halben stunde": HOUR / 2,
        "viertelstunde|eine viertelstunde|einer viertelstunde": HOUR / 4,
        "ne viertelstunde|ner viertelstunde": HOUR / 4,
        "viertel stunde|eine viertel stunde|einer viertel stunde": HOUR / 4,
        "dreiviertel stunde|eine dreiviertel stunde|einer dreiviertel stunde": HOUR * 3 / 4,
        "dreiviertelstunde|eine dreiviertelstunde|einer dreiviertelstunde": HOUR * 3 / 4,
        "ner dreiviertelstunde|ne dreiviertelstunde": HOUR * 3 / 4,
    },
    "PART_NUMBER": {
        "anderthalb|eineinhalb|einundeinhalb": Fraction(3, 2),
        "zweieinhalb|zweiundeinhalb": Fraction(5, 2),
        "dreieinhalb|dreiundeinhalb": Fraction(7, 2),
        "viereinhalb": Fraction(9, 2),
    },
    "WEEKDAY": {forms: day for day, forms in enumerate(_WEEKDAYS)},
    "SHORT": {forms.split("|")[-1]: day for day, forms in enumerate(_WEEKDAYS)},
    "WEEKDAYS": {
        **{
            "|".join(f"{form}s" for form in forms.split("|") if len(form) > 2): frozenset({day})
            for day, forms in enumerate(_WEEKDAYS)
        },
        "werktags|wochentags|werktage|unter der woche|an werktagen|werktag": WORKING_DAYS,
        "wochenende|wochenenden|wochenends|den wochenenden": WEEKEND,
        "täglich|tgl|jeden tag|jeden einzelnen tag|alle tage": EVERY_DAY,
    },
    "NAME_PART": _with_parts(""),
    "NAME_PARTS": _with_parts("s"),
    "MONTH": {forms: month for month, forms in enumerate(_MONTHS, start=1)},
    "DAY": {
        "heute|heut": Offset(0),
        "morgen": Offset(1),
        "übermorgen": Offset(2),
        "nächste woche|nächster woche|kommende woche": Monday(1),
    },
    "DATE": {
        "heiligabend|heilig abend|heiliger abend|heiligen abend": dated(24, 12),
        "silvester|sylvester": dated(31, 12),
        "neujahr": dated(1, 1),
    },
    "WEEK": {
        "diese woche|die ganze woche|den rest der woche|rest der woche": 1,
        "bis ende der woche|bis zum ende der woche|bis ende dieser woche": 1,
    },
    "UNTIL_NAME": {"bis zum wochenende|bis wochenende": 5},
    "PART": {
        "morgens|früh|in der früh|am morgen|vormittag|vormittags|am vormittag": "morning",
        "nachmittag|nachmittags|am nachmittag": "afternoon",
        "abend|abends|am abend|spätabends|spät abends|am späten abend|später abend": "evening",
        "nacht|nachts|in der nacht": "night",
    },
    "MORNING": {"morgen": "morning"},
    "EVERY_PART": {"allabendlich": "evening"},
    "NOON": {"mittag|mittags|am mittag": "noon"},
    "TURN": {"mitternacht": Clock(time(0), part="night")},
    "oclock": {"uhr|h": None},
    "half": {"halb": None},
    "quarter": {"viertel": None},
    "three_quarters": {"dreiviertel|drei viertel": None},
    "past": {"nach": None},
    "before": {"vor": None},
    "hours": {"h": None},
    "shortly": {"kurz": None},
    "at": {"um": None},
    "on": {"am|an|an den|den": None},
    "the": {"der|dem|zum|zur": None},
    "in": {"in": None},
    "for": {"für": None},
    "from": {"von": None},
    "from_now": {"ab jetzt|von jetzt an": None},
    "long": {"lang": None},
    "until": {"bis": None},
    "through": {"bis einschließlich|bis inklusive|bis inkl": None},
    "end_of": {"ende|ende des|zum ende|zum ende des": None},
    "end_of_month": {"monatsende|zum monatsende|ende des monats|zum ende des monats": None},
    "every": {"jeden|jede|jedes|jeder": None},
    "next": {"nächsten|nächster|nächste|kommenden|kommende": None},
    "after_next": {"übernächsten|übernächster|übernächste": None},
    "except": {"außer|bis auf|ausgenommen": None},
    "onto": {"auf": None},
    "this": {"diesen|dieser": None},
    "and": {"und|u|sowie": None},
    "joint": {"und|u|sowie": None},
    "so": {"so": None},
    "more": {"noch|weitere|noch mal": None},
    "about": {"gegen|circa|zirka|ca|ca .|ungefähr|etwa|rund|in etwa|rum|herum": None},
    "nearly": {"gut|knapp|gute|guten|knappe|knappen": None},
    "exactly": {"genau|punkt|exakt|pünktlich|schlag": None},
    "event": dict.fromkeys(listed(_EVENTS)),
    "TOPIC": _topics(),
    "filler": dict.fromkeys(listed(_FILLER)),
}


def _half(hour: Figure) -> Clock | None:
    """Half ten is half an hour before ten."""
    return shifted(full_hour(hour), -30)


def _beside_half(minutes: Figure, hour: Figure, sign: int) -> Clock | None:
    """Five to half ten is 9:25."""
    few = minutes.value in (2, 3, 5, 10)
    return shifted(full_hour(hour), sign * minutes.value - 30) if few else None


def _one_day(day: tuple[int, str], *, repeats: bool = False) -> Heard:
    return Heard(names=frozenset({day[0]}), part=day[1], repeats=repeats)


_CLOCKS = (
    Rule("CLOCK", "ONE oclock", clock),
    Rule("CLOCK", "ONE oclock NUMBER", clock),
    Rule("CLOCK", "half NUMBER ?oclock", _half),
    Rule("CLOCK", "NUMBER past NUMBER|TURN ?oclock", minutes_past),
    Rule("CLOCK", "NUMBER before NUMBER|TURN ?oclock", minutes_to),
    Rule("CLOCK", "NUMBER before half NUMBER", lambda m, hour: _beside_half(m, hour, -1)),
    Rule("CLOCK", "NUMBER past half NUMBER", lambda m, hour: _beside_half(m, hour, 1)),
    Rule("CLOCK", "quarter NUMBER ?oclock", lambda hour: shifted(full_hour(hour), -45)),
    Rule("CLOCK", "three_quarters NUMBER ?oclock", lambda hour: shifted(full_hour(hour), -15)),
    Rule("CLOCK", "PART_HOUR NUMBER ?oclock", lambda m, hour: shifted(full_hour(hour), m - 60)),
)


def _and_sunday(*days: int | frozenset[int]) -> frozenset[int]:
    return names(*days, _SUNDAY)


# "So" before a time is "about" ("so um neun"), unless what stands before it wants a weekday.
_SUNDAYS = (
    Rule("WEEKDAY", "<on|every|next|this|until|through so", lambda: _SUNDAY),
    Rule("WEEKDAY", "<CLOCK|NUMBER|POINT comma|joint so", lambda: _SUNDAY),
    Rule("NAMES", "WEEKDAY|WEEKDAYS|RANGE joint so", _and_sunday),
    Rule("NAMES", "SHORT comma so", _and_sunday),
    Rule("NAMES", "SHORT SHORT so", _and_sunday),
    Rule("NAMES", "SHORT so", lambda day: _and_sunday(day) if day == _SUNDAY - 1 else None),
    Rule("WEEKDAY", "<WEEKDAY joint SHORT", lambda day: day),  # the last of its list
    Rule("UNCLEAR", "SHORT so about|at", lambda _: True),
    Rule("UNCLEAR", "SHORT so CLOCK|NUMBER", lambda day, _: day != _SUNDAY - 1 or None),
    Rule("UNCLEAR", "RANGE comma so CLOCK|NUMBER|about|at", lambda *_: True),
    Rule("UNCLEAR", "<CLOCK|NUMBER|POINT so", lambda: True),
    Rule("UNCLEAR", "so on", lambda: True),
)
_ABOUT = (
    Rule("HEARD", "so ?about|at ?about|at CLOCK|H_CLOCK|POINT|NUMBER", at_about),
    Rule("about", "so about", lambda: True),
    Rule("shortly", "so shortly", lambda: True),
    Rule("HEARD", "so ?about SPAN", lambda span: Heard(bare=span, about=True)),
    Rule("HEARD", "so ?about in ?about SPAN|H_SPAN", lambda s: Heard(wait=s, about=True)),
    Rule("UNCLEAR", "?from WEEKDAY onto ?the WEEKDAY", lambda *_: True),  # the night between them
    Rule("UNCLEAR", "PART onto|the ?on WEEKDAY", lambda *_: True),
)


_PHRASES = (
    Rule("HEARD", "DAY in DAYS", lambda day, days: None if days % 7 else days_from(days, day)),
    Rule("HEARD", "?on WEEKDAY in DAYS", weeks_after),
    Rule("HEARD", "?on after_next WEEKDAY", lambda day: Heard(day=Later(day, 1, upcoming=True))),
    Rule("HEARD", "POINT_DATE CLOCK", lambda day, at: Heard(day=day, clock=at)),
    Rule("HEARD", "POINT_DATE at CLOCK|NUMBER", lambda day, at: Heard(day=day) + exactly_at(at)),
    Rule("HEARD", "until ?the NAME_PART", lambda day: until_part(*day)),
    Rule("HEARD", "in nearly SPAN|H_SPAN", lambda span: Heard(wait=span, about=True)),
    Rule("HEARD", "in ONE nearly UNIT", lambda _, unit: Heard(wait=unit, about=True)),
    Rule("HEARD", "in ONE nearly SPAN", lambda _, span: Heard(wait=span, about=True)),
    Rule("HEARD", "nearly SPAN", lambda span: Heard(bare=span, about=True)),
    Rule("HEARD", "ONE nearly UNIT", lambda _, unit: Heard(bare=unit, about=True)),
    Rule("HEARD", "ONE nearly SPAN", lambda _, span: Heard(bare=span, about=True)),
    Rule("HEARD", "DAY MORNING", lambda day, part: Heard(day=day, part=part)),
    Rule("HEARD", "WEEKDAY MORNING", lambda day, part: Heard(names=frozenset({day}), part=part)),
    Rule(
        "HEARD",
        "every WEEKDAY MORNING",
        lambda day, part: Heard(names=frozenset({day}), part=part, repeats=True),
    ),
    Rule("HEARD", "every MORNING", lambda part: Heard(part=part, every=EVERY_DAY)),
    Rule("HEARD", "?on NAME_PART", _one_day),
    Rule("HEARD", "every NAME_PART", lambda day: _one_day(day, repeats=True)),
    Rule("HEARD", "NAME_PARTS", lambda day: _one_day(day, repeats=True)),
    Rule("HEARD", "this WEEKDAY", lambda day: Heard(names=frozenset({day}))),
)

GERMAN = Language(
    Lexicon(SIGNS, _WORDS, shortened=SHORTENED), _CLOCKS, (_SUNDAYS, _ABOUT), _PHRASES
)
