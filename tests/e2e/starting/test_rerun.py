"""`sluice rerun` on a deployed app: the same trigger begins a new run, by the deployed trigger Lambda."""

from __future__ import annotations

import json

from cli.cloud import Cloud
from cli.commands.again.rerun import rerun
from cli.main import parser
from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for


def again(app: Application, run: Run, *words: str) -> Run:
    """Run a run again, and return the new one when it has ended."""
    known = {run_id for run_id, _ in app.triggers()}
    given = parser().parse_args(["rerun", run.run_id, "--json", *words])
    assert rerun(given, Cloud(app.client, "the test")) == 0
    new = _new_run(app, known)
    app.wait_until_ended(new)
    found = app.ledger.load(new)
    assert found is not None
    return found


def _new_run(app: Application, known: set[str]) -> str:
    def look() -> str | None:
        found = [
            run_id for run_id, trigger in app.triggers() if run_id not in known and "restart_of" in trigger
        ]
        return found[0] if found else None

    return wait_for(look, "a new run")


def test_an_upload_runs_again_as_it_was_and_with_what_is_deployed(app: Application) -> None:
    """The same version of the same file, twice; each publishes the same."""
    first = app.ended(app.put("word-count/again.txt", b"to be or not to be\n" * 1000))
    for words in ((), ("--with-current-code",)):
        new = again(app, first, *words)
        assert new.state is RunState.SUCCEEDED, {step.name: step.reason for step in new.steps.values()}
        assert new.trigger == {**first.trigger, "restart_of": first.run_id}
        assert new.pipeline == first.pipeline
        counts = [json.loads(app.published(run, "counts.json")) for run in (first, new)]
        assert counts[0] == counts[1]
