"""IAM decides who may ask for a run: whoever may not send the event starts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id
from tests.e2e.application import Application, wait_for

REQUEST = "Run Requested"
MAY_ASK = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
MAY_NOT = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


@contextmanager
def somebody(app: Application, name: str, statement: dict[str, Any]) -> Iterator[Any]:
    """Yield the event bus as a role with one statement sees it."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    arn = app.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    app.client("iam").put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
    session = app.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    given = app.place.client_environment()
    try:
        yield botocore.session.get_session().create_client(
            "events",
            region_name=given["AWS_REGION"],
            endpoint_url=given["AWS_ENDPOINT_URL"],
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )
    finally:
        app.client("iam").delete_role_policy(RoleName=name, PolicyName="may")
        app.client("iam").delete_role(RoleName=name)


def ask(events: Any, token: str) -> str:
    """Ask for a run and return the id that it has when it may begin."""
    detail = json.dumps({"pipeline": "six-jobs", "token": token, "input": None})
    events.put_events(Entries=[{"Source": "sluice", "DetailType": REQUEST, "Detail": detail}])
    return run_id("six-jobs", MANUAL, {"token": token})


def test_who_may_send_the_event_may_start_a_run(app: Application) -> None:
    """The same event of two roles: one is refused by name and nothing begins, the other begins a run."""
    with (
        somebody(app, "may-not-ask", MAY_NOT) as events,
        pytest.raises(ClientError, match=r"AccessDenied.*events:PutEvents"),
    ):
        ask(events, "not allowed")
    with somebody(app, "may-ask", MAY_ASK) as events:
        began = ask(events, "allowed")
    wait_for(lambda: app.ledger.load(began), f"the run {began}")
    app.wait_until_ended(began)
    assert app.ledger.load(run_id("six-jobs", MANUAL, {"token": "not allowed"})) is None
