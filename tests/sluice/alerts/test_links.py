"""Links to AWS's console."""

from __future__ import annotations

import pytest

from sluice.alerts.links import environments_link, job_link, log_link, queue_link


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_region(region: str, host: str) -> None:
    """China and GovCloud have others."""
    start = f"https://{host}/batch/home?region={region}#"
    assert job_link(region, "job-1") == f"{start}jobs/detail/job-1"
    assert queue_link(region, "arn") == f"{start}queues/detail/arn"
    assert environments_link(region) == f"{start}compute-environments"


def test_the_names_of_logs_are_encoded_twice() -> None:
    """As CloudWatch's console expects them in its fragment."""
    assert log_link("eu-west-1", "/aws/x", "a b").endswith("log-group/$252Faws$252Fx/log-events/a$2520b")
