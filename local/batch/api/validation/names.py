"""The names that AWS Batch accepts."""

from __future__ import annotations

import re

from local.batch.api.errors import client_error

# https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html: the first character is
# alphanumeric, then up to 127 letters, digits, hyphens and underscores.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def check_name(field: str, name: str) -> None:
    """Refuse a name that AWS Batch does not accept; ClientException names the field."""
    if not _NAME.fullmatch(name):
        raise client_error(
            f"{field} must begin with a letter or digit and have at most 128 letters, digits, hyphens and"
            f" underscores, but is {name!r}."
        )
