"""Where a run publishes: the folder of its pipeline's results, by run or by partition key. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice import keys
from sluice.errors import MalformedMessageError
from sluice.run.state import Run
from sluice.triggers.partition import DATE, HOUR, partition_of, parts_of_time

RUN = "run"
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>.*)")
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Location:
    """A folder of results; ``prefix`` ends with a slash.

    ``shared`` says that other runs may write to the same folder: one of the same partition key.
    """

    bucket: str
    prefix: str
    shared: bool = False

    @property
    def receipt(self) -> str:
        """Return the key of the receipt."""
        return f"{self.prefix}{keys.RECEIPT}"

    @property
    def uri(self) -> str:
        """Return the address that people and the AWS CLI use."""
        return f"s3://{self.bucket}/{self.prefix}"


def bucket_and_prefix(address: str) -> tuple[str, str] | None:
    """Return the bucket and the prefix of ``s3://bucket/prefix``, None for another text."""
    found = _ADDRESS.fullmatch(address)
    return (found["bucket"], found["prefix"]) if found else None


def placeholders(address: str) -> tuple[str, ...]:
    """Return the names in braces, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(address)))


def filled(prefix: str, values: Mapping[str, str]) -> str:
    """Return a prefix with a value for each of its placeholders."""
    return _PLACEHOLDER.sub(lambda name: values[name[1]], prefix)


def fixed_prefix(address: str) -> str:
    """Return the part of an address's prefix before its first placeholder."""
    _, prefix = bucket_and_prefix(address) or ("", "")
    return prefix.partition("{")[0]


def location_of(
    address: str,
    *,
    pipeline: str,
    run_id: str,
    trigger: Mapping[str, Any],
    began: str,
    default_bucket: str,
) -> Location:
    """Return where a run publishes; ``address`` is what its pipeline says, empty for the results bucket.

    ``{run}`` is the run's id, ``{date}`` and ``{hour}`` are those of its partition key or else of the time at
    which it ``began``, in UTC, and other names are those of its partition key. Without a placeholder the
    folder of each run has its id. Raises MalformedMessageError for a run that lacks one of the names.
    """
    found = bucket_and_prefix(address)
    if found is None:
        return Location(default_bucket, keys.result(pipeline, run_id, ""))
    bucket, prefix = found
    names = placeholders(prefix)
    if not names:
        return Location(bucket, f"{prefix}{run_id}/")
    values = {**parts_of_time(began), **partition_of(trigger), RUN: run_id}
    if missing := [name for name in names if name not in values]:
        raise MalformedMessageError(
            f"Expected a partition key with {', '.join(missing)} for the results of {pipeline} in {address},"
            f" found {_shown(values)}. Start the run with an input that has it, or file results by {{run}},"
            f" {{{DATE}}} or {{{HOUR}}}."
        )
    return Location(bucket, filled(prefix, values), shared=RUN not in names)


def location_of_run(run: Run, default_bucket: str) -> Location:
    """Return where a run of the ledger publishes; raises MalformedMessageError."""
    return location_of(
        run.pipeline.results,
        pipeline=run.pipeline.name,
        run_id=run.run_id,
        trigger=run.trigger,
        began=run.created_at,
        default_bucket=default_bucket,
    )


def _shown(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
