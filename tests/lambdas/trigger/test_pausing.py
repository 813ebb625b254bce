"""The trigger Lambda and paused pipelines: nothing starts, nothing is lost, everything starts once and in
order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.trigger import pausing
from sluice.ledger.pauses import Pauses
from sluice.messages import Release
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import run_of
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import word_count

NOW = "2026-11-28T00:00:00.000+00:00"
NAME = word_count().name


def pauses_of(aws: Aws) -> Pauses:
    """Return the pauses of the table."""
    return Pauses(aws.client("dynamodb"), TABLE)


def request(aws: Aws, token: str, **more: Any) -> str:
    """Return a request for a run."""
    upload = json.loads(aws.upload(word_count()))
    return json.dumps(upload | {"trigger": "manual", "detail": {"token": token, **more}})


def started(aws: Aws) -> list[str]:
    """Return the tokens of the runs, in the order in which their first jobs were submitted."""
    runs = (run_of(aws, str(job["jobName"]).split("_")[0]) for job in aws.batch.jobs.values())
    return [run.trigger["token"] for run in runs]


def begun(aws: Aws) -> list[str]:
    """Return the tokens of the runs in the ledger; the first jobs of some may still be looked up."""
    items = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    runs = [json.loads(item["trigger"]["S"]) for item in items if item["sk"]["S"] == "RUN"]
    return sorted(run["token"] for run in runs)


def test_what_comes_while_paused_starts_afterwards_in_order_and_once(aws: Aws) -> None:
    """Events that come twice, before, while and after it is released, are one run."""
    pauses = pauses_of(aws)
    tokens = [f"t{number}" for number in range(60)]
    assert aws.call("trigger", request(aws, "before")) == []
    pauses.pause(NAME, "", NOW)
    assert aws.call("trigger", request(aws, "before"), *(request(aws, one) for one in tokens)) == []
    assert aws.call("trigger", *(request(aws, one) for one in reversed(tokens))) == []
    assert started(aws) == ["before"]
    pauses.release(NAME)
    release = Release(release=NAME).to_json()
    assert aws.call("trigger", request(aws, "late"), release, release) == []
    assert started(aws) == ["before", *tokens, "late"]
    assert aws.call("trigger", release, request(aws, "t5"), request(aws, "after")) == []
    assert started(aws) == ["before", *tokens, "late", "after"]
    assert pauses.read(NAME) is None


def test_a_request_may_start_a_paused_pipeline_all_the_same(aws: Aws) -> None:
    """When it says so; a file cannot."""
    pauses_of(aws).pause(NAME, "", NOW)
    file = json.loads(aws.upload(word_count()))
    file["detail"]["anyway"] = True
    assert aws.call("trigger", request(aws, "now", anyway=True), json.dumps(file)) == []
    assert started(aws) == ["now"]


def test_what_cannot_start_any_more_holds_up_nothing(aws: Aws) -> None:
    """It is set aside with its reason when it is released."""
    pauses = pauses_of(aws)
    pauses.pause(NAME, "", NOW)
    pauses.keep(NAME, "x", json.dumps({"pipeline": NAME, "trigger": "nonsense"}), "2026-11-28")
    assert aws.call("trigger", request(aws, "t")) == []
    pauses.release(NAME)
    assert aws.call("trigger", Release(release=NAME).to_json()) == []
    assert (started(aws), pauses.read(NAME)) == (["t"], None)
    assert len(aws.received("dead")) == 1


def test_a_release_of_a_pipeline_that_is_not_paused_does_nothing(aws: Aws) -> None:
    """Nor one that was paused again."""
    release = Release(release=NAME).to_json()
    assert aws.call("trigger", release) == []
    pauses_of(aws).pause(NAME, "", NOW)
    assert aws.call("trigger", request(aws, "t"), release) == []
    assert started(aws) == []


def test_a_release_that_takes_long_goes_on_by_another_message(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function has a minute."""
    pauses_of(aws).pause(NAME, "", NOW)
    assert aws.call("trigger", request(aws, "t")) == []
    pauses_of(aws).release(NAME)
    monkeypatch.setattr(pausing, "SECONDS", 0.0)
    release = Release(release=NAME).to_json()
    assert aws.call("trigger", release) == []
    assert [message["Body"] for message in aws.received("trigger")] == [release]


def test_a_release_that_dies_anywhere_is_repeated_and_starts_each_once(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind every call that it makes of DynamoDB, one after the other."""
    pauses = pauses_of(aws)
    pauses.pause(NAME, "", NOW)
    tokens = ["a", "b", "c"]
    assert aws.call("trigger", *(request(aws, one) for one in tokens)) == []
    pauses.release(NAME)
    release, real = Release(release=NAME).to_json(), aws.client
    for deadly in range(1, 40):
        left = [deadly]

        def dying(service: str, left: list[int] = left) -> Any:
            found = real(service)
            return _Dying(found, left) if service == "dynamodb" else found

        monkeypatch.setattr("sluice.aws.clients.full_client", dying)
        aws.call("trigger", release)
        monkeypatch.setattr("sluice.aws.clients.full_client", real)
    assert aws.call("trigger", release) == []
    assert begun(aws) == tokens
    assert pauses.read(NAME) is None


class _Dying:
    """A client whose n-th call is made, and its answer lost with all that follows."""

    def __init__(self, client: Any, left: list[int]) -> None:
        self._client, self._left = client, left

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def counted(**request: Any) -> Any:
            if self._left[0] <= 0:
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, name)
            self._left[0] -= 1
            answer = call(**request)
            if self._left[0] <= 0:
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, name)
            return answer

        return counted
