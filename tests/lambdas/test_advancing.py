"""The advancer of trigger, fan_out and track."""

from __future__ import annotations

from sluice.run.state import RunState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import alert_messages, begun, ended, planned, run_of
from tests.sluice.clouds import refused
from tests.sluice.graphs import word_count


def test_a_run_goes_through_all_handlers_to_its_end(aws: Aws) -> None:
    """Trigger, fan_out, track."""
    run_id = begun(aws)
    assert aws.call("fan_out", planned(aws, run_id)) == []
    for name in ("split", "count", "rank", "merge"):
        assert aws.call("track", ended(aws, run_id, name, "SUCCEEDED")) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
    assert aws.received("dead") == []


def test_a_refusal_by_iam_is_recorded_and_an_alert_is_sent(aws: Aws) -> None:
    """The message is consumed; the run has failed with the permission's name."""
    aws.batch.answers = [
        ("before", refused("AccessDeniedException", "not authorized to perform: batch:SubmitJob", 403))
    ]
    assert aws.call("trigger", aws.upload(word_count())) == []
    [message] = alert_messages(aws)
    run = run_of(aws, message["run"])
    assert (run.state, message["step"]) == (RunState.FAILED, "split")
    assert "batch:SubmitJob" in str(run.steps["split"].reason)


def test_an_unknown_outcome_lets_the_message_come_again(aws: Aws) -> None:
    """It is neither a failure nor a success yet."""
    aws.batch.answers = [("after", refused("InternalError", status=500))]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
