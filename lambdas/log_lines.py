"""The log of every Lambda: JSON lines in which nothing is hidden, since reasons, keys and names come from
outside and people read them in terminals and pages.
"""

from __future__ import annotations

import json

from aws_lambda_powertools.logging import Logger

from sluice.visible import visible_json


def new_logger() -> Logger:
    """Return the logger of a function."""
    return Logger(json_serializer=_line)


def _line(record: dict[str, object]) -> str:
    return visible_json(json.dumps(record, default=str, separators=(",", ":"), ensure_ascii=False))
