"""Projects with multi-node steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from aws_cdk import App

import app as entry
from tests.stacks.synthesis import context
from tests.stacks.templates import STACKS, Template

GROUPS = """
from sluice.pipeline.definition import Manual, MultiNode, NodeGroup, Pipeline

groups = [
    NodeGroup(nodes=1, image="lead:1", command=["lead"], environment={"ROLE": "lead"}),
    NodeGroup(nodes=3, image="follow:1", command=["follow"]),
]
train = MultiNode(
    "train", groups=groups, instance_type="c7i.large", environment={"SEED": "7"}, vcpus=2, attempts=2
)
pipeline = Pipeline(name="groups", triggers=[Manual()], steps=[train])
"""


def definition(template: Template, name: str) -> dict[str, Any]:
    """Return the properties of the job definition whose name begins so."""
    (found,) = [
        one
        for one in template.properties("AWS::Batch::JobDefinition")
        if one["JobDefinitionName"].startswith(name)
    ]
    return dict(found)


def project(root: Path, **files: str) -> Path:
    """Return a project with these pipelines and Sluice's own images."""
    shutil.copytree(
        entry.ROOT / "containers", root / "containers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("sluice", "lambdas"):
        (root / name).symlink_to(entry.ROOT / name)
    (root / "pipelines").mkdir()
    for name, content in files.items():
        (root / "pipelines" / f"{name}.py").write_text(content)
    return root


def composed(root: Path, **settings: str) -> dict[str, Template]:
    """Return the templates of a project."""
    app = App(context=context())
    entry.compose(app, root=root, environment=settings)
    assembly = app.synth()
    return {name: Template(root, assembly.get_stack_by_name(f"Sluice{name}").template) for name in STACKS}
