"""Runs the AWS CDK's command line, the real one, against a local cloud."""

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local import environment
from local.errors import LocalCloudError
from local.paths import REPOSITORY, LocalCloudPaths, home

CLI = Path("node_modules", "aws-cdk")
LINES_SHOWN = 60
_FAILED_ASSET = re.compile(r"^\S+: fail: ", re.MULTILINE)
# Nothing leaves this machine: no notices, no usage data, no look for a newer version.
SILENT = {"CDK_DISABLE_CLI_TELEMETRY": "1", "CDK_DISABLE_VERSION_CHECK": "1", "CI": "1"}
SILENT_OPTIONS = ("--no-notices", "--no-version-reporting", "--no-color")
# The caller's account, and what else would lead the CLI away from this machine.
DROPPED_PREFIXES = ("AWS_", "CDK_")
DROPPED = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "PYTHONPATH"}
)


def install_cli(repository: Path = REPOSITORY) -> bool:
    """Install what package.json pins, the CDK CLI among it, unless all of it is there; say whether anything
    had to be installed.
    """
    pinned = _pinned(repository)
    if {name: _installed(repository, name) for name in pinned} == pinned:
        return False
    command = ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    path = environment.path_with_interpreter(os.environ)
    _run(command, repository, {**os.environ, "PATH": path})
    return True


def pinned_version(repository: Path = REPOSITORY) -> str:
    """Return the version of the CDK CLI that package.json asks for."""
    return _pinned(repository)["aws-cdk"]


def _pinned(repository: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((repository / "package.json").read_text())["devDependencies"]
    return found


def run(
    paths: LocalCloudPaths,
    arguments: Sequence[str],
    directory: Path,
    settings: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
) -> None:
    """Run `cdk <arguments>` in `directory`, and call `on_line` with each line that it prints.

    Raises LocalCloudError, with the last of what it printed, when it fails.
    """
    node = Path(sys.executable).parent / "node"
    command = [str(node), str(REPOSITORY / CLI / "bin" / "cdk"), *arguments, *SILENT_OPTIONS]
    _run(command, directory, {**_environment(paths), **(settings or {})}, on_line)


def _environment(paths: LocalCloudPaths) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(DROPPED_PREFIXES) and name not in DROPPED
    }
    own = {
        "PATH": environment.path_with_interpreter(os.environ),
        "PYTHONPATH": str(REPOSITORY),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DOCKER": str(docker_program(paths)),
        "CDK_HOME": str(home() / "cdk"),
        "NODE_COMPILE_CACHE": str(home() / "node"),  # the CLI is 16 MB of JavaScript
    }
    return {**kept, **paths.client_environment(), **SILENT, **own}


def docker_program(paths: LocalCloudPaths) -> Path:
    """Return a program that stands in for docker; CDK_DOCKER takes a path and no arguments."""
    program = paths.state / "docker"
    program.parent.mkdir(parents=True, exist_ok=True)
    # -P: a `local` folder in the build's directory is not this package.
    program.write_text(
        f"#!/bin/sh\nSLUICE_IMAGES='{paths.images}' PYTHONPATH='{REPOSITORY}' exec '{sys.executable}' -P -m"
        ' local.images.docker "$@"\n'
    )
    program.chmod(0o755)
    return program


def _installed(repository: Path, name: str) -> str | None:
    try:
        return str(json.loads((repository / "node_modules" / name / "package.json").read_text())["version"])
    except FileNotFoundError:
        return None


def _run(
    command: Sequence[str],
    directory: Path,
    variables: Mapping[str, str],
    on_line: Callable[[str], None] = lambda _: None,
) -> None:
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    with subprocess.Popen(  # noqa: S603 - npm, or the CDK's command line
        command,
        cwd=directory,
        env=variables,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            on_line(line.rstrip())
    if process.returncode:
        shown = _essence("".join(last))
        message = f"Expected `{' '.join(command)}` to succeed, found exit code {process.returncode}:\n{shown}"
        raise LocalCloudError(message)


def _essence(output: str) -> str:
    """Return the CDK's own summary of what failed, or what it said from the first asset on that failed,
    without what led there; all of it if there is none.
    """
    _, summary, after = output.rpartition("Failed resources:")
    if summary:
        return f"{summary}{after}"
    failed = _FAILED_ASSET.search(output)
    return output[failed.start() :] if failed else output
