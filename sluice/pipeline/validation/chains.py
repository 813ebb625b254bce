"""Checks the chains of a project's pipelines: each by itself, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from sluice.errors import Mistake
from sluice.pipeline.after_run import MAX_UPSTREAM, AfterRun
from sluice.pipeline.definition import Pipeline, Plan
from sluice.pipeline.validation.fields import listed
from sluice.pipeline.validation.partition_names import ANY, partition_names


def check_after_runs(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's own AfterRun triggers."""
    for number, trigger in enumerate(listed(pipeline.triggers)):
        if isinstance(trigger, AfterRun):
            yield from _check(f"triggers[{number}]", pipeline, trigger)
    plans = [one.name for one in listed(pipeline.steps) if isinstance(one, Plan) and one.of_uploads]
    if after_runs(pipeline) and plans:
        fix = "Give it a function: def find(trigger): yield from (file.input for file in trigger.uploads)"
        yield Mistake(f"steps[{plans[0]!r}].run", "a function, which finds the results", "none", fix)
    names = [(*sorted(one.pipelines), one.when) for one in after_runs(pipeline)]
    if len(set(names)) < len(names):
        yield Mistake("triggers", "each AfterRun once", "one of them twice", "Drop all but one.")


def _check(where: str, pipeline: Pipeline, trigger: AfterRun) -> Iterator[Mistake]:
    names = trigger.pipelines
    if not names or len(names) > MAX_UPSTREAM or not all(isinstance(one, str) for one in names):
        fix = 'Write AfterRun("flight-delays").'
        yield Mistake(where, f"the names of 1 to {MAX_UPSTREAM} pipelines", repr(names), fix)
        return
    if len(set(names)) < len(names) or pipeline.name in names:
        fix = "Name each pipeline once, and not this one."
        yield Mistake(where, "other pipelines, each once", ", ".join(names), fix)


def after_runs(pipeline: Pipeline) -> list[AfterRun]:
    """Return the AfterRun triggers of a pipeline whose names are texts."""
    found = [one for one in listed(pipeline.triggers) if isinstance(one, AfterRun)]
    return [one for one in found if all(isinstance(name, str) for name in one.pipelines)]


def upstream_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the names of the pipelines that start this one."""
    return tuple(dict.fromkeys(name for one in after_runs(pipeline) for name in one.pipelines))


def check_chains(pipelines: Mapping[str, Pipeline]) -> Iterator[Mistake]:
    """Yield the names that are no pipeline's, the cycles, and the joins without a key; ``pipelines`` by their
    files.
    """
    by_name = {str(one.name): one for one in pipelines.values()}
    for source, pipeline in pipelines.items():
        for unknown in (name for name in upstream_of(pipeline) if name not in by_name):
            nearest = get_close_matches(unknown, by_name, n=1)
            fix = f"Did you mean {nearest[0]!r}?" if nearest else "Correct the name."
            yield Mistake(f"{source}: AfterRun", "the name of a pipeline of this project", repr(unknown), fix)
        for trigger in after_runs(pipeline):
            yield from _check_key(source, trigger, by_name)
    yield from _cycles(by_name)


def _check_key(source: str, trigger: AfterRun, by_name: Mapping[str, Pipeline]) -> Iterator[Mistake]:
    upstream = [by_name[name] for name in trigger.pipelines if name in by_name]
    yield from _check_names(source, trigger.by or (), upstream)
    if trigger.joins and trigger.by is None and upstream and not key_names(trigger, upstream):
        yield from _check_common(source, upstream)


def _check_common(source: str, upstream: Sequence[Pipeline]) -> Iterator[Mistake]:
    """Yield one mistake for pipelines with keys that have no name in common."""
    keys = {str(one.name): sorted(partition_names(one)) for one in upstream}
    if any(keys.values()):
        given = "; ".join(f"{one}: {', '.join(names) or 'none'}" for one, names in keys.items())
        fix = 'Write by="date", or by=[] for the newest results of each.'
        yield Mistake(f"{source}: AfterRun", "partition keys with a name in common, or by=", given, fix)


def _check_names(source: str, names: Iterable[str], upstream: Iterable[Pipeline]) -> Iterator[Mistake]:
    """Yield the names of ``by`` that the key of a pipeline never has."""
    fix = "Name what the partition keys of all of them have: docs/chains.md."
    for pipeline in upstream:
        known = partition_names(pipeline)
        for name in () if ANY in known else names:
            if name not in known:
                expected = f"a name in the key of {pipeline.name}"
                yield Mistake(f"{source}: AfterRun.by", expected, repr(name), fix)


def key_names(trigger: AfterRun, upstream: Iterable[Pipeline]) -> tuple[str, ...]:
    """Return the names by which runs of these pipelines belong together."""
    if trigger.by is not None:
        return trigger.by
    known = [names for names in map(partition_names, upstream) if ANY not in names]
    return tuple(sorted(frozenset.intersection(*known))) if known else ()


def _cycles(by_name: Mapping[str, Pipeline]) -> Iterator[Mistake]:
    """Yield one mistake for the pipelines that start one another: what is left when all others are taken."""
    waiting = {name: {one for one in upstream_of(found) if one in by_name} for name, found in by_name.items()}
    while free := [name for name, upstream in waiting.items() if not upstream]:
        for name in free:
            del waiting[name]
        for upstream in waiting.values():
            upstream.difference_update(free)
    if waiting:
        fix = "Drop one of the AfterRun triggers: they would start one another for ever."
        yield Mistake("AfterRun", "chains without a circle", " and ".join(sorted(waiting)), fix)
