"""Which ends of jobs need no look at their run; and what takes that back when events come out of order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.decision import decide
from sluice.run.following import asks_for_nothing, followed, overtaken, own_follow_up, words_needed
from sluice.run.state import FollowUp, GenerationSpec, StepRecord, StepState
from sluice.run.submission import Submission
from tests.sluice.graphs import pipeline, pipelines, step, word_count

WORDS = word_count()


def submissions(graph: CompiledPipeline, *names: str, empty: str = "") -> dict[str, Submission]:
    """Return the submission of these steps together."""
    return {name: Submission(graph.step(name), 0 if name == empty else 3) for name in names}


def test_all_but_the_last_step_of_a_chain_are_followed() -> None:
    """What Batch starts behind them ends later; the end of the last one ends the run."""
    together = submissions(WORDS, "count", "rank", "merge", "cleanup")
    assert followed(WORDS, together) == {"count", "rank"}


@pytest.mark.parametrize("missing", ["merge", "cleanup"])
def test_a_step_is_not_followed_where_something_downstream_is_yet_to_be_submitted(missing: str) -> None:
    """Its end may be what that waits for."""
    names = [name for name in ("count", "rank", "merge", "cleanup") if name != missing]
    assert followed(WORDS, submissions(WORDS, *names)) == set()


def test_a_step_is_not_followed_by_steps_without_work() -> None:
    """A step that has nothing to do has no job whose end would come."""
    graph = pipeline(step("a"), step("b", Kind.ARRAY, after=("a",), size=3))
    assert followed(graph, submissions(graph, "a", "b", empty="b")) == set()


@pytest.mark.parametrize("more", [{"finished": (("a", 0.5),)}, {"always": ("a",)}])
def test_a_step_is_not_followed_by_one_that_waits_outside_of_batch(more: dict[str, object]) -> None:
    """That is submitted when it has ended, by the advance that its end calls for."""
    graph = pipeline(step("a", Kind.ARRAY, size=3), replace(step("b"), **more))  # type: ignore[arg-type]
    assert followed(graph, submissions(graph, "a", "b")) == set()


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (WORDS, FollowUp.NONE_WITH_ITEMS),
        (pipeline(step("split", Kind.PLAN)), FollowUp.ADVANCE),
        (
            pipeline(
                step("split", Kind.PLAN),
                step("count", Kind.ARRAY, items_of="split"),
                step("last", always=("split",)),
            ),
            FollowUp.ADVANCE,
        ),
    ],
    ids=["its items are worked on", "alone", "a step waits for its end"],
)
def test_the_end_of_a_plan_asks_for_nothing_where_its_items_are_worked_on(
    graph: CompiledPipeline, expected: FollowUp
) -> None:
    """Their announcement has the run advanced; but not where there are none, and it may end the run."""
    assert own_follow_up(graph.step("split"), graph) is expected
    record = StepRecord(name="split", state=StepState.CLAIMED, follow_up=expected, manifest="m")
    assert asks_for_nothing(replace(record, items=3)) is (expected is FollowUp.NONE_WITH_ITEMS)
    assert not asks_for_nothing(replace(record, items=0))


def test_a_step_that_is_overtaken_asks_again() -> None:
    """The end of rank came before that of count: then nobody else may look at the run after count's."""
    live = {
        name: StepRecord(name=name, state=StepState.CLAIMED, job_id=name, follow_up=FollowUp.NONE)
        for name in ("count", "rank", "cleanup")
    }
    assert overtaken(WORDS, live) == []
    rank = replace(live["rank"], state=StepState.SUCCEEDED)
    assert [one.name for one in overtaken(WORDS, {**live, "rank": rank})] == ["count"]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (step("a", supervised=True), 3),
        (step("a"), 0),
        (step("a", Kind.PLAN, supervised=True), None),
        (step("a", Kind.CLEANUP), 0),
    ],
    ids=["supervised", "a command", "a plan", "cleanup"],
)
def test_the_words_that_prove_a_success(one: CompiledStep, words: int | None) -> None:
    """One of each child, none of what has no supervisor; a plan has its manifest."""
    assert words_needed(Submission(one, 3)) == words


def test_words_alone_prove_no_part_of_an_array_whose_items_are_counted() -> None:
    """What failed in the children that are not repeated counts too: a person repeated the child that was
    killed, and the run forgot the item that had failed in another one.
    """
    part = GenerationSpec(children="0")
    array = step("a", Kind.ARRAY, supervised=True, continues=True)
    assert words_needed(Submission(array, 3)) == 3
    assert words_needed(Submission(array, 1, spec=part)) is None
    assert words_needed(Submission(replace(array, continues=False), 1, spec=part)) == 1


@given(pipelines())
def test_quiet_ends_leave_nothing_undone(graph: CompiledPipeline) -> None:
    """Whatever the shape: as long as the run goes on, nothing could be submitted after a quiet end, and some
    job is left whose end is not quiet.
    """
    found = decide(graph, {}).submissions
    together = {one.step.name: one for one in found}
    quiet = followed(graph, together)
    records = {
        one.step.name: StepRecord(
            name=one.step.name,
            state=StepState.SUBMITTED if one.children else StepState.EMPTY,
            job_id=one.step.name,
            children=one.children,
        )
        for one in found
    }
    for name in [one.step.name for one in found if one.step.name in quiet]:
        records[name] = replace(records[name], state=StepState.SUCCEEDED)
        assert decide(graph, records).submissions == ()
    loud = [one for one in found if one.children and one.step.name not in quiet]
    assert loud or not quiet
