"""What trigger, fan_out and track share: an advancer made from the settings."""

from __future__ import annotations

from lambdas.consuming import count, measure
from sluice.advance.advancer import Advancer
from sluice.alerts.run_events import RunChanged
from sluice.aws.clients import client
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run.state import RunState
from sluice.settings import AdvanceSettings


def advancer(settings: AdvanceSettings) -> Advancer:
    """Return an advancer; the Batch and SQS clients are made only when something is to be submitted or
    told.
    """

    def notify_failed(message: RunFailed) -> None:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=message.to_json())

    def on_change(message: RunChanged) -> None:
        client("sqs").send_message(QueueUrl=settings.alert_queue, MessageBody=message.to_json())

    def on_end(state: RunState, seconds: float) -> None:
        count("RunsSucceeded" if state is RunState.SUCCEEDED else "RunsFailed")
        measure("RunSeconds", seconds)

    return Advancer(
        ledger=Ledger(client("dynamodb"), settings.ledger_table),
        batch=lambda: client("batch"),
        queues=settings.queue_arns(),
        notify_failed=notify_failed,
        on_end=on_end,
        on_change=on_change,
    )
