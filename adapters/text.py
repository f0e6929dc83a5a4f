"""Text from outside, and text for a screen: without what no screen can show."""

import unicodedata


def clean(text: str) -> str:
    """Text that a screen can show: no control characters, half characters or private ones."""
    return "".join(
        " " if char in "\t\u2028\u2029" else char
        for char in text
        if char in "\t\n" or unicodedata.category(char) not in ("Cc", "Cs", "Co")
    )
