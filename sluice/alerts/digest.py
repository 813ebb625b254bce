"""The message about many equal failures or reports, and the message that has it sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.alerts.alert_message import WHY_CHARACTERS, AlertMessage, cut, in_brief, text_message
from sluice.alerts.series import CLEANUP_FAILED, FILES_AFTER, SETS_LATE, Series
from sluice.counted import counted
from sluice.messages import Message
from sluice.triggers.rerun import retry_many_command
from sluice.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDue(Message):
    """A digest of a series of equal failures may be due; ``digest`` is the key of the series."""

    digest: str


LAST_BEFORE_DIGESTS = (
    "This comes again and again: from now on its like is gathered into one message, and then one an hour"
    " while it goes on.\n"
)


_GOES_ON = "While it goes on, there is one such message an hour"
_EVENTS = "EventBridge gets the events of every run"
_OF_SETS = {SETS_LATE: "set", FILES_AFTER: "upload"}
"""What is counted in a series about sets of files, by the ``what`` of the series."""


def is_of_sets(series: Series) -> bool:
    """Say whether a series counts reports about sets of files; else it counts runs."""
    return series.what in _OF_SETS


def digest_message(series: Series) -> AlertMessage:
    """Return the message about the failures, or the reports of sets, that are being reported."""
    more = counted(series.reporting, f"more {_OF_SETS.get(series.what, 'run')}")
    what = f"{more} of the pipeline {series.pipeline} {series.what}."
    why = visible(series.why)
    facts = [f"In all:   {series.total:,} since {series.since[:16].replace('T', ' ')} UTC"]
    if is_of_sets(series):
        label, whole, end = "Newest: ", "the log of the group Lambda has it all", ""
        commands = _commands_for_sets(series)
    else:
        label, whole, end = (
            "Why:    ",
            f"`sluice show {series.newest}` has it all",
            f" ({series.newest[-20:]})",
        )
        facts.append(f"Newest:   {series.newest}")
        commands = _commands_for_runs(series)
    newest = f"{label}  {cut(why, WHY_CHARACTERS, whole)} (the newest)"
    goes_on = f"{_GOES_ON}." if is_of_sets(series) else f"{_GOES_ON}; {_EVENTS}."
    return AlertMessage(
        subject=f"Sluice: {more} of {series.pipeline} {series.what}",
        email="\n\n".join([what, newest, "\n".join(facts), commands, goes_on]) + "\n",
        sms=text_message(f"Sluice: {more} of {series.pipeline}: ", series.why, end),
        brief=in_brief(what, facts, why, commands),
        quiet=True,
    )


def _commands_for_runs(series: Series) -> str:
    state = "succeeded" if series.what == CLEANUP_FAILED else "failed"
    return (
        f"To list them, and to look at the newest:\n"
        f"  sluice runs --pipeline {series.pipeline} --limit {max(series.total, 20)}\n"
        f"  sluice show {series.newest}\n"
        "When the cause is mended, to resume all of them (--dry-run lists them first; --with-current-code"
        " for a bug that was mended and deployed):\n"
        f"  {retry_many_command(series.pipeline, series.since[:16], state)}"
    )


def _commands_for_sets(series: Series) -> str:
    listed = (
        f"To list the open sets, with what they lack:\n  sluice sets list --pipeline {series.pipeline}\n"
        if series.what == SETS_LATE
        else ""
    )
    return f"{listed}Each has a line in the log of the group Lambda: A set is reported."
