"""What a request to AWS Batch needs to be allowed."""

import pytest

from local.server.batch_access import required

PREFIX = "arn:aws:batch:us-east-1:000000000000:"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "SubmitJob",
            {"jobDefinition": "work:3", "jobQueue": PREFIX + "job-queue/normal"},
            [
                ("batch:SubmitJob", PREFIX + "job-definition/work:3"),
                ("batch:SubmitJob", PREFIX + "job-queue/normal"),
            ],
        ),
        (
            "SubmitJob",
            {"jobDefinition": "work", "jobQueue": "normal", "tags": {"a": "b"}},
            [
                ("batch:SubmitJob", PREFIX + "job-definition/work"),
                ("batch:SubmitJob", PREFIX + "job-queue/normal"),
                ("batch:TagResource", PREFIX + "job/*"),
            ],
        ),
        ("TerminateJob", {"jobId": "1"}, [("batch:TerminateJob", PREFIX + "job/1")]),
        (
            "TerminateJobs",
            {"jobs": ["1", "2"]},
            [("batch:TerminateJob", PREFIX + "job/1"), ("batch:TerminateJob", PREFIX + "job/2")],
        ),
        ("CancelJobs", {"jobs": ["1"]}, [("batch:CancelJob", PREFIX + "job/1")]),
        ("CancelJobs", {"jobs": "no list, which the engine refuses"}, []),
        ("DescribeJobs", {"jobs": ["1"]}, [("batch:DescribeJobs", "*")]),
        ("ListJobs", {"jobQueue": "normal"}, [("batch:ListJobs", "*")]),
    ],
)
def test_actions_and_resources(
    operation: str, parameters: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    """A submission needs its definition and its queue; a look-up has no resource, as AWS documents it."""
    assert list(required(operation, parameters, f"/v1/{operation.lower()}")) == expected


def test_tags_belong_to_what_the_path_names() -> None:
    """Tag operations are allowed on the resource in the path."""
    found = list(
        required("TagResource", {}, "/v1/tags/arn%3Aaws%3Abatch%3Aus-east-1%3A000000000000%3Ajob%2F1")
    )
    assert found == [("batch:TagResource", PREFIX + "job/1")]


def test_a_job_that_holds_a_limit_needs_its_resource_too() -> None:
    """SubmitJob lists the resource type consumable-resource."""
    limit = PREFIX + "consumable-resource/api"
    found = list(
        required("SubmitJob", {"jobDefinition": "work", "jobQueue": "normal"}, "/v1/x", limits=[limit])
    )
    assert found[-1] == ("batch:SubmitJob", limit)
