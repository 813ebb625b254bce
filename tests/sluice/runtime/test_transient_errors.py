"""A transient error before the user's function begins is another attempt; later it is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError

from sluice import keys
from sluice.aws import clients
from sluice.run.state import Run
from sluice.run.submission import Submission
from sluice.runtime import __main__ as entry
from sluice.runtime.exit_codes import FAILED, TRY_AGAIN
from tests.sluice.clouds import refused
from tests.sluice.runtime import functions
from tests.sluice.runtime.failing_clients import TRANSIENT, FailingClients
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.probe import FUNCTIONS, submission

STEPS = ("find", "work", "follow", "gather", "cleanup")


def ready(jobs: Jobs, run: Run, step: str) -> Submission:
    """Run all steps before this one, submit this one, and return its submission."""
    for name in STEPS:
        found = submission(jobs, run, name)
        jobs.submit(run, found)
        if name == step:
            return found
        jobs.codes[name] = [jobs.start(run, found, child, FUNCTIONS) for child in range(found.children)]
        jobs.settle(run, found)
    raise AssertionError(step)


@pytest.mark.parametrize("error", TRANSIENT.values(), ids=list(TRANSIENT))
@pytest.mark.parametrize("step", STEPS)
def test_every_call_before_the_function_begins_may_fail_for_the_moment(
    step: str,
    error: Exception,
    jobs: Jobs,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Call after call: the exit code is the one that the retry rules repeat and nothing is reported. From the
    call of the function on, the failure is reported. What has no function may always be tried again.
    """
    job = ready(jobs, run, step)
    codes: list[int] = []
    for at in range(100):
        failing = FailingClients(error, at)
        with monkeypatch.context() as patch:
            patch.setattr(entry, "client", failing.client)
            _note_begin(patch, step, failing)
            code = jobs.start(run, job, 0, FUNCTIONS, AWS_BATCH_JOB_ATTEMPT="2")
        if not failing.failed():
            assert code == 0
            break
        assert (at, code) == (at, FAILED if failing.begun else TRY_AGAIN), failing.calls
        reports = jobs.keys(WORK, keys.failures_prefix(run.run_id, step, 0))
        assert bool(reports) is (FAILED in [*codes, code])
        codes.append(code)
    assert codes[:3] == [TRY_AGAIN] * 3, "two clients and the first read of the ledger"
    assert (FAILED in codes) is (step != "cleanup")


def _note_begin(patch: pytest.MonkeyPatch, step: str, failing: FailingClients) -> None:
    """Let the step's function note that it begins."""
    if step == "cleanup":
        return
    real = getattr(functions, FUNCTIONS[step])

    def function(*given: Any) -> Any:
        failing.begun = True
        return real(*given)

    patch.setattr(functions, FUNCTIONS[step], function)


@pytest.mark.parametrize("step", ["work", "follow"])
def test_an_answer_that_breaks_off_again_and_again_is_tried_again(
    step: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The items of a child, or earlier results, cannot be read for the moment."""
    job = ready(jobs, run, step)
    broken = ResponseStreamingError(error="connection reset")
    monkeypatch.setattr("botocore.response.StreamingBody.read", _raises(broken))
    assert jobs.start(run, job, 0, FUNCTIONS) == TRY_AGAIN
    assert not any(step in key for key in jobs.keys(WORK) if "failures" in key)


def _raises(error: Exception) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


@pytest.mark.parametrize("error", TRANSIENT.values(), ids=list(TRANSIENT))
def test_a_transient_error_of_the_users_own_call_is_reported(
    error: Exception, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function has begun: whether it may be repeated is for the step's own retry rules to say."""
    job = ready(jobs, run, "work")
    monkeypatch.setattr(functions, "on_item", _raises(error))
    assert jobs.start(run, job, 0, FUNCTIONS) == FAILED
    assert jobs.failure(run, "work")["error"] == type(error).__name__


def test_a_refused_call_is_reported_and_not_tried_again(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing permission would be missing in five attempts as well."""
    job = ready(jobs, run, "work")
    failing = FailingClients(refused("AccessDeniedException", "not authorized", 400), at=1)
    monkeypatch.setattr(entry, "client", failing.client)
    assert jobs.start(run, job, 0, FUNCTIONS) == FAILED
    assert failing.calls[1] == "batch_get_item"
    assert jobs.failure(run, "work")["error"] == "ClientError"


def test_the_log_says_why_it_is_tried_again(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, with the error that AWS answered."""
    job = ready(jobs, run, "work")
    monkeypatch.setattr(entry, "client", FailingClients(TRANSIENT["throttled"], at=1).client)
    assert jobs.start(run, job, 0, FUNCTIONS) == TRY_AGAIN
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"work of {run.run_id} is to be tried again. ClientError: An error occurred (Thr")


def test_a_client_that_cannot_be_made_for_good_is_a_failure_without_a_report(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a client there is nothing to write the report with; the log has both errors."""
    job = ready(jobs, run, "work")

    def no_client(service: str) -> Any:
        if service == "s3":
            raise ClientError({"Error": {"Code": "UnrecognizedClient", "Message": "no"}}, "Client")
        return clients.client(service)

    monkeypatch.setattr(entry, "client", no_client)
    assert jobs.start(run, job, 0, FUNCTIONS) == FAILED
    error = capsys.readouterr().err
    assert f"work of {run.run_id} failed: ClientError" in error
    assert "The failure report could not be written" in error
