"""Nodes of a multi-node step by the real entry point: which node each is, its addresses, the main node's
result, and which failed first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sluice import keys
from sluice.pipeline.definition import Job, Manual, MultiNode, Pipeline
from sluice.run.decision import decide
from sluice.run.state import Run, StepState
from sluice.run.submission import Submission
from sluice.runtime import __main__ as entry
from sluice.runtime.errors import Stopped
from sluice.runtime.exit_codes import FAILED, NOT_STARTED, STOPPED, SUPERSEDED, TRY_AGAIN
from sluice.runtime.interface.node import Node
from sluice.settings import SubmissionSettings
from sluice.steps import Out, Results
from sluice.triggers.trigger_event import Request
from tests.sluice.runtime.failing_clients import TRANSIENT, FailingClients
from tests.sluice.runtime.jobs import NOW, WORK, Jobs, functions_of

TOGETHER = Pipeline(
    name="together",
    triggers=[Manual()],
    steps=[MultiNode("meet", run="meet", nodes=3), Job("publish", run="publish", after=["meet"])],
)


FUNCTIONS = functions_of(TOGETHER)


MAIN = "10.0.0.1"


seen: list[Node] = []


on_node: Callable[[Node], Any] = lambda node: node.index  # noqa: E731 - replaced by tests


def meet(node: Node, out: Out) -> Any:
    """Note the node and do what the test wants."""
    seen.append(node)
    return on_node(node)


def publish(results: Results, out: Out) -> None:
    """Publish what the main node returned."""
    out.write("result.json", json.dumps(list(results("meet"))))


@pytest.fixture
def run(jobs: Jobs) -> Run:
    """A run whose nodes' job is submitted."""
    begun = jobs.begin(TOGETHER, Request(token="t", input={"seed": 7}))
    jobs.module = __name__
    jobs.submit(begun, submission(begun))
    return begun


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.seen", [])
    monkeypatch.setattr("sluice.runtime.kinds.multi_node._PAUSES", (0.0,))


def submission(run: Run) -> Submission:
    """Return the submission of the nodes' job."""
    return decide(run.pipeline, {}).submissions[0]


def start(jobs: Jobs, run: Run, index: int, agent: str, **more: str) -> int:
    """Run one node as AWS Batch would."""
    batch = {
        "AWS_BATCH_JOB_ID": f"job-meet#{index}",
        "AWS_BATCH_JOB_NODE_INDEX": str(index),
        "AWS_BATCH_JOB_NUM_NODES": "3",
        "AWS_BATCH_JOB_MAIN_NODE_INDEX": "0",
        "ECS_CONTAINER_METADATA_URI_V4": f"{agent}/metadata/10.0.0.{index + 1}",
        **({"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": MAIN} if index else {}),
    }
    return jobs.start(run, submission(run), 0, FUNCTIONS, **(batch | more))


def test_each_node_knows_its_rank_and_its_addresses(jobs: Jobs, run: Run, agent: str) -> None:
    """Its own by the ECS agent, the main node's by AWS Batch; on the main node they are the same."""
    assert [start(jobs, run, index, agent) for index in range(3)] == [0, 0, 0]
    assert [(one.index, one.count, one.address, one.main_address, one.is_main) for one in seen] == [
        (0, 3, "10.0.0.1", MAIN, True),
        (1, 3, "10.0.0.2", MAIN, False),
        (2, 3, "10.0.0.3", MAIN, False),
    ]
    assert {one.trigger.input["seed"] for one in seen} == {7}


def test_what_the_main_node_returns_is_the_steps_result(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step downstream reads one pair, whatever the other nodes returned."""
    monkeypatch.setattr(f"{__name__}.on_node", lambda node: {"sum": 10 if node.is_main else -1})
    jobs.codes["meet"] = [start(jobs, run, index, agent) for index in (2, 1, 0)]
    jobs.settle(run, submission(run))
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert json.loads(jobs.results(run)["result.json"]) == [[0, {"sum": 10}]]


def test_a_main_node_that_had_its_result_is_not_repeated(jobs: Jobs, run: Run, agent: str) -> None:
    """Its machine was lost after the work: the next attempt ends the job at once."""
    assert start(jobs, run, 0, agent) == 0
    assert start(jobs, run, 0, agent, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert len(seen) == 1
    assert len(jobs.keys(WORK, keys.results_prefix(run.run_id, "meet"))) == 1


def test_a_node_of_another_job_does_nothing(jobs: Jobs, run: Run, agent: str) -> None:
    """Every node looks up whether its job is the registered one."""
    assert start(jobs, run, 1, agent, AWS_BATCH_JOB_ID="another#1") == SUPERSEDED
    assert seen == []


@pytest.mark.parametrize("at", range(4))
def test_a_main_node_with_a_transient_error_at_its_start_is_tried_again(
    at: int, jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS Batch starts the whole job again."""
    failing = FailingClients(TRANSIENT["outage"], at)
    monkeypatch.setattr(entry, "client", failing.client)
    assert start(jobs, run, 0, agent) == TRY_AGAIN
    assert seen == []


@pytest.mark.parametrize("at", range(3))
def test_another_node_with_a_transient_error_at_its_start_reports_it(
    at: int, jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS Batch starts no single node again: the main node, which will miss it, can say why."""
    failing = FailingClients(TRANSIENT["outage"], at)
    monkeypatch.setattr(entry, "client", failing.client)
    assert start(jobs, run, 1, agent) == FAILED
    assert jobs.failure(run, "meet", 1)["error"] == "ClientError"


def fails(*indices: int) -> Callable[[Node], Any]:
    """Return a function that fails on these nodes."""

    def on_node(node: Node) -> int:
        if node.index in indices:
            raise ValueError(f"node {node.index} cannot")
        return node.index

    return on_node


def test_a_failing_node_reports_which_it_is(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report is beside the others', under its own number."""
    monkeypatch.setattr(f"{__name__}.on_node", fails(2))
    assert [start(jobs, run, index, agent) for index in (1, 2)] == [0, FAILED]
    report = jobs.failure(run, "meet", 2)
    assert (report["error"], report["message"], report["node"], report["attempt"]) == (
        "ValueError",
        "node 2 cannot",
        2,
        1,
    )


def test_the_main_node_reports_which_node_failed_first(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken connection is how the main node learns of it, and never the cause."""
    monkeypatch.setattr(f"{__name__}.on_node", fails(0, 2))
    assert [start(jobs, run, index, agent) for index in (2, 0)] == [FAILED, FAILED]
    message = jobs.failure(run, "meet")["message"]
    assert (
        message
        == "node 2 failed: ValueError: node 2 cannot; then the main node failed: ValueError: node 0 cannot"
    )


def test_a_failure_of_an_earlier_attempt_explains_nothing(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt's main node fails for its own reason."""
    monkeypatch.setattr(f"{__name__}.on_node", fails(0, 2))
    assert start(jobs, run, 2, agent) == FAILED
    assert start(jobs, run, 0, agent, AWS_BATCH_JOB_ATTEMPT="2") == FAILED
    assert jobs.failure(run, "meet")["message"] == "node 0 cannot"


def test_a_failure_of_an_earlier_generation_explains_nothing(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the step runs again, the main node considers the nodes of its own job only."""
    monkeypatch.setattr(f"{__name__}.on_node", fails(0, 2))
    assert start(jobs, run, 2, agent) == FAILED
    work = submission(run)
    jobs.ledger.record_end(run.run_id, "meet", StepState.FAILED, job_id="job-meet")
    assert jobs.ledger.claim(run.run_id, [replace(work, generation=1, waits=())], NOW)
    jobs.ledger.record_submitted(run.run_id, {"meet": "job-meet"}, {"meet": 1})
    variables = SubmissionSettings(run=run.run_id, step="meet", generation="1").to_env()
    assert start(jobs, run, 0, agent, **variables) == FAILED
    assert jobs.failure(run, "meet", generation=1)["message"] == "node 0 cannot"
    assert start(jobs, run, 2, agent, **variables) == FAILED
    assert start(jobs, run, 0, agent, **variables) == FAILED
    assert jobs.failure(run, "meet", generation=1)["message"].startswith(
        "node 2 failed: ValueError: node 2 cannot; then"
    )


def test_a_node_that_is_stopped_reports_nothing(
    jobs: Jobs, run: Run, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main node's end stops the others, which is no failure of theirs."""

    def stopped(node: Node) -> None:
        raise Stopped(143)

    monkeypatch.setattr(f"{__name__}.on_node", stopped)
    assert start(jobs, run, 1, agent) == STOPPED
    assert jobs.keys(WORK, keys.failures_prefix(run.run_id, "meet", 0)) == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_BATCH_JOB_NODE_INDEX": "one"}, "AWS_BATCH_JOB_NODE_INDEX to be a whole number, found 'one'"),
        ({"AWS_BATCH_JOB_NUM_NODES": ""}, "AWS_BATCH_JOB_NUM_NODES to be a whole number"),
        (
            {"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": ""},
            "Expected AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS on node 1",
        ),
    ],
)
def test_a_node_without_its_variables_is_not_started(
    jobs: Jobs,
    run: Run,
    agent: str,
    variables: dict[str, str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says which is missing."""
    whole = {
        "AWS_BATCH_JOB_NODE_INDEX": "1",
        "AWS_BATCH_JOB_NUM_NODES": "3",
        "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": MAIN,
    }
    assert jobs.start(run, submission(run), 0, FUNCTIONS, **(whole | variables)) == NOT_STARTED
    assert message in capsys.readouterr().err


def test_a_multi_node_step_outside_of_a_multi_node_job_fails(jobs: Jobs, run: Run) -> None:
    """It would wait for nodes that are never started."""
    assert jobs.start(run, submission(run), 0, FUNCTIONS) == FAILED
    assert "Deploy all stacks together" in jobs.failure(run, "meet")["message"]
