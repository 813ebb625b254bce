"""Mended: the addresses of function URLs, which this machine could not call, the credentials of functions,
which anybody could guess, the invocations that an update ended, and the size of batches, which ministack sets
to ten.
"""

import re
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import (
    lambda_svc,
    sqs,
)
from ministack.services.cloudformation import stacks

from local.emulator.access import role_credentials
from local.emulator.functions import end_after_work
from local.emulator.patches.batches import SMALL_BATCH, Waiting, ready_batch_size

_FUNCTION_URL = re.compile(r"https://([a-z0-9]+)\.lambda-url\.[a-z0-9-]+\.on\.aws/")


def address_functions(endpoint: str) -> None:
    """Let a function URL among the outputs of a stack be one that this machine can call. Between resources,
    and by the API, it has AWS's form: Cognito compares it with what a function says of itself.
    """
    resolve = stacks._resolve_stack_outputs

    def resolve_outputs(*arguments: Any) -> tuple[list[Any], dict[str, Any]]:
        outputs, exports = resolve(*arguments)
        return [{**one, "OutputValue": called_here(one["OutputValue"], endpoint)} for one in outputs], exports

    stacks._resolve_stack_outputs = resolve_outputs


def called_here(text: str, endpoint: str) -> str:
    """Return a text with the addresses in it that an endpoint has for function URLs."""
    return _FUNCTION_URL.sub(rf"{endpoint}/_aws/lambda-url/\1/", text)


def give_sessions() -> None:
    """Let a Lambda function have a session of its role, with secrets that nobody can guess.

    ministack derives them from the function's ARN, and without IAM gives the administrator's key instead.
    """

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        return role_credentials(config["Role"], config["FunctionName"])

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials


def spare_invocations() -> None:
    """Let an update of a function leave its invocations alone: their processes are ended behind them."""
    lambda_runtime.kill_workers = end_after_work


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
