"""How many taps and words it takes: plain text, button labels not counted."""

import pytest

from bot.content.words import plain
from bot.conversation.person import Phase
from tests.dialog import AFTERNOON, EVENING, Dialog, cleared, tenth_evening

FIRST_TAPS, FIRST_WORDS = 11, 600
USUAL_TAPS, USUAL_WORDS, CARD_WORDS = 2, 150, 125


def words_of_the_signs(card: Dialog) -> int:
    """Those below the plan, which is the first line."""
    plan, signs = plain(card.messages[-1].text).split("\n", 1)
    assert signs.startswith("Right now")
    assert plan
    return len(signs.split())


@pytest.mark.parametrize("at", [AFTERNOON, EVENING])
def test_the_first_evening_to_the_pose(at: str) -> None:
    dialog = Dialog(at).type("/start").tap("I agree")
    while dialog.person.check is not None:
        dialog.tap("None of these")
    dialog.tap("Now")
    if "OK" in dialog.buttons:
        dialog.tap("OK")
    dialog.tap("None of these, start").tap("Next").tap("Next")
    assert dialog.hold is not None
    assert dialog.hold.phase is Phase.SETTLE
    assert dialog.hold.step == 3
    assert dialog.taps <= FIRST_TAPS
    assert dialog.words <= FIRST_WORDS
    assert "from now" in dialog.wait(minutes=1).said


@pytest.mark.parametrize("way", ["", "knees_bent", "classic", "doorway"])
def test_from_the_fourth_rest_in_the_same_way(way: str) -> None:
    dialog = cleared().type(f"/up {way}".strip())
    for _ in range(3):
        dialog.tap("None of these, start").tap("Next").tap("Next").wait(minutes=4).tap("Same")
        dialog.wait(hours=1).forget_lines().type("/up")
    assert words_of_the_signs(dialog) <= CARD_WORDS
    dialog.tap("None of these, start")
    assert dialog.hold is not None
    assert dialog.hold.phase is Phase.SETTLE
    assert dialog.taps + 1 <= USUAL_TAPS  # /up, or [Start] on a reminder, is the other one
    assert dialog.words <= USUAL_WORDS


def test_the_tenth_evening() -> None:
    dialog = tenth_evening()
    assert words_of_the_signs(dialog) <= CARD_WORDS
    dialog.tap("None of these, start")
    assert dialog.taps + 1 <= USUAL_TAPS
    assert dialog.words <= USUAL_WORDS
    assert dialog.hold is not None
    assert dialog.hold.phase is Phase.SETTLE


@pytest.mark.parametrize(
    "sign",
    [
        "chest pain or pressure", "hard to breathe", "coughing blood", "face drooping", "arm weak",
        "slurred speech", "both legs suddenly weak", "numb between the legs",
        "no control of bladder or bowel", "confused", "collapsed", "very hot after the run",
        "sudden terrible headache", "sight loss", "one calf or thigh newly swollen", "sore", "warm",
        "red or darker", "hard and tight with growing pain", "foot numb", "cold, pale, weak",
        "injury or pop", "cola-coloured urine", "Both legs equally tired is fine", "dizzy", "faint",
        "sick", "fever", "headache", "eye pain", "alcohol", "sedatives", "strong painkillers",
        "big meal in the last 3 hours", "not cooled down", "nodding off already", "tired is fine",
    ],
)  # fmt: skip
def test_no_sign_is_cut_to_fit(sign: str) -> None:
    assert sign in plain(cleared().tap("Now").messages[-1].text)
