"""What a run needs next, decided from the graph and the ledger alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.errors import LimitError, RefusedError
from sluice.limits import check_submit_job
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.decision import Decision, decide
from sluice.run.start_job import left_to_start_job
from sluice.run.state import GenerationSpec, ItemSource, RunState, StepRecord, StepState
from sluice.run.submission import Submission, Wait, children_of
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, pipelines, step, word_count

SUBMIT_JOB: Any = (
    botocore.session.get_session().get_service_model("batch").operation_model("SubmitJob").input_shape
)


def names(decision: Decision) -> list[str]:
    """Return the steps to submit."""
    return [submission.step.name for submission in decision.submissions]


def record(name: str, state: StepState = StepState.SUBMITTED, **more: Any) -> StepRecord:
    """Return a step with a job."""
    return StepRecord(name=name, state=state, job_id=more.pop("job_id", f"job-{name}"), **more)


def records(*some: StepRecord) -> dict[str, StepRecord]:
    """Return the ledger's steps by name."""
    return {one.name: one for one in some}


def planned(items: int, name: str = "split", state: StepState = StepState.SUBMITTED) -> StepRecord:
    """Return a plan that announced so many items."""
    return record(name, state, items=items, manifest="m")


def test_at_first_only_what_no_plan_stands_before_is_submitted() -> None:
    """The plan finds the size of everything behind it."""
    decision = decide(word_count(), {})
    assert names(decision) == ["split"]
    assert decision.outcome is RunState.RUNNING


def test_a_run_waits_for_the_cleanup_that_waits_for_the_items_of_a_plan() -> None:
    """Its last job may end before the message of a plan that nothing is downstream of; found by `make
    simulate`.
    """
    lonely = pipeline(
        step("split", Kind.PLAN), step("merge"), step("cleanup", Kind.CLEANUP, after=("split", "merge"))
    )
    done = records(record("split", StepState.SUCCEEDED), record("merge", StepState.SUCCEEDED))
    assert (names(decide(lonely, done)), decide(lonely, done).outcome) == ([], RunState.RUNNING)
    announced = {**done, "split": planned(4, state=StepState.SUCCEEDED)}
    assert (names(decide(lonely, announced)), decide(lonely, announced).outcome) == (
        ["cleanup"],
        RunState.SUCCEEDED,
    )


def test_a_plan_that_ended_without_announcing_its_items_lets_nothing_follow() -> None:
    """Batch's event can come before the plan's message."""
    assert names(decide(word_count(), records(record("split", StepState.SUCCEEDED)))) == []


def test_behind_a_plan_everything_is_submitted_at_once_with_batchs_own_dependencies() -> None:
    """The array waits for nobody, rank child by child, merge and cleanup for the whole."""
    decision = decide(word_count(), records(planned(100)))
    assert [(one.step.name, one.children, one.waits) for one in decision.submissions] == [
        ("count", 100, ()),
        ("rank", 100, (Wait("count", n_to_n=True),)),
        ("merge", 1, (Wait("rank"),)),
        ("cleanup", 1, (Wait("merge"),)),
    ]


@pytest.mark.parametrize(
    ("size", "children"), [(1, 1), (2, 2), (10_000, 10_000), (10_001, 10_000), (10_000_000, 10_000)]
)
def test_an_array_of_a_fixed_size_needs_no_plan(size: int, children: int) -> None:
    """It is submitted at once with what follows; one is a plain job, and beyond 10,000 children share."""
    graph = pipeline(
        step("throw", Kind.ARRAY, size=size),
        step("next", Kind.ARRAY, each="throw", size=size),
        step("sum", after=("next",)),
    )
    decision = decide(graph, {})
    assert [(one.step.name, one.children, one.item_source) for one in decision.submissions] == [
        ("throw", children, ItemSource(None, size)),
        ("next", children, ItemSource(None, size)),
        ("sum", 1, None),
    ]
    assert decision.submissions[1].waits == (Wait("throw", n_to_n=children > 1),)


def depends_on(size: int, *, each: str | tuple[str, ...] = ()) -> list[dict[str, str]]:
    """Return the dependencies of a SEQUENTIAL array behind a job a."""
    one = step("b", Kind.ARRAY, after=() if each else ("a",), each=each, size=size, sequential=True)
    submission = Submission(one, size, (Wait("a", n_to_n=bool(each)),))
    found: list[dict[str, str]] = submit_request(RUN_ID, submission, QUEUES, {"a": "id-a"})["dependsOn"]
    return found


def test_sequential_children_wait_for_one_another() -> None:
    """A dependency without a job's id, beside the others; a plain job has no children to order."""
    assert depends_on(3) == [{"jobId": "id-a"}, {"type": "SEQUENTIAL"}]
    assert depends_on(3, each="a") == [{"jobId": "id-a", "type": "N_TO_N"}, {"type": "SEQUENTIAL"}]
    assert depends_on(1) == [{"jobId": "id-a"}]


def test_a_plan_in_the_middle_of_a_graph_cuts_it_into_stages() -> None:
    """Before it, it, and behind it."""
    graph = pipeline(
        step("fetch"),
        step("find", Kind.PLAN, after=("fetch",)),
        step("work", Kind.ARRAY, items_of="find"),
        step("cleanup", Kind.CLEANUP, after=("work",)),
    )
    assert names(decide(graph, {})) == ["fetch", "find"]
    after = records(record("fetch", StepState.SUCCEEDED), planned(3, "find", StepState.SUCCEEDED))
    assert names(decide(graph, after)) == ["work", "cleanup"]
    assert decide(graph, after).submissions[0].waits == ()


def test_a_step_that_only_stands_behind_a_plan_through_others_waits_for_its_items_too() -> None:
    """Merge's wait on an array whose size is not known cannot be written yet."""
    graph = pipeline(
        step("a"),
        step("split", Kind.PLAN),
        step("count", Kind.ARRAY, items_of="split"),
        step("merge", after=("count", "a")),
    )
    assert names(decide(graph, {})) == ["a", "split"]


def test_one_item_makes_plain_jobs() -> None:
    """An array has at least two children:
    https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html
    """
    rank = decide(word_count(), records(planned(1))).submissions[1]
    assert (rank.children, rank.waits) == (1, (Wait("count", n_to_n=False),))
    assert "arrayProperties" not in submit_request(RUN_ID, rank, QUEUES, {"count": "job-count"})


def test_no_item_leaves_the_arrays_empty_and_runs_what_follows() -> None:
    """Merge and cleanup run; nobody waits for a job that does not exist."""
    decision = decide(word_count(), records(planned(0)))
    assert [(one.step.name, one.children, one.waits) for one in decision.submissions] == [
        ("count", 0, ()),
        ("rank", 0, ()),
        ("merge", 1, ()),
        ("cleanup", 1, (Wait("merge"),)),
    ]


def test_a_pipeline_of_nothing_but_empty_steps_has_succeeded() -> None:
    """There is no job whose end could say so."""
    graph = pipeline(
        step("split", Kind.PLAN),
        step("count", Kind.ARRAY, items_of="split"),
        step("cleanup", Kind.CLEANUP, after=("count",)),
    )
    decision = decide(graph, records(planned(0, state=StepState.SUCCEEDED)))
    assert (names(decision), decision.outcome) == (["count", "cleanup"], RunState.SUCCEEDED)


@pytest.mark.parametrize("recorded", [False, True])
def test_behind_an_empty_step_one_waits_for_what_the_empty_step_would_have_waited_for(recorded: bool) -> None:
    """The order that the file asks for holds, whether the empty step was decided now or before."""
    graph = pipeline(
        step("slow"),
        step("split", Kind.PLAN),
        step("count", Kind.ARRAY, items_of="split", after=("slow",)),
        step("rank", Kind.ARRAY, each="count", items_of="split"),
        step("merge", after=("rank",)),
    )
    empty = (
        [StepRecord(name=name, state=StepState.EMPTY, children=0) for name in ("count", "rank")]
        if recorded
        else []
    )
    decision = decide(graph, records(record("slow"), planned(0), *empty))
    assert decision.submissions[-1].waits == (Wait("slow"),)


def test_25000_items_make_10000_children() -> None:
    """Beyond the limit of an array each child has a longer slice."""
    assert decide(word_count(), records(planned(25_000))).submissions[0].children == 10_000


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_children_share_all_items_within_the_limit(items: int, items_per_child: int) -> None:
    """As few children as the wish allows, never more than 10,000, none without an item."""
    children = children_of(items, items_per_child)
    assert 0 <= children <= min(10_000, items)
    assert (
        children == 10_000
        or children * items_per_child >= items > (children - 1) * items_per_child
        or items == 0
    )


def test_a_failed_step_fails_the_run_and_submits_nothing() -> None:
    """The step that failed first in the graph is the one that is reported."""
    failed = record("count", StepState.FAILED, children=3, reason="1 of 3 children failed")
    behind = record("rank", StepState.FAILED, children=3)
    decision = decide(word_count(), records(planned(3, state=StepState.SUCCEEDED), failed, behind))
    assert decision == Decision((), RunState.FAILED, "count")


def test_an_effect_that_is_told_before_its_cause_waits_for_the_cause() -> None:
    """Events may come out of order; an alert is sent of the step that failed, not of those that waited for
    it.
    """
    count, rank, merge = (
        record("count", children=3),
        record("rank", StepState.FAILED, children=3),
        record("merge", StepState.FAILED),
    )
    plan = planned(3, state=StepState.SUCCEEDED)
    assert decide(word_count(), records(plan, count, rank)) == Decision((), RunState.RUNNING, None)
    assert decide(word_count(), records(plan, count, rank, merge)) == Decision((), RunState.RUNNING, None)
    count = record("count", StepState.FAILED, children=3)
    assert decide(word_count(), records(plan, count, rank, merge)) == Decision((), RunState.FAILED, "count")


def test_a_plan_that_failed_after_it_announced_its_items_has_done_its_work() -> None:
    """Its items are known and complete; only its job's end was bad."""
    decision = decide(word_count(), records(planned(2, state=StepState.FAILED)))
    assert (names(decision)[0], decision.outcome) == ("count", RunState.RUNNING)


def test_cleanup_that_fails_does_not_fail_the_run() -> None:
    """The results are there; the bucket's lifecycle removes the rest."""
    done = [record(name, StepState.SUCCEEDED) for name in ("count", "rank", "merge")]
    steps = records(planned(2, state=StepState.SUCCEEDED), *done, record("cleanup", StepState.FAILED))
    assert decide(word_count(), steps) == Decision((), RunState.SUCCEEDED)


def test_the_cleanup_waits_for_what_a_person_repeats_alone() -> None:
    """The step behind it is done and stays so, and no other job waits for it; found by `make simulate`."""
    graph = pipeline(
        step("count"),
        step("merge", always=("count",)),
        step("cleanup", Kind.CLEANUP, after=("merge",)),
    )
    before = records(record("count", StepState.FAILED), record("merge", StepState.SUCCEEDED))
    assert decide(graph, before).outcome is RunState.FAILED
    assert names(decide(graph, before, reopened=1)) == ["count"]
    again: dict[str, Any] = {"generation": 1, "spec": GenerationSpec(reopened=1)}
    during = {**before, **records(record("count", **again))}
    assert decide(graph, during, reopened=1) == Decision((), RunState.RUNNING)
    after = {**before, **records(record("count", StepState.SUCCEEDED, **again))}
    decision = decide(graph, after, reopened=1)
    assert (names(decision), decision.outcome) == (["cleanup"], RunState.SUCCEEDED)


def test_a_run_waits_for_the_end_of_a_cleanup_that_what_runs_again_has_doomed() -> None:
    """AWS Batch fails it; if the run ended before that is reported, nobody would submit it again."""
    done = [record(name, StepState.SUCCEEDED) for name in ("count", "rank")]
    again = record("merge", StepState.SUCCEEDED, generation=1)
    steps = records(planned(2, state=StepState.SUCCEEDED), *done, again)
    assert decide(word_count(), {**steps, **records(record("cleanup"))}) == Decision((), RunState.RUNNING)
    told = decide(word_count(), {**steps, **records(record("cleanup", StepState.FAILED))})
    assert ([(one.step.name, one.generation) for one in told.submissions], told.outcome) == (
        [("cleanup", 1)],
        RunState.SUCCEEDED,
    )


def test_nobody_waits_for_a_job_that_has_ended() -> None:
    """Depending on a job that was purged is undocumented."""
    done = [record(name, StepState.SUCCEEDED) for name in ("count", "rank")]
    merge = decide(word_count(), records(planned(2, state=StepState.SUCCEEDED), *done)).submissions[0]
    assert (merge.step.name, merge.waits) == ("merge", ())


def test_a_step_whose_empty_parents_leave_it_more_than_twenty_to_wait_for_is_held_until_fewer_are_left() -> (
    None
):
    """It would be refused now; every end of a job is another look."""
    jobs = [step(f"j{number}") for number in range(25)]
    empty = step("count", Kind.ARRAY, items_of="split", after=tuple(job.name for job in jobs[:20]))
    graph = pipeline(
        *jobs,
        step("split", Kind.PLAN),
        empty,
        step("merge", after=("count", *(job.name for job in jobs[20:]))),
    )
    running = [record(job.name) for job in jobs]
    assert "merge" not in names(decide(graph, records(planned(0), *running)))
    ended = [replace(one, state=StepState.SUCCEEDED) for one in running[:5]]
    merge = decide(graph, records(planned(0), *ended, *running[5:])).submissions[-1]
    assert (merge.step.name, len(merge.waits)) == ("merge", 20)


def test_a_request_names_the_run_the_step_and_the_generation() -> None:
    """In the job's name and in its environment."""
    count, rank = decide(word_count(), records(planned(3))).submissions[:2]
    assert submit_request(RUN_ID, rank, QUEUES, {"count": "job-count"}) == {
        "jobName": f"{RUN_ID}_rank_0",
        "jobQueue": QUEUES["normal"],
        "jobDefinition": "rank-definition:1",
        "tags": {"sluice:pipeline": "words", "sluice:step": "rank", "sluice:run": RUN_ID},
        "propagateTags": True,
        "arrayProperties": {"size": 3},
        "dependsOn": [{"jobId": "job-count", "type": "N_TO_N"}],
        "containerOverrides": {
            "environment": [
                {"name": "SLUICE_RUN", "value": RUN_ID},
                {"name": "SLUICE_STEP", "value": "rank"},
                {"name": "SLUICE_GENERATION", "value": "0"},
            ]
        },
    }
    assert "dependsOn" not in submit_request(RUN_ID, count, QUEUES, {})


def test_the_tags_of_the_deploy_and_the_pipeline_are_the_jobs_too() -> None:
    """But none says that the job is another's."""
    (count, *_) = decide(word_count(), records(planned(3))).submissions
    tags = submit_request(RUN_ID, count, QUEUES, {}, None, {"team": "data", "sluice:run": "other"})["tags"]
    assert tags == {
        "team": "data",
        "sluice:pipeline": "words",
        "sluice:step": "count",
        "sluice:run": RUN_ID,
    }


@pytest.mark.parametrize(
    ("submission", "field"),
    [
        (Submission(step("a" * 128), 1), "jobName"),
        (Submission(step("a"), 10_001), "arrayProperties.size"),
        (Submission(step("a"), 1, tuple(Wait(f"j{number}") for number in range(21))), "dependsOn"),
    ],
)
def test_a_request_over_a_limit_is_not_made(submission: Submission, field: str) -> None:
    """The error names the field."""
    with pytest.raises(LimitError, match=f"SubmitJob {field}"):
        submit_request(RUN_ID, submission, QUEUES, {f"j{number}": "id" for number in range(21)})


def test_an_override_over_8192_bytes_is_not_sent() -> None:
    """AWS refuses it: https://github.com/ASFHyP3/hyp3/issues/3041"""
    with pytest.raises(LimitError, match="containerOverrides"):
        check_submit_job(
            {"jobName": "a", "containerOverrides": {"environment": [{"name": "A", "value": "b" * 8_192}]}}
        )


def test_a_queue_that_is_not_deployed_is_a_refusal() -> None:
    """The run fails with a sentence, rather than the message with a KeyError."""
    with pytest.raises(RefusedError, match="'normal'"):
        submit_request(RUN_ID, Submission(step("a"), 1), {"urgent": "arn"}, {})


@settings(deadline=None, max_examples=120)
@given(graph=pipelines(), data=st.data())
def test_every_step_is_submitted_once_after_its_parents_by_a_legal_request(
    graph: CompiledPipeline, data: st.DataObject
) -> None:
    """Whatever the graph, the sizes, and the order in which jobs end: each step once, never before its
    parents, and the run succeeds.
    """
    ledger: dict[str, StepRecord] = {}
    for _ in range(200):
        starting = data.draw(st.booleans())
        decision = decide(graph, ledger, starting=starting)
        for submission in decision.submissions:
            name = submission.step.name
            assert name not in ledger, "submitted twice"
            assert all(parent in ledger for parent in submission.step.parents), "submitted before a parent"
            assert submission.step.kind is Kind.START or starting or not left_to_start_job(graph, ledger), (
                "left to the start job"
            )
            if submission.children:
                _check(
                    submit_request(
                        RUN_ID, submission, QUEUES, {one.name: str(one.job_id) for one in ledger.values()}
                    ),
                    ledger,
                )
                ledger[name] = record(name, children=submission.children)
            else:
                ledger[name] = StepRecord(name=name, state=StepState.EMPTY, children=0)
        if decision.outcome is not RunState.RUNNING:
            assert decision.outcome is RunState.SUCCEEDED
            assert set(ledger) == {one.name for one in graph.steps}
            return
        _something_happens(graph, ledger, data)
    raise AssertionError("the run never ended")


def _check(request: dict[str, Any], ledger: dict[str, StepRecord]) -> None:
    validate_parameters(request, SUBMIT_JOB)
    size = request.get("arrayProperties", {}).get("size", 1)
    for dependency in request.get("dependsOn", []):
        if dependency.get("type") == "SEQUENTIAL":
            assert size > 1, "SEQUENTIAL of no array"
            continue
        parent = ledger[dependency["jobId"].removeprefix("job-")]
        assert not parent.done, "waits for a job that has ended"
        assert dependency.get("type") != "N_TO_N" or parent.children == size, "N_TO_N of unequal sizes"


def _something_happens(graph: CompiledPipeline, ledger: dict[str, StepRecord], data: st.DataObject) -> None:
    """Let one job that can end do so, or one plan announce its items."""
    able = [one for one in graph.steps if one.name in ledger and _can_move(graph, ledger, one.name)]
    assert able, "nothing can happen any more"
    moved = data.draw(st.sampled_from(able))
    now = ledger[moved.name]
    if moved.kind is Kind.PLAN and not now.planned:
        ledger[moved.name] = replace(
            now, items=data.draw(st.sampled_from([0, 1, 2, 5, 25_000])), manifest="m"
        )
    else:
        ledger[moved.name] = replace(now, state=StepState.SUCCEEDED)


def _can_move(graph: CompiledPipeline, ledger: dict[str, StepRecord], name: str) -> bool:
    parents = [ledger[parent] for parent in graph.step(name).parents]
    return ledger[name].state is StepState.SUBMITTED and all(
        parent.done or parent.planned for parent in parents
    )
