"""What the jobs of a step left in the work bucket: what it says of failed items, and how it is removed before
the step begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sluice import keys
from sluice.items.object_store import ObjectLister, list_keys
from sluice.operate.errors import OperationError
from sluice.run import child_ranges
from sluice.run.failures.outdated import lacking, repeated_in_part
from sluice.run.failures.words import newest_words, tally
from sluice.run.state import Run

_MAX_DELETED_KEYS = 1000


class ObjectRemover(ObjectLister, Protocol):
    """A client of S3 that lists and deletes objects."""

    def delete_objects(self, **request: Any) -> Mapping[str, Any]:
        """Delete up to 1,000 objects."""
        ...


def remove_objects(s3: ObjectRemover, work_bucket: str, run_id: str, step: str) -> None:
    """Remove what the jobs of a step left: a later generation would take it for its own.

    Raises OperationError when S3 refuses an object.
    """
    found = [{"Key": key} for key in list_keys(s3, work_bucket, f"{keys.run_prefix(run_id)}{step}/")]
    for start in range(0, len(found), _MAX_DELETED_KEYS):
        part = found[start : start + _MAX_DELETED_KEYS]
        answer = s3.delete_objects(Bucket=work_bucket, Delete={"Objects": part, "Quiet": True})
        if refused := answer.get("Errors"):
            raise OperationError(
                f"Expected to remove what {step} of {run_id} had done, found {refused[0]['Key']} refused:"
                f" {refused[0]['Code']}. The run has not gone on; try again."
            )


def failing_children(s3: ObjectLister, work_bucket: str, run: Run) -> tuple[tuple[str, str], ...]:
    """Return the arrays that had succeeded without items that a retry of a run repeats, with the children of
    these, by what its jobs left.

    Raises OperationError where that is gone: a run that succeeded ended before a cleanup kept it, or it has
    expired.
    """
    if not lacking(run):
        return ()
    if next(list_keys(s3, work_bucket, keys.run_prefix(run.run_id)), None) is None:
        raise OperationError(
            f"Expected what {run.run_id} left in the work bucket, found that it was removed. Start the"
            " pipeline again, with the same input."
        )
    return tuple((name, _failing(s3, work_bucket, run, name)) for name in repeated_in_part(run))


def _failing(s3: ObjectLister, work_bucket: str, run: Run, step: str) -> str:
    words = newest_words(list_keys(s3, work_bucket, keys.all_words_prefix(run.run_id, step)))
    return child_ranges.to_text(tally(run.steps[step], words).failing)
