"""What children return is written in few parts, never over another attempt's, and read back once."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from sluice import keys
from sluice.runtime.errors import ReturnedError
from sluice.runtime.job_context import JobContext
from sluice.runtime.stored.result_parts import PART_BYTES, Parts, encode, read_results
from tests.sluice.runtime.jobs import WORK, Jobs

RUN = "probe-" + "a" * 20
JOB = JobContext(run=RUN, step="work", generation=0, job_id="job", attempt=1, child=3)
PREFIX = keys.results_prefix(RUN, "work")


KEY = partial(keys.child_results, JOB.run, JOB.step, JOB.child)


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


ENDLESS: list[object] = []
ENDLESS.append(ENDLESS)


def written(jobs: Jobs) -> list[str]:
    """Return the keys of all parts."""
    return jobs.keys(WORK, PREFIX)


def test_parts_get_rarer_up_to_one_a_minute(jobs: Jobs) -> None:
    """A short child saves early, and an hour of one item a second is 65 writes."""
    clock = Clock()
    times: list[float] = []
    with Parts(jobs.s3, WORK, KEY, clock=clock) as parts:
        for second in range(1, 3601):
            clock.now, before = float(second), parts._part
            parts.add(encode(second, None))
            times += [clock.now] if parts._part > before else []
    assert times[:8] == [1, 3, 7, 15, 31, 63, 123, 183]
    assert len(written(jobs)) == 65


def test_a_part_is_written_when_it_is_large(jobs: Jobs) -> None:
    """Results do not pile up in memory."""
    large = "x" * (PART_BYTES // 2)
    with Parts(jobs.s3, WORK, KEY, clock=Clock()) as parts:
        for number in range(5):
            parts.add(encode(number, large))
        assert len(written(jobs)) == 2
    assert [number for number, _ in read_results(jobs.s3, WORK, PREFIX)] == list(range(5))


def test_nothing_is_written_for_nothing(jobs: Jobs) -> None:
    """A child whose items were all finished leaves no part."""
    with Parts(jobs.s3, WORK, KEY, first=2):
        pass
    assert written(jobs) == []


def test_an_attempt_that_was_given_up_loses_nothing_and_counts_nothing_twice(jobs: Jobs) -> None:
    """Two attempts of a child at work at once keep apart; of an item that both finished the first result is
    read.
    """
    with Parts(jobs.s3, WORK, KEY) as lost, Parts(jobs.s3, WORK, KEY) as second:
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
    with pytest.raises(ClientError, match="AccessDenied"), Parts(Refusing(), WORK, KEY) as parts:
        parts.add(encode(0, None))


def test_a_refused_part_does_not_hide_why_the_child_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """The first error is raised; the log has the other one too."""

    def work() -> None:
        with Parts(Refusing(), WORK, KEY) as parts:
            parts.add(encode(0, None))
            raise ValueError("no such city")

    with pytest.raises(ValueError, match="no such city"):
        work()
    assert "could not be written either: An error occurred (AccessDenied)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({1, 2}, "found set "),
        (b"bytes", "found bytes "),
        ((number for number in range(3)), "found generator "),
        ({("a", "b"): 1}, "found the key "),
        ({"x": [1, object()]}, r"found in the result's \['x'\]\[1\] object "),
        ({"x": "half \ud800 a pair"}, r"found half of a surrogate pair in '.*half \\ud800 a pair"),
        ({"\udfff": 1}, "found half of a surrogate pair"),
        (10**5000, "found int '…': Exceeds the limit"),
        (ENDLESS, "found list "),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused(result: object, found: str) -> None:
    """The error says what was returned, and where it stands."""
    with pytest.raises(ReturnedError, match=found):
        encode(0, result)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_numbers_that_are_none_come_back_as_they_are(number: float) -> None:
    """NaN and the infinities, as Python's JSON writes and reads them."""
    assert repr(json.loads(encode(3, {"x": number}))) == repr({"i": 3, "r": {"x": number}})


class Busy:
    """An S3 in which another write of the same key is under way, and fails in the end."""

    def __init__(self, s3: Any, times: int) -> None:
        self._s3, self.times = s3, times

    def put_object(self, **request: Any) -> Any:
        """Answer as S3 does to a conditional write beside another one."""
        self.times -= 1
        if self.times >= 0:
            refused: Any = {
                "Error": {"Code": "ConditionalRequestConflict", "Message": "Try again."},
                "ResponseMetadata": {"HTTPStatusCode": 409},
            }
            raise ClientError(refused, "PutObject")
        return self._s3.put_object(**request)


def test_a_write_beside_another_one_is_tried_again(jobs: Jobs) -> None:
    """S3's 409 does not say that there is an object: the other write may fail."""
    with Parts(Busy(jobs.s3, 2), WORK, KEY) as parts:
        parts.add(encode(0, "mine"))
    assert [key.rpartition("/")[2] for key in written(jobs)] == ["000000.jsonl"]
    assert dict(read_results(jobs.s3, WORK, PREFIX)) == {0: "mine"}


def test_a_conflict_that_does_not_end_is_an_error(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt fails, and the next one writes."""
    monkeypatch.setattr("sluice.aws.conditional_write._BUSY_SECONDS", 0.0)
    with (
        pytest.raises(ClientError, match="ConditionalRequestConflict"),
        Parts(Busy(jobs.s3, 1000), WORK, KEY) as parts,
    ):
        parts.add(encode(0, "mine"))
