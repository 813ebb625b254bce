"""How a multi-node step travels with a run, is submitted, and ends."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from sluice.advance.batch_events import JobEnded, job_ended
from sluice.errors import LimitError
from sluice.limits import check_submit_job
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Job, Manual, MultiNode, NodeGroup, Pipeline, Step
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.decision import decide
from sluice.run.state import StepState
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID

SUBMIT_JOB: Any = (
    botocore.session.get_session().get_service_model("batch").operation_model("SubmitJob").input_shape
)


def compiled(step: Step) -> CompiledStep:
    """Return a step as it travels, after a journey as JSON."""
    whole = Pipeline(name="words", triggers=[Manual()], steps=[step])
    travels = compile_pipeline(
        whole, JobDefinitions(steps={step.name: "definition"}, cleanup="cleanup", gate="gate")
    )
    return CompiledPipeline.from_json(travels.to_json()).step(step.name)


def grouped(*nodes: int) -> MultiNode:
    """Return a step with groups of so many nodes."""
    return MultiNode("train", groups=[NodeGroup(nodes=number, run="train") for number in nodes])


@pytest.mark.parametrize(
    ("step", "ranges"),
    [
        (MultiNode("train", run="train", nodes=1), ("0:0",)),
        (MultiNode("train", run="train", nodes=4), ("0:3",)),
        (grouped(1, 3), ("0:0", "1:3")),
        (grouped(2, 1, 400), ("0:1", "2:2", "3:402")),
    ],
)
def test_groups_become_ranges_of_nodes(step: MultiNode, ranges: tuple[str, ...]) -> None:
    """From node 0, which is the main node, to the last without a gap."""
    found = compiled(step)
    assert (found.kind, found.queue, found.node_ranges) == (Kind.MULTI_NODE, "steady", ranges)
    assert found.nodes == int(ranges[-1].split(":")[1]) + 1


def test_only_a_main_node_with_sluice_inside_returns() -> None:
    """Its result is the step's; what other nodes run does not matter for that."""
    command = NodeGroup(nodes=1, image="i", command=["x"])
    assert [
        compiled(step).returns for step in (grouped(1), MultiNode("train", nodes=2, image="i", command=["x"]))
    ] == [True, False]
    assert compiled(MultiNode("train", groups=[NodeGroup(nodes=1, run="train"), command])).returns
    assert not compiled(MultiNode("train", groups=[command, NodeGroup(nodes=1, run="train")])).returns


def test_other_steps_have_no_nodes() -> None:
    """And a pipeline that was compiled before there were any can still be read."""
    assert (compiled(Job("a", run="f")).nodes, compiled(Job("a", run="f")).node_ranges) == (0, ())
    step = '{"name":"a","kind":"job","job_definition":"d","queue":"normal","after":[]}'
    old = f'{{"name":"w","version":1,"steps":[{step}]}}'
    assert CompiledPipeline.from_json(old).step("a").groups == ()


def request(step: MultiNode) -> dict[str, Any]:
    """Return the SubmitJob request of a step, as the service's model has it."""
    found = submit_request(RUN_ID, Submission(compiled(step), 1), QUEUES, {})
    validate_parameters(found, SUBMIT_JOB)
    return found


def test_every_node_is_told_its_place() -> None:
    """In exactly the job definition's ranges: AWS refuses others."""
    found = request(grouped(1, 3))
    assert "containerOverrides" not in found
    assert "arrayProperties" not in found
    assert "numNodes" not in found["nodeOverrides"]
    overrides = found["nodeOverrides"]["nodePropertyOverrides"]
    assert [one["targetNodes"] for one in overrides] == ["0:0", "1:3"]
    told = [
        {"name": "SLUICE_RUN", "value": RUN_ID},
        {"name": "SLUICE_STEP", "value": "train"},
        {"name": "SLUICE_GENERATION", "value": "0"},
    ]
    assert [one["containerOverrides"]["environment"] for one in overrides] == [told] * 2


def test_overrides_of_nodes_have_the_limit_of_any_others() -> None:
    """8,192 bytes for each range."""
    found = request(grouped(1, 3))
    found["nodeOverrides"]["nodePropertyOverrides"][1]["containerOverrides"]["command"] = ["x" * 8_192]
    with pytest.raises(LimitError, match="containerOverrides: expected at most 8192 bytes"):
        check_submit_job(found)


def test_a_multi_node_step_is_one_job_whatever_its_nodes() -> None:
    """Steps after it wait for the whole."""
    whole = Pipeline(
        name="words", triggers=[Manual()], steps=[grouped(1, 3), Job("merge", run="f", after=["train"])]
    )
    travels = compile_pipeline(
        whole, JobDefinitions(steps={"train": "t", "merge": "m"}, cleanup="c", gate="g")
    )
    found = [
        (one.step.name, one.children, [wait.step for wait in one.waits])
        for one in decide(travels, {}).submissions
    ]
    assert found == [("train", 1, []), ("merge", 1, ["train"]), ("cleanup", 1, ["merge"])]


def ended(job_id: str, status: str = "FAILED", **more: Any) -> JobEnded | None:
    """Return what is read from a multi-node job, or one of its nodes, that has ended."""
    return job_ended({"jobName": f"{RUN_ID}_train_0", "jobId": job_id, "status": status, **more})


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_a_nodes_end_is_not_the_jobs(status: str) -> None:
    """Not even that of the main node, which carries the same name."""
    assert ended("j#0", status, nodeDetails={"nodeIndex": 0, "isMainNode": True}) is None
    assert ended("j#3", status) is None
    assert ended("j", status) is not None


def test_a_multi_node_job_fails_for_the_main_nodes_reason() -> None:
    """Which stands in its attempts: as a whole it has no container."""
    attempts = [
        {"container": {"exitCode": 137, "reason": "Host EC2 (instance i-1) terminated."}},
        {"container": {"exitCode": 1}},
    ]
    event = ended("j", nodeProperties={"numNodes": 4}, attempts=attempts)
    assert event is not None
    assert (event.state, event.reason) == (StepState.FAILED, "the program ended with exit code 1")
    waited = ended("j", attempts=[], statusReason="Dependent Job failed")
    assert waited is not None
    assert waited.reason == "a job that it waits for failed (Dependent Job failed)"
