"""The images of the jobs, built from the repository's root with only their own files in the context."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from sluice.pipeline.loading import CONTAINERS, package_of
from stacks.configuration import Architecture

_PLATFORMS = {
    Architecture.X86_64: assets.Platform.LINUX_AMD64,
    Architecture.ARM64: assets.Platform.LINUX_ARM64,
}
# Every image has the shared core and the code around a step; a pipeline's image also has its own folder, and
# no other's.
_SHARED = ("sluice", f"{CONTAINERS}/step")


def pipeline_image(
    scope: Construct, construct_id: str, *, pipeline: str, root: Path, architecture: Architecture
) -> assets.DockerImageAsset:
    """Return the image of a pipeline's own code: ``containers/<pipeline>/Dockerfile``."""
    return _image(scope, construct_id, folder=package_of(pipeline), root=root, architecture=architecture)


def cleanup_image(
    scope: Construct, construct_id: str, *, root: Path, architecture: Architecture
) -> assets.DockerImageAsset:
    """Return the image of the jobs that Sluice adds to every pipeline: cleanup and gates."""
    return _image(scope, construct_id, folder="cleanup", root=root, architecture=architecture)


def start_image(
    scope: Construct, construct_id: str, *, root: Path, architecture: Architecture
) -> assets.DockerImageAsset:
    """Return the image of the jobs that submit the first steps of a run."""
    return _image(scope, construct_id, folder="start", root=root, architecture=architecture)


def _image(
    scope: Construct, construct_id: str, *, folder: str, root: Path, architecture: Architecture
) -> assets.DockerImageAsset:
    included = [
        f"!{CONTAINERS}/__init__.py",
        *(f"!{path}/**" for path in (*_SHARED, f"{CONTAINERS}/{folder}")),
    ]
    return assets.DockerImageAsset(
        scope,
        construct_id,
        directory=str(root),
        file=f"{CONTAINERS}/{folder}/Dockerfile",
        exclude=["*", *included, "**/__pycache__"],
        ignore_mode=IgnoreMode.DOCKER,
        # Built for the machines that run it, whatever builds it.
        platform=_PLATFORMS[architecture],
    )
