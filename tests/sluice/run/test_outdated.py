"""What saw a failure that is repeated is done anew, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.failures import outdated
from sluice.run.failures.outdated import (
    begun_anew,
    has_objects,
    lacking,
    outdated_steps,
    repeated_in_part,
)
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from tests.sluice.graphs import RUN_ID, following, pipeline, step

START = step("start", Kind.START)
FILES = step("files", Kind.PLAN, after=("start",), of_uploads=True)
READ = step("read", Kind.ARRAY, size=4)
SCORE = step("score", Kind.ARRAY, size=4, each="read")
REPORT = step("report", finished=(("score", 0.5),))
STRICT = step("strict", after=("read",))
MAIL = step("mail", always=("strict",))
PUBLISH = step("publish", after=("report",))
PAGES = step("pages", Kind.ARRAY, size=2, after=("a",))
DONE, FAILED, LIVE = StepState.SUCCEEDED, StepState.FAILED, StepState.SUBMITTED


def found(graph: CompiledPipeline, **states: StepState) -> dict[str, str]:
    """Return what is done anew in a run whose steps are like this; others never ran."""
    records = {name: StepRecord(name=name, state=state, job_id=name) for name, state in states.items()}
    return outdated_steps(StepGraph(graph), records)


@pytest.mark.parametrize(
    ("graph", "states", "anew"),
    [
        (pipeline(READ, step("a", always=("read",))), {"read": FAILED, "a": DONE}, {"a": "read"}),
        (pipeline(READ, step("a", always=("read",))), {"read": DONE, "a": FAILED}, {}),
        # A run that ended before ``strict`` could begin: what was mailed says that it never ran.
        (pipeline(READ, STRICT, MAIL), {"read": FAILED, "mail": DONE}, {"mail": "strict"}),
        # The plan of files was written with the run: it ran behind no start job, and has no job of its own.
        (pipeline(START, FILES, READ, step("a", always=("read",))), {"start": FAILED, "files": DONE}, {}),
        # All that waits for the failed items has tolerated them: they are not repeated.
        (
            pipeline(READ, SCORE, REPORT, step("other")),
            {"read": FAILED, "score": FAILED, "report": DONE, "other": FAILED},
            {},
        ),
        # Something needs all of them: then they are, and what tolerated them saw too few.
        (
            pipeline(READ, SCORE, REPORT, STRICT, PUBLISH),
            {"read": FAILED, "score": FAILED, "report": DONE, "publish": DONE},
            {"report": "score", "publish": "report"},
        ),
        (
            pipeline(READ, SCORE, REPORT, STRICT),
            {"read": FAILED, "score": FAILED, "report": LIVE},
            {"report": "score"},
        ),
        # It waits in AWS Batch for what failed, and fails with it: the event of that is under way.
        (pipeline(READ, STRICT), {"read": FAILED, "strict": LIVE}, {}),
        (
            pipeline(READ, SCORE, REPORT, STRICT, PUBLISH),
            {"read": FAILED, "score": FAILED, "report": DONE, "publish": LIVE},
            {"report": "score", "publish": "report"},
        ),
        # A part of its items was done behind the report of before.
        (
            pipeline(READ, step("a", always=("read",)), PAGES, step("b", after=("a",))),
            {"read": FAILED, "a": DONE, "pages": FAILED, "b": FAILED},
            {"a": "read", "pages": "a"},
        ),
    ],
    ids=[
        "always",
        "failed itself",
        "never ran",
        "a plan of files",
        "tolerated",
        "needed elsewhere",
        "live",
        "waits for what failed",
        "live behind what is outdated",
        "failed in part behind what is outdated",
    ],
)
def test_what_is_done_anew(
    graph: CompiledPipeline, states: dict[str, StepState], anew: dict[str, str]
) -> None:
    """Each with the step upstream that runs again."""
    assert found(graph, **states) == anew


def test_with_it_runs_again_what_it_alone_tolerated() -> None:
    """And then what tolerated that, too."""
    other = step("other", Kind.ARRAY, size=2)
    both = step("both", finished=(("other", 0.5),), always=("read",))
    third = step("third", always=("other",))
    states = {"read": FAILED, "other": FAILED, "both": DONE, "third": DONE}
    assert found(pipeline(READ, other, both, third), **states) == {"both": "read", "third": "other"}


def test_only_arrays_and_plans_leave_what_a_later_generation_would_take() -> None:
    """One without items has left nothing."""
    ran, empty = (StepRecord(name="read", state=DONE, job_id=job) for job in ("job", None))
    assert [has_objects(one, ran) for one in (READ, STRICT)] == [True, False]
    assert not has_objects(READ, empty)


SPLIT = step("split", Kind.PLAN)
TOLERANT = step("read", Kind.ARRAY, items_of="split", continues=True)
FOLLOWING = following("score", TOLERANT, continues=True, returns=True)
RANKED = following("rank", FOLLOWING, continues=True, returns=True)


def of_run(graph: CompiledPipeline, records: dict[str, StepRecord], state: RunState = RunState.FAILED) -> Run:
    """Return a run that has ended, with these records."""
    steps = {name: replace(record, name=name, job_id=name, children=3) for name, record in records.items()}
    return Run(run_id=RUN_ID, pipeline=graph, trigger={}, created_at="", state=state, steps=steps)


def ended(state: StepState, failed_items: int = 0) -> StepRecord:
    """Return the record of an array that has ended without some of its items."""
    return StepRecord(name="", state=state, failed_items=failed_items)


def test_what_follows_child_by_child_is_repeated_where_items_failed() -> None:
    """Also what follows that; the others of their children would do the same once more (seed 1000210)."""
    last = step("last", finished=(("rank", 0.5), ("read", 0.9)))
    run = of_run(
        pipeline(SPLIT, TOLERANT, FOLLOWING, RANKED, step("a", always=("read",)), last),
        {
            "split": ended(DONE),
            "read": ended(FAILED, 1),
            "score": ended(DONE, 1),
            "rank": ended(DONE, 1),
            "a": ended(DONE),
        },
    )
    assert (lacking(run), repeated_in_part(run)) == (["score", "rank"], ["score", "rank"])
    assert begun_anew(run) == ["a"]


@pytest.mark.parametrize(
    ("graph", "more"),
    [
        (pipeline(SPLIT, TOLERANT, following("score", TOLERANT, continues=True, returns=False)), {}),
        (
            pipeline(
                SPLIT,
                TOLERANT,
                step("a", always=("read",)),
                following("score", TOLERANT, continues=True, returns=True, after=("a",)),
            ),
            {"a": ended(DONE)},
        ),
        (
            pipeline(
                SPLIT,
                TOLERANT,
                step("other", Kind.ARRAY, size=2, continues=True),
                following("score", TOLERANT, continues=True, returns=True, always=("other",)),
            ),
            {"other": ended(FAILED, 1)},
        ),
    ],
    ids=["commands", "behind what begins anew", "behind another failure"],
)
def test_what_also_waits_for_something_else_that_runs_again_begins_anew(
    graph: CompiledPipeline, more: dict[str, StepRecord]
) -> None:
    """And so does an array whose children cannot run again in part."""
    records = {"split": ended(DONE), "read": ended(FAILED, 1), "score": ended(DONE, 1)}
    run = of_run(graph, records | more)
    assert (lacking(run), repeated_in_part(run)) == ([], [])
    assert begun_anew(run)[-1] == "score"


def test_what_lacks_items_behind_what_begins_anew_begins_anew_in_a_run_that_succeeded() -> None:
    """Both would be written to one record."""
    report = step("report", finished=(("read", 0.5),))
    pages = step("pages", Kind.ARRAY, size=3, continues=True, after=("report",))
    run = of_run(
        pipeline(SPLIT, TOLERANT, report, pages, step("last", finished=(("pages", 0.5),))),
        {
            "split": ended(DONE),
            "read": ended(DONE, 1),
            "report": ended(DONE),
            "pages": ended(DONE, 1),
            "last": ended(DONE),
        },
        RunState.SUCCEEDED,
    )
    assert (lacking(run), repeated_in_part(run)) == (["read", "pages"], ["read"])
    assert begun_anew(run) == ["report", "pages", "last"]


def test_a_chain_of_300_arrays_is_gone_through_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each: what follows one that is repeated in part is found with it."""
    looks: list[int] = []

    def look(graph: StepGraph, records: dict[str, StepRecord]) -> dict[str, str]:
        looks.append(1)
        return outdated_steps(graph, records)

    chain = [TOLERANT]
    for number in range(300):
        chain.append(following(f"a{number}", chain[-1], continues=True, returns=True))
    records = {one.name: ended(DONE, 1) for one in chain} | {"split": ended(DONE), "read": ended(FAILED, 1)}
    monkeypatch.setattr(outdated, "outdated_steps", look)
    assert lacking(of_run(pipeline(SPLIT, *chain), records)) == [one.name for one in chain[1:]]
    assert len(looks) == 2
