"""Checks what a step runs: a function of the pipeline, or a command in an image."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.limits import OWN_VARIABLE, is_own_variable, is_value
from sluice.pipeline.definition import NodeGroup, Plan, Step
from sluice.pipeline.step_functions import Functions
from sluice.pipeline.validation.steps.functions import check_function


def check_program(step: Step, functions: Functions | None) -> Iterator[Mistake]:
    """Yield what is wrong with the program of a step that has one."""
    where = f"steps[{step.name!r}]"
    of_uploads = isinstance(step, Plan) and step.of_uploads
    if of_uploads and step.image is not None:
        yield Mistake(
            f"{where}.image",
            "no image of a plan without run=",
            repr(step.image),
            "It has no job; drop image=.",
        )
    if not of_uploads:
        yield from check_own_program(where, step, functions)
    if isinstance(step, Plan) and step.command is not None:
        yield Mistake(
            f"{where}.command",
            "a function for Plan",
            repr(step.command),
            "Use run=, or a Job for the command.",
        )


def check_own_program(where: str, step: Step | NodeGroup, functions: Functions | None) -> Iterator[Mistake]:
    """Yield what is wrong with the program of a step, or of a group of its nodes."""
    if (step.run is None) == (step.command is None):
        found = "neither" if step.run is None else "both"
        yield Mistake(
            where,
            "either run= or command=",
            found,
            "Give a function's name to run=, or a command and its image=.",
        )
    yield from _check_image(where, step)
    yield from check_variables(where, step.environment)
    if step.run is not None and ":" not in step.run:
        yield from check_function(where, step, step.run, functions)


def _check_image(where: str, step: Step | NodeGroup) -> Iterator[Mistake]:
    if step.command is not None and step.image is None:
        yield Mistake(
            f"{where}.image",
            "the image that has the command",
            "none",
            'Name it, for instance image="busybox".',
        )
    if step.run is not None and step.image is not None:
        yield Mistake(
            f"{where}.image",
            "no image beside run=",
            repr(step.image),
            "Functions run in the pipeline's own image; drop image=.",
        )


def check_variables(where: str, environment: object) -> Iterator[Mistake]:
    """Yield the variables of a step, or of a group of its nodes, that are reserved or that a container cannot
    have.
    """
    variables = environment if isinstance(environment, dict) else {}
    if wrong := [str(name) for name in variables if not is_own_variable(name)]:
        fix = "AWS Batch and Sluice set these, or no container can have them; rename yours."
        yield Mistake(f"{where}.environment", OWN_VARIABLE, ", ".join(map(repr, wrong)), fix)
    for name, value in variables.items():
        if isinstance(value, str) and not is_value(value):
            fix = "AWS Batch drops empty variables: leave it out, or give it another value."
            yield Mistake(f"{where}.environment[{name!r}]", "a text that is not empty", repr(value), fix)
