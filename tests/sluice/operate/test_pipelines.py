"""A pipeline by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.project import EXAMPLES
from sluice.operate.errors import OperationError
from sluice.operate.pipelines import find_pipeline


def test_a_pipeline_of_this_repository() -> None:
    """Its name is the one in its file."""
    assert find_pipeline("word-count", EXAMPLES).name == "word-count"


def test_a_name_that_no_pipeline_has(tmp_path: Path) -> None:
    """The error has the names that there are."""
    with pytest.raises(OperationError, match=r"\(.*word-count.*\), found 'word_count'"):
        find_pipeline("word_count", EXAMPLES)
    with pytest.raises(OperationError, match="there is none yet"):
        find_pipeline("any", tmp_path)
