"""What needs a hand: told to whom the bot belongs, once a day at most."""

import logging
from collections import Counter
from datetime import datetime, timedelta

from bot import logs
from bot.content.words import Marked, Words

OFTEN = timedelta(days=1)
"""No oftener than that is the owner told."""

COLLECTED = timedelta(minutes=1)
"""From the first trouble on: most come in company."""

KINDS = {
    "the store is away": "store",
    "no backup": "backup",
    "words refused": "refused",
    "somebody else receives with this token": "token",
    "words failed": "",
}
"""Records of our logs by what they are called in a note: none for what mends itself, as a network
does. Every other error is "other"."""


class Hands(logging.Handler):
    """Counts what goes wrong, from our own logs: each record of an error, and some warnings."""

    def __init__(self) -> None:
        """Hears nothing before it is added to a logger."""
        super().__init__(logging.WARNING)
        self.counted: Counter[str] = Counter()
        self.since: datetime | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record; what it tells stays in the log."""
        kind = KINDS.get(str(record.msg), "other" if record.levelno >= logging.ERROR else "")
        if kind:
            self.counted[kind] += 1

    def listen(self) -> None:
        """Begin to count."""
        for name in logs.OURS:
            logging.getLogger(name).addHandler(self)

    def close(self) -> None:
        """Count no more."""
        for name in logs.OURS:
            logging.getLogger(name).removeHandler(self)
        super().close()

    def due(self, now: datetime, last: datetime | None) -> bool:
        """Whether there is something to tell, and it may be told."""
        if not self.counted:
            self.since = None
            return False
        self.since = self.since or now
        return now - self.since >= COLLECTED and (last is None or now - last >= OFTEN)

    def note(self, spoken: Words) -> Marked:
        """All that was counted, in words."""
        lines = (spoken.count(f"hands.{kind}", n) for kind, n in sorted(self.counted.items()))
        return Marked("\n".join((spoken("hands.lead"), *lines, spoken("hands.end"))))
