"""Which sets of files a pipeline may have, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.compiling import inbox_of
from sluice.pipeline.definition import FileSet, Plan, S3Upload
from sluice.pipeline.file_sets import rules_of
from sluice.pipeline.trigger_names import set_name
from sluice.triggers.set_rules import SetRules
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

HOURS = "sales/{date}/{hour:02}.csv"


@pytest.mark.parametrize(
    "found",
    [
        FileSet(HOURS, expect=24),
        FileSet(HOURS, expect=24, late="6h", then="run", later_files="rerun"),
        FileSet("sales/{region}/{date}.csv", expect=["eu", "us"], of="region"),
        FileSet("out/{date}/{part}.parquet", marker="_SUCCESS"),
        FileSet("out/{date}/{region}/{part}.parquet", marker="out/{date}/_SUCCESS"),
        FileSet("out/{date}/{name}.csv", manifest="manifest.json"),
        FileSet("small/{part:02}.csv", expect=3),
    ],
)
def test_a_set_is_counted_listed_or_marked(found: FileSet) -> None:
    """Its files may be the items of a plan without a function."""
    steps = [Plan("files"), *valid().steps[1:]]
    assert mistakes_of(valid(triggers=[found])) == ""
    assert inbox_of(valid(triggers=[found]))[0] == found.pattern.partition("{")[0]
    assert steps


def test_a_marker_without_a_slash_is_in_the_folder_of_the_files() -> None:
    """All placeholders of that folder are the key."""
    rules = rules_of(FileSet("out/{date}/{part}.csv", marker="_SUCCESS", late="1h"))
    assert rules == SetRules(
        pattern="out/{date}/{part}.csv", marker="out/{date}/_SUCCESS", late=3600, then="alert", after="alert"
    )
    assert rules.key_names == ("date",)
    assert rules_of(FileSet(HOURS, expect=24)).of == "hour"
    assert set_name(FileSet(HOURS, expect=24)) == f"s3-set:{HOURS}"


@pytest.mark.parametrize(
    ("pattern", "more", "said"),
    [
        (HOURS, {"expect": 25}, "at most the 24 values that {hour} can have, found 25"),
        ("a/{month:01}", {"expect": 10}, "at most the 9 values that {month} can have"),
        (HOURS, {"expect": 0}, "1 to 1,000,000 files"),
        (HOURS, {"expect": True}, "triggers[0].expect"),
        (
            HOURS,
            {"expect": ["00", "24"]},
            "values that {hour} can have in 'sales/{date}/{hour:02}.csv', found '24'",
        ),
        (HOURS, {"expect": ["00", "00"]}, "different texts"),
        (HOURS, {"expect": []}, "different texts"),
        (HOURS, {}, "one of expect=, marker= and manifest=, found none of them"),
        (HOURS, {"expect": 24, "marker": "m"}, "found expect and marker"),
        (HOURS, {"expect": 24, "of": "minute"}, "a placeholder of"),
        (HOURS, {"expect": 24, "late": "soon"}, "a time such as 6h, found 'soon'"),
        (HOURS, {"expect": 24, "late": "0m"}, "a time such as 6h"),
        (HOURS, {"expect": 24, "then": "run"}, "late= beside it, found then='run' alone"),
        (HOURS, {"expect": 24, "then": "wait"}, "triggers[0].then"),
        (HOURS, {"expect": 24, "later_files": "x"}, "triggers[0].later_files"),
        ("sales/all.csv", {"expect": 1}, "a pattern with a placeholder"),
        ("{date}.csv", {"expect": 1}, "a pattern that begins with a folder"),
        ("/a/{date}.csv", {"expect": 1}, "a pattern that begins with a folder"),
        (
            "a/../b/{date}.csv",
            {"expect": 1},
            "a pattern without .. between slashes, found 'a/../b/{date}.csv'",
        ),
        ("a/{date}/..", {"expect": 1}, "Write the folder itself"),
        ("a/{date}/{x}.csv", {"marker": "a/../{date}"}, "triggers[0].marker: expected a pattern without .."),
        ("requests/{date}.csv", {"expect": 1}, "a pattern of nothing below requests/"),
        ("a/{date}{hour}", {"expect": 1}, "a text between two placeholders"),
        ("a/{x}/*.csv", {"expect": 1}, "letters, digits"),
        ("a/{date}/{x}", {"marker": "a/{day}/m"}, "placeholders of 'a/{date}/{x}', found day"),
        ("a/{date}/{x}", {"marker": "_SUCCESS"}, "a name that the pattern does not match"),
        ("a/{date}/{x}.csv", {"marker": "{y"}, "letters, digits"),
        ("a/{date}/{x}.csv", {"marker": "m", "of": "x"}, "no of= beside marker="),
        (3, {"expect": 1}, "triggers[0].pattern"),
    ],
)
def test_a_set_that_can_never_be_whole_is_refused(pattern: Any, more: dict[str, Any], said: str) -> None:
    """With what to write instead."""
    assert said in mistakes_of(valid(triggers=[FileSet(pattern, **more)]))


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        (S3Upload(prefix="sales/"), True),
        (S3Upload(prefix="sales/", suffix=".txt"), False),
        (FileSet("sales/{region}/{day:02}.csv", expect=3), True),
        (FileSet("buys/{date}/{hour:02}.csv", expect=24), False),
    ],
)
def test_patterns_of_one_pipeline_do_not_overlap(other: Any, refused: bool) -> None:
    """A file belongs to one trigger."""
    said = mistakes_of(valid(triggers=[FileSet(HOURS, expect=24), other]))
    assert ("which can match the same file" in said) is refused


def test_partitions_can_have_an_order() -> None:
    """Of sets, not of single files."""
    limited = {"max_concurrent_runs": 1, "per": "partition"}
    assert mistakes_of(valid(triggers=[FileSet(HOURS, expect=24)], **limited)) == ""
    assert "per: expected triggers with a partition key" in mistakes_of(valid(**limited))
