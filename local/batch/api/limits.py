"""AWS Batch's limits, adjustable so that tests can be quick.

https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every number beyond which a request is refused; the defaults are AWS's."""

    queues: int = 50
    environments: int = 50
    environments_of_a_queue: int = 3
    dependencies: int = 20
    array_min: int = 2
    array_max: int = 10_000
    attempts_max: int = 10
    exit_rules_max: int = 5
    # https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
    timeout_min_seconds: float = 60
    definition_bytes: int = 24 * 1024
    submit_bytes: int = 30 * 1024
    # Not in AWS's list of limits; met in practice: https://github.com/ASFHyP3/hyp3/issues/3041
    container_overrides_bytes: int = 8192
    described_jobs: int = 100
    ended_jobs: int = 50
    described_definitions: int = 100
    tags: int = 50
    nodes_max: int = 1000
    node_groups_max: int = 5
    # None: SubmitJob is not throttled.
    submits_a_second: float | None = 50
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html
    state_limit_seconds: tuple[float, float] = (600, 86_400)
    consumable_resources: int = 50_000
    # "Job information … available for at least 7 days".
    kept_ms: int = 7 * 24 * 3600 * 1000
