"""How a step's own retry rules and Sluice's stand together, played against the engine's reading of them."""

from __future__ import annotations

import pytest

from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry, Rule
from sluice.compute import Compute
from sluice.pipeline.retry_rules import EvaluateOnExit, retry_rules, room, unhandled_faults

NO_IMAGE = Outcome(None, "CannotPullContainerError: x", "Task failed to start")
HOST = Outcome(None, None, "Host EC2 (instance i-0) terminated.")
TASK = Outcome(None, None, "Your Spot Task was interrupted.")
EXITED = "Essential container in task exited"
NOT_INSPECTED = Outcome(
    None,
    "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s",
    EXITED,
)
DOCKER_AT_START = Outcome(
    None,
    "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
    "Task failed to start",
)
DOCKER_AT_END = Outcome(
    None, "DockerTimeoutError: Could not transition to stopped; timed out after waiting 2m0s", EXITED
)
ON_THREE = EvaluateOnExit(action="RETRY", on_exit_code="3")
NOT_ON_HOST = EvaluateOnExit(action="EXIT", on_status_reason="Host EC2*")
ALWAYS = EvaluateOnExit(action="RETRY", on_reason="*")


def retried(
    outcome: Outcome, *own: EvaluateOnExit, function: bool = True, compute: Compute = Compute.SPOT
) -> bool:
    """Return whether the first of three attempts that ends so is followed by another."""
    rules = retry_rules(own, function=function, compute=compute)
    assert len(rules) <= 5
    return is_retried(
        Retry(
            3, tuple(Rule(one.action, one.on_exit_code, one.on_reason, one.on_status_reason) for one in rules)
        ),
        1,
        outcome,
    )


@pytest.mark.parametrize("own", [(), (ON_THREE,), (ON_THREE, ON_THREE)])
def test_a_program_that_fails_is_not_repeated(own: tuple[EvaluateOnExit, ...]) -> None:
    """Whatever rules there are, what no rule names ends the job: Batch itself would repeat it."""
    assert not retried(Outcome(1, None, EXITED), *own)
    assert not retried(Outcome(137, "OutOfMemoryError: Container killed", EXITED), *own)


@pytest.mark.parametrize("own", [(), (ON_THREE,), (ON_THREE, ON_THREE)])
def test_a_lost_machine_is_tried_again(own: tuple[EvaluateOnExit, ...]) -> None:
    """With and without rules of one's own, by the words of its machines."""
    assert retried(HOST, *own)
    assert retried(TASK, *own, compute=Compute.FARGATE_SPOT)


def test_own_rules_decide_before_sluice_s() -> None:
    """Its exit codes are repeated; a lost machine is not when its rules say so."""
    assert retried(Outcome(3, None, EXITED), ON_THREE)
    assert not retried(HOST, NOT_ON_HOST)


def test_a_function_that_began_too_early_begins_again() -> None:
    """Exit code 75 is Sluice's in functions, whatever rule of the step would match it; a command's 75 is the
    command's own.
    """
    assert retried(Outcome(75, None, EXITED), EvaluateOnExit(action="EXIT", on_exit_code="7*"))
    assert not retried(Outcome(75, None, EXITED), function=False)


def test_a_missing_image_is_tried_again() -> None:
    """Whatever rules a step has, for machines and for Fargate."""
    for own in ((), (ON_THREE,), (ON_THREE, ON_THREE)):
        assert retried(NO_IMAGE, *own)
        assert retried(NO_IMAGE, *own, compute=Compute.FARGATE)
        assert retried(NO_IMAGE, *own, ON_THREE, function=False)


NOT_STARTED = Outcome(None, "CannotStartContainerError: x", "Task failed to start")
NO_STREAM = Outcome(
    None, "ResourceInitializationError: failed to create the log stream", "Task failed to start"
)


@pytest.mark.parametrize("outcome", [NOT_STARTED, NO_STREAM, DOCKER_AT_START, HOST])
@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize("compute", [Compute.SPOT, Compute.GPU])
def test_what_could_not_start_is_tried_again_beside_any_rules_of_a_step(
    outcome: Outcome, count: int, compute: Compute
) -> None:
    """In a storm of starts some containers get no log stream: that is nobody's program."""
    for function in (True, False):
        own = (ON_THREE,) * min(count, room(function=function))
        assert retried(outcome, *own, function=function, compute=compute)
        assert not retried(Outcome(1, None, EXITED), *own, function=function, compute=compute)


@pytest.mark.parametrize("own", [(), (ON_THREE,)])
@pytest.mark.parametrize("function", [True, False])
def test_a_machine_that_loses_a_container_is_no_fault_of_the_program(
    own: tuple[EvaluateOnExit, ...], function: bool
) -> None:
    """Though its reason comes with the words of an ended program; a program that ended is not repeated."""
    assert retried(NOT_INSPECTED, *own, function=function)
    assert not retried(Outcome(1, None, EXITED), *own, function=function)
    assert not retried(Outcome(137, "OutOfMemoryError: killed", EXITED), *own, function=function)


@pytest.mark.parametrize(("own", "function"), [(0, True), (1, True), (0, False), (1, False), (2, False)])
def test_a_docker_that_does_not_answer_is_tried_again(own: int, function: bool) -> None:
    """At a container's start and at its end, where it comes with the words of an ended program and without
    an exit code; the program's own end is not repeated.
    """
    rules = (ON_THREE,) * own
    assert retried(DOCKER_AT_START, *rules, function=function)
    assert retried(DOCKER_AT_END, *rules, function=function)
    assert not retried(Outcome(1, None, EXITED), *rules, function=function)


@pytest.mark.parametrize(("own", "function"), [(2, True), (3, False)])
def test_two_rules_of_a_function_leave_room_for_one_end_of_a_docker(own: int, function: bool) -> None:
    """Its own come first: then a container that cannot be inspected is still tried again, and a Docker that
    does not answer at the end is not.
    """
    rules = (ON_THREE,) * own
    assert retried(NOT_INSPECTED, *rules, function=function)
    assert not retried(DOCKER_AT_END, *rules, function=function)


@pytest.mark.parametrize(
    ("own", "function", "compute", "ends"),
    [
        (1, True, Compute.SPOT, ()),
        (2, True, Compute.SPOT, ("DockerTimeoutError",)),
        (3, True, Compute.SPOT, ("Cannot", "DockerTimeoutError")),
        (2, True, Compute.FARGATE, ()),
        (3, True, Compute.FARGATE, ("Cannot",)),
        (2, False, Compute.SPOT, ()),
        (3, False, Compute.SPOT, ("DockerTimeoutError",)),
    ],
)
def test_the_faults_that_end_a_job_are_known(
    own: int, function: bool, compute: Compute, ends: tuple[str, ...]
) -> None:
    """By what the rules do with them."""
    rules = (ON_THREE,) * own
    assert unhandled_faults(rules, function=function, compute=compute) == ends
    assert retried(NOT_INSPECTED, *rules, function=function, compute=compute) is ("Cannot" not in ends)
    if not compute.is_fargate:
        is_handled = "DockerTimeoutError" not in ends
        assert retried(DOCKER_AT_END, *rules, function=function, compute=compute) is is_handled
    assert unhandled_faults((*rules, ALWAYS), function=function, compute=compute) == ()


@pytest.mark.parametrize(
    "own",
    [
        EvaluateOnExit(action="EXIT", on_reason="DockerTimeoutError*"),
        EvaluateOnExit(action="RETRY", on_reason="Docker*"),
        EvaluateOnExit(action="EXIT", on_status_reason="Essential container*"),
    ],
)
def test_a_fault_of_which_a_step_itself_decides_is_not_ours(own: EvaluateOnExit) -> None:
    """Its own rules say what becomes of such a job: it is not submitted again against them."""
    assert unhandled_faults((own, ON_THREE), function=True, compute=Compute.SPOT) == ()
    other = EvaluateOnExit(action="EXIT", on_reason="DockerTimeoutError*", on_exit_code="9")
    assert unhandled_faults((other, ON_THREE), function=True, compute=Compute.SPOT) == ("DockerTimeoutError",)


def test_own_rules_keep_their_places() -> None:
    """A step may refuse what Sluice would repeat."""
    not_so = EvaluateOnExit(action="EXIT", on_reason="CannotInspect*")
    assert not retried(NOT_INSPECTED, not_so)
    rules = retry_rules((ON_THREE, not_so), function=True, compute=Compute.SPOT)
    assert rules[1:3] == (ON_THREE, not_so)


def test_a_rule_for_everything_is_the_last() -> None:
    """Theirs stands instead of Sluice's."""
    assert retried(Outcome(1, None, EXITED), ALWAYS)
    assert retry_rules((ALWAYS,), function=False, compute=Compute.SPOT) == (ALWAYS,)
