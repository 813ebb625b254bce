"""Derived names, and settings that both ends share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice import settings
from sluice.errors import SettingError
from sluice.limits import JOB_NAME
from sluice.run.job_names import JobName, run_id
from tests.sluice.graphs import RUN_ID

NAMES = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 40)


@given(NAMES, NAMES, st.integers(0, 9999))
def test_a_job_name_is_read_back_as_it_was_written(pipeline: str, step: str, generation: int) -> None:
    """For every pipeline and step, within what Batch allows."""
    name = JobName(run_id(pipeline, "s3", {"key": step}), step, generation)
    assert JobName.parse(str(name)) == name
    assert JOB_NAME.fullmatch(str(name))


def test_the_longest_names_of_a_gate_fit_into_a_job_name() -> None:
    """A gate's name is built from a step's."""
    assert JOB_NAME.fullmatch(str(JobName(run_id("p" * 40, "s3", {}), "gate-1-499-" + "s" * 40, 9999)))


@pytest.mark.parametrize(
    "name", ["", "a", "backup_nightly_0", f"{RUN_ID}_a", f"{RUN_ID}_a_0_1", f"{RUN_ID}_a_x", f"X{RUN_ID}_a_0"]
)
def test_a_foreign_name_is_none(name: str) -> None:
    """Other people's jobs share the account."""
    assert JobName.parse(name) is None


def test_a_run_id_is_stable() -> None:
    """A change would start a second run for every upload whose event comes again."""
    identity = {"bucket": "b", "key": "k", "version": "v"}
    assert (
        run_id("words", "s3", identity)
        == run_id("words", "s3", dict(reversed(identity.items())))
        == "words-xqmcbrru4kh3rwtpl4bs"
    )


@pytest.mark.parametrize("change", [{"bucket": "c"}, {"key": "l"}, {"version": "w"}])
def test_another_upload_is_another_run(change: dict[str, str]) -> None:
    """Bucket, key and version make an upload."""
    identity = {"bucket": "b", "key": "k", "version": "v"}
    assert run_id("words", "s3", identity) != run_id("words", "s3", identity | change)


ALL = [settings.TriggerSettings, settings.FanOutSettings, settings.TrackSettings, settings.AlertSettings]
ALL += [settings.JobSettings, settings.SubmissionSettings]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_settings_are_read_as_they_were_written(kind: type[settings.Settings]) -> None:
    """One class at both ends."""
    written = kind(**{name: f"value of {name}" for name in kind.__dataclass_fields__})
    assert kind.from_env(written.to_env() | {"OTHER": "x"}) == written
    assert all(name.startswith("SLUICE_") for name in written.to_env())


def test_missing_and_empty_variables_are_named_together() -> None:
    """The sentence says which, and where they come from."""
    with pytest.raises(SettingError, match=r"SLUICE_LEDGER_TABLE, SLUICE_WORK_BUCKET.*JobSettings\.to_env"):
        settings.JobSettings.from_env(
            {"SLUICE_RESULTS_BUCKET": "r", "SLUICE_PLAN_TOPIC": "t", "SLUICE_WORK_BUCKET": ""}
        )


def test_queues_survive_a_variable_and_the_cdks_tokens() -> None:
    """ARNs have colons and slashes, tokens have braces and dots."""
    arns = {
        key: "arn:${Token[AWS.Partition.3]}:batch:us-east-1:0:job-queue/Sluice_" + key
        for key in ("normal", "fargate-spot-bulk-fair")
    }
    names = ("ledger_table", "alert_queue", "dead_letter_queue", "track_queue", "trigger_queue")
    fields = dict.fromkeys(names, "x")
    assert (
        settings.TriggerSettings(queues=settings.AdvanceSettings.join_queues(arns), **fields).queue_arns()
        == arns
    )
