"""What a trigger takes, by its name."""

from __future__ import annotations

import pytest

from local.emulator.patches.access import pattern_of
from sluice.pipeline.definition import S3Upload
from sluice.pipeline.trigger_names import upload_name
from sluice.triggers.upload_patterns import (
    AGAIN_MARK,
    OWN_GROUPS_MARK,
    group_name,
    keys_below,
    prefix_and_suffix,
    readable,
    without_own_groups,
)


@pytest.mark.parametrize("bucket", [None, "team-landing"])
@pytest.mark.parametrize("group_of", [None, 5])
@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [
        ("a/", ""),
        ("a/b", ".txt"),
        ("a", "/x.csv"),
        ("dt=1/", ".csv|.tsv"),
        ("$?@{b}~|#%<é/", ".txt"),
    ],
)
def test_a_name_says_prefix_and_suffix(
    bucket: str | None, group_of: int | None, prefix: str, suffix: str
) -> None:
    """Whatever the bucket, and whether files are gathered or not."""
    suffixes = suffix.split("|") if "|" in suffix else suffix
    upload = S3Upload(prefix=prefix, suffix=suffixes, bucket=bucket, group_of=group_of)
    assert prefix_and_suffix(upload_name(upload)) == (prefix, suffix)


@pytest.mark.parametrize("group_of", [None, 5])
def test_what_a_backfill_adds_is_told_from_what_a_key_has(group_of: int | None) -> None:
    """Though a prefix and a suffix have the same characters."""
    upload = S3Upload(prefix="a~1@b/", suffix=["~c", "@d|e"], group_of=group_of)
    name = upload_name(upload)
    added = f"{name}{AGAIN_MARK}token{OWN_GROUPS_MARK}backfill"
    assert without_own_groups(added) == f"{name}{AGAIN_MARK}token"
    assert prefix_and_suffix(added) == prefix_and_suffix(name)
    prefix, suffix = prefix_and_suffix(name)
    assert (prefix, readable(suffix)) == ("a~1@b/", "@d|e|~c")
    assert group_name(prefix, suffix).partition(":")[2] == name.partition(":")[2]


@pytest.mark.parametrize(
    ("prefix", "pattern"), [("dt=1/", "dt=1/*"), ("why?/", "why${?}/*"), ("${a}*/", "${$}{a}${*}/*")]
)
def test_a_policy_takes_the_keys_of_a_prefix_and_no_others(prefix: str, pattern: str) -> None:
    """Whatever the characters mean to IAM."""
    assert keys_below(prefix) == pattern
    matched = pattern_of(pattern, False)
    assert matched.match(f"{prefix}x")
    assert not matched.match("whys/x")
