"""Each Lambda function has its own folder, role and log group."""

from __future__ import annotations

import pytest

from tests.stacks.templates import STAGES, Template, one_of, text


@pytest.mark.parametrize(("stage", "folder"), STAGES.items())
def test_a_lambda_runs_its_own_folder(control: Template, stage: str, folder: str) -> None:
    """Python on Arm, the folder's handler, and the stage as the name in its log lines."""
    function = one_of(control, "AWS::Lambda::Function", f"{stage}Function")
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Handler"] == f"lambdas.{folder}.handler.handler"
    assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == folder
    assert "TracingConfig" not in function
    assert 256 <= function["MemorySize"] <= 512


def test_each_lambda_has_a_role_and_a_log_group_of_its_own(control: Template) -> None:
    """No two functions share what they may do, or where they write; logs expire."""
    functions = control.properties("AWS::Lambda::Function")
    assert len({text(one["Role"]) for one in functions}) == len(functions) == 4
    assert len({text(one["LoggingConfig"]["LogGroup"]) for one in functions}) == 4
    assert [one["RetentionInDays"] for one in control.properties("AWS::Logs::LogGroup")] == [30] * 4
