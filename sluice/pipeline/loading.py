"""Loads and validates all pipelines of a project, so that one synthesis shows every mistake of every file."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path

from sluice.errors import Mistake, PipelineError
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation import Functions, validate
from sluice.pipeline.validation.offered import Offered, check_offered
from sluice.pipeline.validation.triggers.uploads import overlapping, uploads_of
from sluice.pipeline.validation.uses import check_shared_limits

PIPELINES = "pipelines"
CONTAINERS = "containers"


def load_pipelines(root: Path, offered: Offered | None = None) -> tuple[Pipeline, ...]:
    """Return the pipelines of ``root/pipelines``, by name; raises PipelineError with every mistake of every
    file.

    For a deploy, ``offered`` is what its settings offer: a pipeline that needs more is a mistake too.
    """
    pipelines: dict[str, Pipeline] = {}
    valid: dict[str, Pipeline] = {}
    mistakes: list[PipelineError] = []
    for path in sorted((root / PIPELINES).glob("*.py")):
        if path.name.startswith("_"):
            continue
        source = f"{PIPELINES}/{path.name}"
        try:
            pipelines[source] = _load(path, source)
            validate(pipelines[source], source, _functions(root, pipelines[source], source))
            valid[source] = pipelines[source]
        except PipelineError as error:
            mistakes.append(error)
    across = (
        *_across(pipelines),
        *check_shared_limits(pipelines),
        *(check_offered(valid, offered) if offered else ()),
    )
    if across:
        mistakes.append(PipelineError(PIPELINES, across))
    if mistakes:
        found = tuple(mistake for error in mistakes for mistake in _with_source(error))
        raise PipelineError(PIPELINES if len(mistakes) > 1 else mistakes[0].source, found)
    return tuple(sorted(pipelines.values(), key=lambda pipeline: pipeline.name))


def package_of(pipeline: str) -> str:
    """Return the name of the package in ``containers/`` that has a pipeline's own code."""
    return pipeline.replace("-", "_")


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
        raise _refused(
            source, "a file that Python can import", f"{type(error).__name__}: {error}", "Correct the file."
        ) from error
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


def _functions(root: Path, pipeline: Pipeline, source: str) -> Functions | None:
    """Return the functions of a pipeline's ``steps.py``, read without importing it: its image may have
    packages that this machine lacks.
    """
    path = root / CONTAINERS / package_of(str(pipeline.name)) / "steps.py"
    if not path.is_file():
        return None
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError) as error:
        where = path.relative_to(root).as_posix()
        raise _refused(
            source,
            f"a file {where} that Python can read",
            f"{type(error).__name__}: {error}",
            "Correct the file.",
        ) from error
    imported = [
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    return frozenset([*imported, *(node.name for node in body if isinstance(node, ast.FunctionDef))])


def _across(pipelines: dict[str, Pipeline]) -> list[Mistake]:
    triggers = [(source, upload) for source, pipeline in pipelines.items() for upload in uploads_of(pipeline)]
    overlaps = [
        Mistake(
            f"{first[0]} and {second[0]}",
            "each uploaded file to start one pipeline",
            f"the prefixes {first[1].prefix!r} and {second[1].prefix!r}, which can match the same file",
            "Make the prefixes or suffixes differ.",
        )
        for first, second in overlapping(triggers)
        if first[0] != second[0]
    ]
    names: dict[str, list[str]] = {}
    for source, pipeline in pipelines.items():
        names.setdefault(str(pipeline.name), []).append(source)
    return overlaps + [
        Mistake(
            " and ".join(sources), "each pipeline to have its own name", repr(name), "Rename all but one."
        )
        for name, sources in names.items()
        if len(sources) > 1
    ]


def _with_source(error: PipelineError) -> list[Mistake]:
    if error.source == PIPELINES:
        return list(error.mistakes)
    return [
        Mistake(f"{error.source}: {mistake.where}", mistake.expected, mistake.found, mistake.fix)
        for mistake in error.mistakes
    ]
