"""What may be a tag, and what tags a job has."""

from __future__ import annotations

import pytest

from sluice.tags import MAX_OWN, is_tag, of_job


@pytest.mark.parametrize(
    ("key", "value"),
    [("team", "data"), ("cost center", "4/2"), ("k" * 128, "v" * 256), ("a", ""), ("a:b", "c=d")],
)
def test_what_every_service_takes_is_a_tag(key: str, value: str) -> None:
    """Up to its last character."""
    assert is_tag(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "data"),
        ("k" * 129, "v"),
        ("k", "v" * 257),
        ("aws:team", "data"),
        ("sluice:run", "mine"),
        ("team", "<b>"),
        ("team", "a\nb"),
        ("team\n", "a"),
        ("équipe", "a"),
        ("team", 5),
        (None, "a"),
    ],
)
def test_what_some_service_refuses_or_sluice_says_itself_is_none(key: object, value: object) -> None:
    """Before anything is deployed."""
    assert not is_tag(key, value)


def test_a_job_says_whose_it_is_and_has_room_for_all_others() -> None:
    """A pipeline cannot say otherwise; AWS Batch takes 50."""
    own = {"team": "data", "sluice:run": "other"}
    assert of_job(own, step="count", run=f"word-count-{'0' * 20}") == {
        "team": "data",
        "sluice:pipeline": "word-count",
        "sluice:step": "count",
        "sluice:run": f"word-count-{'0' * 20}",
    }
    assert 2 * MAX_OWN + 4 <= 50
