"""What the Lambdas of the consumers may do, and what they may not."""

from __future__ import annotations

from tests.stacks.templates import STAGES, Template, many, text


def allowed(template: Template, stage: str) -> set[str]:
    """Return the actions that a Lambda's role may take."""
    return {
        action
        for role, one in template.statements()
        if role.startswith(f"{stage}Role")
        for action in many(one["Action"])
    }


def test_only_lambdas_that_advance_runs_submit_jobs(control: Template) -> None:
    """Trigger, fan_out and track submit; alert does not, and only it may publish alerts."""
    submitting = {stage for stage in STAGES if "batch:SubmitJob" in allowed(control, stage)}
    assert submitting == {"Trigger", "FanOut", "Track"}
    assert {stage for stage in STAGES if "sns:Publish" in allowed(control, stage)} == {"Alert"}


def test_no_lambda_reads_the_whole_ledger_or_deletes_objects(control: Template) -> None:
    """No Lambda here scans the ledger or deletes objects."""
    actions = set.union(*(allowed(control, stage) for stage in STAGES))
    assert (
        not {"dynamodb:Scan", "s3:DeleteObject", "s3:PutObject", "batch:TerminateJob", "iam:PassRole"}
        & actions
    )


def test_only_the_alert_function_may_send_events_and_only_of_ours(control: Template) -> None:
    """By source and kind, on the default bus."""
    may = [(role, one) for role, one in control.statements() if "events:PutEvents" in many(one["Action"])]
    [(role, statement)] = may
    assert role.startswith("AlertRole")
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": ["sluice"],
            "events:detail-type": ["Run State Change", "Run Late"],
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    assert text(statement["Resource"]).endswith(":event-bus/default")
