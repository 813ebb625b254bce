"""hello_fan: commands of an image, for which functions of this test stand."""

from __future__ import annotations

from pipelines.hello_fan import pipeline
from sluice.testing import Command, run


def test_one_then_ten_side_by_side_then_one() -> None:
    """Each child knows which one it is."""
    began: list[tuple[str, int | None]] = []

    def note(command: Command) -> None:
        began.append((command.step, command.child))

    ran = run(pipeline, commands=dict.fromkeys(("first", "many", "last"), note))
    assert ran.succeeded, ran
    assert began == [("first", None), *(("many", child) for child in range(10)), ("last", None)]


def test_a_command_that_fails_ends_the_run() -> None:
    """What comes after it does not run."""

    def never(command: Command) -> None:
        raise AssertionError(command.step)

    ran = run(pipeline, commands={"first": lambda _: 3, "many": never, "last": never})
    assert (ran.succeeded, ran.failed_step) == (False, "first")
    assert ran.steps["last"].reason == "a job that it waits for failed (Dependent Job failed)"
