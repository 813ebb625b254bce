"""Requests are addressed to one of the Sluices of an account and Region."""

from __future__ import annotations

import json
from typing import Any

from sluice.triggers.request_event import request_entry, requests_to


def is_matched(stack_prefix: str, detail: dict[str, Any]) -> bool:
    """Return whether the pattern of a Sluice takes a request, by the two kinds of values that it has:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    wanted: Any = requests_to(stack_prefix, ["p"])["detail"]
    return all(
        any(
            (one == {"exists": False} and name not in detail) or (name in detail and one == detail[name])
            for one in values
        )
        for name, values in wanted.items()
    )


def test_a_request_is_for_the_sluice_that_it_names() -> None:
    """It says so itself, and no other Sluice takes it."""
    sent = [json.loads(request_entry("p", "t", 1, None, one)["Detail"]) for one in ("Sluice", "Team")]
    found = [[is_matched(prefix, detail) for detail in sent] for prefix in ("Sluice", "Team", "Other")]
    assert found == [[True, False], [False, True], [False, False]]


def test_a_request_that_names_none_is_for_the_default_one() -> None:
    """As those of before, which had no other to name."""
    found = [is_matched(prefix, {"pipeline": "p", "token": "t"}) for prefix in ("Sluice", "Team")]
    assert found == [True, False]
