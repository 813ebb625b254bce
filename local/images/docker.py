"""Stands in for Docker where the CDK calls it (`CDK_DOCKER`): build, tag, push, login, inspect, images.

Where the cloud's jobs run in Docker, the real docker builds, tags and inspects: its engine then has the image
under the URI that the job definitions name, and there is nothing to push.

The commands are those of cdk-assets:
https://github.com/aws/aws-cdk-cli/blob/main/packages/@aws-cdk/cdk-assets-lib/lib/private/docker.ts
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from local.errors import LocalCloudError
from local.executors import DOCKER
from local.images.build import BuildRequest, build
from local.images.images import Images

IMAGES = "SLUICE_IMAGES"
EXECUTOR = "SLUICE_EXECUTOR"


def main(arguments: list[str] | None = None) -> int:
    """Run one docker command on the images in the directory that SLUICE_IMAGES names, and return its exit
    code.
    """
    asked = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(asked)
    if os.environ.get(EXECUTOR) == DOCKER:
        real: Callable[[argparse.Namespace, list[str]], int] = given.real
        return real(given, asked)
    images = Images(Path(os.environ[IMAGES]))
    run: Callable[[argparse.Namespace, Images], int] = given.run
    try:
        return run(given, images)
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _as_asked(given: argparse.Namespace, asked: list[str]) -> int:
    return _real(asked)


def _real_push(given: argparse.Namespace, asked: list[str]) -> int:
    return _real(["image", "inspect", "--format", "{{.Id}}", given.name])


def _no_login(given: argparse.Namespace, asked: list[str]) -> int:
    return _login(given, Images(Path()))


def _real(arguments: list[str]) -> int:
    program = shutil.which("docker")
    if program is None:
        sys.stderr.write("Expected docker on the PATH, found none.\n")
        return 1
    return subprocess.run([program, *arguments], check=False).returncode  # noqa: S603 - what the CDK asked for


def _build(given: argparse.Namespace, images: Images) -> int:
    context = Path(given.context).resolve()
    dockerfile = context / (given.file or "Dockerfile")
    arguments = dict(pair.split("=", 1) for pair in given.build_arg)
    build(BuildRequest(context, dockerfile, given.tag, arguments, given.target), images)
    return 0


def _tag(given: argparse.Namespace, images: Images) -> int:
    images.tag(given.source, given.target)
    return 0


def _inspect(given: argparse.Namespace, images: Images) -> int:
    return 0 if images.exists(given.name) else 1


def _push(given: argparse.Namespace, images: Images) -> int:
    images.resolve(given.name)  # an image that was built here is already where the jobs look for it
    return 0


def _login(given: argparse.Namespace, images: Images) -> int:
    sys.stdin.read()  # the password, which nothing here asks for
    return 0


def _images(given: argparse.Namespace, images: Images) -> int:
    return 0  # lists none: cdk-assets then builds under the name that it wants


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker", description=__doc__)
    parser.add_argument("--config")
    parser.set_defaults(real=_as_asked)
    commands = parser.add_subparsers(required=True)

    build_command = commands.add_parser("build")
    build_command.set_defaults(run=_build)
    build_command.add_argument("--tag", required=True)
    build_command.add_argument("--build-arg", action="append", default=[])
    build_command.add_argument("--target", default="")
    build_command.add_argument("--no-cache", action="store_true")
    for option in ("--file", "--network", "--platform", "--ssh"):
        build_command.add_argument(option)
    for option in ("--build-context", "--secret", "--output", "--cache-from", "--cache-to"):
        build_command.add_argument(option, action="append")
    build_command.add_argument("context")

    tag_command = commands.add_parser("tag")
    tag_command.set_defaults(run=_tag)
    tag_command.add_argument("source")
    tag_command.add_argument("target")

    for name, run in (("inspect", _inspect), ("push", _push)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("name")
    commands.choices["push"].set_defaults(real=_real_push)

    login_command = commands.add_parser("login")
    login_command.set_defaults(run=_login, real=_no_login)
    login_command.add_argument("--username")
    login_command.add_argument("--password-stdin", action="store_true")
    login_command.add_argument("server")

    images_command = commands.add_parser("images")
    images_command.set_defaults(run=_images)
    images_command.add_argument("--format")
    images_command.add_argument("--filter")
    return parser


if __name__ == "__main__":
    sys.exit(main())
