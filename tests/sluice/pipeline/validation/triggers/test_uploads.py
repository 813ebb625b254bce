"""Upload triggers and the number of each kind of trigger."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Manual, S3Upload
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

ODD = ("a$?@{b}~|#/", '<a>"^`[%]/', "Zürich/データ/")


@pytest.mark.parametrize(
    ("triggers", "where", "says"),
    [
        ([S3Upload(prefix=5)], "triggers[0].prefix", "a valid string"),  # type: ignore[arg-type]
        ([S3Upload(prefix="")], "triggers[0].prefix", "at least 1 character"),
        ([S3Upload(prefix="a*b/")], "triggers[0].prefix", "match pattern"),
        ([S3Upload(prefix="a\\b/")], "triggers[0].prefix", "match pattern"),
        ([S3Upload(prefix="a\nb/")], "triggers[0].prefix", "match pattern"),
        ([S3Upload(prefix="a/", suffix="\x85")], "triggers[0].suffix", "match pattern"),
        ([S3Upload(prefix="a/", suffix=[])], "triggers[0].suffix", "at least 1"),
        ([S3Upload(prefix="a/", suffix=[".csv", ""])], "triggers[0].suffix[1]", "at least 1 character"),
        ([S3Upload(prefix="a/", suffix=[5])], "triggers[0].suffix[0]", "a valid string"),  # type: ignore[list-item]
        ([S3Upload(prefix="a/", suffix=[".csv", "/../b"])], "triggers", "without .. between slashes"),
        (
            [S3Upload(prefix="a/", suffix=[".csv", ".txt"]), S3Upload(prefix="a/", suffix=[".tsv", ".txt"])],
            "triggers",
            "which can match the same file",
        ),
        ([S3Upload(prefix="é" * 512, suffix="é")], "triggers", "at most 1,024 bytes"),
        ([S3Upload(prefix="/a/")], "triggers", "without a leading /"),
        ([S3Upload(prefix="a/../b/")], "triggers", "without .. between slashes"),
        ([S3Upload(prefix="a/", suffix="/../b")], "triggers", "without .. between slashes"),
        ([S3Upload(prefix="requests/words/")], "triggers", "matches nothing below requests/"),
        ([S3Upload(prefix="req")], "triggers", "matches nothing below requests/"),
        ([S3Upload(prefix="a/"), S3Upload(prefix="a/b/")], "triggers", "which can match the same file"),
        (["a/"], "triggers[0]", "S3Upload"),
        ([Manual(), Manual()], "triggers", "at most one Manual"),
        ([], "triggers", "at least one trigger"),
        (None, "triggers", "a list"),
        (S3Upload(prefix="a/"), "triggers", "a list"),
    ],
)
def test_a_mistake_in_a_trigger_is_reported_at_its_field(triggers: Any, where: str, says: str) -> None:
    """The report names the trigger and says what was expected or found."""
    lines = [
        line
        for line in mistakes_of(valid(triggers=triggers)).splitlines()
        if line.startswith(f"  - {where}: ")
    ]
    assert any(says in line for line in lines), mistakes_of(valid(triggers=triggers))


def test_the_same_keys_of_two_buckets_are_apart() -> None:
    """The inbox and a bucket of somebody else's may have the same prefix; the same bucket may not."""
    twice = [S3Upload(prefix="a/"), S3Upload(prefix="a/", bucket="team-landing")]
    assert mistakes_of(valid(triggers=twice)) == ""
    report = mistakes_of(valid(triggers=[*twice, S3Upload(prefix="a/b/", bucket="team-landing")]))
    assert "'a/' and 'a/b/', which can match the same file" in report


@pytest.mark.parametrize("prefix", ["sales/dt=2026-11-28/", "a b/", "a+b/", "a&b,c;d:e/", *ODD])
def test_prefixes_have_what_s3_takes(prefix: str) -> None:
    """But for what EventBridge gives a meaning, and control characters."""
    assert mistakes_of(valid(triggers=[S3Upload(prefix=prefix, suffix=[".csv", ".CSV"])])) == ""
    assert mistakes_of(valid(triggers=[S3Upload(prefix="a/", suffix=prefix)])) == ""


def test_prefixes_that_nest_are_apart_when_their_suffixes_differ() -> None:
    """No key ends in both .txt and .csv, so the same prefix can have both."""
    triggers = [S3Upload(prefix="a/", suffix=".txt"), S3Upload(prefix="a/b/", suffix=".csv")]
    assert mistakes_of(valid(triggers=triggers)) == ""
