"""Publishes what the file of a run says."""

from __future__ import annotations

from sluice.steps import Out, Results


def read(results: Results, out: Out) -> None:
    """Publish the text of the file."""
    out.write("text.txt", results.trigger.upload.text())
