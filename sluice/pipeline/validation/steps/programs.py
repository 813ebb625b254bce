"""Checks what a step runs: a function of the pipeline, or a command in an image."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.limits import RESERVED_VARIABLES
from sluice.pipeline.definition import NodeGroup, Plan, Step

Functions = frozenset[str]


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
        yield from _check_function(where, step.run, functions)


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


def _check_function(where: str, name: str, functions: Functions | None) -> Iterator[Mistake]:
    """Yield what is wrong with a function that is named without its module: it must be in ``steps.py``."""
    if functions is None:
        yield Mistake(
            f"{where}.run",
            "a steps.py with the function",
            "no steps.py",
            "Create containers/<pipeline>/steps.py.",
        )
    elif name not in functions:
        known = ", ".join(sorted(functions)) or "none"
        yield Mistake(
            f"{where}.run",
            f"a function of steps.py ({known})",
            repr(name),
            "Write the function or correct the name.",
        )


def check_variables(where: str, environment: object) -> Iterator[Mistake]:
    """Yield the variables that AWS Batch and Sluice reserve, of a step or of a group of its nodes."""
    names = [str(name) for name in environment] if isinstance(environment, dict) else []
    if reserved := [name for name in names if name.startswith(RESERVED_VARIABLES)]:
        yield Mistake(
            f"{where}.environment",
            "names of your own",
            ", ".join(reserved),
            "AWS Batch and Sluice set these; rename yours.",
        )
