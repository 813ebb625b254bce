"""Checks the retry rules that a step adds to Sluice's own."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.compute import Compute
from sluice.errors import Mistake
from sluice.limits import MAX_EXIT_RULES
from sluice.pipeline.definition import Step
from sluice.pipeline.retry_rules import TRY_AGAIN, EvaluateOnExit, room
from sluice.pipeline.validation.fields import check_fields, listed


def check_retry(where: str, step: Step, compute: Compute) -> Iterator[Mistake]:
    """Yield what is wrong with a step's rules, and rules beyond the maximum that Batch allows."""
    rules = [rule for rule in listed(step.retry) if isinstance(rule, EvaluateOnExit)]
    for number, rule in enumerate(rules):
        place = f"{where}.retry[{number}]"
        yield from check_fields(place, rule, (EvaluateOnExit,))
        yield from _rule(place, rule, function=runs_function(step))
        if rule.conditions and rule.catches_all and number < len(rules) - 1:
            yield Mistake(
                place,
                "a rule for everything at the end only",
                "rules after it",
                "Batch never evaluates those; move it to the end.",
            )
    if any(rule.action == "RETRY" for rule in rules) and step.attempts == 1:
        yield Mistake(
            f"{where}.attempts", "2 or more beside a rule that says RETRY", "1", "Write attempts=3."
        )
    yield from _room(where, step, rules, compute)


def runs_function(step: Step) -> bool:
    """Return whether it runs a function, on any of its nodes."""
    return any(getattr(one, "run", None) is not None for one in (step, *listed(getattr(step, "groups", ()))))


def _rule(place: str, rule: EvaluateOnExit, *, function: bool) -> Iterator[Mistake]:
    if not rule.conditions:
        fix = "Write on_exit_code=, on_reason= or on_status_reason=."
        yield Mistake(place, "a condition", "none", fix)
    if function and rule.on_exit_code == TRY_AGAIN:
        yield Mistake(
            f"{place}.on_exit_code",
            f"another code than {TRY_AGAIN}",
            repr(TRY_AGAIN),
            "Sluice itself ends the job of a function with this code.",
        )


def _room(where: str, step: Step, rules: list[EvaluateOnExit], compute: Compute) -> Iterator[Mistake]:
    maximum = room(function=runs_function(step), own=rules)
    if compute is not Compute.FARGATE and not _handles_lost_machines(rules):
        maximum -= 1
    if len(rules) > maximum:
        needs = f"Batch allows {MAX_EXIT_RULES}, and Sluice needs the others"
        fix = "Join rules by a pattern that ends in *, or end with a rule for everything."
        yield Mistake(f"{where}.retry", f"at most {maximum} rules ({needs})", str(len(rules)), fix)


def _handles_lost_machines(rules: list[EvaluateOnExit]) -> bool:
    """Return whether these rules leave no need for Sluice's own rule for machines that AWS takes back."""
    return bool(rules) and (rules[-1].catches_all or any(rule.on_status_reason for rule in rules))
