"""Requests by chance at the cloud's own door, where permissions are looked at before the engine answers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from ministack import app as gateway

from local.server.batch_service import Engines, Service
from tests.local.batch.api.requests import RIGHT, SET_UP, Request, account_with, requests
from tests.local.batch.api.test_requests_by_chance import chance, everything, path_of


@pytest.fixture(params=[False, True], ids=["open", "enforced"])
def enforced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether IAM is enforced."""
    monkeypatch.setattr(gateway, "AUTH", request.param)
    return bool(request.param)


def test_no_request_crashes_the_check_of_permissions(enforced: bool) -> None:
    """An answer, a refusal by the engine or a denial, and after the last two everything is as before."""

    @chance
    @given(requests(RIGHT))
    def play(request: Request) -> None:
        api = account_with(SET_UP)
        before = everything(api)
        engines = cast("Engines", SimpleNamespace(of=lambda *_: SimpleNamespace(api=api)))
        method, path, body = path_of(*request)
        headers = {"authorization": "AWS4-HMAC-SHA256 Credential=AKIANOBODY/"}
        status, _, answer = Service(engines)(method, path, headers, body)
        assert status in ((403, 400, 200) if enforced else (400, 200)), (request, answer)
        assert status == 200 or everything(api) == before, request

    play()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": [1]},
        {"tags": "x"},
        {"consumableResourcePropertiesOverride": [1]},
        {"consumableResourcePropertiesOverride": {"consumableResourceList": [{}]}},
        {"jobDefinition": {"a": 1}},
    ],
)
def test_a_request_of_another_shape_is_a_client_exception(enforced: bool, wrong: dict[str, Any]) -> None:
    """Each of these crashed the check of permissions."""
    api = account_with(SET_UP)
    engines = cast("Engines", SimpleNamespace(of=lambda *_: SimpleNamespace(api=api)))
    request = {"jobName": "n", "jobQueue": "q", "jobDefinition": "work", **wrong}
    status, headers, _ = Service(engines)("POST", "/v1/submitjob", {}, json.dumps(request).encode())
    assert (status, headers["x-amzn-errortype"]) == (400, "ClientException")
