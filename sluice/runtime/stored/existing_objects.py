"""Reads what a run has written, and says what is gone of it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sluice.runtime.clients import ObjectReader
from sluice.runtime.errors import ResultsMissingError

_GONE = ("NoSuchKey", "404")


class ExistingObjects:
    """Reads objects of a run, which are there: S3's own error does not say which one is not.

    Raises ResultsMissingError for one that was deleted or has expired, also between its listing and its
    reading.
    """

    def __init__(self, s3: ObjectReader) -> None:
        self._s3 = s3

    def get_object(self, **request: Any) -> Any:
        """Return what S3 answers."""
        try:
            return self._s3.get_object(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise ResultsMissingError(
                f"Expected s3://{request['Bucket']}/{request['Key']}, which the run had written, found none."
                " Was it deleted, or did it expire? Upload the input again."
            ) from error
