"""Which steps of a pipeline share a job definition: those that run the same on the same machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace

from sluice.pipeline.definition import Step

SHARED = "shared"
# The fields that describe a step's position in the graph, not what it runs.
_OF_THE_GRAPH = ("name", "after", "queue", "items_of", "each", "size", "sequential", "items_per_child")


def shared_definitions(steps: Sequence[Step]) -> dict[str, Step]:
    """Return for each step's name the step to define: itself, or one called ``shared`` for all that run the
    same.
    """
    contents = {step.name: _content(step) for step in steps}
    count = Counter(contents.values())
    first = {contents[step.name]: step for step in reversed(steps)}
    defined = {
        content: replace(step, name=SHARED) if count[content] > 1 else step for content, step in first.items()
    }
    return {name: defined[content] for name, content in contents.items()}


def _content(step: Step) -> str:
    # A step with permissions of its own has a role of its own, and so a definition.
    own = [step.name] if step.permissions else []
    described = [one.name for one in fields(step) if one.name not in _OF_THE_GRAPH]
    return repr([own, *((name, getattr(step, name)) for name in described)])
