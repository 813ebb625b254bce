"""The settings that each Lambda and each job reads from its environment; both ends use the same class, so a
name is written once.

A stack calls ``to_env`` on the settings and hands the result to the function or the job definition; the code
there calls ``from_env``. The variable of a field is ``SLUICE_`` and the field's name in capitals.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from sluice.errors import SettingError

PREFIX = "SLUICE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The base of all settings: fields are strings, read from and written to environment variables."""

    def to_env(self) -> dict[str, str]:
        """Return the environment variables that ``from_env`` reads."""
        return {variable(field.name): getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Read the settings; raises SettingError naming every variable that is missing or empty."""
        env = os.environ if env is None else env
        names = [field.name for field in fields(cls)]
        missing = [variable(name) for name in names if not env.get(variable(name))]
        if missing:
            raise SettingError(
                f"Expected the environment variables {', '.join(missing)}, found none. "
                f"Set them from {cls.__name__}.to_env() in the stack that deploys this code."
            )
        return cls(**{name: env[variable(name)] for name in names})


def variable(field: str) -> str:
    """Return the name of a field's environment variable."""
    return PREFIX + field.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitterSettings(Settings):
    """The settings of code that advances runs.

    ``queues`` is what the ARNs of all job queues begin with, an equals sign, and their names: a form that
    survives the CDK's tokens, and that leaves room in the 4 KB of a function's environment, however many
    queues there are.
    """

    ledger_table: str
    queues: str
    alert_queue: str

    def queue_arns(self) -> dict[str, str]:
        """Return the ARN of each job queue by its key, as compiled steps have it."""
        return read_queues(self.queues)

    @staticmethod
    def join_queues(arns: Mapping[str, str]) -> str:
        """Return the text of ``queues`` for these ARNs (or tokens), which differ only in the keys at their
        ends.
        """
        beginnings = {arn.removesuffix(key) for key, arn in arns.items() if arn.endswith(key)}
        if len(beginnings) != 1 or not all(arn.endswith(key) for key, arn in arns.items()):
            raise ValueError(
                f"Expected ARNs that differ in the names at their ends alone, found {dict(arns)}."
            )
        return f"{beginnings.pop()}={','.join(sorted(arns))}"


def read_queues(text: str) -> dict[str, str]:
    """Return the ARN of each job queue by its key, from what ``join_queues`` wrote."""
    beginning, _, keys = text.partition("=")
    return {key: beginning + key for key in keys.split(",")}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceSettings(SubmitterSettings):
    """The settings that the Lambdas that submit have in common; they have track reconcile a run soon."""

    dead_letter_queue: str
    track_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSettings(SubmitterSettings):
    """The settings of a start job, besides those of every job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings(AdvanceSettings):
    """The trigger Lambda's settings; it goes on with a release by a message to its own queue."""

    trigger_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOutSettings(AdvanceSettings):
    """The fan_out Lambda's settings: it lists the words of children in the work bucket."""

    work_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSettings(AdvanceSettings):
    """The track Lambda's settings: it reads the failure reports of jobs in the work bucket, and publishes the
    failed items of a run. Its sweep sends what is in the queues of retries of trigger and alert to the queues
    that it came from.
    """

    work_bucket: str
    results_bucket: str
    trigger_queue: str
    trigger_retries: str
    alert_retries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings(Settings):
    """The group Lambda's settings: it sends reminders to its own queue, and starts runs through the trigger
    queue, and what is in its own queue of retries to its own.
    """

    ledger_table: str
    work_bucket: str
    group_queue: str
    group_retries: str
    trigger_queue: str
    alert_queue: str
    dead_letter_queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings(Settings):
    """The alert Lambda's settings; it sends what it looks at again later to its own queue, and reads the
    failure reports of jobs in the work bucket.
    """

    stack_prefix: str
    ledger_table: str
    alert_topic: str
    phone_topic: str
    alert_queue: str
    results_bucket: str
    work_bucket: str
    dead_letter_queue: str


CONSOLE_ROLES = ("watch", "operate", "administer")
"""What people may do in the deployed console; each role may do what those before it may."""
NOTHING = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings(Settings):
    """The deployed console's settings: who signs people in, and which of their groups have which role.

    ``session_secret`` and ``client_secret`` are ARNs of Secrets Manager, ``user_pool`` is the id of the
    stack's own pool; the last two may be ``none``. ``groups`` is JSON: lists of groups by roles.
    """

    stack_prefix: str
    issuer: str
    user_pool: str
    client_secret: str
    session_secret: str
    groups: str
    groups_claim: str


NO_SCHEMA = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings(Settings):
    """The settings of one pipeline's webhook Lambda: what it starts, how requests are signed, and the module
    that checks the body's schema.

    ``schema`` is ``none`` for a pipeline without one. ``secret`` is an ARN of Secrets Manager.
    """

    pipeline: str
    definition_bucket: str
    definition_key: str
    trigger_queue: str
    ledger_table: str
    secret: str
    signature: str
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings(Settings):
    """The settings that a job definition gives its jobs."""

    ledger_table: str
    work_bucket: str
    results_bucket: str
    plan_topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSettings(Settings):
    """The settings of the job of a backfill, besides those of every job: ``backfill_targets`` is what the
    triggers of the pipeline take, as ``sluice.backfill.target`` writes it.
    """

    trigger_queue: str
    backfill_targets: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSettings(Settings):
    """The run, step and generation that SubmitJob gives a job (``containerOverrides.environment``)."""

    run: str
    step: str
    generation: str
