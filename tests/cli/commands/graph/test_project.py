"""`sluice graph --all`."""

from __future__ import annotations

import json

import pytest

from cli.commands.graph.command import graph
from cli.commands.graph.project import project_lines, project_mermaid
from cli.errors import UsageError
from cli.main import parser
from cli.project import EXAMPLES
from sluice import AfterRun, Job, Manual, Pipeline, S3Upload


def pipeline(name: str, *triggers: object, results: str | None = None) -> Pipeline:
    """Return a pipeline with these triggers."""
    steps = [Job("a", image="busybox", command=["true"])]
    return Pipeline(name=name, triggers=list(triggers), steps=steps, results=results)  # type: ignore[arg-type]


PROJECT = [
    pipeline("join", AfterRun("flights", "weather")),
    pipeline("flights", S3Upload(prefix="flights/"), results="s3://team/flights/{date}/"),
    pipeline("report", AfterRun("join")),
    pipeline("weather", Manual()),
]


def test_pipelines_are_drawn_with_what_starts_them_and_where_they_publish() -> None:
    """Those before stand above, whatever the order of the files."""
    assert project_lines(PROJECT) == [
        "●     flights  S3 upload flights/*        → s3://team/flights/{date}/",
        "│",
        "│ ●   weather  manual                     → weather/<run>/",
        "├─╯",
        "●     join     after flights and weather  → join/<run>/",
        "│",
        "●     report   after join                 → report/<run>/",
    ]


def test_for_documentation_the_files_stand_on_the_arrows() -> None:
    """As Mermaid has it."""
    text = project_mermaid(PROJECT)
    assert 'p0 -->|"s3://team/flights/{date}/"| p2' in text
    assert 'p2 -->|"join/#lt;run#gt;/"| p3' in text
    assert 'p0t(["S3 upload flights/*"]) -.-> p0' in text


def test_all_of_a_project_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The chains of the course."""
    assert graph(parser().parse_args(["graph", "--all", "--json"]), EXAMPLES) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"from": "weather", "to": "delays-and-weather"} in found["chains"]


@pytest.mark.parametrize("words", [[], ["word-count", "--all"]])
def test_a_name_or_all_is_needed(words: list[str]) -> None:
    """And not both."""
    with pytest.raises(UsageError, match="Expected the name of a pipeline or --all"):
        graph(parser().parse_args(["graph", *words]), EXAMPLES)
