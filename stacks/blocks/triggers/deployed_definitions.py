"""The list of the compiled pipelines that are deployed: what `sluice rerun --with-current-code` runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnOutput, Stage
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct


class DeployedDefinitions(Construct):
    """A file ``{"version": 1, "pipelines": {name: key}}``, and an output that says where it is: the keys are
    those of compiled pipelines in the same bucket.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keys: Mapping[str, str]) -> None:
        super().__init__(scope, construct_id)
        stage = Stage.of(self)
        assert stage is not None, "every construct stands in an app"  # noqa: S101
        # No pipeline's name has a dot.
        path = Path(stage.outdir, "definitions", "deployed.list.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"version": 1, "pipelines": dict(sorted(keys.items()))}))
        asset = s3_assets.Asset(self, "File", path=str(path))
        output = CfnOutput(
            self,
            "Location",
            value=f"{asset.s3_bucket_name}/{asset.s3_object_key}",
            description="The compiled pipelines that are deployed.",
        )
        output.override_logical_id("Definitions")
