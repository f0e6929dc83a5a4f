"""Buttons, selects, layouts and modals (discord-api-docs, components/reference)."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from tests.discord_api.rules import Field, Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 17, 18, 19, 21, 22, 23
LINK, PREMIUM = 5, 6
# Without IS_COMPONENTS_V2 (#legacy-message-component-behavior), with it, and in a modal
LEGACY = (ROW,)
NEW = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
IN_LABEL = (TEXT_INPUT, *SELECTS, UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
IN_MODAL = (ROW, TEXT, LABEL)
MOST_ROWS, MOST_COMPONENTS, MOST_TEXT = 5, 40, 4000

Filled = Mapping[str, object]


def label(button: Json) -> str:
    """What stands on it, or the emoji alone."""
    return str(button.get("label") or (button.get("emoji") or {}).get("name") or "")


class _Reader:
    """Goes through components once: rules, ids, and what must be unique or few."""

    def __init__(self, modal: bool = False) -> None:
        self.modal = modal
        self.custom_ids: set[str] = set()
        self.ids: set[int] = set()
        self.count = 0
        self.text = 0

    def each(self, at: Field, given: Sequence[Json], allowed: Sequence[int]) -> None:
        for number, one in enumerate(given):
            self.one(at / number, one, allowed)

    def one(self, at: Field, one: Json, allowed: Sequence[int]) -> None:
        self.count += 1
        number = at.number(one, "id", 0, 2**31 - 1)
        if number:
            if number in self.ids:
                (at / "id").wrong("COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
            self.ids.add(number)
        match at.choice(one, "type", allowed):
            case 1:
                self._row(at, one)
            case 2:
                self._button(at, one)
            case 3 | 5 | 6 | 7 | 8:
                self._select(at, one)
            case 4:
                self._input(at, one)
            case 9:
                self.each(at / "components", at.rows(one, "components", 1, 3), (TEXT,))
                if isinstance(one.get("accessory"), dict):
                    self.one(at / "accessory", one["accessory"], (BUTTON, THUMBNAIL))
                else:
                    (at / "accessory").wrong("BASE_TYPE_REQUIRED", "This field is required")
            case 10:
                self.text += len(at.text(one, "content", 1, MOST_TEXT))
            case 12:
                at.rows(one, "items", 1, 10)
            case 17:
                self.each(at / "components", at.rows(one, "components", 1, 40), IN_CONTAINER)
            case 18:
                self._label(at, one)
            case 19:
                self._custom_id(at, one)
                self._between(at, one, 10, 1)
            case 21 | 22:
                self._choices(at, one)
            case 23:
                self._custom_id(at, one)
            case _:
                pass

    def _custom_id(self, at: Field, one: Json) -> None:
        custom_id = at.text(one, "custom_id", 1, 100)
        if custom_id and custom_id in self.custom_ids:
            (at / "custom_id").wrong(
                "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        self.custom_ids.add(custom_id)

    def _row(self, at: Field, one: Json) -> None:
        children = at.rows(one, "components", 1, 5)
        if self.modal:
            # The older form: one text input, alone in its row
            self.each(at / "components", children[:1], (TEXT_INPUT,))
            wide = len(children) > 1
        else:
            self.each(at / "components", children, (BUTTON, *SELECTS))
            selects = sum(child.get("type") in SELECTS for child in children)
            wide = bool(selects) and len(children) > 1
        if wide:
            (at / "components").wrong(
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )

    def _button(self, at: Field, one: Json) -> None:
        style = at.choice(one, "style", range(1, 7))
        at.text(one, "label", 0, 80, required=False)
        emoji = one.get("emoji") or {}
        if emoji and not emoji.get("id") and str(emoji.get("name") or "a").isascii():
            (at / "emoji" / "name").wrong("BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
        if style == PREMIUM:
            at.text(one, "sku_id", 1, 20)
            forbidden = ["custom_id", "label", "url", "emoji"]
        elif style == LINK:
            at.text(one, "url", 1, 512)
            forbidden = ["custom_id", "sku_id"]
        else:
            self._custom_id(at, one)
            forbidden = ["url", "sku_id"]
        for name in forbidden:
            if one.get(name) is not None:
                (at / name).wrong(
                    "BUTTON_COMPONENT_FIELD_EXCLUSIVE",
                    f"{name} cannot be set on a button of style {style}",
                )
        if style != PREMIUM and not one.get("label") and not emoji:
            at.wrong("BUTTON_COMPONENT_LABEL_REQUIRED", "A button needs a label or an emoji")

    def _between(self, at: Field, one: Json, most: int, high: int) -> None:
        """From how many to how many; in a modal both hang together with ``required``."""
        low = at.number(one, "min_values", 0, most, 1) or 0
        high = at.number(one, "max_values", 1, most, high) or high
        if low > high:
            (at / "min_values").wrong(
                "COMPONENT_MIN_VALUES_TOO_LARGE", "min_values must not exceed max_values"
            )
        if self.modal and one.get("required", True) and one.get("min_values") == 0:
            (at / "min_values").wrong(
                "COMPONENT_REQUIRED_MIN_VALUES", "min_values must be at least 1 if required"
            )

    def _select(self, at: Field, one: Json) -> None:
        self._custom_id(at, one)
        at.text(one, "placeholder", 0, 150, required=False)
        self._between(at, one, 25, 1)
        if self.modal and one.get("disabled"):
            (at / "disabled").wrong(
                "COMPONENT_DISABLED_IN_MODAL", "Components cannot be disabled in a modal"
            )
        if one.get("type") == STRING_SELECT:
            self._options(at, one, 1, 25)

    def _options(self, at: Field, one: Json, low: int, high: int) -> None:
        values: set[str] = set()
        for number, option in enumerate(at.rows(one, "options", low, high)):
            here = at / "options" / number
            here.text(option, "label", 1, 100)
            value = here.text(option, "value", 1, 100)
            here.text(option, "description", 0, 100, required=False)
            if value in values:
                (here / "value").wrong(
                    "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                    "The specified option value is already used",
                )
            values.add(value)

    def _choices(self, at: Field, one: Json) -> None:
        self._custom_id(at, one)
        radio = one.get("type") == RADIO
        self._options(at, one, 2 if radio else 1, 10)
        if not radio:
            self._between(at, one, 10, min(10, max(1, len(one.get("options") or []))))

    def _input(self, at: Field, one: Json) -> None:
        self._custom_id(at, one)
        at.choice(one, "style", (1, 2))
        low = at.number(one, "min_length", 0, 4000, 0) or 0
        high = at.number(one, "max_length", 1, 4000, 4000) or 4000
        if low > high:
            (at / "min_length").wrong(
                "TEXT_INPUT_LENGTH_INVALID", "min_length must not exceed max_length"
            )
        at.text(one, "placeholder", 0, 100, required=False)
        at.text(one, "value", 0, 4000, required=False)
        if "component" not in at.path:
            at.text(one, "label", 1, 45)

    def _label(self, at: Field, one: Json) -> None:
        at.text(one, "label", 1, 45)
        at.text(one, "description", 0, 100, required=False)
        if isinstance(one.get("component"), dict):
            self.one(at / "component", one["component"], IN_LABEL)
        else:
            (at / "component").wrong("BASE_TYPE_REQUIRED", "This field is required")

    def numbered(self, given: Sequence[Json]) -> list[Json]:
        """With an id each, in sequence, jumping over those that were chosen."""
        result = copy.deepcopy(list(given))
        last = 0
        for one in walk(result):
            if not one.get("id"):
                last += 1
                while last in self.ids:
                    last += 1
                one["id"] = last
        return result


def walk(given: Sequence[Json]) -> list[Json]:
    """All components, each before what is in it."""
    found = []
    for one in given:
        found.append(one)
        found += walk(one.get("components") or [])
        found += walk([one[name] for name in ("component", "accessory") if one.get(name)])
    return found


def of_message(at: Field, given: Json, v2: bool) -> list[Json]:
    reader = _Reader()
    most = MOST_COMPONENTS if v2 else MOST_ROWS
    rows = at.rows(given, "components", 0, most)
    reader.each(at / "components", rows, NEW if v2 else LEGACY)
    if reader.count > MOST_COMPONENTS:
        (at / "components").wrong(
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The maximum number of components is {MOST_COMPONENTS}",
        )
    if reader.text > MOST_TEXT:
        (at / "components").wrong(
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"Components displayable text size exceeds maximum size of {MOST_TEXT}",
        )
    return [] if at.found else reader.numbered(rows)


def of_modal(at: Field, given: Json) -> Json:
    """discord-api-docs, interactions/receiving-and-responding#interaction-response-object-modal."""
    reader = _Reader(modal=True)
    at.text(given, "custom_id", 1, 100)
    at.text(given, "title", 1, 45)
    rows = at.rows(given, "components", 1, 5)
    reader.each(at / "components", rows, IN_MODAL)
    if at.found:
        return {}
    return {
        "custom_id": given["custom_id"], "title": given["title"],
        "components": reader.numbered(rows),
    }  # fmt: skip


def fields(modal: Json) -> dict[str, tuple[str, Json]]:
    """What can be filled in, by its custom_id: the label above it, and the component."""
    found: dict[str, tuple[str, Json]] = {}
    for one in modal["components"]:
        if one["type"] == LABEL:
            found[one["component"]["custom_id"]] = one["label"], one["component"]
        elif one["type"] == ROW:
            (child,) = one["components"]
            found[child["custom_id"]] = child["label"], child
    return found


def submitted(modal: Json, filled: Filled) -> list[Json]:
    """The components of a submit, as Discord sends them; what is not filled keeps its default."""

    def answered(one: Json) -> Json:
        kind = one["type"]
        if kind == TEXT:
            return {"type": kind, "id": one["id"]}
        if kind == LABEL:
            return {"type": kind, "id": one["id"], "component": answered(one["component"])}
        if kind == ROW:
            return {
                "type": kind, "id": one["id"],
                "components": [answered(child) for child in one["components"]],
            }  # fmt: skip
        answer: Json = {"type": kind, "id": one["id"], "custom_id": one["custom_id"]}
        name = "values" if kind in (*SELECTS, CHECKBOXES, UPLOAD) else "value"
        return answer | {name: _value(one, filled.get(one["custom_id"]))}

    unknown = set(filled) - set(fields(modal))
    assert not unknown, f"the modal has no {unknown}, but {sorted(fields(modal))}"
    return [answered(one) for one in modal["components"]]


def _value(one: Json, given: Any) -> object:  # noqa: ANN401 - what a person fills in
    """What the client makes of it; what it would not let through is an error of the test."""
    kind, required = one["type"], one.get("required", True)
    if kind == TEXT_INPUT:
        text = str(one.get("value") or "") if given is None else str(given)
        low, high = one.get("min_length") or 0, one.get("max_length") or 4000
        assert text or not required, f"{one['custom_id']} is required"
        assert not text or low <= len(text) <= high, f"{len(text)} not from {low} to {high}"
        return text
    if kind == CHECKBOX:
        return bool(one.get("default")) if given is None else bool(given)
    options = {option["value"]: option for option in one.get("options") or []}
    defaults = [value for value, option in options.items() if option.get("default")]
    if kind == RADIO:
        value = next(iter(defaults), None) if given is None else chosen(options, given)
        assert value or not required, f"{one['custom_id']} is required"
        return value
    picked = list(defaults) if given is None else list(given)
    if options:
        picked = [chosen(options, label) for label in picked]
    low = one.get("min_values")
    low = (1 if required else 0) if low is None else low
    high = one.get("max_values") or (len(options) if kind == CHECKBOXES else 1)
    if picked or required:
        assert low <= len(picked) <= high, f"{len(picked)} chosen, not from {low} to {high}"
    return picked


def chosen(options: Mapping[str, Json], what: str) -> str:
    """The value of an option, which may be told by its label."""
    for value, option in options.items():
        if what in (option["label"], value):
            return value
    raise AssertionError(f"no {what!r} among {[one['label'] for one in options.values()]}")
