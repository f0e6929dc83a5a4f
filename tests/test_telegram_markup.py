"""The core's texts as Telegram writes them: escaped, measured and split."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup

from adapters import text as text_room
from adapters.telegram import markup
from adapters.text import clean
from bot.content.words import Marked, Span, escape, plain, spans, words
from bot.events import Address, AskPlace, Button, Message, Tone
from tests.bot_api import html as server
from tests.bot_api.rules import LONGEST_TEXT

HERE = Address("telegram", "7")
AT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
MOMENT = f"<{int(AT.timestamp())}:t|21:30>"
RUNNER = "\N{RUNNER}"


def written(text: str) -> str:
    """A short text in Telegram's HTML."""
    (run,) = markup.parts(text)
    return markup.html(run)


def shown(text: str) -> tuple[str, dict[str, str]]:
    """What a server makes of it: the text, and what is covered by each kind of entity."""
    seen, entities, doubts = server.html(written(text))
    assert doubts == []
    units, covered = seen.encode("utf-16-le"), dict[str, str]()
    for one in entities:
        part = units[2 * one["offset"] : 2 * (one["offset"] + one["length"])]
        covered[one["type"]] = covered.get(one["type"], "") + part.decode("utf-16-le")
    return seen, covered


@pytest.fixture(autouse=True, scope="module")
def _always_further() -> Iterator[None]:
    """A cut that cuts nothing off would go on for ever: it fails instead."""
    cut = text_room._cut

    def further(run: list[Span], longest: int, length: text_room.Length) -> int:
        at = cut(run, longest, length)
        assert at > 0, "nothing is cut off, so it never ends"
        return at

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_room, "_cut", further)
        yield


def texts(text: str, longest: int = markup.LONGEST) -> list[str]:
    return [markup.bare(run) for run in markup.parts(text, longest)]


# Escaping and styles


@pytest.mark.parametrize(
    "text",
    [
        *("<b>fat</b>", "a & b", "&lt;", "&amp;amp;", "1 < 2 > 0", "<tg-time unix='1'>x</tg-time>"),
        *("</b>", "<a href='tg://user?id=1'>me</a>", "*stars*", "_", "\\", "\\*", '"quoted"'),
        *("<1795371000:t|21:30>", "it's", "<", "&", "<!-- -->"),
    ],
)
def test_whatever_a_person_wrote_is_shown_as_they_wrote_it(text: str) -> None:
    assert shown(escape(text)) == (text, {})
    assert shown(f"*{escape(text)}*") == (text, {"bold": text})


def test_bold_and_italic_become_tags_that_are_closed_in_order() -> None:
    assert written("a *b* _c_ *_d_*") == "a <b>b</b> <i>c</i> <b><i>d</i></b>"
    assert shown("*bold _both*_")[0] == "bold both"


def test_a_moment_is_drawn_by_their_own_clock() -> None:
    unix = int(AT.timestamp())
    assert (
        written(f"at <{unix}:t|21:30>") == f'at <tg-time unix="{unix}" format="t">21:30</tg-time>'
    )
    day = words("en").live_moment(AT, UTC)
    assert written(day).startswith(f'<tg-time unix="{unix}" format="wDt">Sunday 22 Nov')
    assert shown(f"*until {MOMENT}*")[1] == {"bold": "until 21:30", "date_time": "21:30"}


def test_a_moment_in_words_is_for_a_server_that_knows_no_moments() -> None:
    (run,) = markup.parts(f"at *{MOMENT}*")
    assert markup.html(run, moments=False) == "at <b>21:30</b>"
    assert markup.bare(run) == "at 21:30"


def test_control_characters_are_left_out_and_line_breaks_stay() -> None:
    assert texts("a\x00b\x07c\nd\x85\ue000") == ["abc\nd"]


def test_both_ends_are_trimmed_as_telegram_does_itself() -> None:
    assert texts("\n  *a* b \n ") == ["a b"]
    assert texts(" \n* *\n") == []


# Lengths


def test_lengths_are_those_of_utf_16() -> None:
    assert [markup.units(text) for text in ("", "a", "\u00e9", RUNNER, f"a{RUNNER}b")] == [
        *(0, 1, 1, 2, 4),
    ]


def test_what_just_fits_stays_whole() -> None:
    assert len(markup.parts("a" * 4096)) == 1
    assert len(markup.parts("a" * 4097)) == 2
    assert len(markup.parts(RUNNER * 2048)) == 1
    assert len(markup.parts(RUNNER * 2049)) == 2


def test_tags_and_escapes_do_not_count() -> None:
    assert len(markup.parts("*" + "&" * 4096 + "*")) == 1


# Splitting


def test_it_is_cut_between_sentences() -> None:
    said = "One sentence is here. " * 20
    first, *_ = texts(said, 100)
    assert first == ("One sentence is here. " * 4).strip()


def test_paragraphs_go_before_lines_and_lines_before_sentences() -> None:
    assert texts("Aaa. bbb.\n\nCcc. d\nE. f", 18)[0] == "Aaa. bbb."
    assert texts("Aaa bbb. ccc\nDdd. eee", 18)[0] == "Aaa bbb. ccc"


def test_a_text_without_any_end_is_cut_at_a_space_or_anywhere() -> None:
    assert texts("aaaa bbbb cccc", 10) == ["aaaa bbbb", "cccc"]
    assert texts("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@pytest.mark.parametrize("before", range(1, 13))
def test_a_moment_is_never_cut(before: int) -> None:
    moment = Marked("<1795371000:d|Sun, 21:30>")
    said = "x" * before + moment + " yyyyyy" * 3
    runs = markup.parts(said, 12)
    kept = [span.text for run in runs for span in run if span.moment]
    assert kept == ["Sun, 21:30"]


# FAULT: _cut gives 0 where the first 4,096 characters are all beyond U+FFFF: parts never ends.
def test_a_text_of_nothing_but_emoji_is_cut_as_well() -> None:
    assert texts(RUNNER * 4096) == [RUNNER * 2048] * 2


# FAULT: `fits` shrinks by units, not by characters: of half emoji it takes 3,072 of 4,096.
def test_a_part_is_as_long_as_it_may_be() -> None:
    first, *_ = texts(("a" + RUNNER) * 4096)
    assert markup.units(first) > markup.LONGEST - 2


def test_half_a_character_is_nowhere() -> None:
    said = "a" + RUNNER * 12
    for longest in range(13, 24):
        for part in texts(said, longest):
            part.encode("utf-8")
            assert markup.units(part) <= longest
        assert "".join(texts(said, longest)) == said


def test_what_is_bold_goes_on_in_the_next_part() -> None:
    first, second = markup.parts("*aaaa bbbb*", 6)
    assert (markup.html(first), markup.html(second)) == ("<b>aaaa</b>", "<b>bbbb</b>")


def squeezed(text: str) -> str:
    return "".join(text.split())


PIECE = st.one_of(
    st.text(max_size=300).map(escape),
    st.text(alphabet="ab <>&\"'*_\\.!?\n\t\u05d0\u0645\N{RUNNER}\x00\u2028", max_size=1500).map(
        escape
    ),
    st.sampled_from([Marked("*"), Marked("_"), Marked(MOMENT), Marked("\n\n"), Marked(". ")]),
    st.integers(1, 1200).map(lambda n: Marked(". ".join(["word"] * n))),
    st.integers(1, 3000).map(lambda n: Marked(RUNNER * n)),
)


@settings(deadline=None)
@given(st.lists(PIECE, max_size=12).map("".join))
@example(RUNNER * 5000)
def test_all_parts_together_are_the_whole_text(text: str) -> None:
    runs = markup.parts(text)
    seen = []
    for run in runs:
        shown_, entities, doubts = server.html(markup.html(run))
        assert doubts == []
        assert shown_ == markup.bare(run)
        assert 0 < markup.units(shown_) <= LONGEST_TEXT
        assert sum(one["type"] == "date_time" for one in entities) == sum(
            bool(span.moment) for span in run
        )
        seen.append(shown_)
    assert squeezed("".join(seen)) == squeezed(clean(plain(text)))
    # Nothing but whitespace is lost, and that only where it was cut.
    assert clean(plain(text)).strip().startswith(seen[0] if seen else "")
    moments = [span for span in spans(text) if span.moment]
    assert len([span for run in runs for span in run if span.moment]) == len(moments)


@settings(deadline=None)
@given(st.lists(PIECE, max_size=4).map("".join), st.integers(20, 200))
@example(RUNNER * 50, 20)
def test_short_parts_are_no_longer_than_asked(text: str, longest: int) -> None:
    cut = texts(text, longest)
    assert all(0 < markup.units(part) <= longest for part in cut)
    assert squeezed("".join(cut)) == squeezed(clean(plain(text)))


# Buttons


def test_a_button_is_a_press_or_a_link_with_a_word() -> None:
    message = Message(
        HERE,
        "?",
        (
            (Button("*Go*", "1|7|up", tone=Tone.GO), Button("Out", "1|7|out", tone=Tone.ALARM)),
            (Button("Chat", opens="up"),),
        ),
    )
    keys = markup.keyboard(message, "LegsBot")
    assert isinstance(keys, InlineKeyboardMarkup)
    assert keys.to_dict() == {
        "inline_keyboard": [
            [
                {"text": "Go", "callback_data": "1|7|up", "style": "success"},
                {"text": "Out", "callback_data": "1|7|out", "style": "danger"},
            ],
            [{"text": "Chat", "url": "https://t.me/LegsBot?start=up"}],
        ]
    }


def test_a_message_without_buttons_has_no_keyboard() -> None:
    assert markup.keyboard(Message(HERE, "?"), "LegsBot") is None


def test_a_place_is_shared_by_a_button_of_telegrams_own() -> None:
    keys = markup.keyboard(
        Message(HERE, "?", asks_place=AskPlace("Share *it*", "Thanks")), "LegsBot"
    )
    assert isinstance(keys, ReplyKeyboardMarkup)
    assert keys.keyboard[0][0].to_dict() == {"text": "Share it", "request_location": True}
    assert keys.one_time_keyboard


def test_a_label_has_no_markup_and_no_control_characters() -> None:
    assert text_room.label(f"*a* {escape('<b>')} \x07\n") == "a <b>"


def test_a_run_of_spans_keeps_what_each_is() -> None:
    assert markup.html([Span("a", bold=True), Span("b", italic=True)]) == "<b>a</b><i>b</i>"
