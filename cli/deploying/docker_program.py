"""The program that builds and pushes the images of a deploy: is it there, does its daemon answer, and for
which processors does it build?
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
_SECONDS = 30
_PLATFORM = re.compile(r"linux/(amd64|arm64)\b")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - docker, podman or finch


class DockerProgram:
    """Docker, or what ``CDK_DOCKER`` names."""

    def __init__(self, environment: Mapping[str, str] = os.environ, run: Run = _run) -> None:
        self.name = environment.get("CDK_DOCKER") or "docker"
        self._run = run

    def problem(self) -> str | None:
        """Return why no image can be built, None when nothing is in the way."""
        if shutil.which(self.name) is None:
            return f"{self.name} is not installed"
        try:
            answer = self._run([self.name, "version"])
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{self.name} does not answer: {error}"
        if answer.returncode:
            said = (answer.stderr or answer.stdout).strip().splitlines()
            return f"the daemon of {self.name} does not answer: {said[-1] if said else answer.returncode}"
        return None

    def processors(self) -> frozenset[str] | None:
        """Return for which processors images can be built, emulated ones included: amd64, arm64; None when
        this program does not say.

        https://docs.docker.com/reference/cli/docker/buildx/inspect/
        """
        try:
            answer = self._run([self.name, "buildx", "inspect", "--bootstrap"])
        except (OSError, subprocess.TimeoutExpired):
            return None
        return frozenset(_PLATFORM.findall(answer.stdout)) or None if answer.returncode == 0 else None
