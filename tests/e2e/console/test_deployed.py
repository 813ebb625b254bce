"""The deployed console on a cloud that enforces IAM: people of the stack's user pool sign in at its pages,
see runs, do what their role permits, and nothing else.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from cli.commands.demo import files
from local.paths import REGION
from sluice.operate.listing.listing import list_runs
from tests.e2e.application import Application, wait_for

PASSWORD = "Correct-horse-1-battery"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class _Local(httpx2.BaseTransport):
    """Sends what is for the console's name to the address that it has on this machine."""

    def __init__(self, name: str, address: str) -> None:
        self._name, self._address = name, address
        self._http = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == self._name:
            here = self._address + request.url.raw_path.decode().lstrip("/")
            kept = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
            host = (b"Host", urlsplit(here).netloc.encode())
            request = httpx2.Request(request.method, here, headers=[host, *kept], stream=request.stream)
        return self._http.handle_request(request)


@dataclass
class Browser:
    """The browser of one person, who may sign in."""

    app: Application
    email: str
    client: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        address = self.app.outputs["ConsoleUrl"]
        identifier = address.rstrip("/").rpartition("/")[2]
        self.name = f"{identifier}.lambda-url.{REGION}.on.aws"
        self.client = httpx2.Client(
            base_url=f"https://{self.name}", transport=_Local(self.name, address), timeout=60
        )

    def sign_in(self, to: str = "/") -> httpx2.Response:
        """Follow the way from a view to the pool's page, sign in there, and return the answer of the
        console.
        """
        self.client.cookies.clear()
        begun = self.client.get(to)
        assert begun.headers["location"].startswith("/auth/sign-in"), begun.text
        page = self.client.get(self.client.get(begun.headers["location"]).headers["location"])
        given = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
        login = f"{self.app.place.endpoint}/login"
        form = {**given, "username": self.email, "password": PASSWORD}
        back = self.client.post(login, data=form)
        assert back.status_code == 302, back.text
        return self.client.get(back.headers["location"])

    def get(self, path: str) -> httpx2.Response:
        """Read as the page does."""
        return self.client.get(path, headers={"sec-fetch-site": "same-origin"})

    def send(self, path: str, **more: Any) -> httpx2.Response:
        """Change something as the page does."""
        csrf = self.get("/api/me").json()["csrf"]
        own = {"origin": f"https://{self.name}", "x-sluice-csrf": csrf}
        return self.client.post(path, headers={**own, **more.pop("headers", {})}, **more)


@pytest.fixture(scope="module")
def invited(app: Application) -> Iterator[dict[str, Browser]]:
    """A person for each role, and one without any, whom an administrator has invited."""
    pool, users = app.outputs["ConsoleUserPool"], app.client("cognito-idp")
    found = {}
    for role in ("watch", "operate", "administer", "nobody"):
        email = f"{role}-{uuid.uuid4().hex[:8]}@example.com"
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        users.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=attributes)
        users.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
        if role != "nobody":
            users.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role)
        found[role] = Browser(app, email)
    yield found
    for one in found.values():
        one.client.close()


@pytest.fixture
def failed(app: Application) -> str:
    """A run that has failed, each test's own. The index of runs is complete: from then on listings are asked
    of it.
    """
    found = app.ended(app.put(f"flights/console-{uuid.uuid4().hex[:8]}.csv", files.broken())).run_id
    for _ in range(2):
        list_runs(app.client("dynamodb"), app.outputs["LedgerTable"], limit=1)
    return found


def test_people_sign_in_see_and_do_what_their_role_permits(
    app: Application, invited: dict[str, Browser], failed: str
) -> None:
    """Watch, be refused, retry as one who operates, the names in the audit log, sign out."""
    watcher, operator = invited["watch"], invited["operate"]
    back = watcher.sign_in(f"/runs/{failed}")
    assert (back.status_code, back.headers["location"]) == (303, f"/runs/{failed}")
    shown = watcher.get(f"/runs/{failed}")
    assert (shown.status_code, "<html" in shown.text) == (200, True)
    me = watcher.get("/api/me").json()
    assert (watcher.email in me["name"], me["roles"], me["deployed"]) == (True, ["watch"], True)
    overview = watcher.get("/api/overview")
    assert overview.status_code == 200, overview.text
    assert failed in json.dumps(overview.json()["attention"])
    assert watcher.get(f"/api/runs/{failed}").json()["run"]["state"] == "FAILED"
    assert watcher.get(f"/api/runs/{failed}/failures").json()["groups"]
    assert watcher.get(f"/api/runs/{failed}/logs").json()["lines"]
    assert watcher.get(f"/api/runs/{failed}/timeline").json()["lanes"]

    refused = watcher.send(f"/api/runs/{failed}/retry")
    assert (refused.status_code, refused.json()["missing_permission"]) == (403, "the role operate")
    before = app.ledger.load(failed)
    assert before is not None
    assert before.reopened == 0

    operator.sign_in()
    done = operator.send(f"/api/runs/{failed}/retry")
    assert (done.status_code, done.json()["done"]) == (200, True), done.text
    after = app.ledger.load(failed)
    assert after is not None
    assert after.reopened == 1

    lines = wait_for(lambda: _audited(app, failed), "the lines of the audit log")
    assert [(one["audit"], one["status"]) for one in lines] == [("retry", 403), ("retry", 200)]
    assert [watcher.email in lines[0]["person"], operator.email in lines[1]["person"]] == [True, True]
    app.wait_until_ended(failed)

    out = operator.send("/auth/sign-out").json()
    query = parse_qs(urlsplit(out["to"]).query)
    assert query["logout_uri"] == [f"https://{operator.name}/"]
    assert operator.client.get(out["to"]).headers["location"] == f"https://{operator.name}/"
    assert operator.get("/api/me").status_code == 401


def _audited(app: Application, run_id: str) -> list[dict[str, Any]] | None:
    """Return the lines of the audit log about retries of a run, in order, once there are two."""
    group = app.resource("SluiceControl", "ConsoleLogs", "AWS::Logs::LogGroup")
    pages = app.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    texts = [event["message"] for page in pages for event in page["events"]]
    lines = [json.loads(text[text.index("{") :]) for text in texts if '"audit"' in text]
    found = [line for line in lines if line["about"] == run_id]
    return found if len(found) == 2 else None


def test_one_operates_from_start_to_result(app: Application, invited: dict[str, Browser]) -> None:
    """A file that is dragged in starts a run; its result is handed on by an address that works for a
    minute.
    """
    operator = invited["operate"]
    operator.sign_in()
    pipelines = {one["name"]: one for one in operator.get("/api/pipelines").json()["pipelines"]}
    assert pipelines["word-count"]["takes_files"]
    csrf = operator.get("/api/me").json()["csrf"]
    stored = operator.client.put(
        "/api/pipelines/word-count/files/of-the-console.txt?token=t1",
        content=b"to be or not to be\n",
        headers={"origin": f"https://{operator.name}", "x-sluice-csrf": csrf},
    )
    assert stored.status_code == 200, stored.text
    (run_id,) = stored.json()["run_ids"]
    wait_for(lambda: app.ledger.load(run_id), f"the run {run_id}")
    app.wait_until_ended(run_id)
    names = [one["name"] for one in operator.get(f"/api/runs/{run_id}/results").json()["files"]]
    assert {"_sluice.html", "_sluice.json", "counts.json"} <= set(names)
    handed_on = operator.get(f"/api/runs/{run_id}/download/counts.json")
    assert handed_on.status_code == 303
    with httpx2.Client() as outside:
        assert outside.get(handed_on.headers["location"]).content


def test_one_cancels_reruns_and_retries_with_the_current_code(
    app: Application, invited: dict[str, Browser], failed: str
) -> None:
    """All that the buttons do is permitted to the function; who operates may not change the code of a run."""
    operator, administrator = invited["operate"], invited["administer"]
    operator.sign_in()
    administrator.sign_in()
    app.wait_until_ended(failed)
    assert operator.send(f"/api/runs/{failed}/retry-current").status_code == 403
    changed = administrator.send(f"/api/runs/{failed}/retry-current")
    assert changed.status_code == 200, changed.text
    ended = administrator.send(f"/api/runs/{failed}/cancel")
    assert ended.status_code == 200, ended.text
    again = operator.send(f"/api/runs/{failed}/rerun")
    assert again.status_code == 200, again.text
    new = again.json()["run_id"]
    wait_for(lambda: app.ledger.load(new), f"the run {new}")
    app.wait_until_ended(new)


def test_a_raised_alarm_is_shown_with_what_to_do(app: Application, invited: dict[str, Browser]) -> None:
    """To all who may look: the function may read alarms, and their states are CloudWatch's."""
    cloudwatch, name = app.client("cloudwatch"), f"SluiceControl-Console{uuid.uuid4().hex[:8]}"
    watcher = invited["watch"]
    watcher.sign_in()
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription="Look at the queue.",
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a message waits")
        found = wait_for(lambda: _alarm(watcher, name), "the raised alarm")
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
    assert (found["text"], found["reason"]) == ("Look at the queue.", "a message waits")
    assert found["since"]
    of_pipeline = watcher.get("/api/alerts?pipeline=word-count").json()
    assert of_pipeline["alarms"] is None


def _alarm(watcher: Browser, name: str) -> dict[str, Any] | None:
    alarms = watcher.get("/api/alerts").json()["alarms"]
    assert alarms["missing"] is None
    return next((one for one in alarms["alarms"] if one["name"] == name), None)


def test_who_is_in_no_group_is_not_let_in(invited: dict[str, Browser]) -> None:
    """They are people of the pool all the same."""
    nobody = invited["nobody"]
    assert nobody.sign_in().status_code == 403
    assert nobody.get("/api/overview").status_code == 401


def test_a_forged_session_and_another_sites_request_are_refused(
    app: Application, invited: dict[str, Browser], failed: str
) -> None:
    """The session is signed; a change needs the page's own origin and its mark."""
    watcher = invited["watch"]
    watcher.sign_in()
    session = next(one for one in watcher.client.cookies.jar if one.name == "__Host-sluice")
    forged = Browser(app, watcher.email)
    assert session.value is not None
    payload, _, mark = session.value.partition(".")
    forged.client.cookies.set("__Host-sluice", f"{payload[:-2]}AA.{mark}", domain=forged.name)
    assert forged.get("/api/me").status_code == 401
    without_mark = watcher.client.post(
        f"/api/runs/{failed}/cancel", headers={"origin": f"https://{watcher.name}"}
    )
    assert (without_mark.status_code, "x-sluice-csrf" in without_mark.text.lower()) == (403, True)


def test_the_function_may_do_nothing_else(app: Application) -> None:
    """Neither change its own rights nor read what belongs to others: its role has no such action."""
    role = app.resource("SluiceControl", "ConsoleRole", "AWS::IAM::Role")
    iam = app.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies = [iam.get_role_policy(RoleName=role, PolicyName=one)["PolicyDocument"] for one in names]
    actions = {
        action
        for policy in policies
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {action.partition(":")[0] for action in actions} == {
        "batch",
        "cloudformation",
        "cloudwatch",
        "dynamodb",
        "events",
        "logs",
        "s3",
        "secretsmanager",
        "sqs",
    }
    assert not [one for one in actions if one.startswith(("dynamodb:Delete", "s3:Delete", "batch:Submit"))]
