"""Makes the advancer of trigger, fan_out and track from their settings."""

from __future__ import annotations

from lambdas.consuming import count, measure
from sluice.advance.advancer import Advancer
from sluice.alerts.run_events import RunChanged
from sluice.aws.clients import client
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.run.state import RunState
from sluice.settings import AdvanceSettings


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
