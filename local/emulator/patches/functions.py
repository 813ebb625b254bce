"""Mended: the addresses of function URLs, which this machine could not call, the credentials of functions,
which anybody could guess, and the size of batches, which ministack sets to ten.
"""

import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import (
    lambda_svc,
    sqs,
)
from ministack.services.cloudformation import provisioners

from local.emulator.access import role_credentials
from local.emulator.patches.batches import SMALL_BATCH, Waiting, ready_batch_size


def address_functions(endpoint: str) -> None:
    """Let a function URL that a template names be one that this machine can call; the API still returns AWS's
    form of it.
    """
    attributes = provisioners._lambda_url_attributes

    def attributes_here(config: dict[str, Any]) -> dict[str, Any]:
        url = f"{endpoint}/_aws/lambda-url/{lambda_svc._function_url_id(config['FunctionUrl'])}/"
        return {**attributes(config), "FunctionUrl": url}

    provisioners._lambda_url_attributes = attributes_here


def give_sessions() -> None:
    """Let a Lambda function have a session of its role, with secrets that nobody can guess.

    ministack derives them from the function's ARN, and without IAM gives the administrator's key instead.
    """

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        return role_credentials(config["Role"], config["FunctionName"])

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials


def gather_batches() -> None:
    """Let a mapping of a queue to a Lambda hand over as many messages as it says, within its window;
    ministack hands over ten, at once.
    """
    receive = sqs._receive_messages_for_esm

    def receive_for_mapping(queue_url: str, max_messages: int) -> list[dict[str, Any]]:
        if max_messages <= SMALL_BATCH:
            return list(receive(queue_url, max_messages))
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            now = time.time()
            waiting = [
                Waiting(now - one["visible_at"], len(one["body"]))
                for one in queue["messages"]
                if one["visible_at"] <= now
            ]
            count = ready_batch_size(waiting, max_messages, _window_of(queue["attributes"]["QueueArn"]))
            return (
                list(sqs._collect_msgs(queue, count, int(queue["attributes"]["VisibilityTimeout"])))
                if count
                else []
            )

    sqs._receive_messages_for_esm = receive_for_mapping


def _window_of(queue_arn: str) -> float:
    mappings = [
        mapping for _, _, mapping in lambda_svc._iter_all_esms() if mapping.get("EventSourceArn") == queue_arn
    ]
    return float(mappings[0].get("MaximumBatchingWindowInSeconds") or 0) if mappings else 0.0
