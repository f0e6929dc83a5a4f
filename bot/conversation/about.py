"""What it is, why each thing is asked or said, and what is often asked."""

from bot.content.routine import routine
from bot.conversation.person import Scene
from bot.conversation.reply import Answer, button, pairs, say, words_of
from bot.practice.questionnaire import PAGES, UNDER_AGE, lines

TOPICS = ("claims", "none", *(str(n) for n in range(1, PAGES + 1)), "now", "length", "out")
"""What /why explains: the claims, those not made, each page, the card, lengths, the way out."""


def what(scene: Scene) -> Answer:
    """/what: the pose in a few words, and who made this."""
    spoken = words_of(scene.person)
    reviewed = routine().reviewed_by
    who = spoken("what.reviewed", name=reviewed) if reviewed else spoken("what.not_reviewed")
    person = scene.person
    rows = (
        (
            button(person, "button.why", "why", "menu"),
            button(person, "button.faq", "faq", "menu"),
        ),
    )
    return scene, (say(scene, f"{spoken('what')}\n\n{who}", *rows),)


def why(scene: Scene, topic: str) -> Answer:
    """/why: the reason and the source of each question and each claim."""
    person, spoken = scene.person, words_of(scene.person)
    topic = topic.strip().casefold()
    if topic in _named():
        return scene, (say(scene, _line(scene, topic)),)
    if topic not in TOPICS:
        buttons = [button(person, f"why.button.{name}", "why", name) for name in TOPICS]
        return scene, (say(scene, spoken("why"), *pairs(buttons)),)
    return scene, (say(scene, _topic(scene, topic)),)


def _named() -> set[str]:
    return {entry.name for entry in routine().lines}


def _topic(scene: Scene, topic: str) -> str:
    spoken = words_of(scene.person)
    if topic.isdecimal():
        names = [name for name in lines(int(topic)) if name != UNDER_AGE]
        title = spoken(f"page.{topic}")
        parts = [title[:1].upper() + title[1:], *(_line(scene, name) for name in names)]
        if int(topic) == PAGES:
            parts.append(spoken("why.under_18"))
        return "\n".join(parts)
    if topic in ("claims", "none"):
        made = topic == "claims"
        parts = [spoken(f"why.{topic}")]
        parts += [
            _sourced(scene, spoken(f"claim.{name}"), claim.sources)
            for name, claim in routine().claims.items()
            if claim.made is made
        ]
        return "\n".join(parts)
    if topic == "now":
        parts = [spoken("why.now")]
        parts += [_sourced(scene, spoken(f"why.sign.{s.name}"), s.sources) for s in routine().signs]
        return "\n".join(parts)
    if topic == "length":
        return _sourced(scene, spoken("why.length"), routine().lengths.sources)
    return _sourced(scene, spoken("why.out"), ("way_out_pages", "standing_up", "articles"))


def _line(scene: Scene, name: str) -> str:
    spoken = words_of(scene.person)
    rule = next(entry for entry in routine().lines if entry.name == name)
    reason = spoken("why.line", label=spoken(f"label.{name}"), reason=spoken(f"why.{name}"))
    return _sourced(scene, reason, rule.sources)


def _sourced(scene: Scene, text: str, sources: tuple[str, ...]) -> str:
    spoken = words_of(scene.person)
    titles = "; ".join(
        spoken(
            "why.source", title=routine().sources[key].title, quality=routine().sources[key].quality
        )
        for key in sources
    )
    return spoken("why.sourced", text=text, sources=titles)


def faq(scene: Scene, asked: str) -> Answer:
    """/faq: a question, or all of them to choose from."""
    person, spoken = scene.person, words_of(scene.person)
    if asked in routine().faq:
        return scene, (say(scene, spoken(f"faq.{asked}")),)
    rows = tuple((button(person, f"faq.{name}.ask", "faq", name),) for name in routine().faq)
    return scene, (say(scene, spoken("faq"), *rows),)
