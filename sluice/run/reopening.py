"""What changes of a run that has ended when it goes on with other code: which of its steps still mean the
same. Pure. See docs/decisions/0042.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.failures.outdated import as_failed, has_objects, outdated_steps
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph

_ADDED = (Kind.GATE, Kind.START, Kind.CLEANUP)
"""What Sluice adds by itself, and does no work of the user's."""
_SAME_OF_ARRAY = ("items_of", "size", "each", "returns")
"""What says which item is whose: a child's slice is a stretch of the items of its plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """What is written when a run goes on: another pipeline, plans of it that are done, steps that begin anew,
    and steps that are not there any more. ``lost`` are those of both of which something was done.
    ``outdated`` begin anew because they saw an end of another step that is not its last. ``repeated`` are
    arrays that had succeeded without some items, with the children that these belong to.
    """

    pipeline: CompiledPipeline | None = None
    added: tuple[StepRecord, ...] = ()
    discarded: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


UNCHANGED = Reopening()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A step of a run that is another one in the code of now; ``loses`` says whether that throws something
    away that is done.
    """

    step: str
    what: str
    loses: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run's pipeline and its steps against another compiled form of the pipeline; ``lacking`` are the
    arrays that succeeded without some items, which a retry repeats.
    """

    old: CompiledPipeline
    new: CompiledPipeline
    records: Mapping[str, StepRecord]
    lacking: Collection[str] = ()

    def differences(self) -> list[Difference]:
        """Return the steps that the run has records of and that mean something else now, in topological
        order; also what stands downstream of something that is thrown away.
        """
        found = {one.step: one for one in self._own()}
        anew = {name for name, one in found.items() if one.loses}
        outdated = outdated_steps(StepGraph(self.old), as_failed(self.records, self.lacking))
        for name, again in outdated.items():
            what = f"{again}, upstream of it, runs again"
            # A job that only saw too much fail is not lost: nothing but its newer end could be wanted.
            loses = has_objects(self.old.step(name), self.records[name])
            found.setdefault(name, Difference(step=name, what=what, loses=loses))
        anew |= outdated.keys()
        for step in self.new.steps:
            cause = self._cause(step, anew)
            if cause is not None:
                anew.add(step.name)
                loses, what = self._has_work(step.name), f"{cause}, upstream of it, begins anew"
                found.setdefault(step.name, Difference(step=step.name, what=what, loses=loses))
        return [found[step] for step in self._order() if step in found]

    def _cause(self, step: CompiledStep, anew: Collection[str]) -> str | None:
        """Return the parent for which a step begins anew that the run has a record of."""
        if step.name not in self.records or step.kind in _ADDED:
            return None
        return next((name for name in step.parents if name in anew), None)

    def reopening(
        self, added: tuple[StepRecord, ...], failing: tuple[tuple[str, str], ...] = ()
    ) -> Reopening:
        """Return what is to be written so that the run goes on with the new pipeline; ``failing`` are the
        children of the arrays that lack items to which these belong.
        """
        names = {step.name for step in self.new.steps}
        found = self.differences()
        others = [one.step for one in found]
        return Reopening(
            pipeline=self.new,
            added=added,
            discarded=tuple(filter(names.__contains__, others)),
            repeated=tuple(one for one in failing if one[0] in names.difference(others)),
            removed=tuple(name for name in self.records if name not in names),
            lost=tuple(one.step for one in found if one.loses),
        )

    def _order(self) -> list[str]:
        return list(dict.fromkeys([*(step.name for step in self.old.steps), *self._new_steps]))

    @property
    def _new_steps(self) -> dict[str, CompiledStep]:
        return {step.name: step for step in self.new.steps}

    def _own(self) -> Iterator[Difference]:
        """Yield the steps that are different themselves."""
        then, now, new_steps = _upstream(self.old), _upstream(self.new), self._new_steps
        for step in self.old.steps:
            if step.name not in self.records or step.kind in _ADDED:
                continue
            new = new_steps.get(step.name)
            if new is None:
                what = ["it is not in the deployed pipeline"]
            else:
                what = [*_changes(step, new), *_upstream_changes(then[step.name], now[step.name])]
            if what:
                yield Difference(step=step.name, what="; ".join(what), loses=self._has_work(step.name))

    def _has_work(self, name: str) -> bool:
        """Return whether something of a step is done: the whole of it, or items of an array that failed."""
        record, step = self.records[name], self.old.step(name)
        if record.state is StepState.EMPTY or record.discarded:
            return False
        return record.done or (step.kind is Kind.ARRAY and record.job_id is not None)


def _changes(old: CompiledStep, new: CompiledStep) -> Iterator[str]:
    """Yield how a step itself is another one."""
    if old.kind is not new.kind:
        yield f"it was of the kind {old.kind}, and is of the kind {new.kind}"
    elif old.kind is Kind.ARRAY:
        for name in _SAME_OF_ARRAY:
            if getattr(old, name) != getattr(new, name):
                yield f"its {name} was {_shown(getattr(old, name))}, and is {_shown(getattr(new, name))}"
    elif old.of_uploads is not new.of_uploads:
        yield "its items came from the uploads, and come from a job now, or the other way round"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _upstream(pipeline: CompiledPipeline) -> dict[str, dict[str, Kind]]:
    """Return the kinds of all steps upstream of each, by their names; without those that Sluice adds."""
    graph, kinds = StepGraph(pipeline), {step.name: step.kind for step in pipeline.steps}
    return {
        name: {one: kinds[one] for one in graph.upstream(name, tolerated=True) if kinds[one] not in _ADDED}
        for name in kinds
    }


def _upstream_changes(then: Mapping[str, Kind], now: Mapping[str, Kind]) -> Iterator[str]:
    for name in sorted(then.keys() | now.keys()):
        if name not in then:
            yield f"{name} is new upstream of it"
        elif name not in now:
            yield f"{name} is not upstream of it any more"
        elif then[name] is not now[name]:
            yield f"{name}, upstream of it, was of the kind {then[name]}, and is of the kind {now[name]}"
