"""Which pipelines ``app.py`` deploys, and which it leaves out or refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluice.errors import PipelineError
from tests.stacks.nodes import GROUPS, composed, project
from tests.stacks.templates import Template


def test_the_shipped_ring_is_left_out_without_nat(templates: dict[str, Template], assembly: Path) -> None:
    """A first deploy costs no NAT gateway; it reports what is left out and which setting adds it."""
    assert "sluice-ring" not in json.dumps(templates["Pipelines"].document)
    said = (assembly / "SluicePipelines.metadata.json").read_text()
    assert "The pipeline ring is left out: it is deployed with SLUICE_NAT=true only." in said


def test_a_multi_node_step_without_nat_is_refused_with_the_setting(tmp_path: Path) -> None:
    """Together with what else is wrong, before anything is deployed."""
    root = project(tmp_path, groups=GROUPS, broken="pipeline = 1")
    with pytest.raises(PipelineError) as raised:
        composed(root)
    said = str(raised.value)
    assert (
        "pipelines/groups.py: steps['train']: expected private subnets with NAT for a MultiNode, found"
        " SLUICE_NAT=false" in said
    )
    assert "Deploy with SLUICE_NAT=true" in said
    assert "SLUICE_INSTANCE_TYPES=c7i.large" in said
    assert "pipelines/broken.py: file: expected a name `pipeline`" in said


def test_nodes_that_can_never_start_together_are_refused(tmp_path: Path) -> None:
    """Eight vCPUs do not fit into seven."""
    root = project(tmp_path, groups=GROUPS)
    with pytest.raises(PipelineError, match="SLUICE_MAX_VCPUS_ON_DEMAND=8 or more"):
        composed(root, SLUICE_NAT="true", SLUICE_MAX_VCPUS_ON_DEMAND="7", SLUICE_INSTANCE_TYPES="c7i")
