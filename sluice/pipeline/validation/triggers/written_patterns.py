"""Checks keys of triggers that are written as something else writes them: addresses, or with wildcards.

Such a rule is a valid one, and no file ever matches it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import FileSet, Pipeline, S3Upload
from sluice.pipeline.validation.fields import listed

_SCHEME, _ARN = "s3://", "arn:aws:s3:::"


def check_written_patterns(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield the keys and buckets that are written as addresses or with wildcards, with how to write them."""
    for number, trigger in enumerate(listed(pipeline.triggers)):
        where = f"triggers[{number}]"
        if isinstance(trigger, S3Upload):
            yield from _bucket(where, trigger.bucket)
            yield from _prefix(where, trigger.prefix)
        if isinstance(trigger, FileSet) and isinstance(trigger.pattern, str):
            yield from _pattern(where, trigger.pattern)


def _bucket(where: str, bucket: object) -> Iterator[Mistake]:
    if isinstance(bucket, str) and bucket.startswith((_SCHEME, _ARN)):
        name = bucket.removeprefix(_SCHEME).removeprefix(_ARN).partition("/")[0]
        yield Mistake(
            f"{where}.bucket", "the name of a bucket alone", repr(bucket), f'Write bucket="{name}".'
        )


def _prefix(where: str, prefix: object) -> Iterator[Mistake]:
    if not isinstance(prefix, str):
        return
    if prefix.startswith(_SCHEME):
        bucket, _, key = prefix.removeprefix(_SCHEME).partition("/")
        yield Mistake(
            f"{where}.prefix",
            "what keys begin with, without a bucket",
            repr(prefix),
            f'Write bucket="{bucket}", prefix="{key}", or the prefix alone for the inbox.',
        )
    elif "*" in prefix:
        begin, _, end = prefix.partition("*")
        suffix = f', suffix="{end}"' if end and "*" not in end else ""
        yield Mistake(
            f"{where}.prefix",
            "what keys begin with, without a wildcard",
            repr(prefix),
            f'Write prefix="{begin}"{suffix}.',
        )


def _pattern(where: str, pattern: str) -> Iterator[Mistake]:
    if pattern.startswith(_SCHEME):
        key = pattern.removeprefix(_SCHEME).partition("/")[2]
        yield Mistake(
            f"{where}.pattern",
            "a pattern of keys of the inbox",
            repr(pattern),
            f'Write "{key}": sets are of the inbox alone.',
        )
