"""Makes control and bidirectional characters of a text visible, before a person sees it.

Names of files, reasons, log lines and inputs come from outside. A terminal obeys the control characters in
them, and a line break or a bidirectional override makes a reader see what is not there:
https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
"""

from __future__ import annotations

import re
from functools import cache

# Controls (C0, delete, C1), what reorders or hides text, what breaks lines, and halves of surrogate pairs,
# which no UTF-8 can hold. Joiners stay: scripts and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# A binary file's log is hidden characters by the hundred thousand: those in a row are written together.
_HIDDEN_TOGETHER = re.compile(f"{_HIDDEN.pattern}+")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def visible(text: str, keep: str = "") -> str:
    r"""Return a text with its hidden characters as Python writes them, such as ``\x1b`` or ``\u202e``.

    Those in ``keep`` stay.
    """
    written = _written_with(keep)
    return _HIDDEN_TOGETHER.sub(lambda found: found[0].translate(written), text)


def visible_json(text: str) -> str:
    """Return a JSON document that says the same, with the hidden characters of its strings escaped.

    C0 controls stay: in strings JSON itself escapes them, and elsewhere they are its layout.
    """
    return _HIDDEN.sub(lambda found: found[0] if found[0] < " " else _in_json(found[0]), text)


def has_hidden(text: str) -> bool:
    """Return whether a text has a character that ``visible`` would write differently."""
    return _HIDDEN.search(text) is not None


class _Written(dict[int, str]):
    """How each hidden character is written, found when it is first met."""

    def __init__(self, keep: str) -> None:
        super().__init__({ord(character): character for character in keep})

    def __missing__(self, code: int) -> str:
        written = self[code] = _written(chr(code))
        return written


_written_with = cache(_Written)


def _written(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _in_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
