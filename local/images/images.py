"""The images of a local cloud: directories with what a container would see, and how it would start."""

import json
import shutil
from pathlib import Path
from urllib.parse import quote

from local.batch.ports import Image, ImageNotFoundError
from local.errors import LocalCloudError

REGISTRY = ".dkr.ecr."  # in the URI of every image that a deploy pushed


class Images:
    """The images in a directory: `<digest>/` with the files, `names/` with what each name stands for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names = directory / "names"

    def workspace(self, name: str) -> Path:
        """Return an empty directory on the same file system, to build an image in."""
        path = self._directory / f"building-{quote(name, safe='')}"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def root(self, digest: str) -> Path:
        """Return the directory of an image's files."""
        return self._directory / digest

    def save(self, name: str, image: Image) -> None:
        """Let `name` stand for `image`."""
        self._names.mkdir(parents=True, exist_ok=True)
        fields = {
            "workdir": str(image.workdir),
            "entrypoint": image.entrypoint,
            "command": image.command,
            "environment": dict(image.environment),
            "python": image.python,
        }
        self._file(name).write_text(json.dumps(fields, indent=1))

    def tag(self, source: str, target: str) -> None:
        """Let `target` stand for what `source` stands for. Raises LocalCloudError if that is nothing."""
        self.save(target, self.resolve(source))

    def exists(self, name: str) -> bool:
        """Say whether `name` stands for an image whose files are there."""
        return self._file(name).exists() and self._read(name).workdir.is_dir()

    def resolve(self, name: str) -> Image:
        """Return the image that a name or URI stands for. Raises LocalCloudError if it is none of this
        machine.
        """
        if not self.exists(name):
            message = (
                f"Expected an image that was built for this cloud, found {name!r}: `cdk deploy` builds"
                " images."
            )
            raise LocalCloudError(message)
        return self._read(name)

    def __call__(self, image: str) -> Image | None:
        """Return the image for a job; None for a public one, whose command runs on this machine as it is.

        Raises ImageNotFoundError for an image of an account's own registry that no deploy has pushed.
        """
        if self.exists(image):
            return self.resolve(image)
        if REGISTRY in image:
            raise ImageNotFoundError(image)
        return None

    def _read(self, name: str) -> Image:
        read = json.loads(self._file(name).read_text())
        return Image(
            Path(read["workdir"]),
            tuple(read["entrypoint"]),
            tuple(read["command"]),
            read["environment"],
            read.get("python"),
        )

    def _file(self, name: str) -> Path:
        return self._names / f"{quote(name, safe='')}.json"
