"""What children return is written in few parts, never over another attempt's, and read back once."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from sluice import keys
from sluice.runtime.errors import ReturnedError
from sluice.runtime.job_context import JobContext
from sluice.runtime.result_parts import PART_BYTES, Parts, encode, read_results
from tests.sluice.runtime.jobs import WORK, Jobs

RUN = "probe-" + "a" * 20
JOB = JobContext(run=RUN, step="work", generation=0, job_id="job", attempt=1, child=3)
PREFIX = keys.results_prefix(RUN, "work")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class Refusing:
    """An S3 that takes nothing."""

    def put_object(self, **_: Any) -> NoReturn:
        """Refuse."""
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not for you"}}, "PutObject")


def written(jobs: Jobs) -> list[str]:
    """Return the keys of all parts."""
    return jobs.keys(WORK, PREFIX)


def test_parts_get_rarer_up_to_one_a_minute(jobs: Jobs) -> None:
    """A short child saves early, and an hour of one item a second is 65 writes."""
    clock = Clock()
    times: list[float] = []
    with Parts(jobs.s3, WORK, JOB, clock=clock) as parts:
        for second in range(1, 3601):
            clock.now, before = float(second), parts._part
            parts.add(encode(second, None))
            times += [clock.now] if parts._part > before else []
    assert times[:8] == [1, 3, 7, 15, 31, 63, 123, 183]
    assert len(written(jobs)) == 65


def test_a_part_is_written_when_it_is_large(jobs: Jobs) -> None:
    """Results do not pile up in memory."""
    large = "x" * (PART_BYTES // 2)
    with Parts(jobs.s3, WORK, JOB, clock=Clock()) as parts:
        for number in range(5):
            parts.add(encode(number, large))
        assert len(written(jobs)) == 2
    assert [number for number, _ in read_results(jobs.s3, WORK, PREFIX)] == list(range(5))


def test_nothing_is_written_for_nothing(jobs: Jobs) -> None:
    """A child whose items were all finished leaves no part."""
    with Parts(jobs.s3, WORK, JOB, first=2):
        pass
    assert written(jobs) == []


def test_an_attempt_that_was_given_up_loses_nothing_and_counts_nothing_twice(jobs: Jobs) -> None:
    """Two attempts of a child at work at once keep apart; of an item that both finished the first result is
    read.
    """
    with Parts(jobs.s3, WORK, JOB) as lost, Parts(jobs.s3, WORK, JOB) as second:
        lost.add(encode(0, "lost"))
        lost.add(encode(1, "lost"))
        second.add(encode(0, "second"))
        second.add(encode(2, "second"))
    assert len(written(jobs)) == 2
    assert dict(read_results(jobs.s3, WORK, PREFIX)) == {0: "second", 2: "second", 1: "lost"}
    assert len(list(read_results(jobs.s3, WORK, PREFIX))) == 3


def test_results_of_many_children_come_by_child(jobs: Jobs) -> None:
    """Parts are read ahead, and still come in order."""
    for child in range(30):
        jobs.s3.put_object(
            Bucket=WORK,
            Key=keys.child_results(RUN, "work", child, 0),
            Body=encode(child, {"of": child}).encode(),
        )
    assert list(read_results(jobs.s3, WORK, PREFIX)) == [(child, {"of": child}) for child in range(30)]


def test_a_refused_part_is_an_error() -> None:
    """What could not be saved fails the child."""
    with pytest.raises(ClientError, match="AccessDenied"), Parts(Refusing(), WORK, JOB) as parts:
        parts.add(encode(0, None))


def test_a_refused_part_does_not_hide_why_the_child_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """The first error is raised; the log has the other one too."""

    def work() -> None:
        with Parts(Refusing(), WORK, JOB) as parts:
            parts.add(encode(0, None))
            raise ValueError("no such city")

    with pytest.raises(ValueError, match="no such city"):
        work()
    assert "could not be written either: An error occurred (AccessDenied)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "result", [{1, 2}, b"bytes", (number for number in range(3)), {("a", "b"): 1}, {"x": object()}]
)
def test_what_json_cannot_hold_is_refused(result: object) -> None:
    """The error says what was returned."""
    with pytest.raises(ReturnedError, match=f"found {type(result).__name__} "):
        encode(0, result)
