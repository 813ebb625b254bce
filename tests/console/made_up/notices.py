"""What the first view shows beside runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from console import contract
from tests.console.made_up.sizes import NASTY, iso


def alarms(since: str | None) -> contract.Alarms:
    """Return one that is raised."""
    alarm = contract.Alarm(
        name="SluiceControl-TriggerAlarmA8BA9606-6ABBA28AF92D8",
        since=since,
        reason="Threshold Crossed: 1 datapoint [2.0 (28/11/26 10:03:00)] was greater than or equal to the"
        " threshold (1.0).",
        text="Sluice set aside messages that trigger could not handle. Read them in the dead-letter queue"
        " (attribute 'reason'), correct the cause, then start a redrive to send them again. `sluice doctor`"
        " says how.",
    )
    return contract.Alarms(alarms=(alarm,))


def backfills() -> contract.Section:
    """Return two under way."""
    now = datetime.now(UTC)
    rows = (
        contract.Row(
            text="flights: 41 of 365 scheduled times left, from 2026-10-19T02:00:00Z to 2026-11-28T02:00:00Z;"
            " 3 under way",
            state="RUNNING",
            href="/runs?pipeline=flights",
            done=324,
            total=365,
        ),
        contract.Row(
            text=f"flights: 6,200 of at most 10,000 files in a group of s3-group:{NASTY}*; 4 groups were full"
            " before it",
            state="RUNNING",
            since=iso(now - timedelta(minutes=3)),
            until=iso(now + timedelta(minutes=57)),
            done=6_200,
            total=10_000,
        ),
    )
    return contract.Section(id="backfills", title="Backfills", rows=rows)


def queues(share: float) -> tuple[contract.Queue, ...]:
    """Return two, one of them blocked."""
    return tuple(
        contract.Queue(
            name=f"Sluice_{name}",
            key=name,
            state="ENABLED",
            status="VALID",
            environments=(
                contract.Environment(
                    name=f"{name}Environment",
                    state="ENABLED",
                    status="VALID",
                    reason=None,
                    vcpus=int(share * 64),
                    max_vcpus=64,
                ),
            ),
            jobs={"RUNNABLE": int(share * 40), "RUNNING": 16},
            blocked=None
            if name == "Steady"
            else "the job asks for more vCPUs than its environments may have",
        )
        for name in ("Steady", "Spot")
    )
