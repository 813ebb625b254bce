"""The message of an alert, in the form that each medium takes. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

# https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html: 140 bytes a message, and two a
# character when one is not ASCII
SMS_CHARACTERS = 140
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, under 100 characters
SUBJECT_CHARACTERS = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """One alert: a subject line, the text of the e-mail and the SMS."""

    subject: str
    email: str
    sms: str

    def subject_line(self) -> str:
        """Return the subject as SNS takes it."""
        return ascii_of(self.subject)[:SUBJECT_CHARACTERS]

    def sns_message(self) -> str:
        """Return the message of an SNS Publish with ``MessageStructure="json"``."""
        return json.dumps({"default": self.email, "email": self.email, "sms": self.sms})


def text_message(start: str, middle: str, end: str = "") -> str:
    """Return a text of at most 140 characters, the middle cut where it does not fit.

    All characters are ASCII: with a single other one a message holds only half as many.
    """
    middle, room = " ".join(ascii_of(middle).split()), SMS_CHARACTERS - len(start) - len(end)
    cut = middle if len(middle) <= room else middle[: max(room - 3, 0)] + "..."
    return (start + cut + end)[:SMS_CHARACTERS]


def ascii_of(text: str) -> str:
    """Return a text in printable ASCII: a space for other white space, a question mark for all else."""
    return "".join(letter if " " <= letter <= "~" else " " if letter.isspace() else "?" for letter in text)
