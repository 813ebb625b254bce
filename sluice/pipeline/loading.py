"""Loads and validates all pipelines of a project, so that one synthesis shows every mistake of every file."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.errors import Mistake, PipelineError
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.image_folder import CONTAINERS, check_image_folder, check_shared_folders, package_of
from sluice.pipeline.source_lines import raised_at, with_lines
from sluice.pipeline.step_functions import Functions, read_functions
from sluice.pipeline.validation import validate
from sluice.pipeline.validation.chains import check_chains
from sluice.pipeline.validation.offered import Offered, check_offered
from sluice.pipeline.validation.triggers.reconciles import check_backfill_names
from sluice.pipeline.validation.uses import check_shared_limits
from sluice.pipeline.validation.wrong_arguments import wrong_argument

PIPELINES = "pipelines"
_ONE_AT_A_TIME = threading.Lock()
"""A console reads the files in the threads of its requests. Modules are loaded under one name, and
`ast.parse` counts how deep it is for all threads together: https://github.com/python/cpython/issues/106905
"""


def load_pipelines(root: Path, offered: Offered | None = None) -> tuple[Pipeline, ...]:
    """Return the pipelines of ``root/pipelines``, by name; raises PipelineError with every mistake of every
    file.

    For a deploy, ``offered`` is what its settings offer: a pipeline that needs more is a mistake too.
    """
    files = _Files.read(root)
    mistakes = list(files.mistakes)
    across = (
        *_across(files.pipelines),
        *check_shared_limits(files.pipelines),
        *check_chains(files.pipelines),
        *check_backfill_names(files.pipelines),
        *(check_offered(files.valid, offered) if offered else ()),
    )
    if across:
        mistakes.append(PipelineError(PIPELINES, across))
    if mistakes:
        raise _together(mistakes)
    return tuple(sorted(files.pipelines.values(), key=lambda pipeline: pipeline.name))


def load_pipeline(root: Path, name: str) -> tuple[Pipeline | None, tuple[str, ...]]:
    """Return the pipeline of a name, and the names of all that have no mistake: other files may have some.

    Raises PipelineError when the name is none of a file without mistakes, and there are files with mistakes.
    """
    files = _Files.read(root)
    found = {str(pipeline.name): pipeline for pipeline in files.valid.values()}
    if name not in found and files.mistakes:
        raise _together(files.mistakes)
    return found.get(name), tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Files:
    """What the files of a project hold: ``valid`` are the pipelines whose own files have no mistake."""

    pipelines: dict[str, Pipeline]
    valid: dict[str, Pipeline]
    mistakes: list[PipelineError]

    @classmethod
    def read(cls, root: Path) -> _Files:
        with _ONE_AT_A_TIME:
            return cls._read(root)

    @classmethod
    def _read(cls, root: Path) -> _Files:
        files = cls({}, {}, [])
        for path in sorted((root / PIPELINES).glob("*.py")):
            if path.name.startswith("_"):
                continue
            source = f"{PIPELINES}/{path.name}"
            try:
                files.pipelines[source] = _load(path, source)
                _check(root, files.pipelines[source], source)
                files.valid[source] = files.pipelines[source]
            except PipelineError as error:
                files.mistakes.append(with_lines(error, path))
        return files


def _check(root: Path, pipeline: Pipeline, source: str) -> None:
    folder = package_of(str(pipeline.name))
    validate(pipeline, source, _functions(root, folder, source))
    mistakes = (
        *check_image_folder(root / CONTAINERS / folder, f"{CONTAINERS}/{folder}"),
        *check_shared_folders(root / CONTAINERS, folder, pipeline.shared),
    )
    if mistakes:
        raise PipelineError(source, mistakes)


def _together(mistakes: Sequence[PipelineError]) -> PipelineError:
    found = tuple(mistake for error in mistakes for mistake in error.mistakes)
    return PipelineError(PIPELINES if len(mistakes) > 1 else mistakes[0].source, found)


def _load(path: Path, source: str) -> Pipeline:
    spec = importlib.util.spec_from_file_location(f"{PIPELINES}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise _refused(source, "a Python file", path.name, "Rename it.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        if (mistake := wrong_argument(error)) is not None:
            raise PipelineError(source, (mistake,)) from error
        found = f"{type(error).__name__}: {error}{raised_at(error, path)}"
        raise _refused(source, "a file that Python can import", found, "Correct the file.") from error
    pipeline = getattr(module, "pipeline", None)
    if not isinstance(pipeline, Pipeline):
        raise _refused(
            source,
            "a name `pipeline` bound to a Pipeline",
            repr(pipeline),
            "Write: pipeline = Pipeline(...).",
        )
    return pipeline


def _refused(source: str, expected: str, found: str, fix: str) -> PipelineError:
    return PipelineError(source, (Mistake("file", expected, found, fix),))


def _functions(root: Path, folder: str, source: str) -> Functions | None:
    try:
        return read_functions(root, folder)
    except (SyntaxError, ValueError) as error:
        where = f"{CONTAINERS}/{folder}/steps.py"
        raise _refused(
            source,
            f"a file {where} that Python can read",
            f"{type(error).__name__}: {error}",
            "Correct the file.",
        ) from error


def _across(pipelines: dict[str, Pipeline]) -> list[Mistake]:
    names: dict[str, list[str]] = {}
    for source, pipeline in pipelines.items():
        names.setdefault(str(pipeline.name), []).append(source)
    return [
        Mistake(
            " and ".join(sources), "each pipeline to have its own name", repr(name), "Rename all but one."
        )
        for name, sources in names.items()
        if len(sources) > 1
    ]
