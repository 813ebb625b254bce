"""A project's base images by digest, with a program in docker's place that answers as buildx does."""

from pathlib import Path

import pytest

from cli import pin
from local.images import docker
from local.images.images import Images
from local.images.pin import digest_of, pinned
from local.paths import REPOSITORY
from sluice.errors import SluiceError
from stacks.base_images import bases_text
from stacks.blocks.jobs.dockerfile import dockerfile
from stacks.project import FILE, VARIABLE

DIGEST, NEWER = ("sha256:" + digit * 64 for digit in "ab")
DOCKERFILE = """\
# FROM here: a comment
FROM python:3.13-slim AS base
RUN echo FROM nowhere
from --platform=linux/amd64 registry.example:5000/team/tool
FROM scratch
FROM BASE as last
ARG IMAGE=x
FROM $IMAGE
"""
PINNED = DOCKERFILE.replace("python:3.13-slim", f"python:3.13-slim@{DIGEST}").replace(
    "team/tool", f"team/tool@{DIGEST}"
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two Dockerfiles."""
    (tmp_path / FILE).touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in ("one", "two"):
        (tmp_path / "containers" / name).mkdir(parents=True)
        (tmp_path / "containers" / name / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def texts(repository: Path) -> list[str]:
    """Return the Dockerfiles' texts."""
    return [file.read_text() for file in sorted(repository.glob("containers/*/Dockerfile"))]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of a docker that stands on the PATH alone."""
    digest_of.cache_clear()
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def write(program: Path, lines: str) -> None:
    """Let docker do what these lines of a shell say."""
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)


def test_every_base_image_is_pinned(repository: Path, say: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each once asked for, by its tag; stages, scratch, variables and comments stay."""
    write(say, f'echo "$@" >> {repository}/asked; echo {DIGEST}')
    assert pin.main([]) == 0
    assert texts(repository) == [PINNED, PINNED]
    assert capsys.readouterr().out.split() == ["containers/one/Dockerfile", "containers/two/Dockerfile"]
    command = "buildx imagetools inspect {} --format {{{{.Manifest.Digest}}}}"
    names = ("python:3.13-slim", "registry.example:5000/team/tool")
    asked = [line for line in (repository / "asked").read_text().splitlines() if line != "buildx version"]
    assert asked == [command.format(name) for name in names]


def test_a_pin_is_renewed(repository: Path, say: Path) -> None:
    """By what its tag names now; without news nothing is written."""
    for answer in (DIGEST, NEWER):
        digest_of.cache_clear()
        write(say, f"echo {answer}")
        assert pin.main([]) == 0
    assert texts(repository) == [PINNED.replace(DIGEST, NEWER)] * 2


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("echo no route to host >&2; exit 1", "no route to host"),
        ("echo '<html>'", "docker said '<html>'"),
        (
            f"case $2$4 in version|imagetoolspython*) echo {DIGEST};; *) exit 1;; esac",
            "registry.example:5000/team/tool",
        ),
        (None, "there is no docker on the PATH"),
    ],
)
def test_no_registry_changes_nothing(
    repository: Path,
    say: Path,
    lines: str | None,
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says what is missing, and leaves no half of the files behind."""
    if lines is None:
        monkeypatch.setenv("PATH", str(say.parent))
    else:
        write(say, lines)
    assert pin.main([]) == 1
    assert reason in capsys.readouterr().err
    assert texts(repository) == [DOCKERFILE, DOCKERFILE]


def test_check_names_what_is_not_pinned(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a registry; a digest that is none counts for nothing."""
    files = sorted(repository.glob("containers/*/Dockerfile"))
    files[0].write_text(PINNED)
    files[1].write_text(f"FROM python:3.13@sha256:abc\nFROM a@{DIGEST}\n")
    assert pin.main(["--check"]) == 1
    assert capsys.readouterr().out == "containers/two/Dockerfile: python:3.13@sha256:abc\n"
    files[1].write_text(PINNED)
    assert pin.main(["--check"]) == 0


def test_the_local_cloud_builds_a_pinned_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for Docker takes the pinned form, alone and as a stage."""
    context = tmp_path / "context"
    context.mkdir()
    (context / "main.py").write_text("print()\n")
    (context / "Dockerfile").write_text(
        f"FROM python:3.13-slim@{DIGEST} AS base\nCOPY main.py /app/\n"
        'FROM base\nCMD ["python", "/app/main.py"]\n'
    )
    monkeypatch.setenv(docker.IMAGES, str(tmp_path / "images"))
    assert docker.main(["build", "--tag", "pinned", str(context)]) == 0
    assert Images(tmp_path / "images").resolve("pinned").command == ("python", "/app/main.py")


@pytest.fixture
def written(repository: Path) -> Path:
    """A folder of the project for which Sluice writes the Dockerfile, beside what is none."""
    for name in ("words", "shared", "__pycache__"):
        (repository / "containers" / name).mkdir()
    return repository / "containers" / "words"


BASE = "public.ecr.aws/docker/library/python"


def test_what_sluice_writes_takes_the_digest(
    written: Path, say: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is kept in the project, for each version of Python, and renewed like the others."""
    write(say, f"echo {DIGEST}")
    assert dockerfile(written).count(f"FROM {BASE}:3.13-slim AS") == 2
    assert pin.main(["--check"]) == 1
    assert f"containers/bases.Dockerfile: {BASE}:3.13-slim\n" in capsys.readouterr().out
    assert pin.main([]) == 0
    assert "containers/bases.Dockerfile\n" in capsys.readouterr().out
    assert dockerfile(written).count(f"FROM {BASE}:3.13-slim@{DIGEST}") == 3
    assert pin.main(["--check"]) == 0

    (written / ".python-version").write_text("3.12\n")
    assert f"FROM {BASE}:3.12-slim\n" in dockerfile(written)
    assert pin.main(["--check"]) == 1
    digest_of.cache_clear()
    write(say, f"echo {NEWER}")
    assert pin.main([]) == 0
    assert dockerfile(written).count(f"FROM {BASE}:3.12-slim@{NEWER}") == 3
    capsys.readouterr()
    assert pin.main([]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "line", [f"FROM {BASE}:3.13-slim@sha256:abc", "RUN true", f"FROM {BASE}:3.13-slim AS base", "FROM"]
)
def test_a_line_that_says_no_image_is_refused(
    written: Path, say: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the deploy and by the command: an image is never built of another base than the file says."""
    (written.parent / "bases.Dockerfile").write_text(f"# kept\n\n{line}\n")
    with pytest.raises(SluiceError, match=r"bases\.Dockerfile:3, found"):
        dockerfile(written)
    write(say, f"echo {DIGEST}")
    assert pin.main([]) == 1
    assert "bases.Dockerfile:3, found" in capsys.readouterr().err
    assert line in (written.parent / "bases.Dockerfile").read_text()


def test_no_project_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert pin.main([]) == 1
    assert "--project DIR" in capsys.readouterr().err


def test_the_repositorys_own_base_images_are_found() -> None:
    """Sluice writes the Dockerfiles of all of its images, and so names their bases in one file."""
    assert list((REPOSITORY / "containers").glob("*/Dockerfile")) == []
    text = bases_text(REPOSITORY / "containers")
    assert text is not None
    assert DIGEST in pinned(text, lambda _: DIGEST)
