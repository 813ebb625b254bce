"""Random pipelines, and what their functions do: everything that the simulation knows of a run without asking
the ledger.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sluice.errors import PipelineError
from sluice.pipeline.after import Finished, Resubmit, always, finished, needed
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import (
    Array,
    FileSet,
    Job,
    Pipeline,
    Plan,
    S3Upload,
    Step,
)
from sluice.pipeline.validation import validate
from sluice.pipeline.validation.chains import check_chains
from sluice.run.compiled import CompiledPipeline, Kind
from tests.simulation.ways_in.drawn import as_of_now, drawn_order, drawn_trigger

FUNCTIONS = "tests.simulation.steps"
DEFINITIONS = {kind: f"sluice-simulated-{kind}" for kind in ("plan", "work", "fan-in", "command", "backfill")}
OWN_DEFINITIONS = {kind: f"sluice-simulated-{kind}" for kind in ("cleanup", "gate", "start")}
_MOST_STEPS, _MOST_ITEMS, _MANY_PARENTS = 6, 6, 23
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the function of a step does beside its work: items (0 for a job) that fail in the first
    generations, and items that always fail.
    """

    fails_once: frozenset[int] = frozenset()
    fails_always: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Script:
    """A pipeline with what its functions do."""

    pipeline: Pipeline
    behaviours: Mapping[str, Behaviour]

    @property
    def name(self) -> str:
        """Return the pipeline's name."""
        return str(self.pipeline.name)

    @property
    def gathers(self) -> bool:
        """Return whether its files are gathered into groups."""
        return any(isinstance(one, S3Upload) and one.gathers for one in self.pipeline.triggers)

    @cached_property
    def compiled(self) -> CompiledPipeline:
        """Return the pipeline as a deploy compiles it that has no other one behind it."""
        return self.compiled_as(False)

    def compiled_as(self, followed: bool) -> CompiledPipeline:
        """Return the pipeline as a deploy compiles it; ``followed`` says that others come after its runs."""
        steps = {step.name: DEFINITIONS[_function(step)] for step in self.pipeline.steps}
        own = OWN_DEFINITIONS
        definitions = JobDefinitions(
            steps=steps, cleanup=own["cleanup"], gate=own["gate"], start=own.get("start", "")
        )
        return compile_pipeline(self.pipeline, definitions, followed=followed)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """Return the steps that its author wrote."""
        return {step.name: step for step in self.pipeline.steps}

    def behaviour(self, step: str) -> Behaviour:
        """Return what a step's function does."""
        return self.behaviours.get(step, Behaviour())

    def source(self, array: str) -> Array:
        """Return the array at the head of a chain of arrays that follow each other child by child."""
        step = self.steps[array]
        assert isinstance(step, Array)
        return self.source(step.follows[0]) if step.follows else step

    def items(self, array: str, mark: str, files: list[Value], attempt: Callable[[str], str]) -> list[Value]:
        """Return the items of an array in a run; ``files`` are those of a group, and ``attempt`` returns the
        attempt of a plan that counts.
        """
        head = self.source(array)
        if head.items_of is None:
            return [{"index": index} for index in range(head.size or 0)]
        plan = self.steps[head.items_of]
        assert isinstance(plan, Plan)
        return files if plan.of_uploads else list(planned(plan.name, mark, attempt(plan.name)))

    def value(self, array: str, number: int, item: Value) -> int:
        """Return what an array's function returns for an item."""
        step = self.steps[array]
        assert isinstance(step, Array)
        before = {name: self.value(name, number, item) for name in step.follows}
        return worked(array, number, item, before)

    def read_by(self, job: str) -> tuple[str, ...]:
        """Return the arrays whose results a fan-in reads: all functions upstream of it."""
        upstream: set[str] = set()
        waiting = [job]
        parents = self.compiled.parents()
        while waiting:
            for parent in parents[waiting.pop()]:
                if parent not in upstream:
                    upstream.add(parent)
                    waiting.append(parent)
        return tuple(
            step.name
            for step in self.compiled.steps
            if step.kind is Kind.ARRAY and step.returns and step.name in upstream
        )

    def behind_failures(self) -> frozenset[str]:
        """Return the steps that may have run behind a failure: those that tolerate one, and those downstream
        of them.
        """
        found: set[str] = set()
        for step in self.compiled.steps:
            own = self.steps.get(step.name)
            if not found.isdisjoint(step.parents) or (own is not None and _tolerates(own)):
                found.add(step.name)
        return frozenset(found)

    def tolerable(self) -> frozenset[str]:
        """Return the arrays that may fail in a run that succeeds: those whose failure is tolerated, and those
        upstream of them.
        """
        found = {one.step for step in self.pipeline.steps for one in step.after if isinstance(one, Finished)}
        changed = True
        while changed:
            more = {name for array in found for name in self.compiled.step(array).needs}
            changed = not more <= found
            found |= more
        return frozenset(found)


def _tolerates(step: Step) -> bool:
    return any(not isinstance(one, str) for one in step.after)


def planned(step: str, mark: str, attempt: str) -> Iterator[Value]:
    """Yield the items that an attempt of a plan finds in a run: each finds others, as one does that lists a
    bucket which others write.
    """
    for number in range(_number(step, mark, attempt) % (_MOST_ITEMS + 1)):
        yield {"of": mark, "by": attempt, "piece": number}


def worked(step: str, number: int, item: Value, before: Mapping[str, Any]) -> int:
    """Return what a function makes of an item and of what the arrays before returned for it."""
    return _number(
        step, str(number), json.dumps(item, sort_keys=True), *(str(before[name]) for name in sorted(before))
    )


def _number(*parts: str) -> int:
    return zlib.crc32("|".join(parts).encode())


def _function(step: Step) -> str:
    if step.command is not None:
        return "command"
    return {Plan: "plan", Array: "work"}.get(type(step), "fan-in")


@dataclass
class Author:
    """Writes random pipelines."""

    draw: random.Random
    others: tuple[Pipeline, ...] = ()
    """The pipelines behind whose runs those of this one may start."""
    steps: list[Step] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    @classmethod
    def write(cls, draw: random.Random, number: int, others: tuple[Pipeline, ...] = ()) -> Script:
        """Return a legal pipeline: what validation refuses is written anew."""
        while True:
            try:
                return cls(draw, others)._written(f"simulated-{number}")
            except PipelineError:
                continue

    @classmethod
    def write_all(cls, draw: random.Random, number: int) -> Iterator[Script]:
        """Yield so many pipelines, some of which start behind runs of one before."""
        written: list[Pipeline] = []
        for _ in range(number):
            script = cls.write(draw, len(written), tuple(written))
            yield script
            written.append(script.pipeline)

    def _written(self, name: str) -> Script:
        draw = self.draw
        trigger = drawn_trigger(draw, name, self.others)
        if isinstance(trigger, FileSet) or (isinstance(trigger, S3Upload) and trigger.gathers):
            self.steps.append(Plan("files"))
        elif draw.random() < 0.7:
            self.steps.append(Plan("plan", run=f"{FUNCTIONS}:plan"))
        for position in range(draw.randint(1, _MOST_STEPS)):
            self._add_step(f"s{position}")
        if draw.random() < 0.05:
            self._add_many()
        if draw.random() < 0.7 and self._arrays():
            self._add_fan_in("merge")
        pipeline = Pipeline(
            name=name,
            triggers=[trigger],
            steps=self.steps,
            submit_from="start-job" if draw.random() < 0.15 else "lambda",
            keep_failed=draw.choice((1, 2, 7)),
            **drawn_order(draw, trigger),
        )
        validate(as_of_now(pipeline), name)
        self._check_chains(pipeline)
        return Script(pipeline, self.behaviours)

    def _check_chains(self, pipeline: Pipeline) -> None:
        known = {str(one.name): one for one in (*self.others, pipeline)}
        if mistakes := tuple(check_chains(known)):
            raise PipelineError(str(pipeline.name), mistakes)

    def _arrays(self) -> list[Array]:
        return [step for step in self.steps if isinstance(step, Array)]

    def _add_step(self, name: str) -> None:
        draw = self.draw
        plans = [step.name for step in self.steps if isinstance(step, Plan)]
        kinds = ["sized", "job", *(["items"] * 3 if plans else []), *(["each"] * 2 if self._arrays() else [])]
        kind = draw.choice(kinds)
        common: Any = {"after": self._after(), "retries": self._retries()}
        if draw.random() < 0.2:
            common["on_error"] = "stop"
        if kind == "job":
            self._add_fan_in(name)
            return
        if kind == "items":
            step = Array(
                name,
                run=f"{FUNCTIONS}:work",
                items_of=draw.choice(plans),
                items_per_child=draw.randint(1, 3),
                **common,
            )
        elif kind == "sized":
            step = Array(
                name,
                run=f"{FUNCTIONS}:work",
                size=draw.randint(1, _MOST_ITEMS),
                items_per_child=draw.randint(1, 3),
                sequential=draw.random() < 0.2,
                **common,
            )
        else:
            step = Array(name, run=f"{FUNCTIONS}:work", each=self._followed(), **common)
        self.behaviours[name] = self._behaviour(step)
        self.steps.append(step)

    def _followed(self) -> Any:
        arrays = self._arrays()
        first = self.draw.choice(arrays)
        alike = [one.name for one in arrays if one is not first and self._head(one) is self._head(first)]
        return [first.name, alike[0]] if alike and self.draw.random() < 0.3 else first.name

    def _head(self, array: Array) -> Array:
        by_name = {step.name: step for step in self._arrays()}
        return self._head(by_name[array.follows[0]]) if array.follows else array

    def _after(self) -> list[Any]:
        draw = self.draw
        names = [step.name for step in self.steps if not (isinstance(step, Plan) and step.of_uploads)]
        if not names or draw.random() < 0.6:
            return []
        return draw.sample(names, draw.randint(1, min(2, len(names))))

    def _retries(self) -> Resubmit | None:
        draw = self.draw
        if draw.random() < 0.6:
            return None
        memory = draw.choice(([], [], [4096, 8192]))
        return Resubmit(times=draw.randint(1, 2), reclaimed=draw.choice((None, None, 2)), memory=memory)

    def _behaviour(self, step: Array) -> Behaviour:
        draw = self.draw
        items = range(_MOST_ITEMS)
        once = frozenset(draw.sample(items, 2)) if step.retries and draw.random() < 0.5 else frozenset()
        for_ever = frozenset(draw.sample(items, 2)) if draw.random() < 0.12 else frozenset()
        return Behaviour(once, for_ever)

    def _add_fan_in(self, name: str) -> None:
        draw, arrays = self.draw, self._arrays()
        after: list[Any] = []
        for array in draw.sample(arrays, min(len(arrays), draw.randint(1, 2))) if arrays else []:
            fails = self.behaviours.get(array.name, Behaviour()).fails_always
            tolerates = draw.random() * (0.4 if fails else 1.0)
            after.append(
                self._finished(array.name)
                if tolerates < 0.3
                else always(array.name)
                if tolerates < 0.45
                else array.name
            )
        if draw.random() < 0.12:
            self.steps.append(
                Job(name, command=["true"], image="public.ecr.aws/docker/library/busybox:1", after=after)
            )
            return
        once = frozenset({0}) if draw.random() < 0.1 else frozenset[int]()
        retries = Resubmit(times=1) if once or draw.random() < 0.2 else None
        self.behaviours[name] = Behaviour(fails_once=once)
        self.steps.append(Job(name, run=f"{FUNCTIONS}:fan_in", after=after, retries=retries))

    def _finished(self, array: str) -> Finished:
        draw = self.draw
        if draw.random() < 0.3:
            return finished(array, at_most=draw.randint(0, 3))
        return finished(array, at_least=draw.choice((0.01, 0.5, 0.8)))

    def _add_many(self) -> None:
        """Add more jobs than one can wait for: gates come between."""
        names = [f"many-{number}" for number in range(_MANY_PARENTS)]
        self.steps += [Job(name, run=f"{FUNCTIONS}:fan_in") for name in names]
        self.steps.append(Job("gathered", run=f"{FUNCTIONS}:fan_in", after=[*names]))


def needed_of(step: Step) -> tuple[str, ...]:
    """Return the steps without whose success a step does not run, by what its author wrote."""
    followed = (*step.follows, *([step.items_of] if step.items_of else [])) if isinstance(step, Array) else ()
    return tuple(dict.fromkeys([*followed, *needed(step.after)]))
