"""Whatever goes wrong, a person is told what, where and what to do: compared as a whole for each way to fail.

``UPDATE_SCREENS=1`` writes what is expected anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from sluice.run.state import RunState
from stacks.project import VARIABLE
from tests.conftest import EMAIL, PHONE, free_port
from tests.e2e.application import Application, wait_for
from tests.failures.project import project
from tests.failures.seen import command, sections, settled
from tests.failures.ways import WAYS
from tests.screen.expected import assert_as_expected

# Minutes on a busy machine, one of them the shortest time-out that AWS Batch has.
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.nightly,
    pytest.mark.xdist_group("ways"),
    pytest.mark.timeout(3600),
]


class Ended:
    """The runs of all ways, begun side by side."""

    def __init__(self, place: LocalCloudPaths, root: Path) -> None:
        self.app, self.root = Application(place), root
        self.environment = {**place.client_environment(), VARIABLE: str(root)}
        self._runs: dict[str, str] = {}

    def begin(self) -> None:
        """Begin a run of each."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            from cli.cloud import cloud_of
            from sluice.operate.pipelines import find_pipeline
            from sluice.operate.start.requests import request_run

            cloud_of().client("s3").create_bucket(Bucket="team-reference")  # which no step may read
            events = cloud_of().client("events")
            for name in WAYS:
                self._runs[name] = request_run(events, find_pipeline(name, self.root), "1", None)

    def __getitem__(self, name: str) -> tuple[str, RunState]:
        """Return the run of a way when nothing more will happen to it."""
        run_id = self._runs[name]
        wait_for(lambda: self.app.ledger.load(run_id), f"the beginning of {run_id}")
        return run_id, self.app.wait_until_ended(run_id).state


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """A cloud with all ways deployed, and a run of each."""
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("cloud"))
    root = project(tmp_path_factory.mktemp("project") / "ways")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERT_EMAIL", EMAIL)
        patch.setenv("ALERT_PHONE", PHONE)
        process.start(place)
        try:
            deploy(place, print, root)
            runs = Ended(place, root)
            runs.begin()
            yield runs
        finally:
            process.stop(place)


def _alert(ended: Ended, run_id: str) -> list[tuple[str, str]]:
    """Return the messages about a failed run."""
    run = ended.app.ledger.load(run_id)
    assert run is not None
    found = wait_for(
        lambda: len(messages := ended.app.messages(run)) > 1 and messages, f"two messages about {run_id}"
    )
    return [
        (f"{one['protocol']} {one['subject'] or ''}", one["text"])
        for one in sorted(found, key=lambda one: one["protocol"])
    ]


@pytest.mark.parametrize("name", WAYS)
def test_what_is_seen_of_it(
    name: str, ended: Ended, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By `show`, `logs` and `results`, in the alert, and of `retry`."""
    for variable, value in ended.environment.items():
        monkeypatch.setenv(variable, value)
    run_id, state = ended[name]
    step = WAYS[name].steps[0].name
    alert = _alert(ended, run_id) if state is RunState.FAILED else []
    logs = ["logs", run_id, "--tail", "40"] if state is RunState.FAILED else ["logs", run_id, step, "0"]
    parts = [
        ("show", command(capsys, "show", run_id)),
        ("logs", command(capsys, *logs)),
        ("results", command(capsys, "results", run_id)),
        *alert,
        ("retry", command(capsys, "retry", run_id)),
    ]
    text = sections([(title, settled(text, run_id)) for title, text in parts])
    assert not re.search(r"\b[0-9a-f]{64}\b", text), "a hash of 64 digits"
    assert not re.search(r'File "\S*sluice/(runtime|aws)/', text), "frames of Sluice's own"
    assert_as_expected(name, [text.splitlines()], Path(__file__).parent / "expected")
