"""What the deployed console knows of the pipelines: their forms and triggers, as a file of the pipelines
stack.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Stage
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct


class ConsoleCatalog(Construct):
    """A file, and an output that says where it is."""

    def __init__(self, scope: Construct, construct_id: str, *, text: str) -> None:
        super().__init__(scope, construct_id)
        stage = Stage.of(self)
        assert stage is not None, "every construct stands in an app"  # noqa: S101
        # No pipeline's name has a dot.
        path = Path(stage.outdir, "definitions", "console.catalog.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        asset = s3_assets.Asset(self, "File", path=str(path))
        output = CfnOutput(
            self,
            "Location",
            value=f"{asset.s3_bucket_name}/{asset.s3_object_key}",
            description="The forms of the pipelines, for the console.",
        )
        output.override_logical_id("Catalog")
