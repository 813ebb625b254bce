"""Every example is a pipeline that could be deployed."""

from __future__ import annotations

from pathlib import Path

from sluice.pipeline.loading import load_pipelines

ROOT = Path(__file__).parents[1]


def test_every_file_loads_and_is_valid() -> None:
    """All files together have no mistake, and each is found under its own name."""
    files = sorted(path.stem.replace("_", "-") for path in (ROOT / "pipelines").glob("[!_]*.py"))
    assert [str(pipeline.name) for pipeline in load_pipelines(ROOT)] == files
    assert {"flight-delays", "word-count"} <= set(files)
