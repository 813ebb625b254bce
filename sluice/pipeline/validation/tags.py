"""Checks a pipeline's own tags."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline
from sluice.tags import EXPECTED, MAX_OWN, is_tag


def check_tags(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield the tags that AWS would refuse, and more of them than a job has room for."""
    if not isinstance(pipeline.tags, dict):
        yield Mistake("tags", "a dictionary of texts", repr(pipeline.tags), 'Write tags={"team": "data"}.')
        return
    for key, value in pipeline.tags.items():
        if not is_tag(key, value):
            yield Mistake(f"tags[{key!r}]", EXPECTED, repr(value), "Rename the key, or change the value.")
    if len(pipeline.tags) > MAX_OWN:
        yield Mistake("tags", f"at most {MAX_OWN}", str(len(pipeline.tags)), "Drop some.")
