"""The Dockerfile of a folder that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.images.build import BuildRequest, build
from local.images.images import Images
from stacks.blocks.jobs.dockerfile import dockerfile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pipeline's folder with its functions alone."""
    made = tmp_path / "containers" / "words"
    made.mkdir(parents=True)
    (made / "steps.py").write_text("def count(item, out): ...\n")
    return made


def froms(text: str) -> set[str]:
    """Return what the stages of a Dockerfile begin with."""
    return {line.split()[1] for line in text.splitlines() if line.startswith("FROM")}


def test_a_folder_with_functions_alone_is_enough(folder: Path) -> None:
    """No package is installed but Sluice's own, and the code is the last layer."""
    text = dockerfile(folder)
    assert froms(text) == {"public.ecr.aws/docker/library/python:3.13-slim"}
    assert "apt-get" not in text
    assert [line for line in text.splitlines() if line.startswith("COPY --from=")] == [
        "COPY --from=core /layer /",
        "COPY --from=code /layer /",
    ]


def test_packages_a_version_and_shared_code_are_taken_from_their_files(folder: Path) -> None:
    """Packages of Python and Debian come before the code, and shared code beside it."""
    (folder / "requirements.txt").write_text("numpy==2.4.0\n")
    (folder / "apt.txt").write_text("libgomp1 # OpenMP\nlibgl1\n")
    (folder / ".python-version").write_text("3.12\n")
    text = dockerfile(folder, ["shared", "readers"])
    assert froms(text) == {"public.ecr.aws/docker/library/python:3.12-slim"}
    assert text.count("apt-get install --yes --no-install-recommends libgl1 libgomp1 &&") == 2
    names = ("shared", "readers", "words")
    assert "\n".join(f"COPY containers/{name} /layer/app/containers/{name}" for name in names) in text
    assert text.index("COPY --from=packages /layer /") < text.index("COPY --from=code /layer /")


@pytest.mark.parametrize("requires", [False, True])
def test_what_is_written_is_built_here_too(requires: bool, folder: Path, tmp_path: Path) -> None:
    """Jobs of the local cloud start as the image says, with the code that it has."""
    if requires:
        (folder / "requirements.txt").write_text("numpy==2.4.0\n")
    for name in ("sluice/runtime/requirements.txt", "sluice/__init__.py", "containers/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "Dockerfile").write_text(dockerfile(folder))
    images = Images(tmp_path / "images")
    image = build(BuildRequest(tmp_path, tmp_path / "Dockerfile", "words"), images)
    assert image.entrypoint == ("python", "-m", "sluice.runtime")
    assert (image.workdir / "containers" / "words" / "steps.py").is_file()
    first, *_, last = (Path(one) for one in image.environment["PYTHONPATH"].split(":"))
    assert (first, (last / "sluice").is_dir()) == (image.workdir, True)
