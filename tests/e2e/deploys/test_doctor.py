"""`sluice doctor` on the deployed app."""

from __future__ import annotations

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import CHECKS, run_checks
from cli.commands.doctor.finding import Level
from stacks.configuration import Configuration
from tests.conftest import EMAIL, PHONE
from tests.e2e.application import Application


def test_a_healthy_app_has_no_findings_and_what_the_local_cloud_lacks_is_not_called_well(
    app: Application,
) -> None:
    """Every check looked at something; quotas and service-linked roles are not checked here, and say why."""
    found = list(run_checks(Account(app.client, Configuration(console=True))))
    assert {name for name, _ in found} == set(CHECKS)
    assert [(name, one) for name, one in found if one.level in (Level.ERROR, Level.WARNING)] == []
    assert {name for name, one in found if one.level is Level.NOT_CHECKED} == {
        "console",
        "vCPU quotas",
        "Lambda quota",
        "log streams",
        "text messages",
        "Docker",
        "emulation",
        "service roles",
    }
    told = " ".join(one.text for name, one in found if name == "subscriptions")
    assert EMAIL in told
    assert PHONE in told


def test_a_message_that_was_set_aside_is_a_finding(app: Application) -> None:
    """With how to read the message and what to do."""
    sqs, queue = app.client("sqs"), app.queue("trigger", "DeadLetters")
    sqs.send_message(QueueUrl=queue, MessageBody="nobody can read this")
    try:
        found = [
            one
            for name, one in run_checks(Account(app.client, Configuration(console=True)))
            if name == "dead letters"
        ]
    finally:
        [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert [one.level for one in found] == [Level.ERROR]
    assert queue in found[0].fix
