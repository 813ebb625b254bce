"""What the `valueFrom` of a job's secret means.

https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html
"""

import json
from typing import NamedTuple

_FIELDS_OF_AN_ARN = 7  # arn:aws:secretsmanager:region:account:secret:name


class SecretParts(NamedTuple):
    """A secret's ARN (empty for what is none), and which key of its JSON, stage and version are meant; empty:
    the usual.
    """

    secret: str
    key: str = ""
    stage: str = ""
    version: str = ""


def secret_parts(value_from: str) -> SecretParts:
    """Take the ARN of a secret apart: `<arn>`, or `<arn>:json-key:version-stage:version-id` with any of the
    three empty.
    """
    fields = value_from.split(":")
    if fields[:1] != ["arn"] or fields[2:3] != ["secretsmanager"]:
        return SecretParts("")
    more = fields[_FIELDS_OF_AN_ARN:]
    return SecretParts(":".join(fields[:_FIELDS_OF_AN_ARN]), *more[:3])


def json_value(text: str, key: str, value_from: str) -> str:
    """Return the value of a key in a secret's JSON; LookupError where it is no JSON object with that key."""
    try:
        found = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        # The secret's text stays out of the message: the message is shown by DescribeJobs.
        raise LookupError(
            f"Expected the secret of {value_from} to be a JSON object with the key {key}, found none."
        ) from None
    return found if isinstance(found, str) else json.dumps(found)
