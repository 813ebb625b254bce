"""Words that several commands take."""

from __future__ import annotations

import argparse

import pytest

from cli.options import index, positive


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many"])
def test_what_is_no_number_of_at_least_1(text: str) -> None:
    """The error has what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number of at least 1"):
        positive(text)


def test_numbers() -> None:
    """Children count from 0."""
    assert (positive("3"), index("0")) == (3, 0)
    with pytest.raises(argparse.ArgumentTypeError, match="from 0"):
        index("first")
