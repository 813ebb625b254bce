"""The entry point of a job: its words and settings, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from sluice import keys
from sluice.run.state import Run
from sluice.runtime.__main__ import main
from sluice.runtime.exit_codes import FAILED, NOT_STARTED, STOPPED
from tests.sluice.runtime import functions
from tests.sluice.runtime.functions import failing_at
from tests.sluice.runtime.jobs import ENVIRONMENT, WORK, Jobs
from tests.sluice.runtime.probe import FUNCTIONS, planned


@pytest.mark.parametrize("words", [[], ["cleanup", "now"], ["count"], ["a:b:c"], [":f"], ["a:"], ["a b:c"]])
def test_wrong_words_are_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The job does not start, and says what it was started with."""
    assert main(words, ENVIRONMENT) == NOT_STARTED
    assert capsys.readouterr().err.startswith(
        f"Expected one word, <module>:<function>, cleanup or gate, found {words}."
    )


@pytest.mark.parametrize("missing", ["SLUICE_RUN", "SLUICE_LEDGER_TABLE", "AWS_BATCH_JOB_ID"])
def test_a_missing_setting_is_named(missing: str, jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    """Started by hand, the entry point says what it lacks."""
    env = jobs.settings.to_env() | {
        "SLUICE_RUN": "r",
        "SLUICE_STEP": "s",
        "SLUICE_GENERATION": "0",
        "AWS_BATCH_JOB_ID": "j",
    }
    assert main(["cleanup"], {name: value for name, value in env.items() if name != missing}) == NOT_STARTED
    assert missing in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 3])
def test_code_that_exits_has_failed(code: int, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `exit` in a step's function, even with 0, leaves an item without a result: that is no success."""
    monkeypatch.setattr(functions, "on_item", failing_at(1, lambda: sys.exit(code)))
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == FAILED
    report = jobs.failure(run, "work", 0)
    assert (report["error"], report["message"], report["item"]) == (
        "SystemExit",
        f"the code called exit({code}); a step that is done returns",
        1,
    )


def test_sigterm_keeps_what_is_finished(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, stoppable: None
) -> None:
    """A child that is stopped records its finished items; the next attempt does the others only, and
    each result is there once.
    """
    monkeypatch.setattr(functions, "items", [{"n": number} for number in range(8)])

    def stopped(item: Any) -> int:
        if item.number == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return int(item.number)

    monkeypatch.setattr(functions, "on_item", stopped)
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS) == STOPPED
    monkeypatch.setattr(functions, "on_item", lambda item: item.number)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2") == 0
    assert functions.worked == [0, 1, 2, 2, 3]
    parts = [
        jobs.read(WORK, key) for key in jobs.keys(WORK, keys.child_results_prefix(run.run_id, "work", 0))
    ]
    assert b"".join(parts).splitlines() == [b'{"i":%d,"r":%d}' % (number, number) for number in range(4)]
