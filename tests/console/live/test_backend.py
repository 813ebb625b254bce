"""The backend over AWS: what it says, and how few calls that costs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from console import contract
from console.answers import answer
from console.backend import Person, RunQuery
from console.live.backend import LiveBackend
from console.live.runs import PAGE
from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.operate.errors import OperationError, RequestError, RunNotFoundError, RunStateError
from sluice.operate.listing.labels import label_run
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import RunState, StepState
from tests.console.live.conftest import CHILDREN, ITEMS, CountedCloud
from tests.sluice.clouds import START, TABLE, refused
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step
from tests.sluice.ordering.runs import limited, run_id, run_number

ADA = Person(name="Ada", roles=("operate",))
WATCHED = 20
"""So many running runs are looked at for what blocks them."""
BEGAN = START.isoformat(timespec="milliseconds")


def test_opening_a_run_of_10000_children_costs_at_most_six_calls(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """Its graph has the counts that AWS Batch's summary has."""
    detail = backend.run(large)
    backend.version(large)
    assert sum(cloud.calls.values()) <= 6, cloud.calls
    work = detail.graph.nodes[0]
    assert (work.children, work.items) == (CHILDREN, ITEMS)
    assert work.counts == contract.Counts(done=3_000, failed=2, running=50, waiting=6_948)
    assert (work.x, detail.graph.nodes[1].x, detail.graph.edges[0].open) == (0, 1, True)
    assert "3,000 of 10,000 children are done" in detail.graph.edges[0].text


def test_a_hundred_watchers_of_one_run_cost_no_more_than_ten_calls(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """What is kept is about the run, and not about who asks."""
    with ThreadPoolExecutor(100) as threads:
        versions = set(threads.map(lambda _: backend.version(large), range(100)))
    assert len(versions) == 1
    assert sum(cloud.calls.values()) <= 10, cloud.calls


def test_a_large_heat_map_costs_listings_and_not_children(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """Words say what is done, reports what failed, and AWS Batch which children run."""
    s3 = cloud.harness.clients["s3"]
    for child in (0, 3, 9_999):
        s3.put_object(Bucket="work", Key=keys.word(large, "work", 0, child, done=99, failed=1))
    s3.put_object(Bucket="work", Key=keys.failure(large, "work", 5, 0))
    cloud.harness.jobs.add("job-w:7", status="RUNNING", arrayProperties={"index": 7})
    cells = backend.children(large, "work", 0, CHILDREN, None)
    assert (len(cells.states), cells.total, cells.items, cells.exact) == (CHILDREN, CHILDREN, ITEMS, False)
    assert cells.states[:9] == "s??s?f?r?"
    assert cells.done_items is not None
    assert (cells.done_items[0], cells.states[9_999], cells.attempts) == (99, "s", None)
    assert sum(cloud.calls.values()) <= 8, cloud.calls


def test_a_zoomed_part_has_attempts_and_seconds(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """Children that were described: a hundred a call."""
    cloud.harness.jobs.add(
        "job-w:101", status="SUCCEEDED", startedAt=1_000, stoppedAt=3_500, attempts=[{}, {}]
    )
    cells = backend.children(large, "work", 100, 200, None)
    assert (cells.exact, cells.states[:2], cells.count) == (True, "?s", 200)
    assert cells.attempts is not None
    assert cells.seconds is not None
    assert (cells.attempts[1], cells.seconds[:2]) == (2, (None, 2.5))
    assert cloud.calls["describe_jobs"] == 3
    assert backend.children(large, "work", CHILDREN + 5, 10, None).states == ""


def test_items_name_the_child_that_works_on_them(backend: LiveBackend, large: str) -> None:
    """A hundred items a child."""
    items = backend.items(large, "work", 199, 3).items
    assert [(one.item, one.child, one.text) for one in items] == [
        (199, 1, '{"index": 199}'),
        (200, 2, '{"index": 200}'),
        (201, 2, '{"index": 201}'),
    ]
    with pytest.raises(RequestError, match="no"):
        backend.items(large, "merge", 0, 1)


def test_items_whose_list_is_removed_have_their_states_alone(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """The cleanup of a run that has succeeded removes what the items were: that is no error."""
    cloud.harness.clients["dynamodb"].update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{large}"}, "sk": {"S": "STEP#work"}},
        UpdateExpression="SET shared_manifest = :manifest",
        ExpressionAttributeValues={":manifest": {"S": f"runs/{large}/find/manifest/items.jsonl"}},
    )
    found = backend.items(large, "work", 199, 2)
    assert (found.is_removed, [(one.item, one.child, one.text) for one in found.items]) == (
        True,
        [(199, 1, ""), (200, 2, "")],
    )


def test_of_a_failed_child_the_items_that_failed_are_told_apart(
    backend: LiveBackend, cloud: CountedCloud, large: str
) -> None:
    """With the reason of each; of another child that failed nobody knows."""
    one = FailedItem(number=205, value="{}", error="ValueError", message="no\x1b", child=2, attempt=1)
    s3 = cloud.harness.clients["s3"]
    part = keys.failed_items(large, "work", 0, 2, 1, 0)
    s3.put_object(Bucket="work", Key=part, Body=one.to_line().encode())
    s3.put_object(Bucket="work", Key=keys.word(large, "work", 0, 2, done=99, failed=1))
    for child in (2, 3):
        cloud.harness.jobs.add(f"job-w:{child}", status="FAILED")
    found = {one.item: one for one in backend.items(large, "work", 200, 101).items}
    assert (found[204].state, found[204].reason) == ("s", None)
    assert (found[205].state, found[205].reason) == ("f", "ValueError: no\\x1b")
    assert (found[300].state, found[300].reason) == ("f", None)


def test_a_run_that_waits_for_its_turn_says_behind_which(backend: LiveBackend, cloud: CountedCloud) -> None:
    """And one that lost its turn says which run has it."""
    for number in range(3):
        cloud.harness.advancer().start(run_number(number, limited()))
    why = backend.why(run_id(2))
    assert why.text.endswith("behind 1 run under way and 1 run that came before it.")
    assert [(one.kind, one.step, one.runs) for one in why.reasons] == [("turn", "", (run_id(0), run_id(1)))]
    assert backend.run(run_id(2)).run.reason is None
    assert "turn" not in [one.kind for one in backend.why(run_id(0)).reasons]


def test_a_replaced_run_says_by_which(backend: LiveBackend, cloud: CountedCloud) -> None:
    """The newer one took its turn."""
    for number in range(3):
        cloud.harness.advancer().start(run_number(number, limited(replaces="newest")))
    found = backend.run(run_id(1)).run
    assert found.state == "REPLACED"
    assert found.reason == f"{run_id(2)} came while it waited, and took its turn."


def test_a_run_whose_environment_is_not_valid_needs_a_person(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """Nothing of its queue starts; the queue shows what it holds."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    cloud.harness.jobs.add("job-a", status="RUNNABLE", jobQueue=QUEUES["normal"])
    found = backend.overview()
    assert [(one.kind, one.run.run_id) for one in found.attention] == [("stuck", RUN_ID)]
    assert found.attention[0].text == "The compute environment Spot of a is enabled and invalid."
    assert [one.jobs for one in found.queues] == [{"RUNNABLE": 1}]
    answer(found)


def test_a_step_that_waits_says_why(backend: LiveBackend, cloud: CountedCloud) -> None:
    """In words, with AWS's own beside them."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b", after=("a",))))
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is too high"
    cloud.harness.jobs.add("job-a", status="PENDING", statusReason=reason)
    why = backend.why(RUN_ID)
    assert [(one.step, one.kind) for one in why.reasons] == [
        ("a", "blocked"),
        ("b", "submitting"),
        ("b", "dependency"),
    ]
    assert "asks for more vCPUs, memory or GPUs" in why.text
    assert why.reasons[0].detail == reason
    assert (backend.overview().attention[0].kind, backend.overview().attention[0].actions) == (
        "stuck",
        ("cancel", "rerun"),
    )


def test_names_from_outside_are_shown_and_not_obeyed(backend: LiveBackend, cloud: CountedCloud) -> None:
    """Control characters are visible; markup stays text, which the page writes as text."""
    name = "<script>alert(1)</script>\x1b[31m\u202e.txt"
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")), key=name)
    line = backend.runs(RunQuery()).runs[0]
    assert line.input == r"<script>alert(1)</script>\x1b[31m\u202e.txt"
    assert "\x1b" not in str(backend.run(RUN_ID))


def test_runs_are_found_by_text_day_and_state(backend: LiveBackend, cloud: CountedCloud) -> None:
    """A page of them, the newest first."""
    for number in range(60):
        run_id = f"words-{number:02d}" + "a" * 18
        cloud.harness.begin(run_id, f"2026-01-01T00:{number:02d}:00.000+00:00", key=f"in/{number:02d}.txt")
    cloud.harness.end("words-07" + "a" * 18, RunState.FAILED, "split")
    first = backend.runs(RunQuery())
    second = backend.runs(RunQuery(next=first.next))
    assert (len(first.runs), len(second.runs), second.next) == (50, 10, None)
    assert [one.input for one in backend.runs(RunQuery(input="/59")).runs] == ["in/59.txt"]
    assert [one.state for one in backend.runs(RunQuery(state="failed")).runs] == ["FAILED"]
    assert not backend.runs(RunQuery(since="2026-01-02")).runs
    assert len(backend.runs(RunQuery(until="2026-01-01T00:09")).runs) == 10
    assert len(backend.runs(RunQuery(since="2026-01-01", until="2026-01-01")).runs) == 50
    assert not backend.runs(RunQuery(until="2025-12-31")).runs
    assert not backend.runs(RunQuery(next="9" * 40)).runs
    with pytest.raises(RequestError, match="RUNNING"):
        backend.runs(RunQuery(state="lost"))


def test_a_page_of_runs_costs_no_more_with_many(backend: LiveBackend, cloud: CountedCloud) -> None:
    """What is behind the page is not read."""
    for number in range(PAGE * 3):
        run_id = f"words-{number:03d}" + "a" * 17
        cloud.harness.begin(run_id, f"2026-01-01T{number // 60:02d}:{number % 60:02d}:00.000+00:00")
    backend.runs(RunQuery())
    cloud.calls.clear()
    backend.cache.forget()
    assert len(backend.runs(RunQuery()).runs) == PAGE
    assert cloud.calls["batch_get_item"] <= 2
    assert sum(cloud.calls.values()) <= 12, cloud.calls


def test_the_first_view_costs_few_calls_with_many_pipelines(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """For each pipeline its name and its failed runs, for each of the newest running ones itself."""
    for number in range(WATCHED * 2):
        cloud.harness.begin(f"words{number:02d}-" + "a" * 20, f"2026-01-01T00:{number:02d}:00.000+00:00")
    backend.overview()
    cloud.calls.clear()
    backend.cache.forget()
    found = backend.overview()
    assert len(found.running) == WATCHED * 2
    assert sum(cloud.calls.values()) <= 2 * WATCHED * 2 + WATCHED + 15, cloud.calls
    assert backend.version(None) == found.version
    cloud.harness.end(found.running[0].run_id, RunState.FAILED, "a")
    backend.cache.forget()
    assert backend.version(None) != found.version


def test_runs_are_found_by_their_label(backend: LiveBackend, cloud: CountedCloud) -> None:
    """And show all that they have, in the list and on their own page."""
    for name in ("a", "b"):
        cloud.harness.begin(f"words-{name * 20}", BEGAN)
    label_run(cloud.harness.client, TABLE, "words-" + "b" * 20, ["team=data", "why=a=b"])
    (line,) = backend.runs(RunQuery(label="team=data")).runs
    assert (line.run_id, line.labels) == ("words-" + "b" * 20, {"team": "data", "why": "a=b"})
    assert backend.run(line.run_id).run.labels == line.labels
    assert not backend.runs(RunQuery(label="team=other")).runs
    assert [one.labels for one in backend.runs(RunQuery()).runs if one.run_id != line.run_id] == [{}]


def test_a_run_that_is_not_there(backend: LiveBackend) -> None:
    """It may come: a page that has just started it asks again."""
    with pytest.raises(RunNotFoundError):
        backend.run("words-none")


def _fail(cloud: CountedCloud) -> None:
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b", after=("a",))))
    _end_failed(cloud)


def _end_failed(cloud: CountedCloud) -> None:
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    cloud.harness.jobs.add("job-a", status="FAILED", jobName=f"{RUN_ID}_a_0")
    cloud.harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason="ValueError: no")
    cloud.harness.end(RUN_ID, RunState.FAILED, "a")


def test_a_failed_run_is_in_front_with_its_reason(backend: LiveBackend, cloud: CountedCloud) -> None:
    """And its failures, where no report is left, are what the ledger says."""
    _fail(cloud)
    (found,) = backend.overview().attention
    assert (found.kind, found.text, found.actions[0]) == ("failed", "ValueError: no", "retry")
    (group,) = backend.failures(RUN_ID).groups
    assert (group.step, group.reason, group.count) == ("a", "ValueError: no", 1)


def test_the_failed_cleanup_of_a_run_that_succeeded_is_shown_and_retried(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steps are not repeated."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    cloud.harness.begin(RUN_ID, BEGAN, graph)
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a", "cleanup": "job-c"})
    cloud.harness.jobs.add("job-c", status="FAILED", jobName=f"{RUN_ID}_cleanup_0")
    for name, job, state in (("a", "job-a", "SUCCEEDED"), ("cleanup", "job-c", "FAILED")):
        cloud.harness.ledger.record_end(RUN_ID, name, StepState(state), job_id=job, reason="denied")
    cloud.harness.end(RUN_ID, RunState.SUCCEEDED)
    found = backend.run(RUN_ID)
    assert (found.run.state, found.run.failed_step, found.run.reason) == ("SUCCEEDED", "cleanup", "denied")
    assert found.actions == ("retry", "rerun")
    old = "sluice.operate.deployment.Deployment.work_retention"
    monkeypatch.setattr(old, timedelta(days=36_500))
    cloud._clients["sqs"] = _Queue()  # type: ignore[assignment]
    plan = backend.plan_action(RUN_ID, "retry")
    assert plan.text == ("Its cleanup, which failed, runs again, and none of its steps.",)
    assert backend.act(RUN_ID, "retry", ADA).text == (f"The cleanup of {RUN_ID} runs again.",)


def test_what_was_read_of_a_run_before_it_failed_is_not_kept(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """The page reads once after the last change: what it got of before would stay."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    assert backend.failures(RUN_ID).groups == ()
    _end_failed(cloud)
    backend.cache._kept.pop(("run", RUN_ID))  # two seconds later
    assert [one.reason for one in backend.failures(RUN_ID).groups] == ["ValueError: no"]


class _Queue:
    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[str] = []
        self._error = error

    def send_message(self, **request: Any) -> dict[str, Any]:
        if self._error is not None:
            raise self._error
        self.sent.append(request["MessageBody"])
        return {}


def test_a_retry_says_what_it_does_and_does_it(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one is refused: the run runs."""
    _fail(cloud)
    old = "sluice.operate.deployment.Deployment.work_retention"
    monkeypatch.setattr(old, timedelta(days=36_500))
    cloud._clients["sqs"] = _Queue()  # type: ignore[assignment]
    plan = backend.plan_action(RUN_ID, "retry")
    assert (plan.allowed, plan.text[:2]) == (True, ("a runs again.", "Then b runs."))
    assert backend.run(RUN_ID).run.state == "FAILED"
    assert backend.act(RUN_ID, "retry", ADA).done
    assert backend.run(RUN_ID).run.state == "RUNNING"
    assert not backend.plan_action(RUN_ID, "retry").allowed
    with pytest.raises(RunStateError):
        backend.act(RUN_ID, "retry", ADA)


def test_a_cancellation_ends_jobs_with_the_persons_name(backend: LiveBackend, cloud: CountedCloud) -> None:
    """The reason is in AWS Batch."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    cloud.harness.jobs.add("job-a", jobName=f"{RUN_ID}_a_0")
    assert backend.plan_action(RUN_ID, "cancel").text[0].startswith("1 job with all children is ended")
    result = backend.act(RUN_ID, "cancel", ADA)
    assert (result.done, cloud.harness.jobs.terminated) == (True, ["job-a"])
    assert backend.run(RUN_ID).run.state == "CANCELLED"


def test_what_iam_refuses_is_kept_in_mind(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the permission that was missing, by AWS's words; the action is not planned as allowed any more."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    cloud.harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    cloud.harness.jobs.add("job-a", jobName=f"{RUN_ID}_a_0")
    words = "User: arn:aws:iam::1:user/ada is not authorized to perform: batch:TerminateJob on resource: *"

    def deny(**_: Any) -> None:
        raise refused("AccessDeniedException", words)

    monkeypatch.setattr(cloud.harness.jobs, "terminate_jobs", deny)
    with pytest.raises(Exception, match="not authorized"):
        backend.act(RUN_ID, "cancel", ADA)
    assert backend.refused == {"cancel": "batch:TerminateJob"}
    plan = backend.plan_action(RUN_ID, "cancel")
    assert (plan.permission.allowed, plan.permission.missing) == (False, "batch:TerminateJob")


def test_further_sections_have_their_place_and_take_nothing_away(cloud: CountedCloud) -> None:
    """An empty one is left out, and one that cannot be read says so."""
    row = contract.Row(text="3 of 4 files")
    full = contract.Section(id="sets", title="Sets", rows=(row,))
    empty = contract.Section(id="none", title="None", rows=())

    def broken() -> contract.Section:
        raise RequestError("Expected something, found nothing.")

    backend = LiveBackend(cloud=cloud, where="", sections=(lambda: full, lambda: empty, broken))
    found = backend.overview().sections
    assert [one.id for one in found] == ["sets", "problem"]
    assert found[1].note == "Expected something, found nothing."


def test_two_runs_beside_each_other(backend: LiveBackend, cloud: CountedCloud) -> None:
    """The steps of both, and whether their code is the same."""
    other = RUN_ID[:-1] + "b"
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a"), step("b", after=("a",))))
    cloud.harness.begin(other, BEGAN, pipeline(step("a"), step("c", Kind.JOB, after=("a",))), key="x")
    found = backend.compare(RUN_ID, other)
    assert [(one.name, one.a is None, one.b is None, one.same_code) for one in found.steps] == [
        ("a", False, False, True),
        ("b", False, True, False),
        ("c", True, False, False),
    ]
    assert not found.same_input


def test_what_is_hidden_in_an_input_is_seen_beside_another(backend: LiveBackend, cloud: CountedCloud) -> None:
    """Else two keys that differ would look the same."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")), key="in/a\u202e.txt")
    found = backend.compare(RUN_ID, RUN_ID)
    assert "in/a\\u202e.txt" in found.input_a
    assert "\n" in found.input_a


def _deploy(cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch, deployed: CompiledPipeline) -> None:
    s3 = cloud.harness.clients["s3"]
    s3.put_object(Bucket="work", Key="index.json", Body=b'{"pipelines": {"words": "words.json"}}')
    s3.put_object(Bucket="work", Key="words.json", Body=deployed.to_json().encode())
    retention = "sluice.operate.deployment.Deployment.work_retention"
    monkeypatch.setattr(retention, timedelta(days=36_500))
    definitions = "sluice.operate.deployment.Deployment.definitions"
    monkeypatch.setattr(definitions, ("work", "index.json"))
    cloud._clients["sqs"] = _Queue()  # type: ignore[assignment]


def test_a_retry_with_the_current_code_says_what_differs(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on with it."""
    _fail(cloud)
    changed = replace(step("a"), job_definition="a-definition:2")
    _deploy(cloud, monkeypatch, pipeline(changed, step("b", after=("a",))))
    plan = backend.plan_action(RUN_ID, "retry-current")
    assert plan.allowed
    assert "It goes on with the code that is deployed now." in plan.text
    assert backend.act(RUN_ID, "retry-current", ADA).action == "retry-current"
    assert backend.snapshot(RUN_ID).run.pipeline.step("a").job_definition == "a-definition:2"


def test_a_pipeline_that_is_not_deployed_any_more_has_no_current_code(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan says why, and the run stays as it is."""
    _fail(cloud)
    _deploy(cloud, monkeypatch, pipeline(step("a")))
    cloud.harness.clients["s3"].put_object(Bucket="work", Key="index.json", Body=b'{"pipelines": {}}')
    plan = backend.plan_action(RUN_ID, "retry-current")
    assert (plan.allowed, "Expected a pipeline that is deployed" in plan.text[0]) == (False, True)
    with pytest.raises(OperationError):
        backend.act(RUN_ID, "retry-current", ADA)
    assert backend.run(RUN_ID).run.state == "FAILED"
