"""AWS Batch takes each job definition of the templates, or it is refused at synthesis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.limits import MAX_JOB_DEFINITION_BYTES
from stacks.blocks.large_graphs.definition_size import check_definition_sizes, request_bytes


def definition(name: str, value: Any, **tags: str) -> dict[str, Any]:
    """Return the properties of a definition with one variable."""
    container = {"Image": "busybox:1", "Environment": [{"Name": "A", "Value": value}]}
    return {"JobDefinitionName": name, "ContainerProperties": container, "Tags": tags}


def write(directory: Path, *definitions: dict[str, Any]) -> None:
    """Write a template with these definitions beside something else."""
    resources: dict[str, Any] = {
        one["JobDefinitionName"]: {"Type": "AWS::Batch::JobDefinition", "Properties": one}
        for one in definitions
    }
    resources["Topic"] = {"Type": "AWS::SNS::Topic"}
    template = directory / "SluicePipelines.nested.template.json"
    template.write_text(json.dumps({"Resources": resources}))


def test_definitions_above_24_kib_are_refused_by_their_names(tmp_path: Path) -> None:
    """Whatever makes them long: tags count as variables do, and no other is named."""
    room = MAX_JOB_DEFINITION_BYTES - request_bytes(definition("one", ""))
    write(tmp_path, definition("one", "x" * room))
    check_definition_sizes(tmp_path)
    tagged = {f"tag{number}": "x" * 250 for number in range(40)}
    write(tmp_path, definition("one", "x" * room), definition("two", "x" * 16_000, **tagged))
    with pytest.raises(PipelineError, match=r"at most 24 KiB, found 2\d\.\d KiB in two") as refused:
        check_definition_sizes(tmp_path)
    assert "in one" not in str(refused.value)


def test_what_cloudformation_fills_in_counts_as_it_will_be() -> None:
    """Not as the template writes it."""
    bucket = {"Fn::ImportValue": "SluiceStorage:ExportsOutputRefInboxBucketNameWithMoreLetters"}
    whole = request_bytes(definition("one", ""))
    assert request_bytes(definition("one", bucket)) == whole + 100
    joined = {"Fn::Join": ["/", ["a", {"Ref": "AWS::Region"}]]}
    assert request_bytes(definition("one", joined)) == whole + 102
