"""The alert of a set of files that is late, or of files that came when its run had begun. Pure."""

from __future__ import annotations

from sluice.alerts.alert_message import WHY_CHARACTERS, AlertMessage, cut, in_brief, text_message
from sluice.messages import SetReport
from sluice.visible import visible

_NAME, _SMS_NAME = 1_000, 30
"""Characters of a set's name, which is made of parts of keys."""


def set_reported(message: SetReport) -> AlertMessage:
    """Return the alert of a report."""
    what = f"a set of {message.pipeline}"
    whole, text = f"`sluice sets list --pipeline {message.pipeline}` says more", visible(message.text)
    name = cut(visible(message.set), _NAME, "its keys")
    first = f"Sluice reports the set {name} of the pipeline {message.pipeline}."
    parts = [first, cut(text, WHY_CHARACTERS, whole), f"{whole}."]
    return AlertMessage(
        subject=f"Sluice: {what} ({message.set})",
        email="\n\n".join(parts) + "\n",
        sms=text_message(f"Sluice: {what}: ", message.text, f" ({visible(message.set)[:_SMS_NAME]})"),
        brief=in_brief(first, [], text, f"{whole}."),
    )
