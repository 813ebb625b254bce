"""Whether the buckets that pipelines publish into, with ``results=``, are there and in this Region."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cli.commands.doctor.account import Account
from cli.commands.doctor.finding import Finding, error, ok, warning
from cli.project import current_project
from sluice.pipeline.loading import load_pipelines
from sluice.receipts.location import bucket_and_prefix

_MISSING = ("404", "NoSuchBucket")
_REFUSED = ("403", "AccessDenied")
_ELSEWHERE = ("301", "PermanentRedirect")
_REGION = "x-amz-bucket-region"


def results(account: Account) -> Iterator[Finding]:
    """Check each bucket once: one of another Region works, but each byte that goes there is paid for.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    """
    wanted: dict[str, list[str]] = {}
    for pipeline in load_pipelines(current_project().root):
        if found := bucket_and_prefix(pipeline.results or ""):
            wanted.setdefault(found[0], []).append(str(pipeline.name))
    if not wanted:
        yield ok("No pipeline publishes into a bucket of its own.")
    for bucket, names in sorted(wanted.items()):
        yield _check(account, bucket, ", ".join(names))


def _check(account: Account, bucket: str, names: str) -> Finding:
    try:
        answer = account.s3.head_bucket(Bucket=bucket)
        region = answer.get("BucketRegion") or _region_of(answer)
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in _MISSING:
            return error(
                f"The bucket {bucket} of {names} is not there.",
                f"aws s3 mb s3://{bucket} --region {account.region}, or correct results=.",
            )
        if code in _REFUSED:
            return warning(
                f"The bucket {bucket} of {names} may not be looked at with these credentials, or belongs to"
                " another account.",
                "Its owner's bucket policy must allow the roles of the jobs s3:PutObject, and that of the"
                " cleanup s3:ListBucket and s3:GetObject: docs/results.md.",
            )
        if code not in _ELSEWHERE:
            raise
        region = _region_of(refused.response)
    if region and region != account.region:
        return warning(
            f"The bucket {bucket} of {names} is in {region}, the jobs are in {account.region}: each byte"
            " goes over the border of the Region, which takes time and is paid for.",
            f"Use a bucket in {account.region}, or deploy in {region}.",
        )
    return ok(f"The bucket {bucket} of {names} is there.")


def _region_of(answer: object) -> str:
    metadata = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
    return str(metadata.get("HTTPHeaders", {}).get(_REGION, ""))
