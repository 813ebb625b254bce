"""What `make deploy` refuses before it changes anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import deploy
from cli.cloud import Cloud
from stacks.configuration import Configuration
from tests.cli.harness import CommandHarness
from tests.sluice.operate.runs_in_a_queue import FIRST, begin_runs_in_bulk

FILE = """from sluice.pipeline.definition import Job, Manual, Pipeline
pipeline = Pipeline(name="words", triggers=[Manual()], steps=[Job("a", image="busybox", command=["true"])])
"""


def test_the_deploy_is_refused_with_what_to_do(
    harness: CommandHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names queue, run and setting; with the setting the deploy goes on, and so does the first
    one of all.
    """
    begin_runs_in_bulk(harness)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(FILE)
    monkeypatch.setattr(deploy, "REPOSITORY", tmp_path)
    with pytest.raises(deploy.DeployError, match=f"bulk is needed by {FIRST}.*SLUICE_KEEP_QUEUES=bulk"):
        deploy._check_no_queue_is_needed(harness.cloud, Configuration())
    deploy._check_no_queue_is_needed(harness.cloud, Configuration(keep_queues=("bulk",)))
    nothing = Cloud(harness.clients.__getitem__, "the test", "Other")
    deploy._check_no_queue_is_needed(nothing, Configuration())
