"""Checks that the function of a step is there and takes what its kind of step gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import Signature

from sluice.errors import Mistake
from sluice.pipeline.definition import Array, MultiNode, NodeGroup, Plan, Step
from sluice.pipeline.step_functions import Functions, StepSource

_WORDS = ("trigger", "upload", "item", "results", "out", "node")
"""What functions call that which they are given."""
_UPLOADED = ("trigger", "upload")
"""What a trigger may be called: of most pipelines it is an upload."""
_FIX = "Write the function or correct the name."


def check_function(
    where: str, step: Step | NodeGroup, name: str, functions: Functions | None
) -> Iterator[Mistake]:
    """Yield what is wrong with a function that is named without its module: it must be in ``steps.py``."""
    if functions is None:
        yield Mistake(
            f"{where}.run",
            "a steps.py with the function",
            "no steps.py",
            "Create containers/<pipeline>/steps.py.",
        )
    elif name not in functions:
        known = ", ".join(sorted(one for one, found in functions.items() if found.imported_from is None))
        yield Mistake(f"{where}.run", f"a function of steps.py ({known or 'none'})", repr(name), _FIX)
    else:
        yield from _check_source(where, step, name, functions[name])


def _check_source(where: str, step: Step | NodeGroup, name: str, found: StepSource) -> Iterator[Mistake]:
    given = _given(step)
    call = f"def {name}({', '.join(given)})"
    if found.imported_from is not None:
        yield Mistake(
            f"{where}.run",
            f"a function of the project: {call}",
            f"only an import of {found.imported_from}.{name} at {found.where}",
            "Write a function that calls it.",
        )
    elif found.is_async:
        fix = "Write `def`, with asyncio.run(…) in it."
        yield Mistake(f"{where}.run", f"{call}", f"an `async def` at {found.where}", fix)
    elif found.signature is not None and (refusal := _refusal(step, given, found)):
        is_there = f"{name}{found.signature} at {found.where}: {refusal}"
        yield Mistake(f"{where}.run", call, is_there, "Correct the parameters.")


def _given(step: Step | NodeGroup) -> Sequence[str]:
    """Return what the function of a step is given, in order."""
    if isinstance(step, Plan):
        return ("trigger",)
    if isinstance(step, Array):
        return ("item", "out")
    return ("node", "out") if isinstance(step, MultiNode | NodeGroup) else ("results", "out")


def _refusal(step: Step | NodeGroup, given: Sequence[str], found: StepSource) -> str:
    """Return what Python would say of the call, nothing when it fits.

    Plans and arrays are given results by name when they ask for them.
    """
    signature = found.signature
    if signature is None:
        return ""
    by_name = isinstance(step, Plan | Array) and "results" in signature.parameters
    try:
        signature.bind(*given, **({"results": None} if by_name else {}))
    except TypeError as error:
        return str(error)
    return next(_misnamed(given, signature), "")


def _misnamed(given: Sequence[str], signature: Signature) -> Iterator[str]:
    """Yield the parameters that are named like another thing than they are given: the function would fail at
    the first use, as `def pick(upload, out)` of a Job does.
    """
    for name, parameter in zip(given, signature.parameters.values(), strict=False):
        if parameter.name in _WORDS and parameter.name != name and (name, parameter.name) != _UPLOADED:
            started = ", whose .trigger is what started the run" if name == "results" else ""
            yield f"{parameter.name} is given the {name}{started}"
