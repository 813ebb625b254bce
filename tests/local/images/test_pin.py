"""The digest that an image's tag names, as a registry on this machine has it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.images.pin import digest_of
from tests.local.images.registry import served


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a registry with the repository team/tool, whose tag 1 is an image of ours."""
    with served(tmp_path) as address:
        _push(tmp_path, f"{address}/team/tool:1", "one")
        yield address


def _push(folder: Path, name: str, content: str) -> None:
    """Let a tag name an image with one small file, which stays in the registry alone."""
    context = folder / content
    context.mkdir()
    (context / "file").write_text(content)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    for command in (
        ["build", "--quiet", "--tag", name, str(context)],
        ["push", "--quiet", name],
        ["rmi", name],
    ):
        subprocess.run(["docker", *command], check=True, capture_output=True)


def _in_registry(address: str, tag: str) -> str:
    """Return the digest of what a tag names there: that of the manifest's bytes, by the specification of
    registries. https://github.com/opencontainers/distribution-spec/blob/main/spec.md
    """
    request = urllib.request.Request(
        f"http://{address}/v2/team/tool/manifests/{tag}",
        headers={
            "Accept": "application/vnd.docker.distribution.manifest.v2+json,"
            "application/vnd.oci.image.manifest.v1+json,application/vnd.oci.image.index.v1+json"
        },
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - ours
        return f"sha256:{hashlib.sha256(answer.read()).hexdigest()}"


@pytest.mark.xdist_group("docker")
def test_a_registry_says_what_a_tag_names(registry: str, tmp_path: Path) -> None:
    """With buildx or without; what the tag names later is another digest."""
    digest_of.cache_clear()
    first = digest_of(f"{registry}/team/tool:1")
    assert first == _in_registry(registry, "1")
    _push(tmp_path, f"{registry}/team/tool:1", "two")
    digest_of.cache_clear()
    second = digest_of(f"{registry}/team/tool:1")
    assert second == _in_registry(registry, "1") != first


@pytest.mark.xdist_group("docker")
def test_a_tag_that_is_not_there_is_an_error(registry: str) -> None:
    """With the registry's words, and whether the registry answers or not."""
    digest_of.cache_clear()
    for name in (f"{registry}/team/tool:2", f"{registry}/nobody/nothing:1", "localhost:1/team/tool:1"):
        with pytest.raises(LocalCloudError, match=f"Expected the digest of {name} from its registry") as said:
            digest_of(name)
        assert "no file was changed" in str(said.value)


_DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "digests"),
    [
        ("python:3.13-slim", ["python"]),
        ("docker.io/library/python:3.13-slim", ["python"]),
        ("public.ecr.aws/docker/library/python:3.13", ["python", "public.ecr.aws/docker/library/python"]),
        ("localhost:5000/team/tool", ["elsewhere/team/tool", "localhost:5000/team/tool"]),
    ],
)
def test_without_buildx_the_image_is_pulled(
    name: str, digests: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its digest is that of its own repository, also where the engine has the image from others too."""
    other = "sha256:" + "b" * 64
    lines = [f"{one}@{_DIGEST if one == digests[-1] else other}" for one in digests]
    program = tmp_path / "docker"
    program.write_text(
        "#!/bin/sh\ncase $1 in buildx) echo \"docker: 'buildx' is not a docker command.\" >&2; exit 1;;"
        f" pull) echo {name};; image) printf '%s\\n' {' '.join(lines)};; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/usr/bin", "/bin"]))
    digest_of.cache_clear()
    assert digest_of(name) == _DIGEST
