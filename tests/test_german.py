"""German: complete beside English, in its own plain words, and its cries are heard."""

import re
import string
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.content.words import DEFAULT_LANGUAGE, catalogue, plain, words
from bot.conversation.free_text import alarm, meanings
from bot.conversation.person import Phase
from tests.dialog import AFTERNOON, EVENING, Dialog

GERMAN = "de"
TYPED = ("text.", "zone.likely")
"""What people type, or names for the machine: nobody reads it."""


def texts(language: str) -> dict[str, tuple[str, ...]]:
    """Every text of a language by its key, in order; a plural has several."""
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue(language):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string or ""
            found[key] = (said,) if isinstance(said, str) else tuple(said)
    return found


def read() -> Iterator[tuple[str, str]]:
    """Every German text that people read, without its markup."""
    for key, every in texts(GERMAN).items():
        if not key.startswith(TYPED):
            yield from ((key, _without_names(plain(text))) for text in every)


def _without_names(text: str) -> str:
    """Without {values}, commands, and what is typed into a shell or a settings file."""
    names = r"\{\w*\}|/\w+|`[^`]+`|legs-up \w+|--\w+|\b[a-z]+://\S+|\b[A-Z]+(_[A-Z]+)+(=\w+)?"
    return re.sub(names, "", text)


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def found(pattern: str, *, flags: int = re.IGNORECASE) -> set[tuple[str, str]]:
    """Where the texts that people read say it, and how."""
    return {
        (key, match[0].casefold())
        for key, text in read()
        for match in re.finditer(pattern, text, flags)
    }


# Whole, and beside English


def test_german_says_all_that_english_says_and_nothing_else() -> None:
    german, english = texts(GERMAN), texts(DEFAULT_LANGUAGE)
    assert sorted(set(english) - set(german)) == [], "missing"
    assert sorted(set(german) - set(english)) == [], "too many"


def test_german_stands_in_the_order_of_english() -> None:
    assert list(texts(GERMAN)) == list(texts(DEFAULT_LANGUAGE))


def test_each_text_takes_the_same_values_and_no_more_marks() -> None:
    for key, english in texts(DEFAULT_LANGUAGE).items():
        german = texts(GERMAN).get(key, ())
        assert len(german) == len(english), key
        for mine, theirs in zip(german, english, strict=True):
            if not key.startswith("text."):
                assert fields(mine) == fields(theirs), key
                assert mine.count("\\n") == theirs.count("\\n"), key
                assert len(mine) - len(mine.lstrip()) == len(theirs) - len(theirs.lstrip()), key
            bare, other = without_values(mine), without_values(theirs)
            assert bare.count("*") % 2 == 0, key
            assert bare.count("_") % 2 == 0, key
            if not key.startswith(TYPED):
                assert [bare.count(mark) for mark in "*_"] == [
                    other.count(mark) for mark in "*_"
                ], key


def without_values(text: str) -> str:
    return re.sub(r"\{\w*\}", "", re.sub(r"\\.", "", text))


def test_buttons_are_as_short_as_the_english_ones_need_them() -> None:
    shorts = ("button.", "feeling.", "worse.", "which.", "answer.", "trouble.", "card.button.")
    english = texts(DEFAULT_LANGUAGE)
    for key, text in read():
        prose = key.endswith((".said", ".seated", ".out")) or key in ("which.leg", "which.not_now")
        if key.startswith(shorts) and not prose and len(english[key][0]) <= 24:
            assert len(text) <= 34, key


# In its own words

NEVER = {
    r"screen\w*": "",
    r"\w*diagnos\w*": "a purpose that we have not",
    r"\w*behand\w*|therapier\w*|therapie\w*|heil(t|en|ung|ungen|sam)": "a purpose that we have not",
    r"vorbeug\w*|verhind\w*|verhüte\w*|schütz(t|en)": "a purpose that we have not",
    r"(un)?sicher\w*": "nobody knows that",
    r"freigegeben|freigabe|zugelassen|unbedenklich\w*": "nothing speaks against it",
    r"sitzung\w*|einheit\w*|session\w*|übungseinheit\w*": "Ruhezeit",
    r"anhalten|angehalten|luft an": "the breath is never held",
    r"\w*versag\w*|gescheitert|scheiter\w*": "blame",
    r"streak\w*|serie|faul\w*|ausrede\w*|aufgeben|beeil\w*|letzte chance": "no pressure",
    r"durchbeiß\w*|zähne zusammen|stolz\w*|kein schmerz": "no praise for discomfort",
    r"bewiesen\w*|erwiesen\w*|nachweislich\w*|garant\w*|entgift\w*|detox\w*|giftstoff\w*": "more",
    r"schlaflos\w*|angststör\w*|angst|depress\w*|cortisol|lymph\w*": "disease words and effects",
    r"patient\w*": "people",
    r"check\w*|update\w*|feedback|reminder\w*|tracken|tracking|timer|app": "German",
    r"erfolgt|erfolgen|mittels|bezüglich|seitens|gegebenenfalls|bzw|zwecks": "officialese",
}
MAY_SAY = {
    ("line.pressure_treated", "behandelt"): "the tablets do it, not we",
    ("label.pressure_treated", "behandelt"): "its label",
    ("note.pressure_treated", "behandelter"): "and the note about it",
    ("line.clot_now", "behandlung"): "the treatment of a clot",
    ("whom.clot", "behandelt"): "who treats the clot is to be asked",
    ("why.clot_now", "behandelt"): "and alone decides",
    ("answer.doctor.treated", "behandelt"): "a doctor does it",
}


@pytest.mark.parametrize("never", NEVER)
def test_words_that_people_never_read(never: str) -> None:
    assert {row for row in found(rf"\b(?:{never})\b") if row not in MAY_SAY} == set()


def test_each_exception_is_still_needed() -> None:
    everything = dict(read())
    for key, word in MAY_SAY:
        assert word in everything[key].casefold(), key


def test_we_say_du_and_never_sie() -> None:
    assert found(r"\b(Ihnen|Ihre[nmrs]?|Ihr)\b", flags=0) == set()
    # "Sie" may begin a sentence and mean "they"; as an address it has a verb before it.
    assert found(r"(?<![.!?:„\n] )(?<!^)\bSie\b", flags=0) == set()
    assert found(r"\b(haben|sind|können|möchten|wollen|bitte|werden) sie (bitte|sich|jetzt)\b") == (
        set()
    )
    begins = {key for key, text in read() if re.search(r"\bSie\b", text)}
    assert begins <= {
        "reminders.refused",
        "bedtime.after_runs",
        "cli.setting.env",
        "cli.unknown_database",
        "faq.hamstrings",
    }


HAS_AE_OE_UE = {"europe", "zuerst", "aktuell", "manuell"}


def test_umlauts_are_written() -> None:
    spelled = {
        (key, word.casefold())
        for key, text in read()
        for word in re.findall(r"[A-Za-zÄÖÜäöüß]+", text)
        if re.search(r"ae|oe|(?<![aeäq])ue", word.casefold())
    }
    assert {row for row in spelled if row[1] not in HAS_AE_OE_UE} == set()
    assert found(r"\b(heiss\w*|fuss\w*|gross\w*|ausser\w*|weiss|strasse\w*|schliess\w*)\b") == set()


def test_no_english_is_left_over() -> None:
    english = "the|your|you|and|of|with|is|are|when|what|from|until|rest|seat|wall|please"
    assert found(rf"\b({english}|legs(?! up))\b") == set()


def test_quotes_are_german() -> None:
    for key, text in read():
        assert '"' not in text, key
        assert text.count("„") == text.count("“"), key


# The signs, and what is worded by the practice

SIGNS = {
    "line.heart": "Herzproblem|jetzt oder früher|Infarkt|Operation|unregelmäßiger Herzschlag"
    "|Brustschmerzen|Herzklappe",
    "line.breath_lying_flat": "Herzschwäche|Atemnot im flachen Liegen|zusätzliche Kissen",
    "line.pressure_high": "mir wurde gesagt|Blutdruck zu hoch|nicht gut eingestellt|weiß es nicht",
    "line.pressure_treated": "behandelt und gut eingestellt|Blutdruck- oder Wassertabletten",
    "line.clot_now": "jetzt|Bein oder Lunge|Thrombose|Lungenembolie|Verdacht"
    "|Behandlung in den letzten 3 Monaten beendet",
    "line.clot_before": "schon einmal|Blutgerinnsel|Gerinnungsstörung|Blutverdünner",
    "line.glaucoma": "grüner Star|Glaukom|hoher Augendruck|sehr kurzsichtig|Netzhaut",
    "line.retina": "Netzhaut je gerissen oder abgelöst|Blutung|Gas oder Öl im Auge|Augenoperation"
    "|Spritze ins Auge|in den letzten 3 Monaten",
    "line.head": "Schlaganfall|Mini-Schlaganfall|Aneurysma|erhöhter Hirndruck|Gehirnerschütterung"
    "|Kopfverletzung in den letzten 4 Wochen",
    "line.fainting": "ohnmächtig oder fast ohnmächtig beim Aufstehen|POTS|Blutdruckabfall im Stehen"
    "|orthostatische Hypotonie|Parkinson|Nervenschaden durch Diabetes",
    "line.new_pain": "neue oder schlimmere Schmerzen|Rücken, Nacken, Hüfte oder Bein"
    "|Muskelkater in beiden Beinen|zählt nicht",
    "line.old_back": "Bandscheibenvorfall|Ischias|Taubheit oder Kribbeln|schwache Knochen|mit Bruch"
    "|alt",
    "line.arteries": "verschlossene oder verengte Beinarterien|Schmerz beim Gehen|Wunden am Fuß"
    "|wenig Gefühl in den Füßen|kalte und blasse Füße selbst im warmen Zimmer",
    "line.hernia": "Zwerchfellbruch|Hiatushernie|ein anderer Bruch",
    "line.reflux": "Reflux|Sodbrennen",
    "line.swelling": "Nieren- oder Leberschwäche mit Wasser|neue Schwellung beider Beine"
    "|schwere Lungenkrankheit",
    "line.pregnancy": "schwanger|vielleicht schwanger|Geburt in den letzten 6 Wochen",
    "line.operation": "Operation|Krankenhaus|Knochenbruch|Gips|schwere Krankheit|letzten 3 Monaten",
    "line.told_not_to": "abgeraten|flach liegen|Beine hochlegen|kopfüber",
    "line.floor": "nicht allein auf den Boden und wieder hoch",
    "line.under_18": "unter 18",
    "card.emergency": "Brustschmerz|Brustdruck|Atemnot|Bluthusten|Gesicht hängt|Arm schwach"
    "|Sprache verwaschen|beide Beine plötzlich schwach|taub zwischen den Beinen"
    "|Blase oder Darm nicht unter Kontrolle|verwirrt|zusammengebrochen|sehr heiß nach dem Lauf"
    "|plötzlich furchtbar starke Kopfschmerzen|Sehverlust",
    "card.leg": "eine Wade oder ein Oberschenkel neu geschwollen|schmerzhaft|warm|rot oder dunkler"
    "|Wade oder Schienbein hart und gespannt|zunehmendem Schmerz|Fuß taub|ein Bein kalt, blass,"
    " schwach|Verletzung oder Knall|colafarbener Urin|Beide Beine gleich müde ist in Ordnung",
    "card.not_now": "schwindelig|Ohnmacht|krank|übel|Fieber|Kopfschmerzen|Augenschmerzen|Alkohol"
    "|Beruhigungsmittel|starke Schmerzmittel|{meal}|nicht abgekühlt|Einnicken|müde ist in Ordnung",
    "card.big_meal": "große Mahlzeit in den letzten 3 Stunden",
    "card.any_food": "gegessen in den letzten 3 Stunden",
    "safety.emergency": "Stopp|Notfall|jetzt Hilfe|Schließ die Tür auf|fahr nicht selbst",
    "safety.department_now": "Heute nicht|Notaufnahme|Warte nicht bis morgen|fahr nicht selbst",
    "safety.doctor_today": "Heute nicht|heute ärztliche Hilfe|ärztlichen Bereitschaftsdienst",
    "safety.leg_level": "waagerecht|nicht hochgelegt|Nicht massieren|nicht dehnen",
    "safety.lungs": "Brustschmerzen, Atemnot oder Bluthusten|sofort",
    "verdict.no_concern": "Nichts in deinen Antworten spricht dagegen.",
    "verdict.ask_clinician": "erst ärztlichen Rat|bleiben die Beine unten",
    "verdict.locked": "Diese Haltung nicht.",
    "verdict.seat": "Ruhe im Sitzen|jederzeit|zählt in einer Mitmach-Aktion",
    "consent.ask": "behalte das Ergebnis, nicht deine Antworten|/forget",
    "emergency.unknown": "*112* (Europa|*911* (USA, Kanada)|*999* (Großbritannien)"
    "|*000* (Australien)",
    "exit": "langsam|Sohlen an die Wand|auf die Seite|Händen|{sit}|Zehen",
    "exit.plain": "langsam|Beug die Knie|auf die Seite|eine Minute|bevor du aufstehst",
    "way_out.asleep": "Beug die Knie|auf die Seite|nicht auf ein taubes Bein",
    "what.not_reviewed": "noch nicht ärztlich geprüft|kein ärztlicher Rat",
    "why.under_18": "Krampfadern|Periode",
    "before.bedtime": "Nicht stören|Ich rufe nie jemanden an.",
    "cue.soon": "Noch eine Minute|Zehen|zehnmal",
    "verdict.child": "Unter 16",
    "why.length": "3 (oder 2)|bei 15, 10|30 Sekunden bis 20 Minuten",
    "claim.lighter": "Kann helfen",
    "claim.easier": "vielleicht",
}


@pytest.mark.parametrize("key", SIGNS)
def test_no_sign_is_cut(key: str) -> None:
    for sign in SIGNS[key].split("|"):
        assert sign in texts(GERMAN)[key][0], sign


def test_the_seat_is_offered_in_the_same_words_everywhere() -> None:
    said = "Die Ruhe im Sitzen steht dir jederzeit offen und zählt in einer Mitmach-Aktion."
    english = "seated rest is yours at any time and counts in a challenge."
    for key, (text, *_) in texts(DEFAULT_LANGUAGE).items():
        if english in text:
            assert said in texts(GERMAN)[key][0], key


def test_values_of_time_fit_wherever_they_stand() -> None:
    """A minute, minutes and half a minute: the same words in every case of the grammar."""
    for n in (1, 2, 30):
        for key in ("count.seconds", "count.minutes", "count.hours"):
            assert words(GERMAN).count(key, n).endswith("e" if n == 1 else "n")


# What people type

CRIES = {
    "chest": """Brustschmerzen|meine Brust tut weh|Druck auf der Brust|mir ist eng in der Brust|
        Stechen in der Brust!|ich kriege keine Luft|ich krieg keine luft mehr|bekomme kaum Luft|
        ich bekomme schlecht Luft|kann nicht atmen|ich kann nicht mehr richtig atmen|Atemnot!!|
        mir bleibt die Luft weg|mein Herz rast|Herzrasen|herzinfarkt|mein herz stolpert|
        ich werde ohnmächtig|werde ohnmaechtig|ich werde ohnmachtig|mir wird schwarz vor Augen|
        ich kippe gleich um|bin zusammengebrochen|er ist bewusstlos|ich sehe nichts mehr|
        kann auf einem Auge nicht sehen|Schlaganfall|mein Gesicht hängt|mein Arm ist taub|
        ich kann nicht sprechen|ich huste Blut|ruf einen Krankenwagen|ruft den Notarzt|112|144|
        bitte 112 anrufen|ich ersticke|ich bin gelähmt|
        kann meine Beine nicht bewegen|Hitzschlag|ich spüre meine Beine nicht mehr|
        beide Beine sind plötzlich schwach|mein linker Arm tut weh|bekomme nicht richtig Luft|
        ich sterbe|ruft die Rettung""",
    "hurt": """aua|AUA!!|Autsch|das tut weh|es tut sehr weh|tut höllisch weh|ich habe Schmerzen|
        Rückenschmerzen|starke rueckenschmerzen|mein Knie schmerzt|das ist schmerzhaft|
        mir ist schwindelig|mir ist ganz schwindlig|Schwindel|alles dreht sich|bin benommen|
        ich bin so schwach|mein linkes Bein ist taub|das rechte Bein ist taub|
        ein Bein ist taub|mein Kreislauf|mir ist schlecht|mir wird übel|ich kann nicht mehr|
        halte es nicht aus|Kopfschmerzen|mir ist flau|alles verschwommen|
        mir geht es gar nicht gut|mein Bein fühlt sich taub an""",
    "help": "Hilfe|hilfe!!!|ich brauche Hilfe|bitte hilf mir|helft mir|das ist ein Notfall|SOS",
    "stop": """stopp|STOP|stopp bitte|aufhören|ich will aufhören|aufhoeren!|aufhoren|hör auf|
        bitte hör auf|hoer auf damit|abbrechen|bitte abbrechen|Abbruch|es reicht|schluss jetzt|
        hol mich raus|lass mich raus|ich will runter""",
}


def cries() -> list[tuple[str, str]]:
    return [
        (said.strip(), meaning) for meaning, every in CRIES.items() for said in every.split("|")
    ]


def test_there_are_enough_cries() -> None:
    assert len(cries()) > 80


@pytest.mark.parametrize(("said", "meaning"), cries())
def test_a_german_cry_is_heard(said: str, meaning: str) -> None:
    assert alarm(said) == meaning
    assert alarm(f"Du, {said.upper()} !!!") in (meaning, *CRIES) or said.isdecimal()


HARMLESS = """
Guten Abend
Hallo
danke, das war schön
Was für ein schöner Tag
Ich bin nicht müde
Die Beine sind müde
nicht jetzt
Das hat mir gutgetan
Ich war heute 10 Kilometer laufen
Ich habe heute nicht genug geschlafen
bin 112 km gelaufen
144 Höhenmeter heute
Zum Schluss noch ein Sprint
Das war mein letzter Lauf vor dem Urlaub
Wie lange soll ich liegen?
Kann ich ein Kissen nehmen?
Ich bin noch außer Atem
morgen um sieben
jeden Abend um halb zehn
Di Do So gegen 18:30, eine Stunde
erinnere mich in zwei Stunden
bis Freitag bitte keine Erinnerungen
Ich bin diese Woche in Wien
Meine Füße kribbeln
meine Füße sind kalt
Die Beine sind eingeschlafen
Muskelkater in beiden Beinen
Beide Beine sind schwer
Die Wand ist kalt
Das Licht geht aus
mach weiter
Ich sitze auf dem Sofa
Was kostet das?
Die Katze liegt auf mir
Herzlichen Dank
Von Herzen alles Gute
Hähnchenbrust zum Abendessen
Ich habe eine schwache Batterie im Handy
Wo ist die Aula?
Mein Auto steht draußen
blaue Augen
Die Pause war gut
Mir geht es gut
alles gut bei mir
leichter
wie vorher
bin unten
ich liege
weiter
pause
Gute Nacht
""".strip().split("\n")


def test_there_are_enough_harmless_sentences() -> None:
    assert len(HARMLESS) > 45


@pytest.mark.parametrize("said", HARMLESS)
def test_a_harmless_german_sentence_is_no_alarm(said: str) -> None:
    assert alarm(said) == ""


@pytest.mark.parametrize(
    "said",
    [
        "I did not sleep well", "die hard fan", "I had a great run", "we still go on", "was nice",
        "my boots are heavy", "going to Au Sable", "see you at 11:20", "war and peace", "I am fast",
    ],
)  # fmt: skip
def test_german_cries_are_no_harmless_english(said: str) -> None:
    assert alarm(said) == ""


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("bin unten", "down"), ("Bin unten!", "down"), ("Beine runter", "down"), ("genug", "down"),
        ("weiter", "next"), ("weiter", "resume"), ("Weitermachen", "resume"), ("fertig", "done"),
        ("leichter", "lighter"), ("Wie vorher", "same"), ("gleich", "same"),
        ("schlechter", "worse"),
        ("schwindelig", "dizzy"), ("mir ist schwindlig", "dizzy"), ("ich liege", "place"),
        ("mehr Zeit", "more"), ("klappt nicht", "stuck"), ("Pause", "pause"),
        ("Kribbeln", "tingling"), ("es kribbelt", "tingling"), ("ist weg", "gone"),
        ("noch da", "still"), ("etwas stimmt nicht", "wrong"), ("Beine hoch", "up"),
        ("Viparita Karani", "up"), ("ich bin zurück", "ran"), ("bin zurueck", "ran"),
        ("war laufen", "ran"), ("Ruhe im Sitzen", "seat"), ("was ist das?", "what"),
    ],
)  # fmt: skip
def test_german_words_mean_something(said: str, meaning: str) -> None:
    assert meaning in meanings(said, GERMAN)


def test_every_button_of_a_rest_can_be_typed() -> None:
    spoken = words(GERMAN)
    for key, meaning in {
        "button.next": "next",
        "button.stuck": "stuck",
        "button.in_place": "place",
        "button.more_time": "more",
        "button.down": "down",
        "button.down_now": "down",
        "button.done": "done",
        "button.pause": "pause",
        "button.resume": "resume",
        "button.tingling": "tingling",
        "button.wrong": "wrong",
        "button.gone": "gone",
        "button.still": "still",
        "button.dizzy": "dizzy",
        "button.up": "up",
        "button.seat": "seat",
        "feeling.lighter": "lighter",
        "feeling.same": "same",
        "feeling.worse": "worse",
    }.items():
        assert meaning in meanings(spoken(key), GERMAN), key


# Whole evenings


def german(at: str = AFTERNOON) -> Dialog:
    dialog = Dialog(at)
    person = replace(dialog.person, locale=GERMAN)
    dialog.scene = replace(dialog.scene, person=person)
    return dialog


def agreed(at: str = AFTERNOON) -> Dialog:
    dialog = german(at).type("/start").tap("Einverstanden")
    while dialog.person.check is not None:
        dialog.tap("Nichts davon")
    return dialog


def to_the_card(dialog: Dialog) -> Dialog:
    if "OK" in dialog.buttons:
        dialog.tap("OK")
    return dialog


@pytest.mark.parametrize("at", [AFTERNOON, EVENING])
def test_a_first_evening_is_no_longer_than_in_english(at: str) -> None:
    dialog = to_the_card(agreed(at).tap("Jetzt"))
    _, signs = plain(dialog.messages[-1].text).split("\n", 1)
    assert len(signs.split()) <= 125
    dialog.tap("Nichts davon, los").tap("Weiter").tap("Weiter")
    assert dialog.hold is not None
    assert dialog.hold.phase is Phase.SETTLE
    assert dialog.taps <= 11
    assert dialog.words <= 600
    assert "ab jetzt" in dialog.wait(minutes=1).said
    assert "Wie fühlen sich die Beine an?" in dialog.wait(minutes=3).said
    assert "Das war es schon." in dialog.tap("Leichter").said


def test_a_usual_evening_is_no_longer_than_in_english() -> None:
    dialog = to_the_card(agreed(EVENING).type("/up knees_bent"))
    for _ in range(3):
        dialog.tap("Nichts davon, los").tap("Weiter").tap("Weiter").wait(minutes=4)
        dialog.type("wie vorher").wait(hours=1).forget_lines().type("/up")
    _, signs = plain(dialog.messages[-1].text).split("\n", 1)
    assert len(signs.split()) <= 125
    assert dialog.tap("Nichts davon, los").words <= 150


def test_a_german_cry_in_a_rest_ends_it() -> None:
    dialog = agreed().tap("Jetzt").tap("Nichts davon, los").tap("Weiter").tap("Weiter")
    dialog.tap("Ich liege").type("mir ist schwindelig")
    assert "Komm langsam herunter" in dialog.said
    assert "Was ist es?" in dialog.said
    dialog.tap("Brust, Atem")
    assert "Wähle 112 (Deutschland)." in dialog.said


def test_one_sore_calf_in_german() -> None:
    dialog = agreed().tap("Jetzt").tap("2 Bein oder Urin").tap("Geschwollen")
    assert "116117" in dialog.said
    assert "manchmal eine Thrombose" in dialog.said
    assert "112" in dialog.said
