"""Finds the functions of a pipeline's steps, as the images of its jobs do."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.image_folder import CONTAINERS, package_of
from sluice.pipeline.node_groups import programs_of
from sluice.pipeline.step_functions import StepSource
from sluice.testing.errors import HarnessError

Functions = ModuleType | Mapping[str, Callable[..., Any]]
"""A module like ``containers/<pipeline>/steps.py``, or functions by the names that the pipeline has."""
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class StepModule:
    """The module with a pipeline's functions; None for a pipeline that has none."""

    module: ModuleType | None

    @property
    def sources(self) -> Mapping[str, StepSource] | None:
        """Return its functions by their names, None without a module."""
        if self.module is None:
            return None
        where = self.module.__name__
        return {name: StepSource(where) for name, value in vars(self.module).items() if callable(value)}

    def word(self, run: str) -> str:
        """Return what the job definition would have for a step with ``run=``."""
        if ":" in run or self.module is None:
            return run
        return f"{self.module.__name__}:{run}"

    def forget(self) -> None:
        """Empty the caches of the functions: each job of AWS Batch is a process of its own."""
        if self.module is not None:
            for value in _cached(self.module.__name__, len(sys.modules)):
                value.cache_clear()


@lru_cache(maxsize=1)
def _cached(steps: str, modules: int) -> tuple[Any, ...]:
    """Return the caches in the package of a module; looked for again when another module is imported."""
    package = steps.rpartition(".")[0] or steps
    own = [
        module
        for name, module in list(sys.modules.items())
        if name == steps or name.startswith(f"{package}.")
    ]
    return tuple(one for module in own for one in vars(module).values() if hasattr(one, "cache_clear"))


def find_functions(pipeline: Pipeline, given: Functions | None) -> StepModule:
    """Return the module with the functions: the given one, or ``containers/<pipeline>/steps.py`` of the
    project. Raises HarnessError.
    """
    if isinstance(given, ModuleType):
        return StepModule(given)
    if given is not None:
        return StepModule(_module_of(given))
    if not any(program.run and ":" not in program.run for program in programs_of(pipeline)):
        return StepModule(None)
    name = f"{CONTAINERS}.{package_of(pipeline.name)}.steps"
    try:
        return StepModule(import_module(name))
    except ModuleNotFoundError as error:
        if not name.startswith(error.name or "?"):
            raise
        raise HarnessError(
            f"Expected the functions of {pipeline.name} in {name.replace('.', '/')}.py of the project, found"
            f" no module {error.name}. Start pytest in the project's folder, or pass functions=."
        ) from error


def _module_of(functions: Mapping[str, Callable[..., Any]]) -> ModuleType:
    """Return a module that has these functions: jobs name a function by its module."""
    module = ModuleType(f"sluice_testing_functions_{next(_numbers)}")
    vars(module).update(functions)
    sys.modules[module.__name__] = module
    return module
