"""Whether AWS Batch keeps each job definition of the templates, checked at synthesis: also those of the jobs
that Sluice adds, and with the tags of deploy and pipeline, which a pipeline's file does not show.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sluice.errors import Mistake, PipelineError
from sluice.limits import MAX_JOB_DEFINITION_BYTES
from sluice.pipeline.loading import PIPELINES

_DEFINITION = "AWS::Batch::JobDefinition"
_KNOWN_LATER = "x" * 100
"""What becomes of a reference: an ARN, or a name of a bucket, table or role."""
_FIX = (
    "Fewer or shorter tags, variables and triggers make it smaller; what is long a step reads from S3 or from"
    " its image."
)


def check_definition_sizes(directory: Path) -> None:
    """Raise PipelineError, naming them, for job definitions with more bytes than AWS Batch takes."""
    mistakes = [
        Mistake(PIPELINES, "job definitions of at most 24 KiB", f"{size / 1024:.1f} KiB in {name}", _FIX)
        for name, size in _sizes(directory)
        if size > MAX_JOB_DEFINITION_BYTES
    ]
    if mistakes:
        raise PipelineError(PIPELINES, tuple(mistakes))


def _sizes(directory: Path) -> Iterator[tuple[str, int]]:
    for path in sorted(directory.glob("*.template.json")):
        for one in json.loads(path.read_text()).get("Resources", {}).values():
            if one["Type"] == _DEFINITION:
                properties = one["Properties"]
                yield properties["JobDefinitionName"], request_bytes(properties)


def request_bytes(properties: Any) -> int:
    """Return how many bytes a definition has in a request, about: CloudFormation fills in references."""
    return len(json.dumps(_filled(properties), separators=(",", ":"), ensure_ascii=False).encode())


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(str(_filled(one)) for one in parts)
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return _KNOWN_LATER
    return {name: _filled(one) for name, one in value.items()}
