"""Everything that a job of one pipeline may try on what belongs to another, and to all: calls of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sluice import keys
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.listed import LISTED_INDEX
from tests.e2e.application import Application, Upload

REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AccessDeniedFault", "403"}
Call = tuple[str, str, dict[str, Any]]


def _item_of(run: str) -> dict[str, Any]:
    return {"pk": {"S": f"RUN#{run}"}, "sk": {"S": "RUN"}}


def ledger_reads(app: Application, run: str) -> list[Call]:
    """Return the two ways in which a job reads a run of its own in the ledger."""
    table, key = app.outputs["LedgerTable"], _item_of(run)
    return [
        ("dynamodb", "get_item", {"TableName": table, "Key": key}),
        ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": [key]}}}),
    ]


def ledger_calls(app: Application, run: str, own: str) -> list[Call]:
    """Return all ways to a run in the ledger, also in one request with a run of the caller's ``own``."""
    table, key = app.outputs["LedgerTable"], _item_of(run)
    item = {"TableName": table, "Key": key}
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :run",
        "ExpressionAttributeValues": {":run": {"S": f"RUN#{run}"}},
    }
    both = [_item_of(own), key]
    text = f'SELECT * FROM "{table}"'  # noqa: S608 - PartiQL, of a table of ours
    return [
        *ledger_reads(app, run),
        ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": both}}}),
        ("dynamodb", "transact_get_items", {"TransactItems": [{"Get": item}]}),
        ("dynamodb", "query", query),
        *_indexed(table),
        ("dynamodb", "scan", {"TableName": table}),
        ("dynamodb", "execute_statement", {"Statement": text}),
        ("dynamodb", "put_item", {"TableName": table, "Item": key}),
        ("dynamodb", "update_item", {**item, **_CHANGE}),
        ("dynamodb", "delete_item", item),
        ("dynamodb", "batch_write_item", {"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}}),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Update": {**item, **_CHANGE}}]}),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Delete": item}]}),
        ("dynamodb", "describe_table", {"TableName": table}),
        ("dynamodb", "delete_table", {"TableName": table}),
    ]


_CHANGE = {
    "UpdateExpression": "SET #state = :state",
    "ExpressionAttributeNames": {"#state": "state"},
    "ExpressionAttributeValues": {":state": {"S": "SUCCEEDED"}},
}


def _indexed(table: str) -> Iterator[Call]:
    for index, key in ((UNFINISHED_INDEX, "unfinished"), (LISTED_INDEX, "listed")):
        query = {
            "TableName": table,
            "IndexName": index,
            "KeyConditionExpression": f"{key} = :value",
            "ExpressionAttributeValues": {":value": {"S": "run"}},
        }
        yield ("dynamodb", "query", query)
        yield ("dynamodb", "scan", {"TableName": table, "IndexName": index})


def needed_objects(app: Application, upload: Upload, run: str, pipeline: str) -> list[Call]:
    """Return what a job does with input, work and results of its own runs."""
    work, results, inbox = (app.outputs[f"{name}Bucket"] for name in ("Work", "Results", "Inbox"))
    return [
        ("s3", "get_object", {"Bucket": inbox, "Key": upload.key, "VersionId": upload.version}),
        ("s3", "list_objects_v2", {"Bucket": inbox, "Prefix": upload.key}),
        ("s3", "list_objects_v2", {"Bucket": work, "Prefix": keys.run_prefix(run)}),
        ("s3", "put_object", {"Bucket": results, "Key": keys.result(pipeline, run, "x"), "Body": ""}),
    ]


def object_calls(app: Application, upload: Upload, run: str, pipeline: str) -> list[Call]:
    """Return all ways to a run's input, work and results."""
    work, results, inbox = (app.outputs[f"{name}Bucket"] for name in ("Work", "Results", "Inbox"))
    of_run, of_results = f"{keys.run_prefix(run)}x", keys.result(pipeline, run, "x")
    return [
        *needed_objects(app, upload, run, pipeline),
        *_ways_to(inbox, upload.key),
        *_ways_to(work, of_run),
        *_ways_to(results, of_results),
        ("s3", "list_objects_v2", {"Bucket": results, "Prefix": f"{pipeline}/"}),
        ("s3", "list_object_versions", {"Bucket": inbox, "Prefix": upload.key}),
        ("s3", "put_object", {"Bucket": work, "Key": f"definitions/{pipeline}.json", "Body": "{}"}),
    ]


def _ways_to(bucket: str, key: str) -> Iterator[Call]:
    one = {"Bucket": bucket, "Key": key}
    yield ("s3", "get_object", one)
    yield ("s3", "head_object", one)
    yield ("s3", "put_object", {**one, "Body": ""})
    yield ("s3", "copy_object", {**one, "CopySource": one})
    yield ("s3", "create_multipart_upload", one)
    yield ("s3", "put_object_tagging", {**one, "Tagging": {"TagSet": []}})
    yield ("s3", "delete_object", one)
    yield ("s3", "delete_objects", {"Bucket": bucket, "Delete": {"Objects": [{"Key": key}]}})


def calls_on_all(app: Application) -> Iterator[Call]:
    """Yield the listings of whole buckets, and the changes of what they are."""
    for bucket in (app.outputs[f"{name}Bucket"] for name in ("Work", "Results", "Inbox")):
        yield ("s3", "list_objects_v2", {"Bucket": bucket})
        yield ("s3", "list_objects_v2", {"Bucket": bucket, "Prefix": ""})
        yield ("s3", "list_object_versions", {"Bucket": bucket})
        yield ("s3", "get_bucket_policy", {"Bucket": bucket})
        yield ("s3", "delete_bucket_policy", {"Bucket": bucket})
        yield ("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": "{}"})


def message_calls(app: Application, plans: str) -> Iterator[Call]:
    """Yield the ways to every queue, those of dead letters included, and every topic. On the topic of the
    ``plans`` every job may publish.
    """
    for queue in app.client("sqs").list_queues()["QueueUrls"]:
        one = {"QueueUrl": queue}
        yield ("sqs", "send_message", {**one, "MessageBody": "{}"})
        yield ("sqs", "receive_message", one)
        yield ("sqs", "delete_message", {**one, "ReceiptHandle": "x"})
        yield ("sqs", "purge_queue", one)
    for topic in (one["TopicArn"] for one in app.client("sns").list_topics()["Topics"]):
        if topic != plans:
            yield ("sns", "publish", {"TopicArn": topic, "Message": "x"})
        yield ("sns", "subscribe", {"TopicArn": topic, "Protocol": "sms", "Endpoint": "+15555550199"})
    yield ("sns", "publish", {"PhoneNumber": "+15555550199", "Message": "x"})
    yield ("events", "put_events", {"Entries": [{"Source": "sluice", "DetailType": "x", "Detail": "{}"}]})
    yield ("events", "put_rule", {"Name": "x", "ScheduleExpression": "rate(1 minute)"})


def secret_calls(app: Application) -> Iterator[Call]:
    """Yield the ways to every secret."""
    for secret in (one["ARN"] for one in app.client("secretsmanager").list_secrets()["SecretList"]):
        yield ("secretsmanager", "get_secret_value", {"SecretId": secret})
        yield ("secretsmanager", "describe_secret", {"SecretId": secret})
        yield ("secretsmanager", "put_secret_value", {"SecretId": secret, "SecretString": "x"})
    yield ("ssm", "get_parameter", {"Name": "/sluice"})


def code_calls(app: Application, definition: dict[str, Any]) -> Iterator[Call]:
    """Yield the ways to every function, to another pipeline's job definition, log and roles."""
    for function in (one["FunctionName"] for one in app.client("lambda").list_functions()["Functions"]):
        yield ("lambda", "invoke", {"FunctionName": function})
        yield ("lambda", "get_function", {"FunctionName": function})
        yield ("lambda", "update_function_code", {"FunctionName": function, "ZipFile": ""})
    name, container = definition["jobDefinitionName"], definition["containerProperties"]
    group = container["logConfiguration"]["options"]["awslogs-group"]
    stream = {"logGroupName": group, "logStreamName": "x"}
    yield ("logs", "filter_log_events", {"logGroupName": group})
    yield ("logs", "get_log_events", stream)
    yield ("logs", "put_log_events", {**stream, "logEvents": [{"timestamp": 1, "message": "x"}]})
    for role in (container["jobRoleArn"], container["executionRoleArn"]):
        yield ("sts", "assume_role", {"RoleArn": role, "RoleSessionName": "intruder"})
        yield ("iam", "get_role", {"RoleName": role.rpartition("/")[2]})
    for queue in (value for output, value in app.outputs.items() if output in ("NormalQueue", "SteadyQueue")):
        yield ("batch", "submit_job", {"jobName": "x", "jobQueue": queue, "jobDefinition": name})
        yield ("batch", "update_job_queue", {"jobQueue": queue, "state": "DISABLED"})
    yield ("batch", "register_job_definition", {"jobDefinitionName": name, "type": "container"})
    yield ("batch", "deregister_job_definition", {"jobDefinition": f"{name}:1"})
    yield ("batch", "terminate_job", {"jobId": "x", "reason": "x"})
    yield ("batch", "cancel_job", {"jobId": "x", "reason": "x"})
    yield ("cloudformation", "describe_stacks", {})
