"""How the Lambdas read their queues."""

from __future__ import annotations

import json

import pytest

import lambdas.consuming
from sluice.messages import RunFailed
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun
from tests.sluice.graphs import word_count

# fan_out sets nothing aside: every job may publish to it.
ALL = ["trigger", "track", "alert"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", ["{", "[]", '{"version": 2}'])
def test_a_malformed_message_is_set_aside_with_its_reason_and_consumed(
    aws: Aws, name: str, body: str
) -> None:
    """Reading it again cannot help; the dead-letter queue has an alarm."""
    assert aws.call(name, body) == []
    [message] = aws.received("dead")
    assert message["Body"] == body
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("Expected ")


def test_a_message_of_an_unknown_run_is_set_aside(aws: Aws) -> None:
    """Nothing is swallowed."""
    run = "words-" + "z" * 20
    assert aws.call("alert", RunFailed(run=run, step="a").to_json()) == []
    assert run in aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]


def test_a_reason_from_outside_is_made_visible(aws: Aws) -> None:
    """SQS refuses an attribute with a control character, and then nothing would be set aside."""
    aws.handler("alert")
    lambdas.consuming.set_aside("{}", "\x1b]52;c;AAAA\x07\u202e" * 500, aws.queues["dead"])
    reason = aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]
    assert reason.startswith(r"\x1b]52;c;AAAA\x07\u202e")
    assert len(reason) == 1024


def test_failures_are_reported_by_their_id_and_the_others_are_handled(aws: Aws) -> None:
    """One message whose definition is not there does not hold up the rest."""
    lost = json.loads(aws.upload(word_count(), key="words/b.txt")) | {
        "definition": {"bucket": "assets", "key": "gone.json"}
    }
    assert aws.call("trigger", aws.upload(word_count()), json.dumps(lost), "{") == ["1"]
    assert aws.batch.names() == ["split"]
    assert len(aws.received("dead")) == 1


def test_metrics_are_written_to_the_log(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """In CloudWatch's embedded format, in the namespace Sluice."""
    begun(aws)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], line["RunsStarted"]) for line in lines] == [
        ("Sluice", [1.0])
    ]
