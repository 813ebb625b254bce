"""This app on a local cloud, with pipelines of a bench's own instead of its own."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.run_calls import copied_app, free_port
from cli.aws import client_of, outputs
from local.deployment.deploy import deploy
from local.paths import REPOSITORY, LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger import records
from sluice.ledger.ledger import Ledger

_T = TypeVar("_T")


@dataclass(frozen=True)
class Bench:
    """A deployed app; ``project`` is its folder."""

    place: LocalCloudPaths
    project: Path

    def client(self, service: str) -> Any:
        """Return a client with the administrator's key."""
        return client_of(self.place, service)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Return the outputs of all stacks."""
        return outputs(self.client("cloudformation"))

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger."""
        return Ledger(self.client("dynamodb"), self.outputs["LedgerTable"])

    def environment(self) -> dict[str, str]:
        """Return the environment of a command that is about this project on this cloud."""
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        return {
            **kept,
            **self.place.client_environment(),
            "SLUICE_PROJECT": str(self.project),
            "PYTHONPATH": str(REPOSITORY),
        }

    def forget_calls(self) -> None:
        """Count from zero."""
        control(self.place, "DELETE", "calls")

    def calls(self, by: Callable[[str], bool]) -> Counter[str]:
        """Return how often each operation was called by principals for whom ``by`` is true."""
        found: Counter[str] = Counter()
        for call in control(self.place, "GET", "calls"):
            if by(call["principal"]):
                found[call["operation"]] += call["count"]
        return found

    def runs(self, pipeline: str) -> list[str]:
        """Return the ids of a pipeline's runs."""
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self.outputs["LedgerTable"],
                FilterExpression="sk = :run AND pipeline = :pipeline",
                ExpressionAttributeValues=records.values(run=records.RUN, pipeline=pipeline),
                ProjectionExpression="pk",
            )
        )
        return [item["pk"]["S"].removeprefix(records.RUN_PREFIX) for page in pages for item in page["Items"]]


@contextmanager
def deployed(pipelines: Mapping[str, str], module: str = "local", **state: str) -> Iterator[Bench]:
    """Deploy pipelines, given as the texts of their files, to a cloud of their own.

    ``module`` is what the cloud's process runs, and ``state`` are files that it finds in its folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        app = copied_app(Path(folder) / "app")
        (app / "sluice.toml").write_text("")
        for name, text in pipelines.items():
            (app / "pipelines" / f"{name}.py").write_text(text)
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        place.state.mkdir()
        for name, text in state.items():
            (place.state / name).write_text(text)
        process.start(place, module=module)
        try:
            deploy(place, lambda _: None, app)
            yield Bench(place, app)
        finally:
            process.stop(place)


def wait(look: Callable[[], _T | None], what: str, seconds: float, pause: float = 1.0) -> _T:
    """Return what ``look`` finds; RuntimeError after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
    raise RuntimeError(f"Expected {what} within {seconds:.0f} s.")


def is_of_aws(principal: str) -> bool:
    """Return whether a role called: a Lambda's or a job's."""
    return principal != "root"


def is_of_command(principal: str) -> bool:
    """Return whether the command called, or the bench itself, with the administrator's key."""
    return principal == "root"
