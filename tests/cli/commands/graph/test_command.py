"""What `sluice graph` draws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.graph.command import graph, lines
from cli.commands.graph.mermaid import mermaid
from cli.main import main, parser
from cli.project import EXAMPLES
from sluice.errors import PipelineError
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Job, Manual, MultiNode, NodeGroup, Pipeline


def test_a_pipeline_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Each step of a shipped pipeline stands below what it waits for, with what it is."""
    assert main(["graph", "word-count"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "word-count   starts with S3 upload word-count/*.txt",
        "",
        "●   split  plan: finds the items",
        "│",
        "●   count  array: on the items of split",
        "║",
        "●   rank   array: child i after child i of count",
        "│",
        "●   merge  job, after rank",
    ]


def test_mermaid_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`--mermaid` prints the flowchart and nothing else."""
    assert main(["graph", "word-count", "--mermaid"]) == 0
    assert capsys.readouterr().out == mermaid(find_pipeline("word-count", EXAMPLES)) + "\n"


def test_a_graph_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` has the steps, and each edge with why it is there."""
    assert main(["graph", "word-count", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [step["kind"] for step in document["steps"]] == ["plan", "array", "array", "job"]
    assert [(edge["parent"], edge["child"], edge["why"]) for edge in document["edges"]] == [
        ("split", "count", "items_of"),
        ("count", "rank", "each"),
        ("rank", "merge", "after"),
    ]


def test_no_such_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that no pipeline has is refused with those that there are."""
    assert main(["graph", "word_count"]) == 1
    assert "word-count" in capsys.readouterr().err


def test_every_mistake_is_listed(tmp_path: Path) -> None:
    """A file with a mistake is listed as at synthesis, whichever pipeline was asked for."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "wrong.py").write_text("pipeline = 1\n")
    with pytest.raises(PipelineError, match="expected a name `pipeline` bound to a Pipeline, found 1"):
        graph(parser().parse_args(["graph", "any"]), tmp_path)


TOGETHER = Pipeline(
    name="together",
    triggers=[Manual()],
    steps=[
        MultiNode("meet", groups=[NodeGroup(nodes=1, run="lead"), NodeGroup(nodes=3, run="follow")]),
        Job("end", run="t", after=["meet"]),
    ],
    only_with="nat",
)


def test_nodes_are_drawn_as_one_step() -> None:
    """With how many there are, whatever their groups; for Mermaid as a shape of its own."""
    assert lines(TOGETHER) == ["●   meet  multinode: 4 nodes", "│", "●   end   job, after meet"]
    assert '    s0[/"meet"/]' in mermaid(TOGETHER).splitlines()
