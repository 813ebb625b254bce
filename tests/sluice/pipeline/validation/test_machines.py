"""What a step may ask of its machine: every wrong form is reported at its field, and what is right passes."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.fargate_sizes import MEMORY, size_problem
from sluice.pipeline.definition import Job, Manual, Pipeline
from sluice.pipeline.mounts import EfsMount, HostMount
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.secret_sources import Secret
from sluice.pipeline.validation import validate

EFS = "fs-0123456789abcdef0"
POINT = "fsap-0123456789abcdef0"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"


def rule(**conditions: Any) -> EvaluateOnExit:
    """Return a rule that says RETRY."""
    return EvaluateOnExit(**{"action": "RETRY", **conditions})


def mistakes_of(**fields: Any) -> list[str]:
    """Return the mistakes of a step with these fields, which runs a function unless they say otherwise."""
    program = {} if "command" in fields else {"run": "merge"}
    step = Job("a", **{**program, **fields})
    try:
        validate(
            Pipeline(name="words", triggers=[Manual()], steps=[step]),
            "pipelines/words.py",
            frozenset({"merge"}),
        )
    except PipelineError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def command(*words: str) -> dict[str, Any]:
    """Return the fields of a step with a command."""
    return {"image": "busybox", "command": list(words)}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown machines": ({"compute": "quantum"}, ".compute", "'spot'"),
    "machines that are no text": ({"compute": ["gpu"]}, ".compute", "'spot'"),
    "steady on spot": ({"compute": "spot", "queue": "steady"}, ".compute", "never takes back"),
    "steady on Fargate spot": (
        {"compute": "fargate_spot", "queue": "steady"},
        ".compute",
        "never takes back",
    ),
    "GPUs on usual machines": ({"gpus": 1}, ".gpus", 'compute="gpu"'),
    "GPUs on Fargate": ({"gpus": 1, "compute": "fargate"}, ".gpus", 'compute="gpu"'),
    "GPUs on Arm": ({"gpus": 2, "compute": "arm"}, ".gpus", 'compute="gpu"'),
    "GPU machines without GPUs": ({"compute": "gpu"}, ".gpus", "gpus=1"),
    "half a GPU": ({"compute": "gpu", "gpus": 0.5}, ".gpus", "a valid integer"),
    "less than no GPU": ({"compute": "gpu", "gpus": -1}, ".gpus", "greater than or equal to 0"),
    "17 GPUs": ({"compute": "gpu", "gpus": 17}, ".gpus", "less than or equal to 16"),
    "3 vCPUs on Fargate": ({"compute": "fargate", "vcpus": 3}, "", "0.25, 0.5, 1, 2, 4, 8, 16, 32"),
    "little memory on Fargate": ({"compute": "fargate", "vcpus": 2, "memory": 2048}, "", "Write memory=4096"),
    "much memory on Fargate": (
        {"compute": "fargate_spot", "vcpus": 0.25, "memory": 4096},
        "",
        "512, 1024, 2048",
    ),
    "odd memory on Fargate": ({"compute": "fargate", "memory": 2500}, "", "Write memory=3072"),
    "limits on Fargate": ({"compute": "fargate", "ulimits": {"nofile": 1024}}, ".ulimits", "none on Fargate"),
    "a folder of the machine on Fargate": (
        {"compute": "fargate", "mounts": [HostMount(source="/a", path="/b")]},
        ".mounts[0]",
        "EfsMount on Fargate",
    ),
    "a disk elsewhere": ({"storage": 30}, ".storage", "none but on Fargate"),
    "20 GiB of disk": ({"compute": "fargate", "storage": 20}, ".storage", "greater than or equal to 21"),
    "201 GiB of disk": ({"compute": "fargate", "storage": 201}, ".storage", "less than or equal to 200"),
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
        "does not begin with AWS_BATCH or SLUICE_",
    ),
    "a secret with an equals sign": ({"secrets": {"A=B": "a"}}, ".secrets", "the name of a variable"),
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
    "a mount that is a text": ({"mounts": ["/a"]}, ".mounts.0", "HostMount"),
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
    "a priority of 10,000": ({"priority": 10_000}, ".priority", "less than or equal to 9999"),
    "a priority of -1": ({"priority": -1}, ".priority", "greater than or equal to 0"),
    "a rule that is a text": ({"retry": ["RETRY"]}, ".retry.0", "EvaluateOnExit"),
    "a rule without a condition": ({"retry": [rule()]}, ".retry[0]", "a condition"),
    "a rule that says STOP": (
        {"retry": [rule(action="STOP", on_exit_code="1")]},
        ".retry[0].action",
        "'RETRY' or 'EXIT'",
    ),
    "an exit code of letters": (
        {"retry": [rule(on_exit_code="x")]},
        ".retry[0].on_exit_code",
        "match pattern",
    ),
    "a star in the middle": (
        {"retry": [rule(on_exit_code="1*1")]},
        ".retry[0].on_exit_code",
        "match pattern",
    ),
    "a reason with a bracket": (
        {"retry": [rule(on_reason="Error (5)")]},
        ".retry[0].on_reason",
        "match pattern",
    ),
    "a long reason": (
        {"retry": [rule(on_status_reason="a" * 513)]},
        ".retry[0].on_status_reason",
        "at most 512",
    ),
    "Sluice's own exit code": (
        {"retry": [rule(on_exit_code="75")]},
        ".retry[0].on_exit_code",
        "another code than 75",
    ),
    "a rule behind everything": (
        {"retry": [rule(on_reason="*"), rule(on_exit_code="1")]},
        ".retry[0]",
        "at the end only",
    ),
    "a retry with one attempt": (
        {"retry": [rule(on_exit_code="1")], "attempts": 1},
        ".attempts",
        "2 or more",
    ),
    "three rules of a function": (
        {"retry": [rule(on_exit_code=str(code)) for code in (1, 2, 3)]},
        ".retry",
        "at most 2 rules",
    ),
    "four rules of a command": (
        {**command("x"), "retry": [rule(on_exit_code=str(code)) for code in (1, 2, 3, 4)]},
        ".retry",
        "at most 3 rules",
    ),
    "six rules": (
        {
            **command("x"),
            "retry": [*(rule(on_status_reason=f"Host {code}*") for code in range(5)), rule(on_reason="*")],
        },
        ".retry",
        "at most 5 rules",
    ),
}


@pytest.mark.parametrize(("fields", "where", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_reported_at_its_field(fields: dict[str, Any], where: str, says: str) -> None:
    """The report names the field and says what was expected or what to write."""
    found = mistakes_of(**fields)
    assert any(line.startswith(f"steps['a']{where}") and says in line for line in found), found


RIGHT: dict[str, dict[str, Any]] = {
    "the smallest task": {"compute": "fargate", "vcpus": 0.25, "memory": 512},
    "the largest task": {"compute": "fargate_spot", "vcpus": 32, "memory": 249_856, "storage": 200},
    "GPUs of one's own": {"compute": "unmanaged", "gpus": 4},
    "GPUs": {"compute": "gpu", "gpus": 1, "queue": "steady"},
    "a steady task": {"compute": "fargate", "queue": "steady", "priority": 0},
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
    "two rules": {"retry": [rule(on_exit_code="1*", on_reason="Out*"), rule(on_reason="Killed:")]},
    "four rules that say all": {
        "retry": [
            rule(on_status_reason="Host EC2*"),
            rule(on_exit_code="1"),
            rule(on_exit_code="2"),
            rule(on_reason="*", action="EXIT"),
        ]
    },
    "three rules that know of lost machines": {
        "retry": [rule(on_status_reason="Host EC2*"), rule(on_exit_code="1"), rule(on_exit_code="2")]
    },
}


@pytest.mark.parametrize("fields", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_passes(fields: dict[str, Any]) -> None:
    """Nothing is reported."""
    assert mistakes_of(**fields) == []


def test_all_mistakes_of_a_step_are_reported_together() -> None:
    """One synthesis shows all of them, each with what to do."""
    found = mistakes_of(
        compute="fargate",
        vcpus=3,
        gpus=1,
        priority=-1,
        ulimits={"nofile": 1},
        secrets={"K": ""},
        retry=[rule()],
    )
    assert len(found) == 6
    assert all(line.count(". ") >= 1 for line in found)


@pytest.mark.parametrize("overrides", [["disk"], "memory", None, [5]])
def test_what_a_request_may_override_is_checked(overrides: Any) -> None:
    """Manual(overrides=…) takes the names of fields."""
    step = Job("a", run="merge")
    with pytest.raises(PipelineError, match=r"triggers\[0\].overrides"):
        validate(
            Pipeline(name="words", triggers=[Manual(overrides=overrides)], steps=[step]),
            "pipelines/words.py",
            frozenset({"merge"}),
        )


def test_sizes_of_fargate() -> None:
    """Each size that is listed is one, and nothing beside it."""
    assert all(size_problem(vcpus, memory) is None for vcpus, sizes in MEMORY.items() for memory in sizes)
    assert all(size_problem(vcpus, memory + 1) for vcpus, sizes in MEMORY.items() for memory in sizes)
    assert [len(sizes) for sizes in MEMORY.values()] == [3, 4, 7, 13, 23, 12, 12, 3]
