"""The names of job definitions: a hash of what they say, and none that exists outside of the stack."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

from stacks.configuration import DEFAULT_PREFIX

_HASH_CHARACTERS = 10
OURS = "sluice-"
"""What the names of the definitions of a Sluice with the default prefix begin with."""
OTHERS = "s_"
"""What those of every other Sluice begin with."""


@dataclass(frozen=True, slots=True)
class DefinitionNames:
    """Names job definitions ``sluice-<pipeline>-<step>-<hash>``, or ``s_<prefix>_<pipeline>-…`` of a Sluice
    with another prefix: policies know a Sluice's own definitions by that beginning.

    ``retained`` are the names of definitions that exist and are of no stack, or of another: an earlier deploy
    made them, and runs may still use them. CloudFormation refuses to create a resource of such a name, and
    the definition itself may name roles and buckets that are gone. So the same content, deployed again after
    a deploy without it or after the stack was deleted, gets another hash. See docs/decisions/0025.
    """

    retained: frozenset[str] = frozenset()
    beginning: str = OURS

    def of_pipeline(self, pipeline: str) -> str:
        """Return what the names of a pipeline's definitions begin with."""
        return f"{self.beginning}{pipeline}-"

    def name(self, pipeline: str, step: str, content: str) -> str:
        """Return the name of a definition with this content, the same at each synthesis."""
        names = (
            f"{self.of_pipeline(pipeline)}{step}-{_digest(content, attempt)}" for attempt in itertools.count()
        )
        return next(name for name in names if name not in self.retained)


def beginning_of(stack_prefix: str) -> str:
    """Return what the names of a Sluice's definitions begin with: no other Sluice's names begin so, nor with
    the beginning of this one's prefix.
    """
    return OURS if stack_prefix == DEFAULT_PREFIX else f"{OTHERS}{stack_prefix}_"


def _digest(content: str, attempt: int) -> str:
    salted = f"{content}#{attempt}" if attempt else content
    return hashlib.sha256(salted.encode()).hexdigest()[:_HASH_CHARACTERS]
