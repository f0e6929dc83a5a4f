"""What a text becomes on its way into a message: markup, cleaning, trimming, found entities."""

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# core.telegram.org/bots/api#html-style, and the tags of tdlib, MessageEntity.cpp, parse_html
TYPES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "span": "spoiler", "tg-spoiler": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji", "tg-time": "date_time",
}  # fmt: skip
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot)(?![a-zA-Z]));?")
ATTRIBUTE = re.compile(
    r"""\s*([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]*)(?=[\s>])))?"""
)
TAG_NAME = re.compile(r"[^\s>]*")
# core.telegram.org/bots/api#date-time-entity-formatting
TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
# tdlib, misc.cpp, clean_input_string
CONTROL = {code: " " for code in range(32) if code not in {10, 13}}
REMOVED = dict.fromkeys([13, *range(0x2028, 0x202F), 0x333, 0x33F, 0x30A])
# tdlib, MessageEntity.cpp, find_entities; simpler here
FOUND = (
    ("bot_command", re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])")),
    ("url", re.compile(r"(?<!\w)https?://[^\s<>\"]*[^\s<>\".,!?)]")),
    ("email", re.compile(r"(?<![\w@])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("mention", re.compile(r"(?<![\w/@])@[A-Za-z]\w{2,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
)


class BadMarkup(Exception):
    """Said as `can't parse entities: ...`."""


@dataclass
class _Open:
    tag: str
    argument: str
    unix: str
    start: int
    offset: int


def units(text: str) -> int:
    """The length in UTF-16 code units, as entities count."""
    return len(text.encode("utf-16-le")) // 2


def _character(match: re.Match[str]) -> str | None:
    if match[3]:
        return NAMED[match[3]]
    code = int(match[1], 16) if match[1] else int(match[2])
    # tdlib, MessageEntity.cpp, decode_html_entity
    long = len(match[0].rstrip(";")) >= 10
    return None if long or not 0 < code < 0x10FFFF else chr(code)


def _unescape(text: str) -> str:
    return CHARACTER.sub(lambda match: _character(match) or match[0], text)


class _Html:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text: list[str] = []
        self.size = 0
        self.length = 0
        self.open: list[_Open] = []
        self.entities: list[Json] = []
        self.doubts: list[str] = []

    def parse(self) -> tuple[str, list[Json], list[str]]:
        while self.at < len(self.source):
            letter = self.source[self.at]
            if letter == "<":
                if self.source.startswith("</", self.at):
                    self._end()
                else:
                    self._start()
                continue
            if letter == "&":
                match = CHARACTER.match(self.source, self.at)
                decoded = _character(match) if match else None
                if match and decoded:
                    self._put(decoded)
                    self.at = match.end()
                    if not match[0].endswith(";"):
                        self.doubts.append(f"{match[0]} lacks its semicolon")
                    continue
            # See core.telegram.org/bots/api#html-style: must be replaced; tdlib lets them pass
            if letter in "&>":
                self.doubts.append(f"a bare {letter} at byte offset {self._byte(self.at)}")
            self._put(letter)
            self.at += 1
        if self.open:
            raise BadMarkup(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        text = "".join(self.text)
        if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
            raise BadMarkup(
                "Text contains invalid Unicode characters after decoding HTML entities, check for"
                " unmatched surrogate code units"
            )
        return text, ordered(self.entities), self.doubts

    def _put(self, letter: str) -> None:
        self.text.append(letter)
        self.length += 2 if ord(letter) > 0xFFFF else 1

    def _byte(self, at: int) -> int:
        return len(self.source[:at].encode())

    def _start(self) -> None:
        begin, where = self.at, self._byte(self.at)
        named = TAG_NAME.match(self.source, begin + 1)
        assert named is not None
        tag, at = named[0].lower(), named.end()
        if at >= len(self.source):
            raise BadMarkup(f"Unclosed start tag at byte offset {where}")
        if tag not in TYPES:
            raise BadMarkup(f'Unsupported start tag "{tag}" at byte offset {where}')
        given: dict[str, str | None] = {}
        while True:
            while at < len(self.source) and self.source[at].isspace():
                at += 1
            if self.source.startswith(">", at):
                break
            if at >= len(self.source):
                raise BadMarkup(f'Unclosed start tag "{tag}" at byte offset {where}')
            match = ATTRIBUTE.match(self.source, at)
            if not match:
                raise BadMarkup(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
            quoted = match[2] if match[2] is not None else match[3]
            value = match[4].lower() if match[4] is not None else quoted
            at = match.end()
            if value is None and self.source[at:].lstrip().startswith("="):
                raise BadMarkup(f"Unexpected end of name token at byte offset {self._byte(at)}")
            given[match[1]] = None if value is None else _unescape(value)
        self.at = at + 1
        self.open.append(_Open(tag, self._argument(tag, given, where), given.get("unix") or "",
                               len(self.text), self.length))  # fmt: skip

    def _argument(self, tag: str, given: dict[str, str | None], where: int) -> str:
        known = {
            "a": "href", "code": "class", "span": "class", "tg-emoji": "emoji-id",
            "blockquote": "expandable", "tg-time": "format",
        }.get(tag)  # fmt: skip
        for name in given:
            if name != known and not (tag == "tg-time" and name == "unix"):
                self.doubts.append(f"an attribute {name} that <{tag}> does not have")
        if tag == "blockquote":
            return "1" if "expandable" in given else ""
        value = (given.get(known) or "") if known else ""
        if tag == "code":
            return value.removeprefix("language-") if value.startswith("language-") else ""
        if tag == "span" and value != "tg-spoiler":
            raise BadMarkup(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        return value

    def _end(self) -> None:
        where = self._byte(self.at)
        if not self.open:
            raise BadMarkup(f"Unexpected end tag at byte offset {where}")
        named = TAG_NAME.match(self.source, self.at + 2)
        assert named is not None
        tag, at = named[0].lower(), named.end()
        while at < len(self.source) and self.source[at].isspace():
            at += 1
        if not self.source.startswith(">", at):
            raise BadMarkup(f"Unclosed end tag at byte offset {where}")
        last = self.open.pop()
        if tag and tag != last.tag:
            raise BadMarkup(
                f'Unmatched end tag at byte offset {where}, expected "</{last.tag}>", found'
                f' "</{tag}>"'
            )
        self.at = at + 1
        if self.length > last.offset:
            self._close(last)

    def _close(self, last: _Open) -> None:
        kind = TYPES[last.tag]
        entity: Json = {"type": kind, "offset": last.offset, "length": self.length - last.offset}
        before = self.entities[-1] if self.entities else None
        same = before is not None and all(
            before[key] == entity[key] for key in ("offset", "length")
        )
        if kind == "text_link":
            url = last.argument or "".join(self.text[last.start :])
            mentioned = re.fullmatch(r"tg://user\?id=(\d+)", url)
            if mentioned:
                user = {"id": int(mentioned[1]), "is_bot": False, "first_name": ""}
                entity |= {"type": "text_mention", "user": user}
            else:
                # tdlib, LinkManager.cpp, get_checked_link: a bad link leaves plain text
                url = checked(url)
                if not url:
                    self.doubts.append(f"a link that leads nowhere: {last.argument!r}")
                    return
                entity["url"] = url
        elif kind == "custom_emoji":
            if not re.fullmatch(r"-?[1-9]\d*", last.argument):
                raise BadMarkup("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = last.argument
        elif kind == "date_time":
            if not TIME_FORMAT.fullmatch(last.argument):
                raise BadMarkup("Invalid date format used")
            if not re.fullmatch(r"[1-9]\d{0,9}", last.unix):
                self.doubts.append(f"a tg-time whose unix is {last.unix!r}")
                return
            entity["unix_time"] = int(last.unix)
            if last.argument:
                entity["date_time_format"] = last.argument
        elif kind == "blockquote" and last.argument:
            entity["type"] = "expandable_blockquote"
        elif kind == "code" and last.argument:
            entity["language"] = last.argument
        elif (
            kind == "pre" and same and before and before["type"] == "code" and "language" in before
        ):
            before["type"] = "pre"
            return
        self.entities.append(entity)


def html(source: str) -> tuple[str, list[Json], list[str]]:
    """The text, its entities, and what passes though the documentation forbids it."""
    text, entities, doubts = _Html(source).parse()
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, entities, doubts


def checked(url: str) -> str:
    """The link as it is kept, or nothing. tdlib, LinkManager.cpp, check_link_impl."""
    if re.match(r"tg:(//)?[\w-]+", url, re.IGNORECASE):
        return url
    match = re.fullmatch(r"(https?://)?([^/?#\s]+)([/?#]\S*)?", url, re.IGNORECASE)
    if not match or "." not in match[2]:
        return ""
    return f"{match[1] or 'http://'}{match[2]}{match[3] or '/'}"


def ordered(entities: list[Json]) -> list[Json]:
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Cleaned and trimmed as tdlib does: MessageEntity.cpp, fix_formatted_text."""
    marks = [[entity["offset"], entity["offset"] + entity["length"]] for entity in entities]
    out: list[str] = []
    old = new = 0
    moved = {0: 0}
    for letter in text:
        kept = letter.translate(CONTROL).translate(REMOVED)
        out.append(kept)
        old += units(letter)
        new += units(kept)
        moved[old] = new
    clean = "".join(out)
    whole = clean.rstrip(" \n")
    end = units(whole)
    kept_entities = []
    for entity, (start, stop) in zip(entities, marks, strict=True):
        first, last = moved.get(start, start), min(moved.get(stop, stop), end)
        if last > first:
            kept_entities.append({**entity, "offset": first, "length": last - first})
    limit = kept_entities[0]["offset"] if kept_entities else end
    left = min(len(whole) - len(whole.lstrip(" \n")), limit)
    for entity in kept_entities:
        entity["offset"] -= left
    return whole[left:], kept_entities


def found(text: str, entities: list[Json]) -> list[Json]:
    """With those that the server finds by itself, outside of code and links."""
    taken = [
        range(entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in {"code", "pre", "text_link", "text_mention", "custom_emoji"}
    ]
    more = list(entities)
    for kind, pattern in FOUND:
        for match in pattern.finditer(text):
            offset, length = units(text[: match.start()]), units(match[0])
            if not any(offset < one.stop and one.start < offset + length for one in taken):
                more.append({"type": kind, "offset": offset, "length": length})
                taken.append(range(offset, offset + length))
    return ordered(more)
