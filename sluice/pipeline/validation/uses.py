"""Checks the limits of a pipeline, and what its steps use of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sluice import limits
from sluice.errors import Mistake
from sluice.pipeline.definition import Limit, Pipeline, Step
from sluice.pipeline.validation.fields import check_fields, listed, where


def check_limits(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with the limits that a pipeline declares."""
    if not isinstance(pipeline.limits, list | tuple):
        yield Mistake("limits", "a list", repr(pipeline.limits), "Write limits=[...].")
    for number, limit in enumerate(listed(pipeline.limits)):
        place = where("limits", limit, number)
        yield from check_fields(place, limit, (Limit,))
        if isinstance(limit, Limit) and limit.at_once is not None:
            fix = "Drop at_once=, its former name."
            yield Mistake(place, "max_concurrency= alone", "at_once= beside it", fix)
    for name, count in Counter(limit.name for limit in limits_of(pipeline)).items():
        if count > 1:
            yield Mistake("limits", "each limit once", f"{name!r} {count} times", "Keep one of them.")


def check_uses(step: Step, pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a step's ``uses``: unknown limits, and more of one than it has."""
    if not isinstance(step.uses, dict):
        return
    place = f"steps[{step.name!r}].uses"
    known = {limit.name: limit.max_concurrency for limit in limits_of(pipeline)}
    for name, quantity in step.uses.items():
        if name not in known:
            expected = f"a limit of the pipeline ({', '.join(sorted(known)) or 'it has none'})"
            limit = f"Limit({str(name)!r}, max_concurrency=...)"
            fix = f"Write limits=[{limit}] in the pipeline, or correct the name."
            yield Mistake(place, expected, repr(name), fix)
        elif isinstance(quantity, int) and isinstance(known[name], int) and quantity > known[name]:
            fix = "Lower it, or raise max_concurrency: the job would wait for ever."
            yield Mistake(place, f"at most {known[name]}, the max_concurrency of {name}", str(quantity), fix)
    if len(step.uses) > limits.MAX_LIMITS_OF_A_JOB:
        yield Mistake(
            place,
            f"at most {limits.MAX_LIMITS_OF_A_JOB} limits",
            str(len(step.uses)),
            "Drop some: AWS Batch allows no more.",
        )


def limits_of(pipeline: Pipeline) -> list[Limit]:
    """Return the limits of a pipeline whose names can be compared."""
    return [
        limit for limit in listed(pipeline.limits) if isinstance(limit, Limit) and isinstance(limit.name, str)
    ]


def check_shared_limits(pipelines: Mapping[str, Pipeline]) -> Iterator[Mistake]:
    """Yield the limits that several files declare differently; ``pipelines`` are by their files."""
    declared: dict[str, dict[str, int]] = {}
    for source, pipeline in pipelines.items():
        for limit in limits_of(pipeline):
            declared.setdefault(limit.name, {})[source] = limit.max_concurrency
    for name, found in declared.items():
        if len(set(map(repr, found.values()))) > 1:  # one may be of a wrong type
            counts = " and ".join(f"{maximum} in {source}" for source, maximum in found.items())
            yield Mistake(
                " and ".join(found),
                f"one max_concurrency for the limit {name!r}",
                counts,
                "Make them equal, or give one another name.",
            )
