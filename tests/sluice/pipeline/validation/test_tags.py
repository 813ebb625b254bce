"""A pipeline's own tags are checked when it is loaded."""

from __future__ import annotations

from sluice.pipeline.validation.tags import check_tags
from tests.sluice.pipeline.validation.pipelines import valid


def test_each_wrong_tag_is_named() -> None:
    """All of them at once."""
    found = [str(one) for one in check_tags(valid(tags={"team": "data", "aws:a": "b", "c": "<"}))]
    assert [one.partition(":")[0] for one in found] == ["tags['aws", "tags['c']"]


def test_right_ones_pass() -> None:
    """As many as there is room for."""
    assert list(check_tags(valid(tags={f"t{number}": "1" for number in range(20)}))) == []
