"""One deploy at a time to a cloud: that of a save and one that somebody asks for may come together."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from local.deployment.steps import Progress
from local.paths import LocalCloudPaths


@contextmanager
def one_at_a_time(paths: LocalCloudPaths, progress: Progress) -> Iterator[None]:
    """Wait until no other process deploys to the cloud of ``paths``, and keep others waiting."""
    paths.state.mkdir(parents=True, exist_ok=True)
    with (paths.state / "deploy.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("wait       until another deploy to this cloud has ended …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
