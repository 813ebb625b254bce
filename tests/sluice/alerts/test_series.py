"""Of equal failures there are a handful of messages, and each failure is in one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sluice.alerts.series import (
    FIRST_DIGEST_AFTER,
    HOUR,
    SENT_WITHIN,
    FailureEvent,
    Notify,
    Series,
    begin_digest,
    count,
    end_digest,
    next_digest,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
SWEEP = timedelta(minutes=5)


class Story:
    """A series over time, with a sweep every five minutes."""

    def __init__(self) -> None:
        """Begin without failures."""
        self.now, self.series = START, Series(pipeline="p", what="failed")
        self.alerts: list[Notify] = []
        self.digests: list[tuple[datetime, int]] = []

    def fail(self) -> None:
        """Let one more run fail."""
        self.series, notify = count(self.series, FailureEvent(run="r", why="w"), self.now)
        if notify is Notify.GATHERED:
            self.send()
        else:
            self.alerts.append(notify)

    def send(self, *, dies: bool = False) -> None:
        """Send a digest if one is due; a Lambda may die before it has recorded that."""
        begun = begin_digest(self.series, self.now)
        if begun is not None:
            self.series = begun
            if not dies:
                self.digests.append((self.now, begun.reporting))
                self.series = end_digest(self.series, begun) or self.series

    def later(self, time: timedelta) -> None:
        """Let time pass."""
        until = self.now + time
        while self.now + SWEEP <= until:
            self.now += SWEEP
            self.send()
        self.now = until

    def heard(self) -> int:
        """Return how many failures a person has heard of."""
        return len(self.alerts) + sum(number for _, number in self.digests)


def test_ten_thousand_failures_at_once_are_a_handful_of_messages() -> None:
    """Three alerts, of which one rings a telephone, and a digest of all others."""
    story = Story()
    for _ in range(10_000):
        story.fail()
    story.later(2 * HOUR)
    assert story.alerts == [Notify.FIRST, Notify.AGAIN, Notify.LAST]
    assert [number for _, number in story.digests] == [9_997]
    assert story.digests[0][0] - START <= FIRST_DIGEST_AFTER + SWEEP
    assert story.series.total == 10_000


def test_while_it_goes_on_there_is_one_digest_an_hour() -> None:
    """A day with a failure every nine seconds; then silence, and the next failure is a first one again."""
    story = Story()
    for _ in range(9_600):
        story.fail()
        story.later(timedelta(seconds=9))
    story.later(2 * HOUR)
    assert story.heard() == 9_600
    assert len(story.alerts) == 3
    assert 24 <= len(story.digests) <= 26
    story.fail()
    assert story.alerts[3:] == [Notify.FIRST]


def test_two_failures_a_day_are_two_alerts_with_a_text_message_each() -> None:
    """Nothing is gathered that is no series."""
    story = Story()
    for _ in range(10):
        story.fail()
        story.later(12 * HOUR)
    assert story.alerts == [Notify.FIRST] * 10
    assert story.digests == []


def test_a_digest_that_a_dead_lambda_did_not_send_is_sent_again() -> None:
    """A little later, with the same number; what failed meanwhile is in the next one."""
    story = Story()
    for _ in range(5):
        story.fail()
    story.now += FIRST_DIGEST_AFTER
    story.send(dies=True)
    assert next_digest(story.series) == (story.now + SENT_WITHIN).isoformat()
    story.fail()
    assert story.digests == []
    story.later(3 * HOUR)
    assert [number for _, number in story.digests] == [2, 1]


@given(
    st.lists(st.one_of(st.just(None), st.just("dies"), st.timedeltas(timedelta(0), 3 * HOUR)), max_size=60)
)
def test_no_failure_is_unheard_and_no_hour_has_many_messages(steps: list[str | timedelta | None]) -> None:
    """Whenever runs fail and Lambdas die."""
    story = Story()
    for step in steps:
        if isinstance(step, timedelta):
            story.later(step)
        elif step == "dies":
            story.send(dies=True)
        else:
            story.fail()
    failures = steps.count(None)
    story.later(4 * HOUR)
    assert story.heard() == failures
    assert not next_digest(story.series)
    times = [at for at, _ in story.digests]
    assert all(after - before >= HOUR - SENT_WITHIN for before, after in pairwise(times))
