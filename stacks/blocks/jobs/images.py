"""The images of the jobs: each is built from a directory with Sluice's core and its own folder alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from constructs import Construct

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.image_folder import CONTAINERS, package_of, shared_folders
from stacks.blocks.jobs.dockerfile import dockerfile
from stacks.configuration import Architecture

_SLUICE = Path(__file__).resolve().parents[3]
"""Where Sluice's own code is; a project may be anywhere."""
_PLATFORMS = {
    Architecture.X86_64: assets.Platform.LINUX_AMD64,
    Architecture.ARM64: assets.Platform.LINUX_ARM64,
}
# Every image has the shared core and the names of before; a pipeline's image also has its own folder, and
# no other's.
_SHARED = ("sluice", f"{CONTAINERS}/step")
_WRITTEN = "Dockerfile"
"""The name, in the context, of a Dockerfile that Sluice writes."""
_IGNORED = shutil.ignore_patterns("__pycache__")
_NOT_FOR_JOBS = shutil.ignore_patterns("__pycache__", "testing")


def pipeline_image(
    scope: Construct,
    construct_id: str,
    *,
    pipeline: Pipeline,
    project: Path,
    architecture: Architecture,
    folder: str | None = None,
) -> assets.DockerImageAsset:
    """Return the image of a pipeline's own code: of the project's ``containers/<pipeline>/``, or another
    ``folder`` there, and the folders of shared code, by its own Dockerfile or by one that Sluice writes.
    """
    return _image(
        scope,
        construct_id,
        folder=folder or package_of(pipeline.name),
        root=project,
        architecture=architecture,
        shared=shared_folders(project / CONTAINERS, pipeline.shared),
    )


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
    scope: Construct,
    construct_id: str,
    *,
    folder: str,
    root: Path,
    architecture: Architecture,
    shared: Sequence[str] = (),
) -> assets.DockerImageAsset:
    with build_context(root, folder, shared) as directory:
        own = f"{CONTAINERS}/{folder}/Dockerfile"
        return assets.DockerImageAsset(
            scope,
            construct_id,
            directory=str(directory),
            file=own if (directory / own).is_file() else _WRITTEN,
            ignore_mode=IgnoreMode.DOCKER,
            # Built for the machines that run it, whatever builds it.
            platform=_PLATFORMS[architecture],
        )


@contextmanager
def build_context(root: Path, folder: str, shared: Sequence[str]) -> Iterator[Path]:
    """Yield the directory that an image is built from; the CDK has its copy when this returns."""
    with TemporaryDirectory() as temporary:
        context = Path(temporary)
        for name in _SHARED:
            shutil.copytree(_SLUICE / name, context / name, ignore=_NOT_FOR_JOBS)
        shutil.copytree(root / CONTAINERS / folder, context / CONTAINERS / folder, ignore=_IGNORED)
        for name in shared:
            shutil.copytree(root / CONTAINERS / name, context / CONTAINERS / name, ignore=_IGNORED)
        if not (context / CONTAINERS / folder / "Dockerfile").is_file():
            (context / _WRITTEN).write_text(dockerfile(root / CONTAINERS / folder, shared))
        # A package of this image's own: nothing that is beside the image on a machine is found as a part.
        (context / CONTAINERS / "__init__.py").touch()
        yield context
