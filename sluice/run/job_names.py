"""The names of jobs and runs: derived, never drawn, so that the same cause always has the same name."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass

_RUN_DIGEST_CHARACTERS = 20
_JOB_NAME = re.compile(
    r"(?P<run>[a-z][a-z0-9-]*-[a-z2-7]{20})_(?P<step>[a-z][a-z0-9-]*)_(?P<generation>\d{1,4})"
)


@dataclass(frozen=True, slots=True)
class JobName:
    """What a Batch job's name says: the run, the step and the generation that it was submitted for."""

    run_id: str
    step: str
    generation: int

    def __str__(self) -> str:
        return f"{self.run_id}_{self.step}_{self.generation}"

    @classmethod
    def parse(cls, name: str) -> JobName | None:
        """Return what a job's name says, or None for a job that is not a run's."""
        found = _JOB_NAME.fullmatch(name)
        return cls(found["run"], found["step"], int(found["generation"])) if found else None


def run_id(pipeline: str, trigger: str, identity: dict[str, str]) -> str:
    """Return the id of the run that this occurrence of a trigger starts: the same occurrence, the same id.

    ``identity`` is what makes an occurrence unique: for S3 the bucket, the key and the version.
    """
    canonical = json.dumps([pipeline, trigger, identity], sort_keys=True, separators=(",", ":"))
    digest = base64.b32encode(hashlib.sha256(canonical.encode()).digest()).decode().lower()
    return f"{pipeline}-{digest[:_RUN_DIGEST_CHARACTERS]}"
