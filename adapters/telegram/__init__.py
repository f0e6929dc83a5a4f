"""Telegram: updates become events, messages become sends; python-telegram-bot is the transport."""

import os

# The library's durations become timedelta instead of whole seconds, as they will be for all with
# its next version; until then it warns each time.
os.environ.setdefault("PTB_TIMEDELTA", "true")
