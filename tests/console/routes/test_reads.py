"""The addresses that read answer what the contract says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from console import contract
from tests.console.made_up.backend import MadeUp
from tests.console.made_up.sizes import CHILDREN, STEPS
from tests.console.served import Browser

ANSWERS: dict[str, type] = {
    "/api/me": contract.Me,
    "/api/overview": contract.Overview,
    "/api/runs": contract.Runs,
    "/api/runs/broken-0": contract.RunDetail,
    "/api/runs/broken-0/failures": contract.Failures,
    "/api/runs/broken-0/timeline": contract.Timeline,
    "/api/runs/stuck-0/why": contract.Why,
    "/api/runs/wide-0/steps/work/children?from=0&count=100": contract.Cells,
    "/api/runs/wide-0/steps/work/items?from=5&count=10": contract.Items,
    "/api/runs/broken-0/logs?step=work&child=17": contract.Logs,
    "/api/runs/broken-0/results": contract.Results,
    "/api/runs/broken-0/preview/counts.csv": contract.Preview,
    "/api/pipelines": contract.Pipelines,
    "/api/pipelines/flights/now": contract.PipelineNow,
    "/api/compare?a=flights-1&b=flights-3": contract.Comparison,
    "/api/trends?pipeline=flights": contract.Trends,
    "/api/map": contract.Map,
    "/api/groups": contract.Groups,
    "/api/uploads": contract.Uploads,
    "/api/alerts": contract.Alerts,
    "/api/doctor": contract.Doctor,
}


def check(document: Any, kind: Any, where: str) -> None:
    """Hold a JSON document to a dataclass of the contract: its members, none more, and theirs."""
    if document is None or not any(is_dataclass(one) for one in (kind, *get_args(kind))):
        return
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        assert set(document) == {field.name for field in fields(kind)}, where
        for name, hint in hints.items():
            check(document[name], hint, f"{where}.{name}")
        return
    (inner,) = [one for one in get_args(kind) if is_dataclass(one)]
    for one in _inner(document, kind):
        check(one, inner, where)


def _inner(document: Any, kind: Any) -> list[Any]:
    """Return the documents within a list, a mapping, or a member that may be null."""
    if get_origin(kind) is Mapping:
        return list(document.values())
    return document if isinstance(document, list) else [document]


@pytest.mark.parametrize("path", ANSWERS)
def test_each_read_answers_in_the_contracts_form(path: str) -> None:
    """Names and shapes are those of the dataclass."""
    response = Browser().get(path)
    assert response.status_code == 200, response.text
    check(response.json(), ANSWERS[path], path)


def test_the_made_up_data_has_the_sizes_that_it_promises() -> None:
    """10,000 runs, 1,000 steps, 10,000 children."""
    browser = Browser()
    assert len(browser.get("/api/runs/huge-0").json()["graph"]["nodes"]) == STEPS
    cells = browser.get("/api/runs/wide-0/steps/work/children").json()
    assert (len(cells["states"]), cells["items"], cells["attempts"]) == (CHILDREN, 1_000_000, None)
    first, last = (browser.get(f"/api/runs?next={start}").json() for start in (0, 9_950))
    assert (first["next"], len(last["runs"]), last["next"]) == ("50", 50, None)


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/api/runs/nobody-1", 404, "not-found"),
        ("/api/nothing", 404, "not-found"),
        ("/api/compare?a=flights-1", 400, "wrong-request"),
        ("/api/runs/wide-0/steps/work/children?from=-1", 400, "wrong-request"),
        ("/api/runs/wide-0/steps/work/children?from=9999999999999", 400, "wrong-request"),
        ("/api/runs/wide-0/logs?child=one", 400, "wrong-request"),
        ("/api/runs/broken-0/preview/nothing", 404, "not-found"),
        ("/api/runs/broken-0/download/..%2f..%2fetc%2fpasswd", 404, "not-found"),
    ],
)
def test_a_wrong_read_says_what_is_wrong(path: str, status: int, error: str) -> None:
    """As a Problem of the contract."""
    response = Browser().get(path)
    assert (response.status_code, response.json()["error"]) == (status, error)


def test_what_iam_has_refused_is_not_permitted_any_more() -> None:
    """The page greys the action and names the permission."""
    browser = Browser(MadeUp(refused={"cancel": "batch:TerminateJob"}))
    permitted = browser.get("/api/me").json()["permitted"]
    assert permitted["cancel"] == {"allowed": False, "missing": "batch:TerminateJob"}
    assert permitted["retry"] == {"allowed": True, "missing": None}
