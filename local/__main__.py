"""`python -m local --port 4566 --state .sluice/local-4566`: the local cloud in this process."""

import argparse
import logging
import os
import shutil
import sys
from pathlib import Path

from local import environment
from local.executors import NAMES, PROCESS, ExecutorName
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server.lock import hold


def main() -> None:
    """Serve the cloud until SIGTERM or SIGINT."""
    paths, executor = _arguments()
    wanted = environment.of_server(os.environ)
    if set(os.environ) - set(wanted) - {"LC_CTYPE"}:  # which the interpreter sets itself
        os.execve(sys.executable, [sys.executable, "-m", "local", *sys.argv[1:]], wanted)  # noqa: S606 - itself
    docker = dict(os.environ)  # the cloud's own environment hides the Docker engine from the emulator
    os.umask(0o077)  # what runs here may hold a user's data
    with hold(paths.pid_file):
        _prepare(paths)
        from local.server import cloud  # only now: the emulator reads the environment when it is imported

        cloud.run(paths, executor, docker)
    logging.shutdown()
    # Threads of the emulator that sleep until the next schedule would keep the interpreter for minutes.
    os._exit(0)


def _arguments() -> tuple[LocalCloudPaths, ExecutorName]:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--executor", choices=NAMES, default=PROCESS)
    given = parser.parse_args()
    return (
        LocalCloudPaths(given.port, given.state.resolve()) if given.state else LocalCloudPaths.of(given.port)
    ), given.executor


def _prepare(paths: LocalCloudPaths) -> None:
    """Make the process the cloud's: an empty directory for temporary files, its environment, its log."""
    shutil.rmtree(paths.temporary, ignore_errors=True)
    paths.temporary.mkdir(parents=True)
    wanted = environment.of_cloud(paths)
    # The emulator itself signs with the administrator's key; what it starts is given keys of its own.
    given = paths.client_environment()
    key = {name: given[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    os.environ.clear()
    os.environ.update(wanted | key)
    logging.basicConfig(
        filename=paths.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


if __name__ == "__main__":
    main()
