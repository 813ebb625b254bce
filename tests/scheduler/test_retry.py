"""Whether a failed attempt gets another one."""

from __future__ import annotations

import pytest

from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry, Rule

_LOST = Outcome(None, None, "Host EC2 (instance i-0abc) terminated.")
_ERROR = Outcome(1, None, "Essential container in task exited")
_MEMORY = Outcome(
    137, "OutOfMemoryError: Container killed due to memory usage", "Essential container in task exited"
)


def test_no_rule_matched_means_retry() -> None:
    """When no rule matches, the job is retried."""
    retry = Retry(3, (Rule("EXIT", on_exit_code="2"),))
    assert is_retried(retry, 1, _ERROR)


def test_the_last_attempt_is_the_last() -> None:
    """No rule gives more attempts than there are."""
    assert not is_retried(Retry(2, (Rule("RETRY", on_reason="*"),)), 2, _ERROR)


def test_the_first_match_decides() -> None:
    """A later rule is not asked."""
    retry = Retry(3, (Rule("RETRY", on_status_reason="Host EC2*"), Rule("EXIT", on_reason="*")))
    assert is_retried(retry, 1, _LOST)
    assert not is_retried(retry, 1, _ERROR)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (Rule("EXIT", on_exit_code="137"), True),
        (Rule("EXIT", on_exit_code="13*"), True),
        (Rule("EXIT", on_exit_code="13"), False),
        (Rule("EXIT", on_reason="OutOfMemoryError:*"), True),
        (Rule("EXIT", on_reason="OutOfMemoryError:"), False),
        (Rule("EXIT", on_exit_code="137", on_reason="CannotPull*"), False),
        (Rule("EXIT", on_exit_code="137", on_reason="OutOf*", on_status_reason="Essential*"), True),
    ],
)
def test_all_conditions_of_a_rule_have_to_match(rule: Rule, matches: bool) -> None:
    """Conditions are ANDed; a pattern is exact unless it ends in an asterisk."""
    assert is_retried(Retry(3, (rule,)), 1, _MEMORY) is not matches
