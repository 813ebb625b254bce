"""Checks the placeholders in commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import INPUT, Step
from sluice.pipeline.validation.fields import listed

_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


def check_placeholders(step: Step) -> Iterator[Mistake]:
    """Yield the placeholders of a command that neither Sluice nor AWS Batch replaces.

    Batch replaces whole words only:
    https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html#parameters
    """
    for number, word in enumerate(word for word in listed(step.command) if isinstance(word, str)):
        where = f"steps[{step.name!r}].command[{number}]"
        if _PLACEHOLDER.fullmatch(word) and word != INPUT:
            yield Mistake(
                where,
                f"{INPUT}, the only placeholder",
                repr(word),
                "Correct the name; for other values use environment=.",
            )
        elif INPUT in word and word != INPUT:
            fix = """Make it a word of its own; for a shell: ["sh", "-c", 'wc -w "$0"', "{input}"]."""
            yield Mistake(where, f"{INPUT} as a whole word", repr(word), fix)
