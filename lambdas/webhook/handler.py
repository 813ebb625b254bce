"""webhook: a pipeline's own address got a request; verify its signature, and put its body into the trigger
queue.

The only Lambda that answers a caller: it starts no run itself. See docs/decisions/0011-webhooks.md.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.log_lines import new_logger
from lambdas.webhook.keys import Keys
from lambdas.webhook.refusal import Refusal, answer
from lambdas.webhook.request import Request, json_of, request_of
from lambdas.webhook.schema import schema_check
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError, SettingError, SignatureError, StaleSignatureError
from sluice.ledger.idempotency import DeliveryRecords
from sluice.messages import Triggered
from sluice.run.job_names import run_id
from sluice.settings import WebhookSettings
from sluice.triggers.signatures import Signed, verify
from sluice.triggers.trigger_event import WebhookDelivery
from sluice.triggers.webhook_deliveries import TRIGGER, ReplayCheck, check_replay, delivery, delivery_record

settings = WebhookSettings.from_env()
keys = Keys(client=client("secretsmanager"), secret=settings.secret, form=settings.signature)
records = DeliveryRecords(client("dynamodb"), settings.ledger_table)
check = schema_check(settings.schema)
logger = new_logger()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request: 202 with the run's id, or what is wrong with it."""
    try:
        return _respond(request_of(event))
    except Refusal as refusal:
        logger.info("A request was refused.", status=refusal.status, reason=refusal.error, **refusal.more)
        return refusal.answer()
    except (ClientError, BotoCoreError, SettingError):
        logger.exception("A request could not be handled; its sender gets a 503 and is to send it again.")
        return Refusal(
            503, "Expected to handle this request, found that it cannot be done now. Send it again."
        ).answer()


def _respond(request: Request) -> dict[str, Any]:
    signed = _verify(request)
    if settings.signature == "github" and request.headers.get("x-github-event") == "ping":
        # GitHub sends it when the webhook is created:
        # https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping
        return answer(200, {"run": None})
    value = json_of(request.body)
    check(value)
    try:
        found = delivery(settings.signature, signed, request.headers, request.body, value)
    except MalformedMessageError as error:
        raise Refusal(400, str(error)) from error
    return answer(202, {"run": _enqueue(found, signed, request.body)})


def _verify(request: Request) -> Signed:
    try:
        try:
            return verify(settings.signature, keys.valid(), request.headers, request.body, time.time())
        except SignatureError:
            # The secret may have changed a moment ago.
            if not keys.changed():
                raise
            return verify(settings.signature, keys.valid(), request.headers, request.body, time.time())
    except (SignatureError, StaleSignatureError) as error:
        raise Refusal(401, str(error)) from error


def _enqueue(found: WebhookDelivery, signed: Signed, body: bytes) -> str:
    """Put a delivery into the trigger queue unless it is there, and return the id of its run; raises Refusal
    (409) for a replay.

    The record is written after the message is sent: a Lambda that dies in between leaves no record, and the
    sender's repetition sends the same run once more.
    """
    run = run_id(settings.pipeline, TRIGGER, found.identity())
    record = delivery_record(signed, body)
    replay = check_replay(settings.signature, record, records.read(run))
    if replay is ReplayCheck.OTHER_BODY:
        raise Refusal(
            409,
            f"Expected a new webhook-id for a new body, found {found.id}, which came with another one.",
            run=run,
        )
    if replay is ReplayCheck.NEW:
        client("sqs").send_message(QueueUrl=settings.trigger_queue, MessageBody=_message(found).to_json())
        logger.info("An event was put into the trigger queue.", run=run, input=found.uri)
    if replay is ReplayCheck.REPLAYED or not records.write(
        run, record, datetime.now(UTC).isoformat(timespec="milliseconds")
    ):
        raise Refusal(
            409,
            "Expected a new request, found one that was handled before; nothing was started.",
            run=run,
        )
    return run


def _message(found: WebhookDelivery) -> Triggered:
    return Triggered(
        pipeline=settings.pipeline,
        trigger=TRIGGER,
        definition={"bucket": settings.definition_bucket, "key": settings.definition_key},
        detail={"form": found.form, "id": found.id, "event": found.event, "input": found.input},
    )
