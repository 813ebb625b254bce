"""Retry rules that a step may add to Sluice's own."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.retry_rules import EvaluateOnExit
from tests.sluice.pipeline.validation.pipelines import command, step_mistakes


def rule(**conditions: Any) -> EvaluateOnExit:
    """Return a rule that says RETRY."""
    return EvaluateOnExit(**{"action": "RETRY", **conditions})


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a rule that is a text": ({"retry": ["RETRY"]}, ".retry[0]", "EvaluateOnExit"),
    "a rule without a condition": ({"retry": [rule()]}, ".retry[0]", "a condition"),
    "a rule that says STOP": (
        {"retry": [rule(action="STOP", on_exit_code="1")]},
        ".retry[0].action",
        "'RETRY' or 'EXIT'",
    ),
    "an exit code of letters": (
        {"retry": [rule(on_exit_code="x")]},
        ".retry[0].on_exit_code",
        "match pattern",
    ),
    "a star in the middle": (
        {"retry": [rule(on_exit_code="1*1")]},
        ".retry[0].on_exit_code",
        "match pattern",
    ),
    "a reason with a bracket": (
        {"retry": [rule(on_reason="Error (5)")]},
        ".retry[0].on_reason",
        "match pattern",
    ),
    "a long reason": (
        {"retry": [rule(on_status_reason="a" * 513)]},
        ".retry[0].on_status_reason",
        "at most 512",
    ),
    "Sluice's own exit code": (
        {"retry": [rule(on_exit_code="75")]},
        ".retry[0].on_exit_code",
        "another code than 75",
    ),
    "a rule after one for everything": (
        {"retry": [rule(on_reason="*"), rule(on_exit_code="1")]},
        ".retry[0]",
        "at the end only",
    ),
    "a retry with one attempt": (
        {"retry": [rule(on_exit_code="1")], "attempts": 1},
        ".attempts",
        "2 or more",
    ),
    "three rules of a function": (
        {"retry": [rule(on_exit_code=str(code)) for code in (1, 2, 3)]},
        ".retry",
        "at most 2 rules",
    ),
    "four rules of a command": (
        {**command("x"), "retry": [rule(on_exit_code=str(code)) for code in (1, 2, 3, 4)]},
        ".retry",
        "at most 3 rules",
    ),
    "six rules": (
        {
            **command("x"),
            "retry": [*(rule(on_status_reason=f"Host {code}*") for code in range(5)), rule(on_reason="*")],
        },
        ".retry",
        "at most 5 rules",
    ),
}


@pytest.mark.parametrize(("fields", "where", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_reported_at_its_field(fields: dict[str, Any], where: str, says: str) -> None:
    """The report names the field and says what was expected or what to write."""
    found = step_mistakes(**fields)
    assert any(line.startswith(f"steps['a']{where}") and says in line for line in found), found


RIGHT: dict[str, dict[str, Any]] = {
    "two rules": {"retry": [rule(on_exit_code="1*", on_reason="Out*"), rule(on_reason="Killed:")]},
    "four rules that say all": {
        "retry": [
            rule(on_status_reason="Host EC2*"),
            rule(on_exit_code="1"),
            rule(on_exit_code="2"),
            rule(on_reason="*", action="EXIT"),
        ]
    },
    "three rules that know of lost machines": {
        "retry": [rule(on_status_reason="Host EC2*"), rule(on_exit_code="1"), rule(on_exit_code="2")]
    },
}


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    """Nothing is reported."""
    assert step_mistakes(**fields) == []
