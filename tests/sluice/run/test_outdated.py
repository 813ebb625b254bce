"""What saw a failure that is repeated is done anew, and nothing else is."""

from __future__ import annotations

import pytest

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.failures.outdated import has_objects, outdated_steps
from sluice.run.state import StepRecord, StepState
from sluice.run.step_graph import StepGraph
from tests.sluice.graphs import pipeline, step

START = step("start", Kind.START)
FILES = step("files", Kind.PLAN, after=("start",), of_uploads=True)
READ = step("read", Kind.ARRAY, size=4)
SCORE = step("score", Kind.ARRAY, size=4, each="read")
REPORT = step("report", finished=(("score", 0.5),))
STRICT = step("strict", after=("read",))
MAIL = step("mail", always=("strict",))
PUBLISH = step("publish", after=("report",))
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
