"""The names of job definitions: a hash of what they say, and none that exists outside of the stack."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

_HASH_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class DefinitionNames:
    """Names job definitions ``sluice-<pipeline>-<step>-<hash>``.

    ``retained`` are the names of definitions that exist and are of no stack, or of another: an earlier deploy
    made them, and runs may still use them. CloudFormation refuses to create a resource of such a name, and
    the definition itself may name roles and buckets that are gone. So the same content, deployed again after
    a deploy without it or after the stack was deleted, gets another hash. See docs/decisions/0025.
    """

    retained: frozenset[str] = frozenset()

    def name(self, pipeline: str, step: str, content: str) -> str:
        """Return the name of a definition with this content, the same at each synthesis."""
        names = (f"sluice-{pipeline}-{step}-{_digest(content, attempt)}" for attempt in itertools.count())
        return next(name for name in names if name not in self.retained)


def _digest(content: str, attempt: int) -> str:
    salted = f"{content}#{attempt}" if attempt else content
    return hashlib.sha256(salted.encode()).hexdigest()[:_HASH_CHARACTERS]
