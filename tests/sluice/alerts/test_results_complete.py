"""The event that starts what comes after a run, where AWS Batch's own has been lost."""

from __future__ import annotations

import json

from sluice.alerts.queue_messages import parse_alert
from sluice.alerts.results_complete import ResultsComplete, results_complete_entry

MESSAGE = ResultsComplete(cleanup="a-" + "x" * 20 + "_cleanup_0", queue="arn:queue")


def test_the_event_has_the_names_of_aws_batchs_own() -> None:
    """The rules of AfterRun triggers match both."""
    event = results_complete_entry(MESSAGE)
    assert (event["Source"], event["DetailType"]) == ("sluice", "Run Results Complete")
    assert json.loads(event["Detail"]) == {
        "jobName": MESSAGE.cleanup,
        "jobQueue": "arn:queue",
        "status": "SUCCEEDED",
    }


def test_the_alert_queue_reads_what_is_sent() -> None:
    """As no other message."""
    assert parse_alert(MESSAGE.to_json()) == MESSAGE
