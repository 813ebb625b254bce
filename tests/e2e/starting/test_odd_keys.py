"""A key may have any characters that S3 takes: a prefix those to which EventBridge gives no meaning."""

from __future__ import annotations

import pytest

from sluice.run.state import Run, RunState
from tests.e2e.application import Application, wait_for
from tests.e2e.pipelines.odd_keys import ODD


def texts(app: Application, run: Run) -> bytes:
    """Return what a run says of its files, when it has succeeded."""
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    return app.published(run, "texts.txt")


@pytest.mark.parametrize("name", ["plain~a|b.csv", "two\nlines~a|b.csv", "$?* \\ ü.CSV"])
def test_a_file_of_an_odd_key_is_a_run_that_reads_it(app: Application, name: str) -> None:
    """The job's role may read it, and the rule passes it on as it is; case counts."""
    text = name.encode()
    assert texts(app, app.ended(app.put(f"{ODD}one/{name}", text))) == text


def test_files_of_odd_keys_are_gathered(app: Application) -> None:
    """The name of their group is found again, and their list is read."""
    first = app.put(f"{ODD}many/1?.csv", b"1")
    app.put(f"{ODD}many/2?.csv", b"2")
    app.put(f"{ODD}many/3?.CSV", b"3")  # which the suffix does not take: upper and lower case count
    prefix, suffix = f"{ODD}many/", "%3F.csv"

    def gathered() -> str | None:
        found = [
            run_id
            for run_id, trigger in app.triggers()
            if (trigger.get("prefix"), trigger.get("suffix")) == (prefix, suffix)
        ]
        return found[0] if found else None

    run_id = wait_for(gathered, f"a run of {first.key}")
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    assert texts(app, run) == b"1 2"
