"""What the engine needs from outside, as protocols: it knows no emulator and no cloud."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from scheduler.retry import Outcome


class LogLine(NamedTuple):
    """A line of a job's output, and when it was read (milliseconds since the epoch)."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A container image as it lies on this machine: what its Dockerfile said, and its interpreter where that
    is not this one.
    """

    workdir: Path
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None


class ImageNotFoundError(Exception):
    """No image has this name; a job that names it fails with CannotPullContainerError."""


class StartFailedError(Exception):
    """The attempt's container cannot be started; the message is the reason that DescribeJobs shows."""

    def __init__(self, reason: str, exit_code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Task:
    """An attempt that is ready to start: the full command line and environment, and where its output goes.

    `argv`, `environment` and `workdir` are for a process of this machine; `command`, `variables` and
    `container` are what the job definition and the submission came to, for a container. `shared` is what all
    attempts of the image and job definition have of the environment.
    """

    id: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    workdir: Path | None
    log_group: str
    log_stream: str
    memory: int
    image: str
    stop_seconds: float = 30
    command: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    container: dict[str, Any] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)


class EventSink(Protocol):
    """Takes an EventBridge event; it is called on a thread of the engine's own."""

    def __call__(self, event: dict[str, Any], /) -> None:
        """Deliver one event."""


class LogSink(Protocol):
    """Takes lines of a job's output as they come, and none at all when its container starts: the log driver
    makes the stream then, also of a job that never says anything.
    """

    def __call__(self, group: str, stream: str, lines: Sequence[LogLine], /) -> None:
        """Append lines to a log stream."""


class Credentials(Protocol):
    """Gives a job's process its role: environment variables such as AWS_ACCESS_KEY_ID."""

    def __call__(self, role_arn: str, session_name: str, /) -> Mapping[str, str]:
        """The variables for one session of a role."""


class Images(Protocol):
    """Finds an image on this machine."""

    def __call__(self, image: str, /) -> Image | None:
        """The image; None to run the command on this machine as it is; ImageNotFoundError where neither may
        be.
        """


class Secrets(Protocol):
    """Finds the value of a secret: the ARN of one in Secrets Manager, or a parameter of Parameter Store."""

    def __call__(self, value_from: str, execution_role: str, /) -> str:
        """The value, read as that role; LookupError where there is none, or where the role may not read
        it.
        """


class Clock(Protocol):
    """Milliseconds since the epoch."""

    def __call__(self) -> int:
        """Now."""


class Executor(Protocol):
    """Runs attempts: as processes, as containers."""

    def start(self, task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Start an attempt, call `ended` once when it is over, return what stops it; StartFailedError.

        Several threads call it at once. `ended` may be called from any thread, and before this returns.
        """

    def close(self) -> None:
        """End everything that is still running."""


def wall_clock() -> int:
    """The time of this machine."""
    return time.time_ns() // 1_000_000


def no_events(_event: dict[str, Any]) -> None:
    """An EventSink that drops the events."""


def no_logs(_group: str, _stream: str, _lines: Sequence[LogLine]) -> None:
    """A LogSink that drops the lines."""


def no_credentials(_role_arn: str, _session_name: str) -> Mapping[str, str]:
    """A Credentials port for jobs that call nothing."""
    return {}


def no_secrets(value_from: str, _execution_role: str) -> str:
    """A Secrets port that has none."""
    raise LookupError(f"{value_from} was not found: no secrets are configured here.")


def this_machine(_image: str) -> Image | None:
    """An Images port that runs every command on this machine as it is."""
    return None
