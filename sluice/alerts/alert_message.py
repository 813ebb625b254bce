"""The message of an alert, in the form and within the limits of each medium. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sluice.visible import visible

# https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html: 140 bytes a message, and two a
# character when one is not ASCII
SMS_CHARACTERS = 140
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, under 100 characters
SUBJECT_CHARACTERS = 99
# The same page: all protocols of a structured message together.
SNS_BYTES = 262_144
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateOpsItem.html
TITLE_CHARACTERS, DESCRIPTION_CHARACTERS = 1024, 2048

WHY_CHARACTERS = 4_000
"""A reason that is longer is cut, so that the rest of the message is read, too."""
INPUT_CHARACTERS = 2_000
# The e-mail is in the message twice: other protocols than e-mail and SMS get it as the default.
_EMAIL_BYTES = (SNS_BYTES - 4_096) // 2
MAX_NAME = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """One alert: a subject line, the text of the e-mail and the SMS, and in brief for a ticket.

    A ``quiet`` one goes to no telephone.
    """

    subject: str
    email: str
    sms: str
    brief: str = ""
    quiet: bool = False

    def subject_line(self) -> str:
        """Return the subject as SNS takes it."""
        return ascii_of(visible(self.subject[:SUBJECT_CHARACTERS]))[:SUBJECT_CHARACTERS]

    def title(self) -> str:
        """Return the title of a ticket."""
        return ascii_of(visible(self.subject[:TITLE_CHARACTERS]))[:TITLE_CHARACTERS]

    def description(self) -> str:
        """Return the text of a ticket: the e-mail where it fits."""
        email = visible(self.email[: DESCRIPTION_CHARACTERS + 1], keep="\n\t")
        whole = len(email) <= DESCRIPTION_CHARACTERS
        shown = self.email if whole or not self.brief else self.brief
        return visible(shown[:DESCRIPTION_CHARACTERS], keep="\n\t")[:DESCRIPTION_CHARACTERS]

    def sns_message(self) -> str:
        """Return the message of an SNS Publish with ``MessageStructure="json"``."""
        email = _in_bytes(visible(self.email, keep="\n\t"))
        return _json({"default": email, "email": email, "sms": self.sms})


def text_message(start: str, middle: str, end: str = "") -> str:
    """Return a text of at most 140 characters, the middle cut where it does not fit.

    All characters are ASCII: with a single other one a message holds only half as many.
    """
    parts = (start, " ".join(middle.split()), end)
    # One more than there is room for says that it is too long; a reason may be a megabyte.
    start, middle, end = (ascii_of(visible(part[: SMS_CHARACTERS + 1])) for part in parts)
    room = SMS_CHARACTERS - len(start) - len(end)
    fitting = middle if len(middle) <= room else middle[: max(room - 3, 0)] + "..."
    return (start + fitting + end)[:SMS_CHARACTERS]


def names_in_text(pipeline: str, step: str) -> str:
    """Return the names of a pipeline and a step, short enough to leave a text message room for the reason."""
    if len(pipeline) + len(step) <= 2 * MAX_NAME:
        return f"{pipeline}/{step}"
    return "/".join(
        name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 2]}.." for name in (pipeline, step)
    )


def ascii_of(text: str) -> str:
    """Return a text in printable ASCII: a space for other white space, a question mark for all else."""
    return "".join(letter if " " <= letter <= "~" else " " if letter.isspace() else "?" for letter in text)


def cut(text: str, characters: int, whole: str) -> str:
    """Return a text, or its beginning and where the whole of it stands."""
    return text if len(text) <= characters else f"{text[:characters]}… [cut: {whole}]"


def in_brief(what: str, facts: Sequence[str], why: str, whole: str) -> str:
    """Return what a ticket says when the e-mail is too long for it."""
    head = "\n".join([what, *facts])
    room = DESCRIPTION_CHARACTERS - len(head) - len(whole) - 20
    return f"{head}\nWhy:      {why if len(why) <= room else why[: max(room, 0)] + '…'}\n\n{whole}\n"


def _in_bytes(email: str) -> str:
    """Return an e-mail that fits into SNS's message beside its copy, cut at its end if need be."""
    while (size := len(_json(email).encode())) > _EMAIL_BYTES:
        # Every character takes at least a byte, so this ends.
        email = email[: min(len(email) * _EMAIL_BYTES // size, len(email) - 1) - 10] + "… [cut]"
    return email


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
