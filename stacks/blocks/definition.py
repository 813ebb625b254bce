"""A pipeline in the form that travels with a run, published beside the templates under the hash of its content."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Stage
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from sluice.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline import Pipeline


class Definition(Construct):
    """The compiled pipeline as a file: ``bucket`` and ``key`` say where the trigger Lambda finds it."""

    def __init__(self, scope: Construct, construct_id: str, *, pipeline: Pipeline, job_definitions: JobDefinitions) -> None:
        super().__init__(scope, construct_id)
        stage = Stage.of(self)
        assert stage is not None, "every construct stands in an app"  # noqa: S101
        path = Path(stage.outdir, "definitions", f"{pipeline.name}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(compile_pipeline(pipeline, job_definitions).to_json())
        asset = s3_assets.Asset(self, "File", path=str(path))
        self.bucket = asset.s3_bucket_name
        self.key = asset.s3_object_key
