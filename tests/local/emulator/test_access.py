"""Who a caller is, and what that caller may do."""

import pytest
from ministack import app as gateway

from local.emulator.access import denied, role_credentials
from local.paths import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/none"
ACTION, RESOURCE = "batch:TerminateJob", f"arn:aws:batch:us-east-1:{ACCOUNT}:job/x"


@pytest.fixture(autouse=True)
def enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM is on."""
    monkeypatch.setattr(gateway, "AUTH", True)


@pytest.mark.parametrize("place", ["headers", "query"])
def test_a_role_without_a_policy_may_do_nothing(place: str) -> None:
    """Wherever its key stands: without one in the headers it does not count as the administrator."""
    scope = f"{role_credentials(ROLE, 'session')['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/batch/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}"} if place == "headers" else {}
    query = {"X-Amz-Credential": [scope]} if place == "query" else {}
    assert denied(headers, query, ACTION, RESOURCE, {}) == f"arn:aws:sts::{ACCOUNT}:assumed-role/none/session"


def test_the_administrator_may_do_everything() -> None:
    """Its key is the account's id."""
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/batch/aws4_request"
    }
    assert denied(headers, {}, ACTION, RESOURCE, {}) is None
