"""Faults that are injected on demand, seeded, so that the same things go wrong in the same way again.

Spot interruptions: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html. Events come
at least once, in no certain order:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NOTICE_SECONDS = 120.0
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html"""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, and how often: rates are probabilities from 0 to 1, `interruptions_per_hour` counts
    for each spot host.

    `interrupted_attempts` is the probability of each attempt on a spot host to lose that host within half a
    second of its start. A spot instance has its notice then, and goes `notice_seconds` later; 0 is a notice
    that never came, which AWS does not rule out. `failing_pulls` are images that cannot be pulled.
    `docker_timeouts` is the probability of each attempt to end with `DockerTimeoutError` and without an exit
    code, whatever its program did. A reordered event comes after the next one. `submits_a_second` throttles
    SubmitJob; None leaves the engine's limit. `invalid` has the compute environments that are INVALID, each
    with its reason.
    """

    seed: int = 0
    interruptions_per_hour: float = 0
    interrupted_attempts: float = 0
    notice_seconds: float = NOTICE_SECONDS
    failing_pulls: frozenset[str] = frozenset()
    docker_timeouts: float = 0
    lost_answers: Mapping[str, float] | None = None
    duplicated_events: float = 0
    delayed_events: float = 0
    reordered_events: float = 0
    delay_seconds: float = 0.2
    submits_a_second: float | None = None
    invalid: Mapping[str, str] | None = None

    @property
    def affect_events(self) -> bool:
        """Whether any event comes twice, late, or after its successor."""
        return bool(self.duplicated_events or self.delayed_events or self.reordered_events)


NO_FAULTS = Faults()
