"""What failed runs again and nothing else does, whatever the graph, the failures, and the order in which
anything is reported.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import RunState, StepState
from tests.sluice.graphs import following, pipeline, step
from tests.sluice.simulated import Simulation

NEVER = 10**9


def forgiving(random: Random) -> CompiledPipeline:
    """Return a random valid pipeline whose steps run again by themselves, and bear what fails before them."""
    steps: list[CompiledStep] = []
    for number in range(random.randint(1, 9)):
        steps.append(_forgiving(_drawn(f"s{number}", steps, random), steps, random))
    waited_for = {parent for one in steps for parent in one.parents}
    return pipeline(
        *steps,
        step("cleanup", Kind.CLEANUP, after=tuple(one.name for one in steps if one.name not in waited_for)),
    )


def _drawn(name: str, steps: list[CompiledStep], random: Random) -> CompiledStep:
    plans, arrays = ([one for one in steps if one.kind is kind] for kind in (Kind.PLAN, Kind.ARRAY))
    kind = random.choice(
        ["job", "plan", "size", *(["items"] * 2 if plans else []), *(["each"] * 3 if arrays else [])]
    )
    if kind == "items":
        return step(
            name, Kind.ARRAY, items_of=random.choice(plans).name, items_per_child=random.randint(1, 2)
        )
    if kind == "size":
        return step(name, Kind.ARRAY, size=random.randint(1, 5), sequential=random.random() < 0.2)
    if kind == "each":
        return following(name, random.choice(arrays), random.sample(arrays, random.randint(0, len(arrays))))
    return step(name, Kind.PLAN if kind == "plan" else Kind.JOB)


def _forgiving(one: CompiledStep, before: list[CompiledStep], random: Random) -> CompiledStep:
    others = [other for other in before if other.name not in one.needs]
    chosen = random.sample(others, min(len(others), random.choice([0, 1, 1, 2, 3])))
    how = {other.name: random.choice(_dependencies(other)) for other in chosen}
    return replace(
        one,
        times=random.choice([0, 0, 1, 2]),
        reclaimed=random.choice([0, 1]),
        unhandled_faults=random.choice([(), ("DockerTimeoutError",)]),
        fault_times=2,
        returns=one.kind is not Kind.ARRAY or random.random() < 0.9,
        after=tuple(_names(how, "after")),
        always=tuple(_names(how, "always")),
        finished=tuple((name, random.choice([0.3, 0.5, 1.0])) for name in _names(how, "finished")),
    )


def _names(how: dict[str, str], word: str) -> list[str]:
    return [name for name, found in how.items() if found == word]


def _dependencies(other: CompiledStep) -> list[str]:
    """Return how a step may wait for another, each as often as it is to be drawn."""
    tolerant = ["finished"] * 2 if other.kind is Kind.ARRAY else []
    return ["after", "after", "always", *tolerant]


def failing(random: Random, share: float, forever: float) -> dict[tuple[str, int], int]:
    """Return a store of how many tries of each child fail."""
    return _Failures(random, share, forever)


class _Failures(dict[tuple[str, int], int]):
    def __init__(self, random: Random, share: float, forever: float) -> None:
        super().__init__()
        self._random, self._share, self._forever = random, share, forever

    def __missing__(self, key: tuple[str, int]) -> int:
        if self._random.random() >= self._share:
            self[key] = 0
        else:
            self[key] = NEVER if self._random.random() < self._forever else self._random.choice([1, 1, 2, 3])
        return self[key]


def ended(seed: int) -> None:
    """Run a random pipeline with random failures to its end, and once more, mended, when it fails."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    graph = forgiving(random)
    failures = failing(random, random.choice([0, 0.1, 0.4]), random.choice([0, 0.5]))
    items = random.choice([0, 1, 2, 5])
    reclaims = random.choice([0, 0, 0.2])
    harness = Simulation(
        graph,
        random,
        lambda name, child, tried: tried < failures[name, child],
        items=items,
        reclaims=reclaims,
        faults=random.choice([0, 0, 0.2]),
    )
    harness.run()
    work = [one for one in graph.steps if one.kind is not Kind.CLEANUP]
    fatal = [one.name for one in work if harness.complete(one) < 1 and not harness.tolerated(one)]
    assert harness.outcome is (RunState.FAILED if fatal else RunState.SUCCEEDED), fatal
    _assert_that_what_always_runs_has_ended(work, harness)
    if fatal:
        harness.fails, harness.reopened = lambda name, child, tried: False, 1
        harness.reclaims = harness.faults = 0
        harness.run()
        assert harness.outcome is RunState.SUCCEEDED
    assert all(
        count == 1 or graph.step(name).is_retried_whole for (name, _), count in harness.done.items() if count
    )


def _assert_that_what_always_runs_has_ended(work: list[CompiledStep], harness: Simulation) -> None:
    over = (StepState.SUCCEEDED, StepState.FAILED, StepState.EMPTY)
    for one in work:
        if one.always and not one.needs and not one.finished:
            assert harness.ledger[one.name].state in over, f"{one.name} always runs"


def mended(seed: int) -> None:
    """Run a random pipeline whose children fail no more often than they may."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    graph = pipeline(*(replace(one, sequential=False) for one in forgiving(random).steps))
    times = {one.name: one.times for one in graph.steps}
    failures = _Failures(random, 0.4, 0)
    harness = Simulation(
        graph, random, lambda name, child, tried: tried < min(failures[name, child], times[name])
    )
    harness.run()
    assert harness.outcome is RunState.SUCCEEDED
    assert all(harness.complete(one) == 1 for one in graph.steps if one.kind is not Kind.CLEANUP)


@settings(deadline=None, max_examples=250)
@given(seed=st.integers(0, 2**32))
@example(seed=857)  # Each child of a command succeeds once, but never all of them in one generation.
def test_a_run_ends_as_its_graph_says_and_then_a_mended_one_succeeds(seed: int) -> None:
    """Every child does its work once; nothing is submitted while an older generation lives; a run that failed
    can be run to its end.
    """
    ended(seed)


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_what_fails_no_more_often_than_it_may_is_mended_without_a_person(seed: int) -> None:
    """With as many tries as failures the run succeeds, and everything is done."""
    mended(seed)
