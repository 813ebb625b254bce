"""What FROM lines name, by digest.

A tag may name another image tomorrow; a digest names one for good. The registry is asked through Docker's own
command line, so that its credentials and mirrors count.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache

from local.errors import LocalCloudError

# FROM [--platform=…] name[:tag][@digest] [AS stage]: https://docs.docker.com/reference/dockerfile/#from
FROM = re.compile(r"(?im)^(\s*FROM\s+(?:--\S+\s+)*)(\S+)((?:\s+AS\s+(\S+))?.*)$")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NOT_PULLED = "scratch"
ANSWER_SECONDS = 60
PULL_SECONDS = 600

Resolve = Callable[[str], str]


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
    _, lacks_buildx = _docker("buildx", "version")
    said, failed = _pulled(name) if lacks_buildx else _asked(name)
    if not DIGEST.fullmatch(said):
        reason = failed or f"docker said {said[:200]!r}"
        message = (
            f"Expected the digest of {name} from its registry, found none: {reason}. Pinning needs Docker's"
            " command line, with buildx or an engine, and the registry in reach; no file was changed."
        )
        raise LocalCloudError(message)
    return said


def _asked(name: str) -> tuple[str, str]:
    return _docker("buildx", "imagetools", "inspect", name, "--format", "{{.Manifest.Digest}}")


def _pulled(name: str) -> tuple[str, str]:
    """Return the digest of an image, and why there is none, where Docker is without buildx, as Debian's is.

    It learns digests with the images.
    """
    _, failed = _docker("pull", "--quiet", name, seconds=PULL_SECONDS)
    if failed:
        return "", failed
    found, failed = _docker("image", "inspect", name, "--format", '{{join .RepoDigests "\\n"}}')
    repository = _repository(name)
    digests = (line.partition("@") for line in found.splitlines())
    return next((digest for of, _, digest in digests if _repository(of) == repository), ""), failed


def _repository(name: str) -> str:
    """Return an image's name without its tag, as the engine writes it: Docker Hub's own names are short."""
    path, _, last = name.rpartition("/")
    whole = f"{path}/{last.partition(':')[0]}" if path else last.partition(":")[0]
    return whole.removeprefix("docker.io/").removeprefix("library/")


def _docker(*arguments: str, seconds: int = ANSWER_SECONDS) -> tuple[str, str]:
    """Return what docker printed, and why it failed: the first line that says so, empty where it did not."""
    try:
        asked = subprocess.run(  # noqa: S603 - the person's own docker
            ["docker", *arguments],  # noqa: S607 - whichever is the person's
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError:
        return "", "there is no docker on the PATH"
    except subprocess.TimeoutExpired:
        return "", f"no answer within {seconds} s"
    failed = asked.stderr.strip().partition("\n")[0] or f"exit code {asked.returncode}"
    return asked.stdout.strip(), failed if asked.returncode else ""


def _stages(text: str) -> set[str]:
    return {found[4].lower() for found in FROM.finditer(text) if found[4]}


def _is_base(name: str, stages: set[str]) -> bool:
    return name.lower() not in stages | {NOT_PULLED} and "$" not in name
