"""German: its words for times and its own ways to put them together."""

from collections.abc import Mapping
from datetime import time
from fractions import Fraction

from bot.times.grammar import Lexicon, Rule, Vocabulary
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
    full_hour,
    shifted,
)

_SMALL_NUMBERS = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn"
)


def _numbers() -> Mapping[str, object]:
    small = _SMALL_NUMBERS.split()
    numbers = {word: Figure(value) for value, word in enumerate(small)}
    for tens, word in enumerate(["zwanzig", "dreißig", "vierzig", "fünfzig"], start=2):
        numbers[word] = Figure(10 * tens)
        for ones, one in enumerate(["ein", *small[2:10]], start=1):
            numbers[f"{one}und{word}"] = Figure(10 * tens + ones)
    return {**numbers, "zwo": Figure(2), "sechzig": Figure(60)}


_WEEKDAYS = (
    "montag|mo",
    "dienstag|di",
    "mittwoch|mi",
    "donnerstag|do",
    "freitag|fr",
    "samstag|sonnabend|sa",
    "sonntag|so",
)

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
    wecker, einen wecker, die, das, meine, mein, es, beine hoch, die beine hoch, beine hochlegen,
    die beine hochlegen, hoch, hochlegen, schlafenszeit, ins bett, ich gehe, ich geh, gehe ich,
    geh ich, schlafen, bettzeit, zu bett, nach dem laufen, nach dem lauf, nach meinem lauf,
    nach dem training, nach der arbeit, nach dem essen, lauf, laufen, ich laufe, laufe ich, laufe,
    training, ich, immer, meistens, normalerweise, wäre gut, passt, ist gut, wäre super, ist,
    sagen wir, los, start, pause, pausiere, ruhe, verschieb, verschieb es, ich möchte, ich will,
    möchte
"""

_WORDS: Vocabulary = {
    "NUMBER": _numbers(),
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
        "heute": Offset(0),
        "morgen": Offset(1),
        "übermorgen": Offset(2),
        "nächste woche|nächster woche|kommende woche": Monday(1),
    },
    "WEEK": {
        "diese woche|die ganze woche|den rest der woche|rest der woche": 1,
        "bis ende der woche|bis zum ende der woche|bis ende dieser woche": 1,
    },
    "UNTIL_NAME": {"bis zum wochenende|bis wochenende": 5},
    "PART": {
        "morgens|früh|in der früh|am morgen|vormittag|vormittags|am vormittag": "morning",
        "nachmittag|nachmittags|am nachmittag": "afternoon",
        "abend|abends|am abend": "evening",
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
    "to": {"vor": None},
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
    "every": {"jeden|jede|jedes|jeder": None},
    "next": {"nächsten|nächster|nächste|kommenden|kommende": None},
    "this": {"diesen|dieser": None},
    "and": {"und|u|sowie": None},
    "so": {"so": None},
    "more": {"noch|weitere|noch mal": None},
    "about": {"gegen|circa|zirka|ca|ca .|ungefähr|etwa|rund|in etwa": None},
    "exactly": {"genau|punkt|exakt|pünktlich|schlag": None},
    "filler": dict.fromkeys(_FILLER.replace("\n", " ").split(",")),
}


def _half(hour: Figure) -> Clock | None:
    """Half ten is half an hour before ten."""
    return shifted(full_hour(hour), -30)


def _beside_half(minutes: Figure, hour: Figure, sign: int) -> Clock | None:
    """Five to half ten is 9:25."""
    few = minutes.value in (2, 3, 5, 10)
    return shifted(full_hour(hour), sign * minutes.value - 30) if few else None


def _shortly(hour: Figure | Clock) -> Heard | None:
    at = full_hour(hour)
    return Heard(clock=at, about=True) if at else None


def _one_day(day: tuple[int, str], *, repeats: bool = False) -> Heard:
    return Heard(names=frozenset({day[0]}), part=day[1], repeats=repeats)


_CLOCKS = (
    Rule("CLOCK", "ONE oclock", clock),
    Rule("CLOCK", "ONE oclock NUMBER", clock),
    Rule("CLOCK", "half NUMBER ?oclock", _half),
    Rule("CLOCK", "NUMBER to half NUMBER", lambda m, hour: _beside_half(m, hour, -1)),
    Rule("CLOCK", "NUMBER past half NUMBER", lambda m, hour: _beside_half(m, hour, 1)),
    Rule("CLOCK", "quarter NUMBER ?oclock", lambda hour: shifted(full_hour(hour), -45)),
    Rule("UNCLEAR", "so half|quarter|three_quarters", lambda: True),  # about then, or a Sunday
    Rule("CLOCK", "three_quarters NUMBER ?oclock", lambda hour: shifted(full_hour(hour), -15)),
)

_PHRASES = (
    Rule("HEARD", "?at shortly past|to NUMBER|TURN|CLOCK", _shortly),
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

GERMAN = Language(Lexicon(SIGNS, _WORDS, shortened=SHORTENED), _CLOCKS, _PHRASES)
