"""What goes wrong is recorded with its reason, and one alert is sent."""

from __future__ import annotations

from sluice.run.state import Run, RunState
from tests.conftest import EMAIL, PHONE
from tests.e2e.application import Application, Upload, wait_for
from tests.e2e.conftest import WORDS

Burst = dict[str, Upload]


def test_a_broken_file_fails_its_run_with_the_reason(app: Application, burst: Burst) -> None:
    """A CSV of something else is refused by the plan, which says what it expected and found."""
    run = app.ended(burst["broken"])
    assert (run.state, run.failed_step) == (RunState.FAILED, "cut")
    reason = run.steps["cut"].reason or ""
    assert "expected a header with month, carrier" in reason
    assert "missing: carrier, dest, dep_time, arr_delay" in reason


def test_a_person_is_told_once_by_mail_and_once_by_sms(app: Application, burst: Burst) -> None:
    """The alert of a broken file names pipeline, step, input and the way to run it again; the SMS is
    short.
    """
    run = app.ended(burst["broken"])
    messages = {message["protocol"]: message for message in _both(app, run)}
    assert {protocol: message["endpoint"] for protocol, message in messages.items()} == {
        "email": EMAIL,
        "sms": PHONE,
    }
    assert "flight-delays" in messages["email"]["subject"]
    assert "flights/weather.csv" in messages["email"]["text"]
    assert "sluice rerun " in messages["email"]["text"]
    assert len(messages["sms"]["text"]) <= 140


def test_an_array_that_fails_is_one_alert(app: Application, burst: Burst) -> None:
    """Many failed children are one failed step, one e-mail and one SMS."""
    run = app.ended(burst["not utf-8"])
    assert (run.state, run.failed_step) == (RunState.FAILED, "count")
    assert run.steps["count"].children > 1
    assert "expected a text in UTF-8" in (run.steps["count"].reason or "")
    assert len(_mails(app, run)) == 1


def test_a_file_deleted_before_it_is_read_fails_its_run(app: Application, burst: Burst) -> None:
    """The plan of a vanished version says that it is gone."""
    run = app.ended(burst["deleted"])
    assert (run.state, run.failed_step) == (RunState.FAILED, "cut")
    assert "was deleted before it was read" in (run.steps["cut"].reason or "")


def test_a_permission_that_is_not_there_yet_fails_no_run(quiet: Application) -> None:
    """What the trigger's role may not submit track's does, seconds later, and nobody is told."""
    with quiet.without_permission(_role_of_function(quiet, "Trigger"), "batch:SubmitJob"):
        run = quiet.ended(quiet.put("word-count/refused.txt", WORDS))
    # The trigger's own message would come again in six minutes.
    quiet.client("sqs").purge_queue(QueueUrl=quiet.queue("trigger"))
    assert (run.state, run.failed_step) == (RunState.SUCCEEDED, None)
    assert run.steps["split"].denied_at
    assert [one for one in quiet.messages(run) if one["protocol"] == "email"] == []


def test_a_job_that_may_not_read_fails_the_run(quiet: Application, burst: Burst) -> None:
    """A job's refused call is recorded with the missing permission's name."""
    with quiet.without_permission(_role_of_jobs(quiet, quiet.ended(burst["text"])), "s3:GetObjectVersion"):
        run = quiet.ended(quiet.put("word-count/unreadable.txt", WORDS))
    assert (run.state, run.failed_step) == (RunState.FAILED, "count")
    assert "s3:GetObjectVersion" in (run.steps["count"].reason or "")


def _mails(app: Application, run: Run) -> list[dict[str, str]]:
    """Return the e-mails about a run, once there is one; an SMS comes for the first of equal failures."""
    return wait_for(
        lambda: [one for one in app.messages(run) if one["protocol"] == "email"],
        f"an e-mail about {run.run_id}",
    )


def _both(app: Application, run: Run) -> list[dict[str, str]]:
    return wait_for(
        lambda: found if len(found := app.messages(run)) >= 2 else None,
        f"an e-mail and an SMS about {run.run_id}",
    )


def _role_of_function(app: Application, stage: str) -> str:
    name = app.resource("SluiceControl", f"{stage}Function", "AWS::Lambda::Function")
    return str(app.client("lambda").get_function_configuration(FunctionName=name)["Role"]).rsplit("/", 1)[-1]


def _role_of_jobs(app: Application, run: Run) -> str:
    definitions = app.client("batch").describe_job_definitions(
        jobDefinitionName=run.pipeline.step("split").job_definition
    )
    return str(definitions["jobDefinitions"][0]["containerProperties"]["jobRoleArn"]).rsplit("/", 1)[-1]
