"""What `sluice pipelines` lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.pipelines import pipelines
from cli.main import main, parser
from cli.project import EXAMPLES
from stacks.project import VARIABLE

PROJECT = ["--project", str(EXAMPLES)]


@pytest.fixture(autouse=True)
def _other_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command chooses is forgotten with the test."""
    monkeypatch.setenv(VARIABLE, "")


def test_all_pipelines(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, with what starts it and its steps; the same for programs."""
    assert main(["pipelines", *PROJECT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "S3 upload word-count/*.txt" in next(line for line in lines if line.startswith("word-count"))
    assert main(["pipelines", "--json", *PROJECT]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == [
        line.split()[0] for line in lines[1:]
    ]


def test_no_pipeline_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository without pipelines is no failure."""
    assert pipelines(parser().parse_args(["pipelines"]), tmp_path) == 0
    assert "no pipeline yet" in capsys.readouterr().err


def test_a_pipeline_that_needs_a_setting_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed though a deploy without the setting leaves it out."""
    assert main(["pipelines", *PROJECT]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("ring")]
    assert "(only with SLUICE_NAT=true)" in line
    assert main(["pipelines", "--json", *PROJECT]) == 0
    found = {one["name"]: one["only_with"] for one in json.loads(capsys.readouterr().out)}
    assert (found["ring"], found["word-count"]) == ("nat", None)
