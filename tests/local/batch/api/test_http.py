"""REST-JSON as botocore's model describes it."""

from __future__ import annotations

import json

import pytest

from local.batch.api.http import handle, parse
from local.batch.api.shapes import service
from tests.local.batch.conftest import Desk


@pytest.mark.parametrize("name", list(service().operation_names))
def test_each_path_of_the_model_is_known(name: str) -> None:
    """Every operation is found by its method and path."""
    http = service().operation_model(name).http
    path = http["requestUri"].replace("{resourceArn}", "arn%3Aaws%3Abatch%3A%3A%3Ajob%2F1")
    assert parse(http["method"], path, b"")[0] == name


def test_labels_and_queries_become_parameters() -> None:
    """The ARN in the path is decoded, and repeated query parameters become a list."""
    operation, params = parse(
        "DELETE", "/v1/tags/arn%3Aaws%3Abatch%3Ar%3A1%3Ajob%2Fx?tagKeys=a&tagKeys=b", b""
    )
    assert (operation, params) == (
        "UntagResource",
        {"resourceArn": "arn:aws:batch:r:1:job/x", "tagKeys": ["a", "b"]},
    )


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/nothing", b"{}"), ("/v1/submitjob", b"{"), ("/v1/submitjob", b"[]")]
)
def test_what_is_no_request_is_refused(desk: Desk, path: str, body: bytes) -> None:
    """An unknown path and a body that is no JSON object are ClientExceptions in AWS's form."""
    status, headers, answer = handle(desk.engine.api, "POST", path, body)
    assert (status, headers["x-amzn-errortype"]) == (400, "ClientException")
    assert json.loads(answer)["message"]
