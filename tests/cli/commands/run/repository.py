"""The file of a pipeline whose triggers a test chooses."""

from __future__ import annotations

FILE = """from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload

triggers = [{triggers}]
pipeline = Pipeline(name="words", triggers=triggers, steps=[Job("a", image="busybox", command=["true"])])
"""
