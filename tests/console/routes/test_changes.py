"""The addresses that change something."""

from __future__ import annotations

import json

import pytest

from tests.console.made_up.backend import MadeUp
from tests.console.served import Browser


def test_a_dry_action_says_what_it_would_do_and_does_nothing() -> None:
    """It is not in the audit log either."""
    backend = MadeUp()
    browser = Browser(backend)
    plan = browser.send("POST", "/api/runs/broken-0/retry?dry").json()
    assert plan["allowed"]
    assert "3 failed items" in plan["text"][0]
    assert (backend.acts, browser.audited) == ([], [])


def test_an_action_is_done_and_audited_with_the_persons_name() -> None:
    """Who, what, about what, and how it went."""
    backend = MadeUp()
    browser = Browser(backend)
    assert browser.send("POST", "/api/runs/broken-0/retry").json()["done"]
    assert browser.send("POST", "/api/runs/flights-1/cancel").status_code == 409
    assert backend.acts == [("ada", "retry", "broken-0")]
    lines = [json.loads(line) for line in browser.audited]
    assert [(one["person"], one["audit"], one["about"], one["status"]) for one in lines] == [
        ("ada", "retry", "broken-0", 200),
        ("ada", "cancel", "flights-1", 409),
    ]


def test_a_pipeline_is_unpaused_and_a_set_closed_with_the_persons_name() -> None:
    """Keys of sets may hold slashes; what is no open set is a refusal, and in the audit log."""
    backend = MadeUp()
    browser = Browser(backend)
    assert "goes on" in browser.send("POST", "/api/pipelines/huge/unpause").json()["text"][0]
    address = "/api/pipelines/flights/sets/date%3D2026-11-28/close"
    assert "is being closed" in browser.send("POST", address).json()["text"][0]
    assert browser.send("POST", "/api/pipelines/flights/sets/key%3Da%2Fb/close").status_code == 409
    assert [about for _, _, about in backend.acts] == ["huge", "flights date=2026-11-28"]
    lines = [json.loads(line) for line in browser.audited]
    assert [(one["person"], one["audit"], one["about"], one["status"]) for one in lines] == [
        ("ada", "unpause", "huge", 200),
        ("ada", "close-set", "flights date=2026-11-28", 200),
        ("ada", "close-set", "flights key=a/b", 409),
    ]


def test_a_pipeline_is_started_with_an_input_and_files() -> None:
    """A file that no trigger takes belongs to the request of its token."""
    backend = MadeUp()
    browser = Browser(backend)
    stored = browser.send("PUT", "/api/pipelines/flights/files/a%20b.csv?token=t1", content=b"1,2\n")
    assert (stored.json()["of_request"], backend.stored) == (True, {"a b.csv": b"1,2\n"})
    body = {"token": "t1", "input": {"day": "2026-11-28"}, "files": ["a b.csv"]}
    started = browser.send("POST", "/api/pipelines/flights/start", json=body).json()
    assert started["run_ids"] == ["flights-new0"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"token": ""}', "application/json"),
        (b'{"token": "t", "more": 1}', "application/json"),
        (b'{"token": "t", "files": [1]}', "application/json"),
        (b'{"token": "t"}', "text/plain"),
        (b'{"token": "t", "input": "' + b"x" * 2**20 + b'"}', "application/json"),
    ],
)
def test_a_wrong_start_begins_nothing(content: bytes, kind: str) -> None:
    """The type of a form, which another site could send, is refused as well."""
    backend = MadeUp()
    response = Browser(backend).send(
        "POST", "/api/pipelines/flights/start", {"content-type": kind}, content=content
    )
    assert (response.status_code, backend.acts) == (400, [])


def test_an_unknown_action_is_not_there() -> None:
    """Only the contract's actions are."""
    assert Browser().send("POST", "/api/runs/broken-0/delete").status_code == 404
