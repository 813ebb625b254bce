"""Which operation a request is for."""

import pytest

from local.server.operations import Request, operation

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("service", "request_", "name"),
    [
        ("s3", Request("PUT", "/bucket/a/key", {}), "PutObject"),
        ("s3", Request("PUT", "/bucket/key", {"x-amz-copy-source": "/other/key"}), "CopyObject"),
        ("s3", Request("PUT", "/bucket/key", {}, {"partNumber": ["1"], "uploadId": ["u"]}), "UploadPart"),
        ("s3", Request("POST", "/bucket/key", {}, {"uploads": [""]}), "CreateMultipartUpload"),
        ("s3", Request("POST", "/bucket/key", {}, {"uploadId": ["u"]}), "CompleteMultipartUpload"),
        ("s3", Request("HEAD", "/bucket/key", {}), "HeadObject"),
        ("s3", Request("GET", "/bucket", {}, {"list-type": ["2"]}), "ListObjectsV2"),
        ("s3", Request("POST", "/bucket", {}, {"delete": [""]}), "DeleteObjects"),
        ("s3", Request("PUT", "/bucket", {}, {"acl": [""]}), "PUT /bucket"),
        ("dynamodb", Request("POST", "/", {"x-amz-target": "DynamoDB_20120810.PutItem"}), "PutItem"),
        ("sqs", Request("POST", "/", {"x-amz-target": "AmazonSQS.SendMessage"}), "SendMessage"),
        ("sns", Request("POST", "/", FORM, {}, b"Action=Publish&Version=2010-03-31"), "Publish"),
        ("sts", Request("GET", "/", {}, {"Action": ["GetCallerIdentity"]}), "GetCallerIdentity"),
        ("batch", Request("POST", "/v1/submitjob", {}), "SubmitJob"),
        (
            "batch",
            Request("GET", "/v1/tags/arn:aws:batch:us-east-1:000000000000:job/1", {}),
            "ListTagsForResource",
        ),
        ("lambda", Request("POST", "/2015-03-31/functions/f/invocations", {}), "Invoke"),
        ("lambda", Request("GET", "/2015-03-31/functions/f/configuration", {}), "GetFunctionConfiguration"),
        ("scheduler", Request("POST", "/schedules/name", {}), "CreateSchedule"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_operation_is_named_as_in_the_api(service: str, request_: Request, name: str) -> None:
    """Each protocol of AWS names the operation in its own place; what is unknown shows method and path."""
    assert operation(service, request_) == name
