"""A pipeline's own HTTPS address, with IAM enforced: signed requests become runs, and nothing else does."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from docs.pages import ROOT
from sluice.run.job_names import run_id
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for
from tests.sluice.signers import SIGNERS, github, standard, stripe

BODY = b'{"throws": 2}'
# The signature is looked at before the schema: a body that does not fit it tells whether the signature is
# good, and starts nothing.
UNFIT = b'{"throws": 0}'


@dataclass(frozen=True)
class Address:
    """The webhook of deliveries."""

    app: Application

    @property
    def secret_id(self) -> str:
        """Return the secret's ARN."""
        return self.app.outputs["DeliveriesWebhookSecret"]

    def secret(self, stage: str = "AWSCURRENT") -> str:
        """Return what senders sign with."""
        return str(
            self.app.client("secretsmanager").get_secret_value(SecretId=self.secret_id, VersionStage=stage)[
                "SecretString"
            ]
        )

    def post(self, headers: dict[str, str], body: bytes, method: str = "POST") -> tuple[int, dict[str, Any]]:
        """Return the status and the document of an answer."""
        sent = {"content-type": "application/json", **headers}
        request = urllib.request.Request(self.app.outputs["DeliveriesWebhookUrl"], body, sent, method=method)  # noqa: S310 - loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def send(
        self, delivery: str, body: bytes = BODY, *, at: int | None = None, secret: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request that is signed as Standard Webhooks says."""
        return self.post(
            standard(secret or self.secret(), body, int(time.time()) if at is None else at, delivery), body
        )

    def rotate(self) -> None:
        """Let Secrets Manager have a new secret made, and wait until it is the current one."""
        before = self.secret()
        self.app.client("secretsmanager").rotate_secret(SecretId=self.secret_id)
        wait_for(lambda: self.secret() != before, "a new secret")

    def begun(self) -> list[str]:
        """Return the ids of all runs that webhooks have started."""
        return sorted(run for run, trigger in self.app.triggers() if trigger["kind"] == "webhook")


@pytest.fixture
def address(app: Application) -> Address:
    """The address."""
    return Address(app)


def ended(app: Application, run: str) -> Run:
    """Return a run when it is over, with success."""
    wait_for(lambda: app.ledger.load(run), f"the run {run}")
    app.wait_until_ended(run)
    found = app.ledger.load(run)
    assert found is not None
    assert found.state is RunState.SUCCEEDED, {step.name: step.reason for step in found.steps.values()}
    return found


def said(app: Application, run: Run) -> list[str]:
    """Return what the run's step printed."""
    (job,) = app.client("batch").describe_jobs(jobs=[run.steps["say"].job_id])["jobs"]
    group = job["container"]["logConfiguration"]["options"]["awslogs-group"]
    stream = job["container"]["logStreamName"]
    return [
        event["message"]
        for event in app.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
    ]


def test_a_signed_request_is_one_run_however_often_it_comes(app: Application, address: Address) -> None:
    """202 with its id; the same request is refused, an honest repetition answered as before; the body is the
    input.
    """
    at, secret = int(time.time()), address.secret()
    with app.without_permission(
        app.resource("SluicePipelines", "deliveriesWebhookRole", "AWS::IAM::Role"), "sqs:SendMessage"
    ):
        assert address.send("order-1", at=at)[0] == 503
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: address.send("order-1", at=at, secret=secret), range(6)))
    assert sorted(status for status, _ in answers) == [202, 409, 409, 409, 409, 409]
    assert {document["run"] for _, document in answers} == {
        run_id("deliveries", "webhook", {"form": "standard", "id": "order-1"})
    }
    run = ended(app, answers[0][1]["run"])
    assert run.trigger == {
        "kind": "webhook",
        "form": "standard",
        "id": "order-1",
        "event": "",
        "input": {"throws": 2},
    }
    assert said(app, run) == ['delivered {"throws":2}']
    replayed = address.send("order-1", at=at)
    assert (replayed[0], replayed[1]["run"]) == (409, run.run_id)
    assert address.send("order-1", at=int(time.time()) + 1) == (202, {"run": run.run_id})
    assert address.send("order-1", b'{"throws": 3}', at=int(time.time()) + 2)[0] == 409
    wait_for(lambda: app.waiting(app.queue("trigger")) == 0, "an empty trigger queue")
    after = app.ledger.load(run.run_id)
    assert after is not None
    assert {name: step.job_id for name, step in after.steps.items()} == {
        name: step.job_id for name, step in run.steps.items()
    }


def test_what_is_refused_starts_nothing(address: Address) -> None:
    """Each with its status; the queue and the ledger never hear of it."""
    before, now, secret = address.begun(), int(time.time()), address.secret()
    answers = [
        address.post({}, BODY),
        address.send("no-1", secret=base64.b64encode(bytes(33)).decode()),
        address.post(standard(secret, BODY, now, "no-2"), BODY.replace(b"2", b"3")),
        address.send("no-3", at=now - 310),
        address.send("no-4", at=now + 310),
        address.send("no-5", b" " * 140_000),
        address.send("no-6", b"not JSON"),
        address.send("no-7", UNFIT),
        address.post(standard(secret, BODY, now, "no-8"), BODY, "PUT"),
    ]
    assert [status for status, _ in answers] == [401, 401, 401, 401, 401, 413, 400, 422, 405]
    assert answers[7][1]["path"] == "body.throws"
    assert address.begun() == before


def test_two_secrets_are_valid_at_once(address: Address) -> None:
    """Rotation makes a new one by the app's own Lambda; the one before goes on until the next rotation."""
    secrets = [address.secret()]
    assert address.send("rotated-0", UNFIT)[0] == 422
    address.rotate()
    secrets.append(address.secret())
    assert [
        address.send(f"rotated-1-{n}", UNFIT, secret=secret)[0] for n, secret in enumerate(reversed(secrets))
    ] == [422, 422]
    address.rotate()
    secrets.append(address.secret())
    assert [
        address.send(f"rotated-2-{n}", UNFIT, secret=secret)[0] for n, secret in enumerate(reversed(secrets))
    ] == [422, 422, 401]
    assert [address.secret("AWSPREVIOUS"), address.secret()] == secrets[1:]


@contextmanager
def speaking(address: Address, form: str, secret: str) -> Iterator[None]:
    """Let the address take another form, as a pipeline with `signature=` deploys it, and put it back."""
    client = address.app.client("lambda")
    function = address.app.resource("SluicePipelines", "deliveriesWebhookFunction", "AWS::Lambda::Function")
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    changed = {**variables, "SLUICE_SIGNATURE": form, "SLUICE_SCHEMA": "none"}
    client.update_function_configuration(FunctionName=function, Environment={"Variables": changed})
    own = address.secret()
    put = address.app.client("secretsmanager").put_secret_value
    put(SecretId=address.secret_id, SecretString=secret)
    try:
        yield
    finally:
        put(SecretId=address.secret_id, SecretString=own)
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


@pytest.mark.parametrize("form", ["github", "stripe"])
def test_the_signatures_of_github_and_stripe_start_runs(
    app: Application, address: Address, form: str
) -> None:
    """The body is the input; a redelivery is the same run."""
    secret, body, now = (
        "whsec_" + "aVendorsSecret12" * 2,
        b'{"id": "evt_1", "type": "order.paid", "throws": 1}',
        int(time.time()),
    )
    with speaking(address, form, secret):
        first = wait_for(
            lambda: (sent := address.post(SIGNERS[form](secret, body, now), body))[0] in (202, 409) and sent,
            "the other form",
        )
        again = address.post(
            github(secret, body) if form == "github" else stripe(secret, body, now + 1), body
        )
        assert address.post(standard(address.secret(), body, now), body)[0] == 401
    assert (first[0], again[0]) == ((202, 409) if form == "github" else (202, 202))
    assert first[1]["run"] == again[1]["run"]
    run = ended(app, first[1]["run"])
    assert (run.trigger["form"], run.trigger["event"]) == (form, "push" if form == "github" else "order.paid")
    assert run.trigger["input"] == json.loads(body)


def test_the_request_of_the_docs_is_taken(app: Application, address: Address) -> None:
    """The lines of docs/webhooks.md, run by a shell with openssl and curl."""
    (lines,) = (
        block
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), re.DOTALL)
        if "openssl" in block
    )
    variables = {
        "URL": app.outputs["DeliveriesWebhookUrl"],
        "SECRET": address.secret(),
        "NO_PROXY": "*",
        "PATH": os.environ["PATH"],
    }
    ran = subprocess.run(
        ["sh", "-ec", lines], env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ended(app, json.loads(ran.stdout)["run"]).trigger["form"] == "standard"
