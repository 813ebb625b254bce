"""Times and durations for people."""

from cli.times import duration, moment


def test_a_moment_is_in_utc() -> None:
    """Whatever the offset of the stamp."""
    assert moment("2026-01-01T01:00:00.500+01:00") == "2026-01-01 00:00:00"


def test_a_duration() -> None:
    """Nothing, for what has not begun."""
    assert (duration(2.25), duration(None)) == ("2.2 s", "")
