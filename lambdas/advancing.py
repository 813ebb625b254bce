"""Makes the advancer of trigger, fan_out and track from their settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lambdas.consuming import count, measure
from sluice.advance.advancer import Advancer
from sluice.advance.batch_events import Reconcile
from sluice.alerts.run_events import RunChanged
from sluice.aws.clients import client
from sluice.errors import UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run.state import RunState
from sluice.settings import AdvanceSettings


@contextmanager
def reconciling_soon(run_id: str, track_queue: str) -> Iterator[None]:
    """Have a run reconciled in some seconds where a claim could not be settled now; the message comes again
    as well, only later.
    """
    try:
        yield
    except UnsettledError:
        request_reconcile([run_id], track_queue)
        raise


def request_reconcile(run_ids: Sequence[str], track_queue: str, attempt: int = 1) -> None:
    """Have runs reconciled in some seconds: the more, the more often that did not help."""
    request = Reconcile(tuple(run_ids), attempt)
    client("sqs").send_message(
        QueueUrl=track_queue, MessageBody=request.to_json(), DelaySeconds=request.delay_seconds
    )


def make_advancer(settings: AdvanceSettings) -> Advancer:
    """Return an advancer; it makes the Batch and SQS clients when it first needs them."""

    def send(message: RunFailed | RunChanged) -> None:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=message.to_json())

    def on_end(state: RunState, seconds: float) -> None:
        count("RunsSucceeded" if state is RunState.SUCCEEDED else "RunsFailed")
        measure("RunSeconds", seconds)

    return Advancer(
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        batch=lambda: client("batch"),
        queues=settings.queue_arns(),
        notify_failed=send,
        on_end=on_end,
        on_change=send,
    )
