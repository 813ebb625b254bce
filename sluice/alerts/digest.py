"""The message about many equal failures, and the message that has it sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.alerts.alert_message import WHY_CHARACTERS, AlertMessage, cut, in_brief, text_message
from sluice.alerts.series import CLEANUP_FAILED, Series
from sluice.counted import counted
from sluice.messages import Message
from sluice.triggers.rerun import retry_many_command
from sluice.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDue(Message):
    """A digest of a series of equal failures may be due; ``digest`` is the key of the series."""

    digest: str


LAST_BEFORE_DIGESTS = (
    "It fails like this again and again: from now on such failures are gathered into one message, and then"
    " one an hour while it goes on.\n"
)


_GOES_ON = "While it goes on, there is one such message an hour; EventBridge gets the events of every run."


def digest_message(series: Series) -> AlertMessage:
    """Return the message about the failures that are being reported."""
    more = counted(series.reporting, "more run")
    what = f"{more} of the pipeline {series.pipeline} {series.what}."
    why = visible(series.why)
    state = "succeeded" if series.what == CLEANUP_FAILED else "failed"
    facts = [
        f"In all:   {series.total:,} since {series.since[:16].replace('T', ' ')} UTC",
        f"Newest:   {series.newest}",
    ]
    commands = (
        f"To list them, and to look at the newest:\n"
        f"  sluice runs --pipeline {series.pipeline} --limit {max(series.total, 20)}\n"
        f"  sluice show {series.newest}\n"
        "When the cause is mended, to resume all of them (--dry-run lists them first; --with-current-code"
        " for a bug that was mended and deployed):\n"
        f"  {retry_many_command(series.pipeline, series.since[:16], state)}"
    )
    parts = [
        what,
        f"Why:      {cut(why, WHY_CHARACTERS, f'`sluice show {series.newest}` has it all')} (the newest)",
        "\n".join(facts),
        commands,
        _GOES_ON,
    ]
    return AlertMessage(
        subject=f"Sluice: {more} of {series.pipeline} {series.what}",
        email="\n\n".join(parts) + "\n",
        sms=text_message(f"Sluice: {more} of {series.pipeline}: ", series.why, f" ({series.newest[-20:]})"),
        brief=in_brief(what, facts, why, commands),
        quiet=True,
    )
