"""What a step's container may have: parameters, secrets, folders and limits."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.mounts import EfsMount, HostMount
from sluice.pipeline.secret_sources import Secret
from tests.sluice.pipeline.validation.pipelines import command, step_mistakes

EFS = "fs-0123456789abcdef0"
POINT = "fsap-0123456789abcdef0"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a folder of the machine on Fargate": (
        {"compute": "fargate", "mounts": [HostMount(source="/a", path="/b")]},
        ".mounts[0]",
        "EfsMount on Fargate",
    ),
    "parameters of a function": ({"parameters": {"a": "b"}}, ".parameters", "none beside run="),
    "a parameter that is nowhere": (
        {**command("echo"), "parameters": {"a": "b"}},
        ".parameters",
        "a word Ref::a",
    ),
    "a parameter without a default": (command("echo", "Ref::a"), ".command", 'parameters={"a": "…"}'),
    "a parameter inside a word": (
        {**command("echo", "-xRef::a"), "parameters": {}},
        ".command",
        "a word of its own",
    ),
    "a parameter's name": (
        {**command("echo", "Ref::a b"), "parameters": {"a b": "c"}},
        ".parameters",
        "letters, digits",
    ),
    "a parameter that is a number": (
        {**command("echo", "Ref::a"), "parameters": {"a": 5}},
        ".parameters.a",
        "a valid string",
    ),
    "parameters in a list": ({**command("echo"), "parameters": ["a"]}, ".parameters", "a valid dictionary"),
    "a secret without a place": ({"secrets": {"KEY": ""}}, ".secrets['KEY']", "the name or ARN of a secret"),
    "a secret of another service": (
        {"secrets": {"KEY": "arn:aws:s3:::bucket"}},
        ".secrets['KEY']",
        "the name or ARN of a secret",
    ),
    "a secret's half ARN": (
        {"secrets": {"KEY": "arn:aws:secretsmanager:eu-central-1"}},
        ".secrets['KEY']",
        "the name or ARN of a secret",
    ),
    "a secret that is a number": ({"secrets": {"KEY": 5}}, ".secrets", "a valid string"),
    "a secret twice": (
        {"secrets": {"KEY": "a"}, "environment": {"KEY": "b"}},
        ".secrets['KEY']",
        "environment= does not set",
    ),
    "a secret of AWS Batch's": (
        {"secrets": {"AWS_BATCH_X": "a"}},
        ".secrets",
        "do not begin with AWS_BATCH or SLUICE_",
    ),
    "a secret with an equals sign": ({"secrets": {"A=B": "a"}}, ".secrets", "names of your own"),
    "a secret with NUL": ({"secrets": {"A\0": "a"}}, ".secrets", "names of your own"),
    "a variable with an equals sign": ({"environment": {"A=B": "a"}}, ".environment", "'A=B'"),
    "a variable with NUL": ({"environment": {"A\0": "a"}}, ".environment", "'A\\x00'"),
    "a variable without a name": ({"environment": {"": "a"}}, ".environment", "without = and NUL"),
    "an empty variable": ({"environment": {"A": ""}}, ".environment['A']", "AWS Batch drops empty"),
    "a value with NUL": ({"environment": {"A": "b\0"}}, ".environment['A']", "not empty"),
    "a secret under no key": (
        {"secrets": {"KEY": Secret(source="a", kms_key="mine")}},
        ".secrets['KEY']",
        "the ARN of a key",
    ),
    "a secret's address under a key": (
        {"secrets": {"KEY": Secret(source="a b", kms_key=KEY)}},
        ".secrets['KEY']",
        "the name or ARN",
    ),
    "a mount that is a text": ({"mounts": ["/a"]}, ".mounts[0]", "HostMount"),
    "mounts that are no list": ({"mounts": HostMount(source="/a", path="/b")}, ".mounts", "a valid list"),
    "a path without a slash": (
        {"mounts": [HostMount(source="/a", path="b")]},
        ".mounts[0].path",
        "match pattern",
    ),
    "a source without a slash": (
        {"mounts": [HostMount(source="a", path="/b")]},
        ".mounts[0].source",
        "match pattern",
    ),
    "a mount over everything": (
        {"mounts": [HostMount(source="/a", path="/")]},
        ".mounts[0].path",
        "other than /",
    ),
    "two mounts at a place": (
        {"mounts": [HostMount(source="/a", path="/b"), EfsMount(file_system=EFS, path="/b")]},
        ".mounts[1].path",
        "a path of its own",
    ),
    "a file system's name": (
        {"mounts": [EfsMount(file_system="mine", path="/b")]},
        ".mounts[0].file_system",
        "match pattern",
    ),
    "an access point's name": (
        {"mounts": [EfsMount(file_system=EFS, access_point="mine", path="/b")]},
        ".mounts[0].access_point",
        "match pattern",
    ),
    "a root beside an access point": (
        {"mounts": [EfsMount(file_system=EFS, access_point=POINT, path="/b", root="/c")]},
        ".mounts[0].root",
        "none beside access_point=",
    ),
    "an unknown limit": ({"ulimits": {"files": 5}}, ".ulimits", "'nofile'"),
    "a limit that is a text": ({"ulimits": {"nofile": "5"}}, ".ulimits", "a valid integer"),
    "a limit of -2": ({"ulimits": {"nofile": -2}}, ".ulimits", "greater than or equal to -1"),
    "a soft limit above the hard one": (
        {"ulimits": {"nofile": (5, 4)}},
        ".ulimits['nofile']",
        "at most the hard one",
    ),
    "no soft limit under a hard one": (
        {"ulimits": {"nofile": (-1, 4)}},
        ".ulimits['nofile']",
        "at most the hard one",
    ),
}


@pytest.mark.parametrize(("fields", "where", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_reported_at_its_field(fields: dict[str, Any], where: str, says: str) -> None:
    """The report names the field and says what was expected or what to write."""
    found = step_mistakes(**fields)
    assert any(line.startswith(f"steps['a']{where}") and says in line for line in found), found


RIGHT: dict[str, dict[str, Any]] = {
    "parameters": {**command("echo", "Ref::a", "Ref::b-c"), "parameters": {"a": "", "b-c": "x"}},
    "secrets": {
        "secrets": {
            "A": "my-app/key",
            "B": "my-app/login:password",
            "C": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf",
            "D": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf:key::",
            "E": "ssm:/my-app/key",
            "F": "arn:aws:ssm:eu-central-1:111122223333:parameter/my-app/key",
            "G": Secret(source="a", kms_key=KEY),
        }
    },
    "folders": {
        "mounts": [
            HostMount(source="/", path="/host", read_only=True),
            EfsMount(file_system=EFS, path="/b", root="/c"),
        ]
    },
    "limits": {"ulimits": {"nofile": 1024, "core": (0, -1), "memlock": -1}},
}


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    """Nothing is reported."""
    assert step_mistakes(**fields) == []
