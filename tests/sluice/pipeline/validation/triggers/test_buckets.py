"""Upload triggers of buckets that are not the inbox."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import S3Upload
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"


def upload(**given: Any) -> S3Upload:
    """Return a trigger with a prefix."""
    return S3Upload(**{"prefix": "sales/", **given})


@pytest.mark.parametrize(
    ("given", "where", "says"),
    [
        ({"bucket": "Team_Landing"}, "triggers[0].bucket", "match pattern"),
        ({"bucket": "s3://team-landing"}, "triggers[0].bucket", "match pattern"),
        ({"bucket": "ab"}, "triggers[0].bucket", "match pattern"),
        ({"bucket": "a..b"}, "triggers[0].bucket", "the name of a bucket"),
        ({"bucket": "team", "account": "1111"}, "triggers[0].account", "match pattern"),
        ({"bucket": "team", "region": "Frankfurt"}, "triggers[0].region", "match pattern"),
        ({"bucket": "team", "kms_key": "alias/team"}, "triggers[0].kms_key", "match pattern"),
        ({"account": "111122223333"}, "triggers[0].account", "the name of the bucket beside it"),
        ({"region": "eu-west-1"}, "triggers[0].region", "the name of the bucket beside it"),
        ({"kms_key": KEY}, "triggers[0].kms_key", "the name of the bucket beside it"),
    ],
)
def test_a_mistake_is_reported_at_its_field(given: dict[str, Any], where: str, says: str) -> None:
    """A name that S3 has for no bucket, an alias in place of a key, a place without a bucket."""
    report = mistakes_of(valid(triggers=[upload(**given)]))
    assert any(says in line for line in report.splitlines() if line.startswith(f"  - {where}: ")), report


def test_a_bucket_is_in_one_place() -> None:
    """Two triggers that say different things of it cannot both be right."""
    first, second = upload(bucket="team", region="eu-west-1"), upload(prefix="b/", bucket="team")
    assert "one region of the bucket 'team', found 'eu-west-1' and None" in mistakes_of(
        valid(triggers=[first, second])
    )


def test_all_that_a_bucket_may_have_is_valid() -> None:
    """And below requests/, which is reserved in the inbox alone."""
    given = upload(
        prefix="requests/", bucket="team.landing", account="111122223333", region="us-gov-west-1", kms_key=KEY
    )
    assert mistakes_of(valid(triggers=[given])) == ""
