"""The names of triggers, which are part of the ids of runs and must never change."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import S3Upload, Schedule
from sluice.pipeline.trigger_names import MANUAL, schedule_name, upload_name


@pytest.mark.parametrize(
    ("upload", "name"),
    [
        (S3Upload(prefix="a/"), "s3:a/*"),
        (S3Upload(prefix="a/", suffix=".txt"), "s3:a/*.txt"),
        (S3Upload(prefix="a/", suffix=".txt", group_of=5), "s3-group:a/*.txt"),
        (S3Upload(prefix="a/", suffix=[".txt"]), "s3:a/*.txt"),
        (S3Upload(prefix="a/", suffix=[".tsv", ".csv", ".tsv"]), "s3:a/*.csv|.tsv"),
        (S3Upload(prefix="a/", group_within="5m"), "s3-group:a/*"),
        (S3Upload(prefix="a & b!_.'()=;:+,-/"), "s3:a & b!_.'()=;:+,-/*"),
        (S3Upload(prefix="a~b@c|d%/", suffix=["~<x>", ".é"]), "s3:a%7Eb%40c%7Cd%25/*.%C3%A9|%7E%3Cx%3E"),
        (S3Upload(prefix="a/", bucket="team-landing"), "s3://team-landing/a/*"),
        (S3Upload(prefix="a/", suffix=".txt", group_of=5, bucket="b.c"), "s3-group://b.c/a/*.txt"),
    ],
)
def test_the_name_of_an_upload_trigger_has_its_prefix_and_suffix(upload: S3Upload, name: str) -> None:
    """And says whether it gathers files."""
    assert upload_name(upload) == name


def test_the_name_of_a_schedule_has_its_expression_and_time_zone() -> None:
    """The input is no part of it."""
    assert schedule_name(Schedule("rate(1 day)", input=1)) == "schedule:rate(1 day) UTC"
    assert MANUAL == "manual"
