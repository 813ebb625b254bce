"""EventBridge's rules and Step Functions' executions submit jobs to the engine, as their roles may."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator.patches.batch_jobs import in_camel_case, in_pascal_case, job_of_target
from local.paths import ACCOUNT, REGION, LocalCloudPaths
from tests.e2e.application import wait_for
from tests.local.server.test_batch_service import Queue, enforced, queue  # noqa: F401 - fixtures
from tests.local.server.test_cloud import client

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
QUEUE = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/q"


def role(paths: LocalCloudPaths, action: str | list[str] = "batch:*") -> str:
    """Make a role that may submit jobs, or do something else; its ARN."""
    may = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam, name = client(paths, "iam"), f"submitter-{uuid.uuid4().hex[:8]}"
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def jobs_named(queue: Queue, name: str) -> list[dict[str, Any]]:  # noqa: F811
    """The ended jobs of a name."""
    filters: Any = [{"name": "JOB_NAME", "values": [name]}]
    found = queue.batch.list_jobs(jobQueue=queue.name, filters=filters)["jobSummaryList"]
    return [queue.describe(one["jobId"]) for one in found if one["status"] in ("SUCCEEDED", "FAILED")]


def test_a_rule_submits_a_job_with_what_the_event_says(queue: Queue) -> None:  # noqa: F811
    """Its parameters come from the event by the input transformer, its size from the target."""
    events, name = client(queue.paths, "events"), f"rule-{uuid.uuid4().hex[:8]}"
    definition = queue.define("echo", "Ref::word")
    arn = queue.batch.describe_job_queues(jobQueues=[queue.name])["jobQueues"][0]["jobQueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    target: Any = {
        "Id": "1",
        "Arn": arn,
        "RoleArn": role(queue.paths),
        "BatchParameters": {
            "JobDefinition": definition,
            "JobName": name,
            "RetryStrategy": {"Attempts": 2},
        },
        "InputTransformer": {
            "InputPathsMap": {"word": "$.detail.word"},
            "InputTemplate": '{"Parameters": {"word": "<word>"}}',
        },
    }
    events.put_targets(Rule=name, Targets=[target])
    events.put_events(
        Entries=[{"Source": name, "DetailType": "said", "Detail": json.dumps({"word": "hello"})}]
    )
    [job] = wait_for(lambda: jobs_named(queue, name), f"a job {name}")
    assert (job["status"], job["parameters"]) == ("SUCCEEDED", {"word": "hello"})
    assert job["retryStrategy"]["attempts"] == 2
    assert queue.printed(job) == ["hello"]


def execute(
    queue: Queue,  # noqa: F811
    resource: str,
    *command: str,
    role_of: Callable[[LocalCloudPaths], str] = role,
    **more: Any,
) -> dict[str, Any]:
    """Run a state machine of one task, and return the execution as it ended."""
    states, name = client(queue.paths, "stepfunctions"), f"machine-{uuid.uuid4().hex[:8]}"
    task = {"JobName": name, "JobQueue": queue.name, "JobDefinition": queue.define(*command), **more}
    started = started_machine(states, name, {"Resource": resource, "Parameters": task}, role_of(queue.paths))
    describe = states.describe_execution
    wait_for(lambda: describe(executionArn=started)["status"] != "RUNNING", "the end of the execution")
    return dict(describe(executionArn=started))


def started_machine(states: Any, name: str, task: dict[str, Any], role_arn: str) -> str:
    """Start a state machine of one task; the execution's ARN."""
    machine = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": True, **task}}}
    made = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role_arn)
    return str(states.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"])


SYNC = "arn:aws:states:::batch:submitJob.sync"


def test_an_execution_waits_for_its_job(queue: Queue) -> None:  # noqa: F811
    """And has its description, in Step Functions' names."""
    ended = execute(
        queue,
        SYNC,
        "sh",
        "-c",
        "sleep 1; test $GREETING = hello",
        ContainerOverrides={"Environment": [{"Name": "GREETING", "Value": "hello"}]},
    )
    output = json.loads(ended["output"])
    assert (ended["status"], output["Status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert output["Container"]["ExitCode"] == 0


def test_a_job_that_fails_fails_its_task(queue: Queue) -> None:  # noqa: F811
    """With the job as the cause."""
    ended = execute(queue, SYNC, "sh", "-c", "exit 3")
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["Container"]["ExitCode"] == 3


def test_an_execution_that_only_submits_goes_on(queue: Queue) -> None:  # noqa: F811
    """Its output is SubmitJob's answer."""
    ended = execute(queue, "arn:aws:states:::batch:submitJob", "sleep", "1")
    assert set(json.loads(ended["output"])) >= {"JobArn", "JobId", "JobName"}


def test_an_execution_makes_any_call(queue: Queue) -> None:  # noqa: F811
    """https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html; what is no
    operation is said by its name.
    """
    states, arn = client(queue.paths, "stepfunctions"), role(queue.paths)

    def ended(action: str) -> dict[str, Any]:
        name = f"machine-{uuid.uuid4().hex[:8]}"
        resource = f"arn:aws:states:::aws-sdk:batch:{action}"
        task = {"Resource": resource, "Parameters": {"JobQueues": [queue.name]}}
        started = started_machine(states, name, task, arn)
        wait_for(lambda: states.describe_execution(executionArn=started)["status"] != "RUNNING", "the end")
        return dict(states.describe_execution(executionArn=started))

    [found] = json.loads(ended("describeJobQueues")["output"])["JobQueues"]
    assert (found["JobQueueName"], found["Status"]) == (queue.name, "VALID")
    failed = ended("describeNothing")
    assert failed["error"] == "Batch.ClientException"
    assert "describenothing" in failed["cause"]


def test_numbers_are_parameters_too(queue: Queue) -> None:  # noqa: F811
    """As in AWS's example: https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html."""
    ended = execute(queue, SYNC, "test", "Ref::one", "=", "100", Parameters={"one": 100, "two": "x"})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["Parameters"] == {"one": "100", "two": "x"}


@pytest.mark.parametrize("timeout", [{}, {"TimeoutSeconds": 2}], ids=["stopped", "timed out"])
def test_the_job_of_an_aborted_task_is_terminated(queue: Queue, timeout: dict[str, int]) -> None:  # noqa: F811
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync: when its
    execution is stopped, and when the time of its state is over.
    """
    states, name = client(queue.paths, "stepfunctions"), f"machine-{uuid.uuid4().hex[:8]}"
    job = {"JobName": name, "JobQueue": queue.name, "JobDefinition": queue.define("sleep", "600")}
    task = {"Resource": SYNC, "Parameters": job, **timeout}
    started = started_machine(states, name, task, role(queue.paths))
    running: Any = {"jobQueue": queue.name, "jobStatus": "RUNNING"}
    wait_for(lambda: queue.batch.list_jobs(**running)["jobSummaryList"], "a job that runs")
    if not timeout:
        states.stop_execution(executionArn=started)
    [ended] = wait_for(lambda: jobs_named(queue, name), f"the end of {name}")
    assert (ended["status"], ended["isTerminated"]) == ("FAILED", True)
    assert "Step Functions" in ended["statusReason"]
    execution = states.describe_execution(executionArn=started)
    assert execution["status"] == ("FAILED" if timeout else "ABORTED")
    assert execution.get("error") == ("States.Timeout" if timeout else None)


def test_an_execution_without_the_permission_to_terminate_is_aborted(enforced: Queue) -> None:  # noqa: F811
    """And its job runs on, as on AWS: "if Step Functions is unable to cancel the task"."""
    states, name = client(enforced.paths, "stepfunctions"), f"machine-{uuid.uuid4().hex[:8]}"
    may = role(enforced.paths, ["batch:SubmitJob", "batch:DescribeJobs"])
    job = {"JobName": name, "JobQueue": enforced.name, "JobDefinition": enforced.define("sleep", "600")}
    started = started_machine(states, name, {"Resource": SYNC, "Parameters": job}, may)
    running: Any = {"jobQueue": enforced.name, "jobStatus": "RUNNING"}
    [found] = wait_for(lambda: enforced.batch.list_jobs(**running)["jobSummaryList"], "a job that runs")
    states.stop_execution(executionArn=started)
    log = enforced.paths.log
    said = f"could not terminate the job {found['jobId']}"
    wait_for(lambda: said in log.read_text(), "the refusal in the cloud's log")
    assert states.describe_execution(executionArn=started)["status"] == "ABORTED"
    assert enforced.describe(found["jobId"])["status"] == "RUNNING"
    enforced.batch.terminate_job(jobId=found["jobId"], reason="enough")


def test_what_batch_refuses_fails_the_execution_by_name(queue: Queue) -> None:  # noqa: F811
    """Here a job queue that is not there."""
    ended = execute(queue, SYNC, "true", JobQueue="not-there")
    assert (ended["status"], ended["error"]) == ("FAILED", "Batch.ClientException")
    assert "not-there" in ended["cause"]


def test_a_role_without_the_permission_is_refused_by_name(enforced: Queue) -> None:  # noqa: F811
    """Whatever the caller of StartExecution may do."""
    ended = execute(enforced, SYNC, "true", role_of=lambda paths: role(paths, "s3:ListAllMyBuckets"))
    assert (ended["status"], ended["error"]) == ("FAILED", "Batch.AccessDeniedException")
    assert "batch:SubmitJob" in ended["cause"]


def test_a_role_with_the_permission_submits(enforced: Queue) -> None:  # noqa: F811
    """With IAM enforced, too."""
    assert execute(enforced, SYNC, "true")["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("target", "payload", "expected"),
    [
        ({}, None, {}),
        ({}, [1], {}),
        ({"ArrayProperties": {"Size": 5}}, {}, {"arrayProperties": {"size": 5}}),
        ({}, {"Parameters": {"Key": 1}}, {"parameters": {"Key": "1"}}),
        (
            {},
            {"ContainerOverrides": {"Environment": [{"Name": "A", "Value": "b"}]}},
            {"containerOverrides": {"environment": [{"name": "A", "value": "b"}]}},
        ),
    ],
)
def test_a_target_becomes_a_request(target: Any, payload: Any, expected: dict[str, Any]) -> None:
    """An input that is no object is none."""
    batch = {"JobName": "n", "JobDefinition": "d", **target}
    made = job_of_target({"Arn": QUEUE, "BatchParameters": batch}, payload)
    assert made == {"jobName": "n", "jobQueue": QUEUE, "jobDefinition": "d", **expected}


def test_names_of_the_users_own_stay() -> None:
    """Parameters and tags are maps."""
    given = {"JobName": "n", "Parameters": {"Key": "v"}, "Tags": {"Team": "a"}}
    assert in_camel_case(given) == {"jobName": "n", "parameters": {"Key": "v"}, "tags": {"Team": "a"}}
    assert in_pascal_case(in_camel_case(given)) == given
