"""Finds a pipeline of a repository by its name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from sluice.operate.errors import OperationError
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines


def find_pipeline(name: str, root: Path) -> Pipeline:
    """Return the pipeline of ``root/pipelines`` with this name; raises OperationError with the names that
    there are.
    """
    pipelines = {str(pipeline.name): pipeline for pipeline in load_pipelines(root)}
    if name not in pipelines:
        nearest = get_close_matches(name, list(pipelines), n=1)
        raise OperationError(
            f"Expected the name of a pipeline ({', '.join(pipelines) or 'there is none yet'}), found"
            f" {name!r}." + (f" Did you mean {nearest[0]!r}?" if nearest else "")
        )
    return pipelines[name]
