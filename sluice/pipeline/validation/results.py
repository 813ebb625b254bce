"""Checks where the runs of a pipeline publish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.partition_names import ANY, partition_names
from sluice.receipts.location import RUN, bucket_and_prefix, placeholders
from sluice.triggers.partition import DATE, HOUR

_EXAMPLE = 's3://team-results/flights/, or with a placeholder "s3://team-results/flights/{date}/"'
_OF_EVERY_RUN = (RUN, DATE, HOUR)
# What no IAM policy and no S3 key takes for something else, and braces around a name.
_PREFIX = re.compile(r"([A-Za-z0-9!_.'()/=-]|\{[a-z][a-z0-9_]*\})*")
_MAX_CHARACTERS = 512


def check_results(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``results=``."""
    address = pipeline.results
    if address is None:
        return
    found = bucket_and_prefix(address) if isinstance(address, str) else None
    if found is None:
        yield Mistake("results", _EXAMPLE, repr(address), "Correct the address.")
        return
    yield from _check_prefix(address, found[1])
    yield from _check_names(pipeline, address)


def _check_prefix(address: str, prefix: str) -> Iterator[Mistake]:
    if not prefix.endswith("/") or prefix == "/":
        fix = "End it with a folder and a slash: a whole bucket is more than a pipeline needs."
        yield Mistake("results", f"a folder, {_EXAMPLE}", repr(address), fix)
    elif not _PREFIX.fullmatch(prefix) or len(prefix) > _MAX_CHARACTERS:
        fix = f"Use letters, digits and !_.'()=-, names in braces, and at most {_MAX_CHARACTERS} characters."
        yield Mistake("results", "a prefix of plain characters", repr(address), fix)
    elif "" in prefix[:-1].split("/") or ".." in prefix.split("/") or prefix.startswith("{"):
        fix = "Begin with a folder of a fixed name, and leave out // and .. between slashes."
        yield Mistake("results", "folders with names, the first of them fixed", repr(address), fix)


def _check_names(pipeline: Pipeline, address: str) -> Iterator[Mistake]:
    known = partition_names(pipeline)
    unknown = [name for name in placeholders(address) if name not in _OF_EVERY_RUN and name not in known]
    if unknown and ANY not in known:
        given = ", ".join(sorted({*_OF_EVERY_RUN, *known}))
        fix = "Use one of these, or a trigger that gives the name."
        yield Mistake("results", f"names in braces that its triggers give ({given})", ", ".join(unknown), fix)
