"""The compiled pipeline, published beside the templates under the hash of its content. Each run stores it."""

from __future__ import annotations

import gzip
from pathlib import Path

from aws_cdk import Stage
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from sluice.errors import Mistake, PipelineError
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import PIPELINES
from stacks.configuration import Configuration

MAX_BYTES = 240 * 1024
"""Compressed. The ledger stores it with a run, beside an input of at most 128 KiB, in an item of at most 400
KB.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""


def check_definition_size(pipeline: str, text: str) -> None:
    """Raise PipelineError for a graph that is too large for the ledger."""
    if (size := len(gzip.compress(text.encode(), mtime=0))) > MAX_BYTES:
        fix = "Let an array do what many steps do, or cut the graph into several pipelines."
        found = f"{size} bytes"
        raise PipelineError(
            PIPELINES, (Mistake(pipeline, f"a graph of at most {MAX_BYTES} bytes, compressed", found, fix),)
        )


class Definition(Construct):
    """The compiled pipeline as a file, which the trigger Lambda reads from ``bucket`` and ``key``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline: Pipeline,
        job_definitions: JobDefinitions,
        configuration: Configuration,
        followed: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        stage = Stage.of(self)
        assert stage is not None, "every construct stands in an app"  # noqa: S101
        path = Path(stage.outdir, "definitions", f"{pipeline.name}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = compile_pipeline(
            pipeline,
            job_definitions,
            configuration.offered,
            configuration.tags_of(pipeline),
            followed=followed,
        ).to_json()
        check_definition_size(pipeline.name, text)
        path.write_text(text)
        asset = s3_assets.Asset(self, "File", path=str(path))
        self.bucket = asset.s3_bucket_name
        self.key = asset.s3_object_key
