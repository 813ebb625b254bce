"""Files of the inbox that start a run: one by one, and as a group."""

from __future__ import annotations

from dataclasses import asdict

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.triggers.trigger_event import S3Object, UploadGroup
from tests.sluice.runtime.jobs import INBOX, WORK, Jobs

NAMES = ["a", "b", "c", "d", "e"]


def stored(jobs: Jobs) -> list[S3Object]:
    """Store files, each with a newer version above it."""
    versions = {
        name: jobs.s3.put_object(Bucket=INBOX, Key=f"files/{name}", Body=name.encode())["VersionId"]
        for name in NAMES
    }
    for name in NAMES:
        jobs.s3.put_object(Bucket=INBOX, Key=f"files/{name}", Body=b"newer")
    return [
        S3Object(bucket=INBOX, key=f"files/{name}", version_id=versions[name], etag="", size=1)
        for name in NAMES
    ]


def group(jobs: Jobs) -> UploadGroup:
    """Return a group whose list of files is written."""
    found, manifest = stored(jobs), keys.uploads(f"files-{'a' * 20}")
    write_manifest(jobs.s3, WORK, manifest, map(asdict, found))
    return UploadGroup(
        bucket=INBOX, prefix="files/", suffix="", group="g-1", files=5, work_bucket=WORK, manifest=manifest
    )
