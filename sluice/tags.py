"""The tags of what is deployed and of what runs: whose it is, for permissions, for the bill, for people.

Source: https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

APP = "sluice:app"
"""The tag of everything: which Sluice it belongs to, by the prefix of its stacks."""
PIPELINE = "sluice:pipeline"
STEP = "sluice:step"
RUN = "sluice:run"
"""The tags of a job: AWS Batch hands them to its task, and so to the bill."""

MAX_OWN = 20
"""The most tags of a deploy, and of a pipeline: a job has both and those above, of at most 50."""
# What every service takes:
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_KEY = re.compile(r"(?!aws:|sluice:)[A-Za-z0-9_ .:/+@-]{1,128}")
_VALUE = re.compile(r"[A-Za-z0-9_ .:/+@=-]{0,256}")
EXPECTED = (
    "letters, digits, spaces and _ . : / + @ - in tags, at most 128 of a key, which does not begin with aws:"
    " or sluice:, and 256 of a value"
)


def is_tag(key: object, value: object) -> bool:
    """Return whether a deploy or a pipeline may have this tag of its own."""
    if not (isinstance(key, str) and isinstance(value, str)):
        return False
    return bool(_KEY.fullmatch(key) and _VALUE.fullmatch(value))


def of_job(own: Mapping[str, str], *, step: str, run: str) -> dict[str, str]:
    """Return all tags of a job; ``own`` are those of its deploy and of its pipeline, with whose name the id
    of the run begins.
    """
    return {**own, PIPELINE: run.rpartition("-")[0], STEP: step, RUN: run}
