"""The code of the Lambdas: own files by an allow-list, Powertools from AWS's public layer, boto3 from the
runtime. No pip, no Docker.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

# Layer version 36 is Powertools 3.31.1, the newest pair of numbers that could be confirmed;
# docs/decisions/0006-powertools-layer.md.
# https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
_POWERTOOLS_ACCOUNT = "017000801446"
_POWERTOOLS_LAYER = "AWSLambdaPowertoolsPythonV3-python313-arm64:36"

# These modules and packages are for synthesis, where most of them need pydantic, which the runtime does not
# have, or they are for jobs.
NOT_FOR_LAMBDAS = (
    "pipeline",
    "runtime",
    "testing",
    "operate",
    "backfill",
    "report",
    "steps",
    "deprecated",
    "mounts",
    "retry_rules",
    "secret_sources",
    "trigger",
    "aws/conditional_write",
    "aws/rate_limiter",
    "receipts/comparing",
    "receipts/facts",
    "receipts/receipt",
    "run/graph",
    "triggers/inbox",
    "triggers/schedules",
    "catch_up/time_zones",
)


ONLY_FOR = {"grouping": "group", "sets": "group"}
"""Packages of the core that one Lambda alone imports, and which."""


def lambda_code(root: Path, folder: str) -> lambda_.Code:
    """Return the code of one Lambda: its folder, what the Lambdas share, and the shared core."""
    own = ["!lambdas/__init__.py", "!lambdas/*.py", f"!lambdas/{folder}/**"]
    others = [f"sluice/{package}" for package, stage in ONLY_FOR.items() if stage != folder]
    core = [
        "!sluice/**",
        *others,
        *(f"sluice/{module}{end}" for module in NOT_FOR_LAMBDAS for end in (".py", "")),
    ]
    return lambda_.Code.from_asset(
        str(root), exclude=["*", *own, *core, "**/__pycache__"], ignore_mode=IgnoreMode.DOCKER
    )


def powertools_layer(scope: Construct) -> lambda_.ILayerVersion:
    """Return the public layer of the stack's Region."""
    arn = f"arn:aws:lambda:{Stack.of(scope).region}:{_POWERTOOLS_ACCOUNT}:layer:{_POWERTOOLS_LAYER}"
    return lambda_.LayerVersion.from_layer_version_arn(scope, "Powertools", arn)
