"""What a job may reach: everything that its own pipeline's jobs need, and nothing of another pipeline's; and
what it finds in its environment.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.access.intrusions import (
    REFUSED,
    Call,
    calls_on_all,
    code_calls,
    ledger_calls,
    ledger_reads,
    message_calls,
    needed_objects,
    object_calls,
    secret_calls,
)
from tests.e2e.application import Application, Upload, wait_for

# Makes the calls that the variable CALLS names, and prints how each ended.
TRIES = """
import json, os, botocore.session
from botocore.exceptions import ClientError
session = botocore.session.get_session()
for service, operation, parameters in json.loads(os.environ["CALLS"]):
    client = session.create_client(service)
    try:
        getattr(client, operation)(**parameters)
        ended = "allowed"
    except ClientError as error:
        ended = error.response["Error"]["Code"]
    except Exception as error:
        ended = repr(error)
    print(json.dumps([operation, ended]), flush=True)
print("done", flush=True)
"""
IMAGE = "public.ecr.aws/docker/library/python:3.13-slim"
PRINTS = 'import json, os; print(json.dumps(dict(os.environ))); print("done")'
_MAX_CHARACTERS = 10_000
"""Of calls in one job's environment: a job definition has at most 24 KiB."""


class Job:
    """A job with the role, and all else, of a definition of some step of a pipeline."""

    def __init__(self, app: Application, pipeline: str, role: str = "JobRole") -> None:
        self._app, self._batch = app, app.client("batch")
        pages = self._batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
        found = [one for page in pages for one in page["jobDefinitions"]]
        ours = [one for one in found if one["jobDefinitionName"].startswith(f"sluice-{pipeline}-")]
        self.definition = next(one for one in ours if role in one["containerProperties"]["jobRoleArn"])

    def printed(self, program: str, **environment: str) -> list[str]:
        """Run a Python program instead of the step's own, and return the lines that it prints."""
        container = dict(self.definition["containerProperties"])
        # Another image: that of the step runs nothing but the step.
        container |= {"image": IMAGE, "command": ["python", "-c", program]}
        own = [{"name": name, "value": value} for name, value in environment.items()]
        container["environment"] = [*container["environment"], *own]
        name = f"sluice-test-{uuid.uuid4().hex}"
        self._batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container
        )
        queue = self._app.outputs["NormalQueue"]
        job = self._batch.submit_job(jobName=name, jobQueue=queue, jobDefinition=name)["jobId"]
        return wait_for(lambda: self._lines(job), f"the end of what {name} prints")

    def tries(self, calls: list[Call]) -> list[tuple[str, str]]:
        """Make calls, and return each with how it ended."""
        lines = [line for part in _parts(calls) for line in self.printed(TRIES, CALLS=json.dumps(part))]
        return [(str(operation), str(ended)) for operation, ended in map(json.loads, lines)]

    def _lines(self, job: str) -> list[str] | None:
        (found,) = self._batch.describe_jobs(jobs=[job])["jobs"]
        if found["status"] not in ("SUCCEEDED", "FAILED"):
            return None
        group = found["container"]["logConfiguration"]["options"]["awslogs-group"]
        events = self._app.client("logs").get_log_events(
            logGroupName=group, logStreamName=found["container"]["logStreamName"], startFromHead=True
        )["events"]
        lines = [str(event["message"]) for event in events]
        assert found["status"] == "SUCCEEDED", (found.get("statusReason"), lines)
        return lines[:-1] if lines and lines[-1] == "done" else None


def _parts(calls: list[Call]) -> Iterator[list[Call]]:
    """Yield the calls in parts that fit into the environment of one job."""
    part: list[Call] = []
    for call in calls:
        if part and len(json.dumps([*part, call])) > _MAX_CHARACTERS:
            yield part
            part = []
        part.append(call)
    yield part


@pytest.fixture(scope="module")
def job(app: Application) -> Job:
    """A job of the pipeline word-count."""
    return Job(app, "word-count")


@pytest.fixture(scope="module")
def intrusions(app: Application, burst: dict[str, Upload]) -> list[Call]:
    """What a job of word-count may try on everything of flight-delays, and of all."""
    run, own = app.ended(burst["flights"]).run_id, app.ended(burst["text"]).run_id
    plans = app.resource("SluiceControl", "Plans", "AWS::SNS::Topic")
    return [
        *ledger_calls(app, run, own),
        *object_calls(app, burst["flights"], run, "flight-delays"),
        *calls_on_all(app),
        *message_calls(app, plans),
        *secret_calls(app),
        *code_calls(app, Job(app, "flight-delays").definition),
    ]


@pytest.mark.parametrize("role", ["JobRole", "CleanupRole"])
def test_a_job_reaches_nothing_of_another_pipeline(
    app: Application, intrusions: list[Call], role: str
) -> None:
    """Ledger, input, its names, work, results, queues, secrets, definitions, functions, topics: all refused,
    whether it is a job of the user's code or the cleanup.
    """
    ended = Job(app, "word-count", role).tries(intrusions)
    assert len(ended) == len(intrusions) > 150
    assert [one for one in ended if one[1] not in REFUSED] == []


def test_a_start_job_reaches_nothing_of_another_pipeline(app: Application, intrusions: list[Call]) -> None:
    """It alone may write in the ledger and submit jobs: its own pipeline's. It reports what failed to the
    queue of the alerts, where what it sends here is set aside.
    """
    dead_letters = app.queue("alert", "DeadLetters")
    ended = Job(app, "told", "StartRole").tries(intrusions)
    wait_for(lambda: app.waiting(dead_letters), "what was set aside")
    app.client("sqs").purge_queue(QueueUrl=dead_letters)
    made = zip(intrusions, ended, strict=True)
    allowed = [call for call, (_, how) in made if how not in REFUSED]
    name = app.queue("alert").rpartition("/")[2]
    assert [(call[1], call[2]["QueueUrl"].rpartition("/")[2]) for call in allowed] == [("send_message", name)]


def test_a_job_reaches_what_is_its_own_pipelines(
    app: Application, burst: dict[str, Upload], job: Job
) -> None:
    """The same calls, where they are needed, are allowed: what refuses is the pipeline's name."""
    run = app.ended(burst["text"]).run_id
    calls = [*ledger_reads(app, run), *needed_objects(app, burst["text"], run, "word-count")]
    assert {ended for _, ended in job.tries(calls)} == {"allowed"}


def test_a_job_writes_results_only_where_runs_of_its_pipeline_have_them(app: Application, job: Job) -> None:
    """Not beside them, where another run's or a person's files may be, unless the pipeline says
    publishes="anywhere"; and not where a pipeline has its name's beginning.
    """
    results = app.outputs["ResultsBucket"]
    digest = "0" * 20
    wrong = (
        "word-count/latest/x",
        "word-count/x",
        f"word-count/word-count-{digest}0/x",
        f"word-count/flight-delays-{digest}/x",
        f"word/word-{digest}/x",
        f"word-count-2/word-count-2-{digest}/x",
    )
    calls: list[Call] = [("s3", "put_object", {"Bucket": results, "Key": key, "Body": ""}) for key in wrong]
    assert [one for one in job.tries(calls) if one[1] not in REFUSED] == []


def test_a_job_has_no_variable_that_aws_does_not_document(app: Application, job: Job) -> None:
    """But for those that lead it to this cloud (local/environment.py), and what stands for its image: the
    Region is what its definition says.
    """
    (line,) = job.printed(PRINTS)
    found = json.loads(line)
    defined = {one["name"]: one["value"] for one in job.definition["containerProperties"]["environment"]}
    assert defined["AWS_REGION"] == defined["AWS_DEFAULT_REGION"] == found["AWS_DEFAULT_REGION"]
    assert all(name in found for name in defined)
    assert {
        name for name in found if name.startswith(("AWS_", "ECS_")) and name not in defined
    } <= OF_AWS | TO_THIS_CLOUD


# https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html, and what ECS gives a task.
OF_AWS = {
    "AWS_BATCH_CE_NAME",
    "AWS_BATCH_JOB_ATTEMPT",
    "AWS_BATCH_JOB_ID",
    "AWS_BATCH_JQ_NAME",
    "AWS_EXECUTION_ENV",
    "ECS_CONTAINER_METADATA_URI_V4",
    # AWS gives an address of credentials instead.
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
}
TO_THIS_CLOUD = {
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
}
