"""`python -m local.images.pin`: what the Dockerfiles' FROM lines name, by digest.

A tag may name another image tomorrow; a digest names one for good. The registry is asked through Docker's own
command line, so that its credentials and mirrors count.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import REPOSITORY

# FROM [--platform=…] name[:tag][@digest] [AS stage]: https://docs.docker.com/reference/dockerfile/#from
FROM = re.compile(r"(?im)^(\s*FROM\s+(?:--\S+\s+)*)(\S+)((?:\s+AS\s+(\S+))?.*)$")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NOT_PULLED = "scratch"
ANSWER_SECONDS = 60

Resolve = Callable[[str], str]


def main(arguments: list[str] | None = None, repository: Path = REPOSITORY) -> int:
    """Pin every base image, or with --check say which are not pinned, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.images.pin", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="ask no registry: exit 1 where one is not pinned"
    )
    given = parser.parse_args(arguments)
    files = sorted((repository / "containers").glob("*/Dockerfile"))
    try:
        return _check(files, repository) if given.check else _pin(files, repository)
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def pinned(text: str, resolve: Resolve) -> str:
    """Return a Dockerfile's text with the digest that each base image's tag names now.

    Stages, `scratch` and names with variables stay as they are.
    """
    stages = _stages(text)

    def line(found: re.Match[str]) -> str:
        name = found[2].partition("@")[0]
        return f"{found[1]}{name}@{resolve(name)}{found[3]}" if _is_base(found[2], stages) else found[0]

    return FROM.sub(line, text)


def unpinned(text: str) -> Iterator[str]:
    """Yield each base image of a Dockerfile that is named without a digest."""
    stages = _stages(text)
    for found in FROM.finditer(text):
        if _is_base(found[2], stages) and not DIGEST.fullmatch(found[2].partition("@")[2]):
            yield found[2]


@cache
def digest_of(name: str) -> str:
    """Return the digest of what an image's tag names in its registry; LocalCloudError where none can be
    had.
    """
    command = ["docker", "buildx", "imagetools", "inspect", name, "--format", "{{.Manifest.Digest}}"]
    try:
        asked = subprocess.run(  # noqa: S603 - the person's own docker
            command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
        )
        said, failed = asked.stdout.strip(), asked.stderr.strip().partition("\n")[0]
    except FileNotFoundError:
        said, failed = "", "there is no docker on the PATH"
    except subprocess.TimeoutExpired:
        said, failed = "", f"no answer within {ANSWER_SECONDS} s"
    if not DIGEST.fullmatch(said):
        reason = failed or f"docker said {said[:200]!r}"
        message = (
            f"Expected the digest of {name} from its registry, found none: {reason}. Pinning needs Docker's"
            " command line with buildx, and the registry in reach; no file was changed."
        )
        raise LocalCloudError(message)
    return said


def _pin(files: Iterable[Path], repository: Path) -> int:
    texts = {file: file.read_text() for file in files}
    changed = {file: pinned(text, digest_of) for file, text in texts.items()}  # all, before any is written
    for file, text in changed.items():
        if text != texts[file]:
            file.write_text(text)
            sys.stdout.write(f"{file.relative_to(repository)}\n")
    return 0


def _check(files: Iterable[Path], repository: Path) -> int:
    found = [
        f"{file.relative_to(repository)}: {name}\n" for file in files for name in unpinned(file.read_text())
    ]
    sys.stdout.writelines(found)
    return 1 if found else 0


def _stages(text: str) -> set[str]:
    return {found[4].lower() for found in FROM.finditer(text) if found[4]}


def _is_base(name: str, stages: set[str]) -> bool:
    return name.lower() not in stages | {NOT_PULLED} and "$" not in name


if __name__ == "__main__":
    sys.exit(main())
