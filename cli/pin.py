"""`make pin`: the base images of a project's Dockerfiles by digest, and of those that Sluice writes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.console import print_line, print_note
from cli.project import current_project
from local.errors import LocalCloudError
from local.images.pin import digest_of, pinned, unpinned
from sluice.errors import SluiceError
from sluice.pipeline.image_folder import CONTAINERS
from stacks.base_images import FILE, bases_text


def main(arguments: list[str] | None = None) -> int:
    """Pin every base image, or with --check say which are not pinned, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cli.pin", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="ask no registry: exit 1 where one is not pinned"
    )
    given = parser.parse_args(arguments)
    try:
        root = current_project().root
        texts = _texts(root)
        return _check(texts, root) if given.check else _pin(texts, root)
    except (LocalCloudError, SluiceError) as error:
        print_note(str(error))
        return 1


def _texts(root: Path) -> dict[Path, str]:
    """Return the text of each file that names base images; the file of what Sluice writes may not be there
    yet.
    """
    texts: dict[Path, str] = {}
    for containers in sorted([*root.glob(CONTAINERS), *root.glob(f"*/{CONTAINERS}")]):
        texts |= {file: file.read_text() for file in sorted(containers.glob("*/Dockerfile"))}
        bases = bases_text(containers)
        if bases is not None:
            texts[containers / FILE] = bases
    return texts


def _pin(texts: Mapping[Path, str], root: Path) -> int:
    changed = {file: pinned(text, digest_of) for file, text in texts.items()}  # all, before any is written
    for file, text in changed.items():
        if not file.is_file() or text != file.read_text():
            file.write_text(text)
            print_line(str(file.relative_to(root)))
    return 0


def _check(texts: Mapping[Path, str], root: Path) -> int:
    found = [f"{file.relative_to(root)}: {name}" for file, text in texts.items() for name in unpinned(text)]
    for line in found:
        print_line(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
