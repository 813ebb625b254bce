"""What a job may reach: everything that its own pipeline's jobs need, and nothing of another pipeline's; and
what it finds in its environment.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from sluice import keys
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
REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AccessDeniedFault", "403"}
Call = tuple[str, str, dict[str, Any]]


class Job:
    """A job with the role, and all else, of a definition of some step of a pipeline."""

    def __init__(self, app: Application, pipeline: str) -> None:
        self._app, self._batch = app, app.client("batch")
        pages = self._batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
        found = [one for page in pages for one in page["jobDefinitions"]]
        ours = [one for one in found if one["jobDefinitionName"].startswith(f"sluice-{pipeline}-")]
        self.definition = next(one for one in ours if "JobRole" in one["containerProperties"]["jobRoleArn"])

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
        lines = self.printed(TRIES, CALLS=json.dumps(calls))
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


@pytest.fixture(scope="module")
def job(app: Application) -> Job:
    """A job of the pipeline word-count."""
    return Job(app, "word-count")


def ledger_calls(app: Application, run: str) -> list[Call]:
    """Return all ways to a run in the ledger."""
    table, key = app.outputs["LedgerTable"], {"pk": {"S": f"RUN#{run}"}, "sk": {"S": "RUN"}}
    item = {"TableName": table, "Key": key}
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :run",
        "ExpressionAttributeValues": {":run": {"S": f"RUN#{run}"}},
    }
    return [
        ("dynamodb", "get_item", item),
        ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": [key]}}}),
        ("dynamodb", "transact_get_items", {"TransactItems": [{"Get": item}]}),
        ("dynamodb", "query", query),
        ("dynamodb", "scan", {"TableName": table}),
        ("dynamodb", "put_item", {"TableName": table, "Item": key}),
        ("dynamodb", "delete_item", item),
    ]


def object_calls(app: Application, upload: Upload, run: str, pipeline: str) -> list[Call]:
    """Return all ways to a run's input, work and results."""
    work, results, inbox = (app.outputs[f"{name}Bucket"] for name in ("Work", "Results", "Inbox"))
    of_run, of_results = keys.run_prefix(run), keys.result(pipeline, run, "x")
    return [
        ("s3", "get_object", {"Bucket": inbox, "Key": upload.key, "VersionId": upload.version}),
        ("s3", "put_object", {"Bucket": inbox, "Key": upload.key, "Body": ""}),
        ("s3", "list_objects_v2", {"Bucket": work, "Prefix": of_run}),
        ("s3", "get_object", {"Bucket": work, "Key": f"{of_run}x"}),
        ("s3", "put_object", {"Bucket": work, "Key": f"{of_run}x", "Body": ""}),
        ("s3", "delete_object", {"Bucket": work, "Key": f"{of_run}x"}),
        ("s3", "get_object", {"Bucket": results, "Key": of_results}),
        ("s3", "put_object", {"Bucket": results, "Key": of_results, "Body": ""}),
        ("s3", "delete_object", {"Bucket": results, "Key": of_results}),
    ]


def other_calls(app: Application, definition: str) -> list[Call]:
    """Return the ways to what another pipeline's runs go through: queues, secrets, jobs, functions and
    topics.
    """
    secret = app.outputs["DeliveriesWebhookSecret"]
    function = app.resource("SluiceControl", "TriggerFunction", "AWS::Lambda::Function")
    alerts = app.resource("SluiceControl", "Alerts", "AWS::SNS::Topic")
    queues = [app.queue(stage) for stage in ("trigger", "fan_out", "track", "alert")]
    job_queue = app.outputs["NormalQueue"]
    return [
        *[("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "{}"}) for queue in queues],
        *[("sqs", "receive_message", {"QueueUrl": queue}) for queue in queues],
        ("secretsmanager", "get_secret_value", {"SecretId": secret}),
        ("secretsmanager", "put_secret_value", {"SecretId": secret, "SecretString": "x"}),
        ("batch", "submit_job", {"jobName": "x", "jobQueue": job_queue, "jobDefinition": definition}),
        ("batch", "register_job_definition", {"jobDefinitionName": definition, "type": "container"}),
        ("batch", "deregister_job_definition", {"jobDefinition": f"{definition}:1"}),
        ("batch", "terminate_job", {"jobId": "x", "reason": "x"}),
        ("lambda", "invoke", {"FunctionName": function}),
        ("lambda", "get_function", {"FunctionName": function}),
        ("sns", "publish", {"TopicArn": alerts, "Message": "x"}),
        ("events", "put_events", {"Entries": [{"Source": "sluice", "DetailType": "x", "Detail": "{}"}]}),
    ]


def test_a_job_reaches_nothing_of_another_pipeline(
    app: Application, burst: dict[str, Upload], job: Job
) -> None:
    """Ledger, input, work, results, queues, secrets, definitions, functions, topics: all refused."""
    upload = burst["flights"]
    run = app.ended(upload).run_id
    definition = Job(app, "flight-delays").definition["jobDefinitionName"]
    calls = [
        *ledger_calls(app, run),
        *object_calls(app, upload, run, "flight-delays"),
        *other_calls(app, definition),
    ]
    ended = job.tries(calls)
    assert len(ended) == len(calls)
    assert [one for one in ended if one[1] not in REFUSED] == []


def test_a_job_reaches_what_is_its_own_pipelines(
    app: Application, burst: dict[str, Upload], job: Job
) -> None:
    """The same calls, where they are needed, are allowed: what refuses is the pipeline's name."""
    run = app.ended(burst["text"]).run_id
    needed = {"get_item", "batch_get_item"}
    calls = [call for call in ledger_calls(app, run) if call[1] in needed]
    calls += [object_calls(app, burst["text"], run, "word-count")[number] for number in (0, 2, 7)]
    assert {ended for _, ended in job.tries(calls)} == {"allowed"}


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
    "AWS_EC2_METADATA_DISABLED",
}
