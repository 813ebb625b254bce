"""The stand-in for Docker that the CDK calls."""

import subprocess
from pathlib import Path

import pytest

from local.batch.ports import ImageNotFoundError
from local.deployment import cdk
from local.images import docker
from local.images.images import Images
from local.paths import LocalCloudPaths

URI = "000000000000.dkr.ecr.us-east-1.amazonaws.com/cdk-assets:abc"
DOCKERFILE = """\
# The interpreter of this machine stands for the base image's.
FROM public.ecr.aws/docker/library/python:3.13-slim AS base
ARG GREETING=hello
WORKDIR /app
ENV PYTHONPATH=/app:/elsewhere GREETING=$GREETING NAME="two words"
RUN pip install \\
    something
COPY steps/ ./steps/
COPY main.py settings.json /app/
USER nobody
ENTRYPOINT ["python", "-m", "main"]
CMD ["all"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context as the CDK stages it."""
    directory = tmp_path / "context"
    (directory / "steps").mkdir(parents=True)
    (directory / "steps" / "count.py").write_text("COUNT = 1\n")
    (directory / "main.py").write_text("print('main')\n")
    (directory / "settings.json").write_text("{}\n")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    return directory


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    """The images that the stand-in builds in this test."""
    monkeypatch.setenv(docker.IMAGES, str(tmp_path / "images"))
    return Images(tmp_path / "images")


def test_build_keeps_what_the_dockerfile_says(context: Path, images: Images) -> None:
    """WORKDIR, ENTRYPOINT, CMD and ENV become the image's, with paths of the image led to its files here."""
    assert docker.main(["build", "--tag", "cdkasset-abc", "--platform", "linux/amd64", str(context)]) == 0
    image = images.resolve("cdkasset-abc")
    assert image.entrypoint == ("python", "-m", "main")
    assert image.command == ("all",)
    assert image.environment == {
        "PYTHONPATH": f"{image.workdir}:/elsewhere",
        "GREETING": "hello",
        "NAME": "two words",
    }


def test_build_copies_only_what_copy_names(context: Path, images: Images) -> None:
    """COPY puts files and directories where the Dockerfile says, and nothing else is in the image."""
    docker.main(["build", "--tag", "x", str(context)])
    workdir = images.resolve("x").workdir
    found = {path.relative_to(workdir).as_posix() for path in workdir.rglob("*") if path.is_file()}
    assert found == {"steps/count.py", "main.py", "settings.json"}


def test_build_arguments_replace_defaults(context: Path, images: Images) -> None:
    """--build-arg sets an ARG that the Dockerfile declares."""
    docker.main(["build", "--build-arg", "GREETING=good day", "--tag", "x", str(context)])
    assert images.resolve("x").environment["GREETING"] == "good day"


def test_a_stage_starts_from_an_earlier_one(context: Path, images: Images) -> None:
    """FROM an earlier stage inherits its files, directory and command; COPY --from takes files of one."""
    (context / "Dockerfile").write_text(
        DOCKERFILE + "FROM base\nCOPY --from=base /app/main.py /app/copy.py\nENTRYPOINT exec python copy.py\n"
    )
    docker.main(["build", "--tag", "x", str(context)])
    image = images.resolve("x")
    assert (image.workdir / "copy.py").read_text() == "print('main')\n"
    assert image.entrypoint == ("/bin/sh", "-c", "exec python copy.py")
    assert image.command == ()


def test_the_wanted_stage_is_the_last_one(context: Path, images: Images) -> None:
    """--target ends the build with that stage."""
    (context / "Dockerfile").write_text(DOCKERFILE + "FROM scratch AS other\nCMD other\n")
    docker.main(["build", "--target", "base", "--tag", "x", str(context)])
    assert images.resolve("x").command == ("all",)


def test_equal_content_is_kept_once(context: Path, images: Images) -> None:
    """Two names for the same files share a directory."""
    docker.main(["build", "--tag", "x", str(context)])
    docker.main(["build", "--tag", "y", str(context)])
    assert images.resolve("x").workdir == images.resolve("y").workdir


@pytest.mark.parametrize(
    ("dockerfile", "complaint"),
    [
        ("FROM a\nCOPY missing.py .\n", "'missing.py' in the build context"),
        ("FROM a\nCOPY ../secret .\n", "'../secret' in the build context"),
        ("FROM a\nRUNN pip\n", "`RUNN pip` in line 2"),
        ("FROM a\nRUN <<EOF\n", "in line 2"),
        ("WORKDIR /app\n", "Expected a FROM"),
    ],
)
def test_what_cannot_be_built_is_refused(
    context: Path, images: Images, capsys: pytest.CaptureFixture[str], dockerfile: str, complaint: str
) -> None:
    """A Dockerfile that cannot be built here fails the build, names the reason, and leaves no image."""
    (context.parent / "secret").write_text("not for the image")
    (context / "Dockerfile").write_text(dockerfile)
    assert docker.main(["build", "--tag", "x", str(context)]) == 1
    assert complaint in capsys.readouterr().err
    assert not images.exists("x")


def test_a_pushed_image_is_found_by_its_uri(context: Path, images: Images) -> None:
    """build, tag and push, as the CDK calls them, make the image known under the URI that job definitions
    name.
    """
    docker.main(["build", "--tag", "cdkasset-abc", str(context)])
    assert docker.main(["tag", "cdkasset-abc", URI]) == 0
    assert docker.main(["push", URI]) == 0
    assert images(URI) == images.resolve("cdkasset-abc")


def test_inspect_tells_whether_an_image_exists(context: Path, images: Images) -> None:
    """`docker inspect` fails with 1, which the CDK takes for "build it", until the image is there."""
    assert docker.main(["inspect", "x"]) == 1
    docker.main(["build", "--tag", "x", str(context)])
    assert docker.main(["inspect", "x"]) == 0


def test_pushing_or_tagging_nothing_fails(images: Images, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown image can be neither tagged nor pushed."""
    assert docker.main(["push", "nothing"]) == 1
    assert docker.main(["tag", "nothing", "something"]) == 1
    assert "found 'nothing'" in capsys.readouterr().err


def test_a_job_finds_no_image_that_was_not_pushed(images: Images) -> None:
    """An own image that is missing fails; a public one has no files here, and its command runs as it is."""
    with pytest.raises(ImageNotFoundError):
        images(URI)
    assert images("public.ecr.aws/docker/library/busybox:latest") is None


def test_the_program_works_from_any_directory(context: Path, tmp_path: Path) -> None:
    """The program that CDK_DOCKER names builds in a context that has a `local` package of its own."""
    (context / "local").mkdir()
    (context / "local" / "__init__.py").write_text("raise RuntimeError\n")
    paths = LocalCloudPaths(1, tmp_path / "state")
    done = subprocess.run([cdk.docker_program(paths), "build", "--tag", "x", "."], cwd=context, check=False)
    assert done.returncode == 0
    assert Images(paths.images).exists("x")
