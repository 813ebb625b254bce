"""What the rules of the control stack pass to which queue."""

from __future__ import annotations

import json

from tests.stacks.templates import Template, text


def test_only_ends_of_whole_jobs_reach_the_track_queue(control: Template) -> None:
    """The rule passes SUCCEEDED and FAILED of jobs on our queues, and no array child."""
    rule = control.of_type("AWS::Events::Rule")["EndedJobs"]["Properties"]
    detail = rule["EventPattern"]["detail"]
    assert rule["EventPattern"]["source"] == ["aws.batch"]
    assert rule["EventPattern"]["detail-type"] == ["Batch Job State Change"]
    assert sorted(detail["status"]) == ["FAILED", "SUCCEEDED"]
    assert detail["arrayProperties"] == {"index": [{"exists": False}]}
    assert [text(one["prefix"]).rsplit(":", 1)[1] for one in detail["jobQueue"]] == ["job-queue/Sluice_"]
    assert len(json.dumps(rule["EventPattern"])) < 2048
    assert [text(one["Arn"])[:11] for one in rule["Targets"]] == ["<TrackQueue"]


def test_a_sweep_is_asked_for_every_five_minutes(control: Template) -> None:
    """The message is the one that the track Lambda reads."""
    rule = control.of_type("AWS::Events::Rule")["Sweep"]["Properties"]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert [json.loads(one["Input"]) for one in rule["Targets"]] == [{"sweep": True, "version": 1}]


def test_blocked_queues_of_ours_fill_the_alert_queue(control: Template) -> None:
    """And no others."""
    rule = control.of_type("AWS::Events::Rule")["BlockedQueues"]["Properties"]
    assert (rule["EventPattern"]["source"], rule["EventPattern"]["detail-type"]) == (
        ["aws.batch"],
        ["Batch Job Queue Blocked"],
    )
    assert [text(one["prefix"]).rsplit(":", 1)[1] for one in rule["EventPattern"]["detail"]["jobQueue"]] == [
        "job-queue/Sluice_"
    ]
    assert [text(one["Arn"])[:11] for one in rule["Targets"]] == ["<AlertQueue"]
