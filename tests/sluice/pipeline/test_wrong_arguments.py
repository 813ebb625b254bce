"""What is said where a class of a pipeline file is called with arguments that it does not take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import sluice
from sluice import Array, FileSet, Job, Manual, S3Upload, Schedule
from sluice.pipeline.validation.wrong_arguments import wrong_argument

# Each is wrong, and mypy would say so in a team's editor, too.
CALLS: list[tuple[Callable[[], object], str]] = [
    (lambda: FileSet("a/{b}", expect=2, reconcile="7d"), "FileSet.reconcile: expected a field of"),  # type: ignore[call-arg]
    (lambda: FileSet("a/{b}", expect=2, reconcile="7d"), "found reconcile=. Write late= for sets"),  # type: ignore[call-arg]
    (lambda: FileSet(prefix="a/"), "the beginning of the pattern"),  # type: ignore[call-arg]
    (lambda: FileSet("a/{b}", bucket="team"), "S3Upload(bucket=…)"),  # type: ignore[call-arg]
    (lambda: S3Upload(prefix="a", late="6h"), "found late=. It is a field of FileSet: drop it here."),  # type: ignore[call-arg]
    (lambda: S3Upload(prefix="a", catch_up=True), "It is a field of Schedule"),  # type: ignore[call-arg]
    (lambda: Schedule("rate(1 day)", reconcile="7d"), "It is a field of S3Upload"),  # type: ignore[call-arg]
    (lambda: Manual(prefix="a"), "It is a field of S3Upload"),  # type: ignore[call-arg]
    (lambda: S3Upload(prefix="a", sufix=".csv"), "Write suffix=."),  # type: ignore[call-arg]
    (lambda: S3Upload(prefix="a", colour="red"), "found colour=. Drop it."),  # type: ignore[call-arg]
    (lambda: S3Upload("a/"), "found 1 value in order. Write prefix=…."),  # type: ignore[call-arg]
    (lambda: Array("work", "run"), "found 2 values in order. Write run=…."),  # type: ignore[call-arg]
    (lambda: S3Upload(), "expected prefix=, found none. Write S3Upload(prefix=…)."),  # type: ignore[call-arg]
    (lambda: sluice.Pipeline(name="a"), "expected triggers= and steps=, found none"),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("call", "says"), CALLS, ids=[f"{at}" for at in range(len(CALLS))])
def test_the_field_that_is_meant_is_named(call: Callable[[], object], says: str) -> None:
    """Or the class that has it, or what to write in its place."""
    with pytest.raises(TypeError) as raised:
        call()
    assert says in str(wrong_argument(raised.value))


def test_an_error_of_anything_else_is_left_as_it_is() -> None:
    """A class of the team's own, a function, another error."""

    class Team:
        def __init__(self, name: str) -> None: ...

    for call in (lambda: Team(x=1), lambda: Team(), lambda: Team("a", "b"), lambda: len(1)):  # type: ignore[call-arg, arg-type]
        with pytest.raises(TypeError) as raised:
            call()
        assert wrong_argument(raised.value) is None
    assert wrong_argument(ValueError("Job.__init__() got an unexpected keyword argument 'a'")) is None
    assert isinstance(Job("a"), Job)
