"""People with policies of docs/access.md, on a cloud that enforces IAM."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from local.paths import ACCOUNT, REGION, REPOSITORY
from tests.e2e.access.intrusions import REFUSED, Call
from tests.e2e.application import Application

PAGE = (Path(REPOSITORY) / "docs" / "access.md").read_text()
POLICY = re.compile(r"<!-- policy: (?P<name>\w+) -->\n```json\n(?P<text>.*?)\n```", re.DOTALL)
POLICIES = {found["name"]: found["text"] for found in POLICY.finditer(PAGE)}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Person:
    """Someone with some of the policies of the page."""

    def __init__(self, app: Application, *policies: str, pipeline: str = "word-count") -> None:
        """Get the policies, of which each that names a pipeline names this one."""
        self._app = app
        role = f"person-{uuid.uuid4().hex[:12]}"
        iam = app.client("iam")
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for name in policies:
            text = filled(app, POLICIES[name]).replace("word-count", pipeline)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
        assumed = app.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
        self._keys = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the person's credentials."""
        return {name.upper(): value for name, value in self._keys.items()}

    def client(self, service: str) -> Any:
        """Return a client with the person's credentials."""
        endpoint = self._app.place.client_environment()["AWS_ENDPOINT_URL"]
        session = botocore.session.get_session()
        direct = Config(proxies={}, retries={"max_attempts": 1})
        return session.create_client(
            service, region_name=REGION, endpoint_url=endpoint, config=direct, **self._keys
        )

    def may(self, call: Call) -> bool:
        """Make a call, and return whether it was allowed."""
        service, operation, parameters = call
        try:
            getattr(self.client(service), operation)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED:
                return False
            raise
        return True


def filled(app: Application, text: str) -> str:
    """Return a policy with the names of this cloud's resources."""
    names = {
        "LEDGER_TABLE": app.outputs["LedgerTable"],
        "INBOX_BUCKET": app.outputs["InboxBucket"],
        "RESULTS_BUCKET": app.outputs["ResultsBucket"],
        "TRIGGER_QUEUE": app.outputs["TriggerQueue"].rpartition("/")[2],
        "TRACK_QUEUE": app.outputs["TrackQueue"].rpartition("/")[2],
        "WORK_BUCKET": app.outputs["WorkBucket"],
        "USER_POOL": app.outputs["ConsoleUserPool"],
        "CONSOLE_LOGS": app.resource("SluiceControl", "ConsoleLogs", "AWS::Logs::LogGroup"),
        "ACCOUNT": ACCOUNT,
        "REGION": REGION,
    }
    for name, value in names.items():
        text = text.replace(name, value)
    return text
