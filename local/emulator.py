"""The one module that touches ministack's private names.

ministack (https://github.com/ministackorg/ministack) publishes a server, not a library. What Sluice adds to it (a real
AWS Batch, messages that would be mailed, credentials for jobs) hangs on the names that are used here and nowhere
else; tests/local/test_emulator.py fails by name when one of them moves.

Import it only in a process whose environment comes from `local.environment`: ministack reads it at import.
"""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, cast
from urllib.parse import urlencode

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses, router
from ministack.services import (
    cloudwatch,
    cloudwatch_logs,
    ec2,
    ecr,
    eventbridge,
    lambda_svc,
    s3,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
    sts,
)
from ministack.services.cloudformation import provisioners

from local.alarms import COMPARISONS, QueueAlarm
from local.mailbox import Message
from local.place import ACCOUNT, REGION
from local.secret_names import json_value, secret_parts

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes], Response]

asgi = gateway.app
VISIBLE = "ApproximateNumberOfMessagesVisible"
EVENTS_KEPT = 1000


def scope() -> AbstractContextManager[None]:
    """Return a context in which ministack's stores are those of this machine's account and region."""
    return cast("AbstractContextManager[None]", responses.request_scope(ACCOUNT, REGION))


def replace_service(name: str, handle: Handler) -> None:
    """Let `handle(method, path, headers, body)`, with the query in `path`, answer and authorise requests of a service.

    ministack checks who calls; what the caller may do is left to `handle`, because ministack knows no resources of
    services such as Batch and would refuse each policy that names some. `handle` runs in a thread of its own.
    """

    async def answer(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Response:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return await asyncio.to_thread(handle, method, target, headers, body)

    gateway.SERVICE_HANDLERS[name] = answer
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(name, None)


def add_resource_types(handlers: Mapping[str, Mapping[str, Any]]) -> None:
    """Teach CloudFormation the resource types in `handlers`: type → create, update and delete."""
    provisioners._RESOURCE_HANDLERS.update(handlers)


def call_ec2(action: str, parameters: Mapping[str, str]) -> bytes:
    """Call an action of EC2, such as `AllocateAddress`, and return the XML of its answer."""
    with scope():
        return bytes(ec2._ACTION_MAP[action](dict(parameters))[2])


def enforce_iam(enforce: bool) -> None:
    """Switch IAM on or off for every request from now on.

    Running Lambda workers keep the credentials that they were started with, so they are ended; the next invocation
    starts one with its role's credentials.
    """
    if enforce != gateway.AUTH:
        gateway.AUTH = enforce
        stop_lambda_workers()


def iam_enforced() -> bool:
    """Say whether IAM is enforced."""
    return bool(gateway.AUTH)


def denied(headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, object]) -> str | None:
    """Return the ARN of the caller if its policies do not allow `action` on `resource`, and None if they do."""
    if not gateway.AUTH:
        return None
    key = router.extract_access_key_id(headers)
    service = action.partition(":")[0]
    verdict = iam_evaluator.enforce(key, action, service, REGION, resource_arn=resource, service_context=dict(context))
    if verdict is None:
        return None
    return str(getattr(verdict, "principal_arn", "") or "the caller")


def role_credentials(role_arn: str, session_name: str) -> dict[str, str]:
    """Return an environment with a new session of the role, as STS would give to whoever assumes it."""
    role = role_arn.rsplit("/", 1)[-1]
    access_key, secret, token = f"ASIA{uuid.uuid4().hex[:16].upper()}", uuid.uuid4().hex, uuid.uuid4().hex
    session = {
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session_name[:64]}",
        "UserId": f"{role}:{session_name[:64]}",
        "AccountId": ACCOUNT,
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(access_key, session)
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def principal(access_key: str) -> str:
    """Return the name of the role or user behind an access key, or "root"."""
    if not access_key or iam_evaluator.is_root_access_key(access_key):
        return "root"
    with scope():
        caller = iam_evaluator.resolve_credential(access_key)
    arn = str(getattr(caller, "principal_arn", "unknown"))
    return arn.split("/")[1] if "/" in arn else arn


def service_of(method: str, path: str, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Return the AWS service that a request is for, by its endpoint's name (`s3`, `dynamodb`, `batch`, …)."""
    return str(router.detect_service(method, path, headers, query))


def access_key_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Return the access key that signed a request, or an empty string."""
    return str(router.extract_access_key_id(headers, query))


def name_event_sources() -> None:
    """Let policies ask for the source and the kind of the events that PutEvents is to send, as on AWS.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    keys = iam_actions.request_tag_context

    def with_sources(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = keys(service, action, body, parameters)
        return found | event_keys(body) if action == "events:PutEvents" else found

    iam_actions.request_tag_context = with_sources


def event_keys(body: bytes) -> dict[str, str | list[str]]:
    """Return IAM's condition keys of a PutEvents request: one value, or several that all must be allowed."""
    try:
        entries = json.loads(body).get("Entries") or []
        named = {key: sorted({str(entry.get(name, "")) for entry in entries}) for key, name in _EVENT_KEYS}
    except (ValueError, AttributeError):
        return {}
    return {key: values[0] if len(values) == 1 else values for key, values in named.items() if values}


_EVENT_KEYS = (("events:source", "Source"), ("events:detail-type", "DetailType"))


def answer_before(service: str, handle: Callable[[Mapping[str, str], bytes], Response | None]) -> None:
    """Let `handle(headers, body)` answer the requests of a service that ministack does not know; it returns None for all others."""
    known = gateway.SERVICE_HANDLERS[service]

    async def answer(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Response:
        return handle(headers, body) or cast("Response", await known(method, path, headers, body, query))

    gateway.SERVICE_HANDLERS[service] = answer


def put_event(event: Mapping[str, Any]) -> None:
    """Send an event of an AWS service (`source`, `detail-type`, `resources`, `detail`) to the default bus."""
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Resources": event.get("resources", []),
        "Detail": json.dumps(event["detail"]),
    }
    with scope():
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def bound_events_log(entries: int = EVENTS_KEPT) -> None:
    """Let EventBridge keep its newest events only; ministack keeps every event since its start, and reads none of them."""

    def events_log() -> deque[Any]:
        kept = eventbridge._events_log.get("entries")
        if not isinstance(kept, deque):
            kept = eventbridge._events_log["entries"] = deque(kept or (), maxlen=entries)
        return kept

    eventbridge._events_log_list = events_log


def secret_value(value_from: str, execution_role: str = "") -> str:
    """Return what `valueFrom` of a job's secret names, read as the role that starts the job; LookupError where it cannot be had.

    It is the ARN of a secret, with `:json-key:version-stage:version-id` after it or not, or the ARN or name of a parameter.
    https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html
    """
    secret, key, stage, version = secret_parts(value_from)
    with scope():
        if secret:
            found = secretsmanager.resolve_secret_string(secret, stage or "AWSCURRENT", version or None)
            known = secretsmanager._resolve(secret, use_arn_scope=True)[1] or {}
            _may_read(execution_role, "secretsmanager:GetSecretValue", str(known.get("ARN", secret)))
        else:
            found = ssm.resolve_parameter_value(value_from, decrypt=True)
            _may_read(execution_role, "ssm:GetParameters", _parameter_arn(value_from))
    if found is None:
        store = "secret of Secrets Manager" if secret else "parameter of Parameter Store"
        raise LookupError(f"Expected {value_from} to be a {store} with a text, found none.")
    return json_value(str(found), key, value_from) if key else str(found)


def _parameter_arn(value_from: str) -> str:
    named = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{value_from.removeprefix('/')}"
    return value_from if value_from.startswith("arn:") else named


def _may_read(role_arn: str, action: str, resource: str) -> None:
    """Raise LookupError where a role may not read a secret; a job without an execution role is left to Batch's own rules."""
    if not (gateway.AUTH and role_arn):
        return
    key = role_credentials(role_arn, "start")["AWS_ACCESS_KEY_ID"]
    if iam_evaluator.enforce(key, action, action.partition(":")[0], REGION, resource_arn=resource, service_context={}) is not None:
        raise LookupError(f"AccessDeniedException: {role_arn} is not authorized to perform: {action} on resource: {resource}.")


def put_logs(group: str, stream: str, lines: Iterable[tuple[int, str]]) -> None:
    """Append lines, each with its time in milliseconds, to a log stream.

    The stream and its group are made when they are missing: a task's log driver does that on AWS.
    """
    events = [{"timestamp": at, "message": text} for at, text in lines]
    named = {"logGroupName": group, "logStreamName": stream}
    with scope():
        cloudwatch_logs._create_log_group(named)
        cloudwatch_logs._create_log_stream(named)
        cloudwatch_logs._put_log_events({**named, "logEvents": events})


def capture_messages(deliver: Callable[[Message], None]) -> None:
    """Hand to `deliver` every message that SNS would send to a person: e-mail and SMS subscriptions.

    ministack delivers to queues, functions and URLs, and only logs these two.
    """
    fanout = sns._fanout

    def fan_out(topic: str, message_id: str, text: str, subject: str, structure: str = "", *more: Any, **named: Any) -> None:
        attributes = more[0] if more else named.get("message_attributes")
        for subscription in sns._topic_by_arn_any_scope(topic)["subscriptions"]:
            message = _message(subscription, text, subject, structure, attributes or {})
            if message:
                deliver(message)
        fanout(topic, message_id, text, subject, structure, *more, **named)

    sns._fanout = fan_out


def _message(subscription: dict[str, Any], text: str, subject: str, structure: str, attributes: dict[str, Any]) -> Message | None:
    """Return what a subscriber gets, or None if it is no person or its filter passes the message over."""
    protocol = subscription["protocol"]
    body = sns._resolve_message_for_protocol(text, structure, protocol)
    if protocol not in ("email", "sms") or not sns._matches_filter_policy(subscription, attributes, body):
        return None
    return Message.now(protocol, subscription["endpoint"], subject if protocol == "email" else "", body)


def count_loopback_as_tls() -> None:
    """Let policies that demand TLS (`aws:SecureTransport`) take this endpoint, which is plain HTTP, for secure.

    Buckets and queues of the app refuse requests without TLS; what goes over loopback leaves the machine no more than
    what TLS carries.
    """
    pin = gateway.pin_request_origin

    def pin_as_secure(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, True)

    gateway.pin_request_origin = pin_as_secure


def miss_images() -> None:
    """Let ECR's DescribeImages raise ImageNotFoundException for an image that is not there, as AWS does.

    ministack answers with an empty list, from which the CDK concludes that the image exists: it never builds it.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    describe = ecr._describe_images

    def describe_images(data: dict[str, Any]) -> Any:
        status, headers, body = describe(data)
        if status == 200 and data.get("imageIds") and not json.loads(body)["imageDetails"]:
            message = f"The image with imageId {data['imageIds'][0]} does not exist within the repository."
            return responses.error_response_json("ImageNotFoundException", message, 400)
        return status, headers, body

    ecr._describe_images = describe_images


def name_versions() -> None:
    """Let S3's events on EventBridge carry the object's `version-id`, as AWS's do for a bucket with versions.

    ministack knows the version where it builds the event and leaves it out.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event
    version: ContextVar[str | None] = ContextVar("version", default=None)

    def fire_s3_event(*event: Any, version_id: str | None = None, **named: Any) -> None:
        token = version.set(version_id)
        try:
            fire(*event, version_id=version_id, **named)
        finally:
            version.reset(token)

    def dispatch_event(event: dict[str, Any], *more: Any, **named: Any) -> Any:
        detail = json.loads(event["Detail"]) if event.get("Source") == "aws.s3" and version.get() else None
        if detail is not None:
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *more, **named)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_s3_event, dispatch_event


def name_scheduled_times() -> None:
    """Let the targets of EventBridge Scheduler carry the time that was meant, where their input asks for it.

    ministack leaves ``<aws.scheduler.scheduled-time>`` as it is; its time zone is always UTC.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    invoke = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            meant = _meant_time(rule["ScheduleExpression"], event["Time"])
            target = {**target, "Input": target["Input"].replace("<aws.scheduler.scheduled-time>", meant)}
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoke_target


def _meant_time(expression: str, fired: float) -> str:
    """Return the time of an ``at``, and for the others the minute: none is meant twice in one."""
    at = scheduler._at_time_epoch(expression)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(fired - fired % 60 if at is None else at))


def read_ranges_of_versions() -> None:
    """Let S3's GetObject heed Range when it names a version too, as AWS does.

    ministack answers with the whole version, so that each child of an array would read the whole file.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    get = s3._get_object

    def get_object(bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> Any:
        wanted = headers.get("range") if "versionId" in (query or {}) else None
        # A checksum of the whole version would not fit a part of it.
        asked = {name: value for name, value in headers.items() if not wanted or name != "x-amz-checksum-mode"}
        status, answer, body = get(bucket, key, asked, query)
        if not wanted or status != 200:
            return status, answer, body
        found = s3._parse_range(wanted, len(body))
        if found is None:
            return 416, {"Content-Type": "application/xml"}, s3._xml_body(s3._range_error_xml(bucket, key))
        start, end = found
        part = {"Content-Length": str(end + 1 - start), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, {**answer, **part}, body[start : end + 1]

    s3._get_object = get_object


def address_functions(endpoint: str) -> None:
    """Let a function URL that a template names be one that this machine can call; the API keeps telling AWS's form of it."""
    attributes = provisioners._lambda_url_attributes

    def attributes_here(config: dict[str, Any]) -> dict[str, Any]:
        url = f"{endpoint}/_aws/lambda-url/{lambda_svc._function_url_id(config['FunctionUrl'])}/"
        return {**attributes(config), "FunctionUrl": url}

    provisioners._lambda_url_attributes = attributes_here


def rotate_secrets(begin: Callable[[str, str, str], None]) -> None:
    """Let RotateSecret make a version AWSPENDING and call `begin(secret, function, version)`, which is to have the function finish it.

    ministack copies the old value and calls nobody. A version that has no value yet cannot be read.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    rotate, get = secretsmanager._rotate_secret, secretsmanager._get_secret_value

    def rotate_secret(data: dict[str, Any]) -> Any:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        function = data.get("RotationLambdaARN") or (secret or {}).get("RotationLambdaARN")
        if not secret or not function:
            return rotate(data)
        version, pending = secretsmanager._find_stage_version(secret, "AWSPENDING")
        if version and "AWSCURRENT" not in pending["Stages"]:
            message = "A previous rotation isn't complete. That rotation will be reattempted."
            return responses.error_response_json("InvalidRequestException", message, 400)
        token = data.get("ClientRequestToken") or str(uuid.uuid4())
        secretsmanager._remove_stage_everywhere(secret, "AWSPENDING")
        secret["Versions"][token] = {"SecretString": None, "SecretBinary": None, "CreatedDate": int(time.time()), "Stages": ["AWSPENDING"]}
        secret.update(_rotation(function, data.get("RotationRules") or secret.get("RotationRules")))
        begin(secret["ARN"], function, token)
        return responses.json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})

    def get_secret_value(data: dict[str, Any]) -> Any:
        status, headers, body = get(data)
        if status == 200 and not {"SecretString", "SecretBinary"} & json.loads(body).keys():
            message = "Secrets Manager can't find the specified secret value for VersionId."
            return responses.error_response_json("ResourceNotFoundException", message, 400)
        return status, headers, body

    secretsmanager._rotate_secret, secretsmanager._get_secret_value = rotate_secret, get_secret_value


def set_rotation(secret_id: str, function: str | None, rules: object) -> str:
    """Note which function rotates a secret, None for none, and return the secret's ARN; LookupError when there is no such secret."""
    _, secret = secretsmanager._resolve(secret_id)
    if not secret:
        raise LookupError(f"Expected a secret {secret_id}, found none.")
    secret.update(_rotation(function, rules))
    return str(secret["ARN"])


def _rotation(function: str | None, rules: object) -> dict[str, object]:
    return {"RotationEnabled": function is not None, "RotationLambdaARN": function, "RotationRules": rules}


def queue_alarms() -> list[QueueAlarm]:
    """Return the alarms on the number of visible messages of a queue."""
    with scope():
        alarms = [
            alarm
            for alarm in cloudwatch._alarms.values()
            if alarm.get("MetricName") == VISIBLE and alarm["ComparisonOperator"] in COMPARISONS
        ]
        return [_queue_alarm(alarm) for alarm in alarms]


def _queue_alarm(alarm: dict[str, Any]) -> QueueAlarm:
    queue = next((found["Value"] for found in alarm.get("Dimensions") or () if found["Name"] == "QueueName"), "")
    stored = sqs._queue_by_arn(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}") or {"messages": []}
    now = time.time()
    visible = sum(message["visible_at"] <= now for message in list(stored["messages"]))
    comparison, threshold = alarm["ComparisonOperator"], float(alarm["Threshold"])
    return QueueAlarm(alarm["AlarmName"], queue, comparison, threshold, alarm["StateValue"], visible)


def set_alarm(name: str, state: str, reason: str) -> None:
    """Set an alarm's state, and do what the alarm does on it."""
    with scope():
        wanted = {"AlarmName": name, "StateValue": state, "StateReason": reason}
        cloudwatch._set_alarm_state({}, wanted, is_cbor=False, is_json=True)


def stop_lambda_workers() -> None:
    """End the processes of all Lambda functions and remove their unpacked code."""
    lambda_runtime.reset()
