"""Removes what outlives the stacks of a Sluice: buckets with all versions of their objects, the ledger,
definitions, limits, roles, images and files. Nothing of it can be brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.operate.errors import OperationError
from sluice.operate.removal.clients import Buckets, Definitions, Images, Tables
from sluice.operate.removal.kept import BUCKET, DEFINITION, FILE, IMAGE, LIMIT, TABLE, Kept
from sluice.operate.removal.roles import ROLE, Roles, remove_role

# What services answer for what is gone already, for instance after an earlier attempt.
_GONE = ("NoSuchBucket", "ResourceNotFoundException", "RepositoryNotFoundException", "NoSuchEntity")
_DELETED_TOGETHER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRemover:
    """Removes things one by one; what is gone already is no failure."""

    s3: Buckets
    dynamodb: Tables
    batch: Definitions
    ecr: Images
    iam: Roles

    def remove(self, kept: Sequence[Kept], progress: Callable[[Kept], None]) -> list[Kept]:
        """Remove what is given, and return what this does not know how to remove."""
        removers: Mapping[str, Callable[[Kept], None]] = {
            BUCKET: self._bucket,
            TABLE: self._table,
            DEFINITION: self._definition,
            LIMIT: self._limit,
            IMAGE: self._image,
            FILE: self._file,
            ROLE: lambda one: remove_role(self.iam, one.name),
        }
        for one in (one for one in kept if one.kind in removers):
            progress(one)
            try:
                removers[one.kind](one)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE:
                    raise
        return [one for one in kept if one.kind not in removers]

    def _bucket(self, kept: Kept) -> None:
        while versions := self._versions(kept.name):
            self._delete(kept.name, versions)
        self.s3.delete_bucket(Bucket=kept.name)

    def _versions(self, bucket: str) -> list[dict[str, str]]:
        """Return the first versions and delete markers, at most as many as one call deletes."""
        page = self.s3.list_object_versions(Bucket=bucket, MaxKeys=_DELETED_TOGETHER)
        found: list[Mapping[str, Any]] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]

    def _delete(self, bucket: str, objects: Sequence[Mapping[str, str]]) -> None:
        """Delete objects; raises OperationError with the first that S3 does not delete, for instance because
        of a lock.
        """
        answer = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise OperationError(
                f"Expected S3 to delete {error.get('Key')!r} of {bucket}, found {error.get('Code')}:"
                f" {error.get('Message')}."
            )

    def _table(self, kept: Kept) -> None:
        self.dynamodb.delete_table(TableName=kept.name)

    def _definition(self, kept: Kept) -> None:
        pages = self.batch.get_paginator("describe_job_definitions").paginate(
            jobDefinitionName=kept.name, status="ACTIVE"
        )
        for one in [one for page in pages for one in page["jobDefinitions"]]:
            self.batch.deregister_job_definition(jobDefinition=one["jobDefinitionArn"])

    def _limit(self, kept: Kept) -> None:
        self.batch.delete_consumable_resource(consumableResource=kept.name)

    def _image(self, kept: Kept) -> None:
        self.ecr.batch_delete_image(repositoryName=kept.within, imageIds=[{"imageTag": kept.name}])

    def _file(self, kept: Kept) -> None:
        self._delete(kept.within, [{"Key": kept.name}])
