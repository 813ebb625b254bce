"""Log lines expire, and alerts may read those of jobs."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.stacks.templates import Template, many, text


def test_logs_of_jobs_have_the_names_that_alerts_may_read(pipelines: Template, control: Template) -> None:
    """What the alert Lambda's role allows covers each log group of the jobs."""
    (readable,) = [
        text(one["Resource"]) for _, one in control.statements() if "logs:GetLogEvents" in many(one["Action"])
    ]
    pattern = readable.rsplit("log-group:", 1)[1]
    named = [
        one["ContainerProperties"]["LogConfiguration"]
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    ]
    groups = {text(one["Options"]["awslogs-group"])[1:-1] for one in named}
    names = [
        one["Properties"]["LogGroupName"]
        for name, one in pipelines.of_type("AWS::Logs::LogGroup").items()
        if name in groups
    ]
    assert names
    assert [name for name in names if not fnmatchcase(name, pattern)] == []
