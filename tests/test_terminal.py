"""The terminal without a terminal: what a line means, and how a message looks."""

import stat
import unicodedata
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal import here, typed
from adapters.terminal.chat import store_file
from adapters.terminal.screen import (
    NARROWEST,
    WIDEST,
    Choice,
    Style,
    choices,
    draw_choices,
    draw_text,
    room,
)
from bot.events import Button, Command, File, Press, Text

BERLIN = ZoneInfo("Europe/Berlin")
MENU = [Choice(0, "None of these", "none"), Choice(1, "Heart", "a"), Choice(2, "Eyes", "b")]


def numbers(*rows: tuple[str, ...]) -> list[list[tuple[int, str]]]:
    buttons = tuple(tuple(Button(label, label) for label in row) for row in rows)
    return [[(choice.number, choice.label) for choice in row] for row in choices(buttons)]


class TestNumbers:
    def test_plain_labels_count_from_one(self) -> None:
        assert numbers(("I agree", "No thanks"), ("Why?",)) == [
            [(1, "I agree"), (2, "No thanks")],
            [(3, "Why?")],
        ]

    def test_a_list_keeps_its_own_numbers(self) -> None:
        assert numbers(("None of these",), ("6 Heart", "7 Eyes, ticked"), ("Done", "Why?")) == [
            [(0, "None of these")],
            [(6, "Heart"), (7, "Eyes, ticked")],
            [(8, "Done"), (9, "Why?")],
        ]

    def test_only_one_is_zero(self) -> None:
        assert numbers(("None", "Later"), ("1 Heart",)) == [
            [(0, "None"), (2, "Later")],
            [(1, "Heart")],
        ]

    @pytest.mark.parametrize(
        "labels", [("3 min", "5 min"), ("30 Min", "60 Min"), ("21:30", "Not today")]
    )
    def test_amounts_are_no_numbering(self, labels: tuple[str, ...]) -> None:
        assert numbers(labels) == [[(1, labels[0]), (2, labels[1])]]

    @given(st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=5), max_size=5))
    def test_every_button_has_a_number_of_its_own(self, labels: list[list[str]]) -> None:
        rows = tuple(tuple(Button(label, "x") for label in row) for row in labels)
        given_out = [choice.number for row in choices(rows) for choice in row]
        assert len(set(given_out)) == len(given_out) == sum(map(len, labels))


class TestTyped:
    @pytest.mark.parametrize(
        ("line", "means"),
        [
            ("1", (Press("a"),)),
            ("2, 1", (Press("b"), Press("a"))),
            ("1 1", (Press("a"),)),
            ("heart", (Press("a"),)),
            ("1 HEART", (Press("a"),)),
            ("None of these", (Press("none"),)),
            ("my heart", (Text("my heart"),)),
            ("1985", (Text("1985"),)),
            ("21:30", (Text("21:30"),)),
            ("/up 5", (Command("up", "5"),)),
            ("/STOP", (Command("stop", ""),)),
            ("/", (Text("/"),)),
            ("", ()),
        ],
    )
    def test_events(self, line: str, means: tuple[object, ...]) -> None:
        assert typed.read(line, MENU) == typed.Events(means)  # type: ignore[arg-type]  # a table of many kinds

    @pytest.mark.parametrize("line", ["7", "1 7", "1,7"])
    def test_one_number_that_is_not_there_presses_nothing(self, line: str) -> None:
        assert typed.read(line, MENU) == typed.NotOffered(7)

    def test_a_number_without_buttons_is_text(self) -> None:
        assert typed.read("7", []) == typed.Events((Text("7"),))

    @pytest.mark.parametrize(
        ("line", "means"),
        [
            (">>", typed.NextDue()),
            (">>  ", typed.NextDue()),
            (">> 90s", typed.Ahead(timedelta(seconds=90))),
            (">>10 min", typed.Ahead(timedelta(minutes=10))),
            (">> 1h 30m", typed.Ahead(timedelta(minutes=90))),
            (">> 2H", typed.Ahead(timedelta(hours=2))),
            (">> 1w", typed.Ahead(timedelta(weeks=1))),
            (">> 21:30", typed.Until(time(21, 30))),
            (">> reset", typed.Reset()),
            (">> 25:00", typed.Unclear()),
            (">> 0s", typed.Unclear()),
            (">> 99w", typed.Unclear()),
            (">> 3 moons", typed.Unclear()),
            (">>> 1d", typed.Unclear()),
        ],
    )
    def test_jumps(self, line: str, means: typed.Typed) -> None:
        assert typed.read(line, MENU) == means

    @pytest.mark.parametrize(
        ("now", "clock", "at"),
        [
            ("2026-11-22 20:00", time(21, 30), "2026-11-22 21:30"),
            ("2026-11-22 21:30", time(21, 30), "2026-11-23 21:30"),
            ("2027-03-28 01:00", time(2, 30), "2027-03-28 03:30"),  # The hour that is missing.
        ],
    )
    def test_the_next_time_that_the_clock_shows(self, now: str, clock: time, at: str) -> None:
        start = datetime.fromisoformat(now).replace(tzinfo=BERLIN).astimezone(UTC)
        found = typed.next_showing(clock, start, BERLIN)
        assert f"{found.astimezone(BERLIN):%Y-%m-%d %H:%M}" == at

    @given(st.text())
    def test_any_line_means_something(self, line: str) -> None:
        tidy = typed.tidy(line)
        assert tidy == typed.tidy(tidy)
        assert "\n" not in tidy
        tidy.encode()
        typed.read(tidy, MENU)

    def test_a_long_line_is_cut(self) -> None:
        assert len(typed.tidy("a" * 10_000)) == typed.LONGEST_LINE

    def test_control_characters_go(self) -> None:
        assert typed.tidy("\x00he\x1b[31mart\ud800\x7f\r\n") == "he[31mart"


class TestScreen:
    def test_a_paragraph_is_wrapped(self) -> None:
        assert draw_text("word " * 20, Style(40)) == "\n".join(
            ["word word word word word word word word"] * 2 + ["word word word word"]
        )

    def test_list_lines_hang(self) -> None:
        drawn = draw_text("- " + "word " * 10, Style(40)).split("\n")
        assert [line[:3] for line in drawn] == ["- w", "  w"]

    def test_bold_is_for_screens_with_colour(self) -> None:
        assert draw_text("*112* at once", Style(colour=True)) == "\x1b[1m112\x1b[22m at once"
        assert draw_text("*112* at once", Style()) == "112 at once"

    def test_buttons_stand_in_their_rows(self) -> None:
        rows = choices(((Button("Next", "n"), Button("I'm stuck", "s")), (Button("Stop", "x"),)))
        assert draw_choices(rows, Style()) == "  [1] Next   [2] I'm stuck\n  [3] Stop"

    def test_a_row_that_is_too_long_breaks_between_buttons(self) -> None:
        rows = choices((tuple(Button(f"a label {i}", str(i)) for i in range(4)),))
        assert draw_choices(rows, Style(40)) == (
            "  [1] a label 0   [2] a label 1\n  [3] a label 2   [4] a label 3"
        )

    @given(st.text(), st.integers(NARROWEST, WIDEST))
    def test_nothing_leaves_the_screen(self, text: str, width: int) -> None:
        style = Style(width)
        rows = choices(((Button(text, "a"), Button("b " + text, "b")),))
        for line in (draw_text(text, style) + "\n" + draw_choices(rows, style)).split("\n"):
            assert room(line) <= width
            assert not {"Cc", "Cs", "Co"} & set(map(unicodedata.category, line))


class TestHere:
    @pytest.mark.parametrize(
        ("environment", "locale"),
        [
            ({"LANG": "de_DE.UTF-8"}, "de-DE"),
            ({"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, ""),
            ({"LANG": "en_GB", "LC_ALL": ""}, "en-GB"),
            ({"LANG": "POSIX"}, ""),
            ({"LANG": "../../etc"}, ""),
            ({}, ""),
        ],
    )
    def test_the_language_of_the_machine(self, environment: dict[str, str], locale: str) -> None:
        assert here.language(environment) == locale

    @pytest.mark.parametrize("name", ["Europe/Berlin", "europe/berlin"])
    def test_zones_by_name(self, name: str) -> None:
        assert here.zone_named(name) == BERLIN

    @pytest.mark.parametrize("name", ["GB", "EST5EDT", "Etc/GMT+5", "UTC", "Asia/Ho_Chi_Minh"])
    def test_every_name_is_one_in_any_case(self, name: str) -> None:
        assert name in available_timezones()
        assert here.zone_named(name.lower().replace("_", " ")).key == name

    @pytest.mark.parametrize("name", ["Berlin", "Europe/Berlni", "../etc/passwd", "", "\x00"])
    def test_other_names_are_refused_with_what_is_near(self, name: str) -> None:
        with pytest.raises(here.NoSuchZone) as refused:
            here.zone_named(name)
        assert ("Europe/Berlin" in refused.value.near) == ("Berl" in name)


def test_a_file_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    paths = [store_file(File("../my export.json", text), folder) for text in ("one", "two")]
    assert [path.name for path in paths] == ["my-export.json", "my-export-2.json"]
    assert [path.read_text() for path in paths] == ["one", "two"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    assert {path.parent for path in paths} == {folder}
