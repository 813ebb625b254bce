"""The commands that start a run again or resume it, in a form that can be pasted into a shell."""

from __future__ import annotations

import json
from urllib.parse import quote

from sluice.triggers.trigger_event import Request, ScheduledTime, TriggerEvent, UploadGroup, WebhookDelivery
from sluice.visible import has_hidden

SOURCE = "sluice"
DETAIL_TYPE = "Run Requested"


def rerun_command(pipeline: str, trigger: TriggerEvent) -> str:
    """Return the command that runs a pipeline again with the same input, or when it runs by itself."""
    if isinstance(trigger, Request):
        return _repeat_request(pipeline, trigger)
    if isinstance(trigger, ScheduledTime):
        return f"it runs by itself at the next time of {trigger.expression}"
    if isinstance(trigger, UploadGroup):
        return _copy_files(trigger)
    if isinstance(trigger, WebhookDelivery):
        return _REPEAT_DELIVERY[trigger.form]
    # A copy of the same version of the input is a new run.
    version = f"?versionId={quote(trigger.version_id)}" if trigger.version_id else ""
    # The AWS CLI encodes the key itself, and the version not.
    source = _shell(f"{trigger.bucket}/{trigger.key}{version}")
    target = f"--bucket {_shell(trigger.bucket)} --key {_shell(trigger.key)}"
    return f"aws s3api copy-object {target} --copy-source {source} --metadata-directive REPLACE"


# A repeated event is the same run; these say how a sender makes another event.
_REPEAT_DELIVERY = {
    "standard": "let the sender send the same body with another webhook-id: a new id is a new run",
    "github": "let GitHub send another event: a redelivery of this one is the same run",
    "stripe": "let Stripe send another event: a repetition of this one is the same run",
}


def _copy_files(group: UploadGroup) -> str:
    """Return the command that copies every file of the prefix onto itself, to be gathered again."""
    folder, slash, beginning = group.prefix.rpartition("/")
    location = _shell(f"s3://{group.bucket}/{folder}{slash}")
    which = f"--exclude '*' --include {_shell(f'{beginning}*{group.suffix}')}"
    return f"aws s3 cp {location} {location} --recursive {which} --metadata-directive REPLACE"


def resume_command(run_id: str) -> str:
    """Return the command that resumes a failed run where it failed: what has succeeded is not repeated."""
    return f"sluice retry {run_id}"


def _repeat_request(pipeline: str, request: Request) -> str:
    overrides = {"overrides": request.overrides} if request.overrides else {}
    detail = json.dumps(
        {"pipeline": pipeline, "input": request.input, **overrides, "token": f"{request.token[:120]}-again"}
    )
    entries = json.dumps([{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}])
    return f"aws events put-events --entries {_shell(entries)}"


def _shell(text: str) -> str:
    """Return the text quoted for a POSIX shell; with control characters in it, in dollar quotes, which show
    them.

    https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_04
    """
    if not has_hidden(text):
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_in_dollar_quotes, text)) + "'"


def _in_dollar_quotes(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if not has_hidden(character):
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))
