"""Finds a pipeline of a repository by its name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from sluice.operate.errors import OperationError
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipeline


def find_pipeline(name: str, root: Path) -> Pipeline:
    """Return the pipeline of ``root/pipelines`` with this name; raises OperationError with the names that
    there are.
    """
    found, names = load_pipeline(root, name)
    if found is None:
        nearest = get_close_matches(name, names, n=1)
        raise OperationError(
            f"Expected the name of a pipeline ({', '.join(names) or 'there is none yet'}), found"
            f" {name!r}." + (f" Did you mean {nearest[0]!r}?" if nearest else "")
        )
    return found
