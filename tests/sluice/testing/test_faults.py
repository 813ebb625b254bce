"""What a test lets go wrong, and what a run makes of it."""

from __future__ import annotations

import pytest

from sluice.steps import Item, Out
from sluice.testing import HarnessError, machine_lost, refused, worker_killed
from tests.sluice.testing.pipelines import chain, run_chain


def test_a_lost_machine_costs_nothing_but_the_attempt() -> None:
    """AWS Batch starts the child again: what was written is not worked on again, what was not is."""
    ran = run_chain(6, chain(items_per_child=3), faults=[machine_lost("double", item=4)])
    assert ran.succeeded, ran
    assert [item.attempts for item in ran.steps["double"].items] == [1, 1, 1, 2, 2, 1]
    assert ran.files["total.txt"] == b"220"


def test_a_machine_that_is_lost_after_the_work_has_it_done_twice() -> None:
    """So a function of side effects can be tried."""
    effects: list[int] = []

    def effect(item: Item, out: Out) -> int:
        effects.append(item.number)
        return 0

    fault = machine_lost("double", item=1, after=True)
    assert run_chain(3, replaced={"double": effect}, faults=[fault]).succeeded
    assert effects == [0, 1, 1, 2]


def test_machines_that_are_lost_too_often_fail_the_step() -> None:
    """Five attempts is what a step has by default."""
    assert run_chain(2, faults=[machine_lost("double", item=0, times=4)]).succeeded
    ran = run_chain(2, faults=[machine_lost("double", item=0, times=5)])
    assert (ran.state, ran.failed_step) == ("FAILED", "double")
    assert ran.retry().succeeded


def test_a_killed_worker_is_a_failure_with_a_reason() -> None:
    """As when memory runs out; it is not tried again."""
    ran = run_chain(2, faults=[worker_killed("double", item=1)])
    assert ran.state == "FAILED"
    assert "killed, mostly for want of memory" in str(ran.steps["double"].items[1].error)
    ran = run_chain(2, faults=[worker_killed("double", item=1, status=3)])
    assert "exit code 3" in str(ran.steps["double"].items[1].error)


def test_a_refusal_of_s3_fails_what_it_meets() -> None:
    """Here what the fan-in publishes."""
    ran = run_chain(2, faults=[refused("s3", "put_object", step="total", key="*total.txt")])
    assert ran.failed_step == "total"
    assert "(AccessDenied) when calling the put_object" in str(ran.reason)


@pytest.mark.parametrize(("times", "state"), [(3, "SUCCEEDED"), (None, "FAILED")])
def test_a_throttled_call_is_tried_again(times: int | None, state: str) -> None:
    """Four times, as AWS's own clients do."""
    fault = refused("s3", "put_object", step="total", key="*total.txt", code="SlowDown", times=times)
    assert run_chain(2, faults=[fault]).state == state


def test_a_plan_whose_machine_is_lost_finds_its_items_again() -> None:
    """Each attempt writes a manifest of its own."""
    ran = run_chain(3, faults=[machine_lost("numbers")])
    assert (ran.succeeded, len(ran.steps["double"].items)) == (True, 3)


def test_a_fault_that_nothing_met_is_an_error() -> None:
    """The test would have proven nothing."""
    with pytest.raises(HarnessError, match="found that nothing met it"):
        run_chain(2, faults=[machine_lost("double", item=7)])
    with pytest.raises(HarnessError, match="Expected faults of the steps numbers, double, square, total"):
        run_chain(2, faults=[machine_lost("doubel")])
