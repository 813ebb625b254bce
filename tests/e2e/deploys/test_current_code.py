"""Mended code: a run fails for some items, the code is mended and deployed, and the retry works on just these
with the new code.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.cloud import Cloud
from cli.commands.retry import retry
from cli.main import parser
from local.deployment.deploy import deploy
from local.deployment.update import update
from local.paths import LocalCloudPaths
from local.server import process
from sluice.operate.errors import OperationError
from sluice.run.state import Run, RunState
from tests.conftest import free_port
from tests.e2e.application import Application, wait_for
from tests.e2e.deploys.test_second_deploy import bare_project

PIPELINE = """
from sluice import Array, Job, Manual, Pipeline, Plan

pipeline = Pipeline(
    name="mend",
    triggers=[Manual()],
    steps=[
        Plan("find", run="find"),
        Array("work", run="work", items_of="find", items_per_child=5),
        Job("total", run="total", after=["work"]),
    ],
)
"""
STEPS = """
VERSION, BAD = "{version}", {bad}


def find(trigger):
    yield from ({{"n": n}} for n in range(20))


def work(item, out):
    if item["n"] in BAD:
        raise ValueError(f"no {{item['n']}}")
    return VERSION


def total(results, out):
    found = dict(results("work"))
    out.write("total.json", __import__("json").dumps(found))
"""


class Mending:
    """A project of one pipeline, on a cloud of its own."""

    def __init__(self, place: LocalCloudPaths, root: Path) -> None:
        """Deploy the first version, which cannot work on three items."""
        self.place, self.root = place, root
        self.write("first", (3, 7, 8))
        deploy(place, print, root)
        self.app = Application(place)

    def write(self, version: str, bad: tuple[int, ...]) -> None:
        """Write a version of the project."""
        (self.root / "pipelines" / "mend.py").write_text(PIPELINE)
        (self.root / "containers" / "mend" / "steps.py").write_text(STEPS.format(version=version, bad=bad))

    def retry(self, run: Run, *words: str) -> int:
        """Call `sluice retry`."""
        given = parser().parse_args(["retry", run.run_id, *words])
        return retry(given, Cloud(self.app.client, "the test"))

    def ended(self, run_id: str) -> Run:
        """Return a run when nothing more will happen to it."""
        self.app.wait_until_ended(run_id)
        run = self.app.ledger.load(run_id)
        assert run is not None
        return run


@pytest.fixture(scope="module")
def mending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mending]:
    """The first version, deployed."""
    root = bare_project(tmp_path_factory.mktemp("mend") / "project")
    package = root / "containers" / "mend"
    shutil.copytree(root / "containers" / "word_count", package)
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("cloud"))
    process.start(place)
    try:
        yield Mending(place, root)
    finally:
        process.stop(place)


def test_mended_code_works_on_just_the_items_that_failed(mending: Mending) -> None:
    """First with a plain retry, which has the code of then; then with the current code."""
    app = mending.app
    entry = {
        "Source": "sluice",
        "DetailType": "Run Requested",
        "Detail": json.dumps({"pipeline": "mend", "token": "t", "stack_prefix": "Sluice"}),
    }
    app.client("events").put_events(Entries=[entry])
    run = mending.ended(wait_for(lambda: [run_id for run_id, _ in app.triggers()], "a run")[0])
    assert (run.state, run.failed_step) == (RunState.FAILED, "work")

    mending.write("second", ())
    update(mending.place, print, mending.root, ())
    assert mending.retry(run) == 0
    run = mending.ended(run.run_id)
    assert (run.state, run.steps["work"].generation) == (RunState.FAILED, 1)

    assert mending.retry(run, "--with-current-code") == 0
    run = mending.ended(run.run_id)
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    assert run.steps["work"].indexes == (0, 1)
    code = run.steps["work"].code
    assert [one.generation for one in code] == [0, 2]
    assert len({one.definition for one in code}) == len({one.image for one in code}) == 2
    results = json.loads(app.published(run, "total.json"))
    assert {int(n) for n, version in results.items() if version == "second"} == {3, 7, 8}
    assert len(results) == 20
    with pytest.raises(OperationError, match="nothing to run again"):
        mending.retry(run, "--with-current-code")
