"""When a set of files is whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.errors import MalformedMessageError
from sluice.triggers.file_patterns import Unmatched
from sluice.triggers.set_rules import Missing, SetRules, partition_text

HOURS = SetRules(pattern="sales/{date}/{hour:02}.csv", of="hour", expect=24)


def keys(*hours: int) -> list[str]:
    """Return the keys of these hours."""
    return [f"sales/2026-11-28/{hour:02}.csv" for hour in hours]


def test_missing_values_are_named_where_they_are_known() -> None:
    """24 hours are the hours of a day; of 7 of them any 7 will do."""
    assert HOURS.missing_of(keys(*range(22))) == Missing(2, ("22", "23"))
    seven = SetRules(pattern=HOURS.pattern, of="hour", expect=7)
    assert seven.missing_of(keys(*range(5))) == Missing(2)
    regions = SetRules(pattern="sales/{region}/{date}.csv", of="region", expected=("eu", "us"))
    assert regions.missing_of(["sales/us/2026-11-28.csv"]) == Missing(1, ("eu",))
    assert regions.missing_of(["sales/us/2026-11-28.csv", "sales/eu/2026-11-28.csv"]).count == 0


def test_a_value_that_is_not_expected_makes_no_set_whole() -> None:
    """It is in the set all the same."""
    rules = SetRules(pattern="a/{date}/{name}", of="name", expected=("x", "y"))
    assert rules.missing_of(["a/2026-11-28/x", "a/2026-11-28/z"]) == Missing(1, ("y",))


def test_the_key_of_a_set_is_what_is_not_counted() -> None:
    """With a marker it is what the marker has."""
    assert HOURS.partition_of(keys(3)[0]) == {"date": "2026-11-28"}
    marked = SetRules(pattern="s/{date}/{region}/{name}.csv", marker="s/{date}/_SUCCESS")
    assert marked.key_names == ("date",)
    assert marked.partition_of("s/2026-11-28/_SUCCESS") == {"date": "2026-11-28"}
    assert marked.partition_of("s/2026-11-28/eu/a.csv") == {"date": "2026-11-28"}
    assert marked.is_marker("s/2026-11-28/_SUCCESS")
    assert isinstance(marked.partition_of("s/2026-11-28/eu/a.txt"), Unmatched)
    assert partition_text({"date": "2026-11-28", "region": "eu"}) == "date=2026-11-28,region=eu"


def test_rules_are_read_as_they_were_written() -> None:
    """Only what is said travels."""
    marked = SetRules(pattern="a/{date}/{x}", marker="a/{date}/m", lists=True, late=60, then="run")
    for rules in (HOURS, marked):
        assert SetRules.from_dict(rules.to_dict()) == rules
    assert HOURS.to_dict().keys() == {"pattern", "of", "expect", "then", "after"}


@pytest.mark.parametrize(
    "stored", [{}, {"pattern": "a/{"}, {"pattern": "a/{x}", "unknown": 1}, {"pattern": 3}]
)
def test_what_are_no_rules_is_set_aside(stored: dict[str, object]) -> None:
    """A message with them can never be handled."""
    with pytest.raises(MalformedMessageError):
        SetRules.from_dict(stored)


def test_files_that_are_not_expected_are_named_where_it_is_known_which_are() -> None:
    """Not where only their number is, nor where a marker says which belong to the set."""
    listed = SetRules(pattern="s/{date}/{region}.csv", of="region", expect=2, expected=("eu", "us"))
    given = ["s/2026-11-28/eu.csv", "s/2026-11-28/uk.csv"]
    assert listed.unexpected_of(given) == ("s/2026-11-28/uk.csv",)
    assert SetRules(pattern="s/{date}/{region}.csv", of="region", expect=2).unexpected_of(given) == ()
    assert replace(listed, marker="s/{date}/_SUCCESS").unexpected_of(given) == ()
