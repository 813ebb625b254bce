"""The names that AWS Batch accepts."""

from __future__ import annotations

import re

from local.batch.api.errors import client_error

# https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html: the first character is
# alphanumeric, then up to 127 letters, digits, hyphens and underscores.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")

# https://docs.aws.amazon.com/batch/latest/APIReference/API_ShareAttributes.html
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?")


def check_name(field: str, name: str) -> None:
    """Refuse a name that AWS Batch does not accept; ClientException names the field."""
    if not _NAME.fullmatch(name):
        raise client_error(
            f"{field} must begin with a letter or digit and have at most 128 letters, digits, hyphens and"
            f" underscores, but is {name!r}."
        )


def check_share(field: str, name: str) -> None:
    """Refuse a share identifier that AWS Batch does not accept; ClientException names the field."""
    if not _SHARE.fullmatch(name):
        raise client_error(
            f"{field} must be 1 to 255 letters and digits, which an asterisk may follow, but is {name!r}."
        )
