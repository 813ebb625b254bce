"""What the deployed console is given of the pipelines."""

from __future__ import annotations

from pathlib import Path

from console.live.catalog_file import read_catalog
from tests.stacks.assets import published
from tests.stacks.templates import Template, text


def test_the_catalog_is_a_file_of_the_pipelines_stack(assembly: Path) -> None:
    """Below the stack's own prefix, where the console may read it."""
    pipelines = Template.read(assembly / "SluicePipelines.template.json")
    where = text(pipelines.document["Outputs"]["Catalog"]["Value"])
    key = where.partition("/")[2]
    assert key.startswith("SluicePipelines/")
    catalog = read_catalog(published(assembly, key).read_text())
    assert catalog.find("word-count") is not None
