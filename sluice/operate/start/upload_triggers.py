"""Finds the upload trigger that each file starts, and the run that it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.operate.errors import RequestError
from sluice.operate.start.local_files import missing_file, repeated_names
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.trigger_names import upload_name
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import S3Object


@dataclass(frozen=True, slots=True)
class TriggerFile:
    """A file and the upload trigger that it starts."""

    path: Path
    upload: S3Upload

    @property
    def key(self) -> str:
        """Return the object's key in the inbox."""
        return f"{self.upload.prefix}{'' if self.upload.prefix.endswith('/') else '/'}{self.path.name}"


def match_triggers(pipeline: Pipeline, paths: Sequence[Path], prefix: str | None) -> list[TriggerFile]:
    """Return which file starts which trigger; raises RequestError with every file that starts none, or that
    starts several.
    """
    uploads = [one for one in pipeline.triggers if isinstance(one, S3Upload) and prefix in (None, one.prefix)]
    if not uploads:
        found = "none" if prefix is None else f"none with the prefix {prefix!r}"
        raise RequestError(f"Expected an S3Upload trigger of {pipeline.name} for these files, found {found}.")
    problems = [sentence for path in paths for sentence in _problems(path, uploads)]
    problems += repeated_names(paths)
    if problems:
        raise RequestError("Expected files that each start one trigger, found: " + "; ".join(problems) + ".")
    return [TriggerFile(path, _matching(path, uploads)[0]) for path in paths]


def run_id_of(pipeline: str, upload: S3Upload, stored: S3Object) -> str:
    """Return the id of the run that a stored object starts; not for a trigger that gathers files."""
    return run_id(pipeline, upload_name(upload), stored.identity())


def _problems(path: Path, uploads: Sequence[S3Upload]) -> list[str]:
    if problems := missing_file(path):
        return problems
    matching = _matching(path, uploads)
    if not matching:
        suffixes = " and ".join(sorted({f"*{suffix}" for upload in uploads for suffix in upload.suffixes}))
        return [f"{path}: no trigger takes it, they take {suffixes}"]
    if len(matching) > 1:
        prefixes = ", ".join(upload.prefix for upload in matching)
        return [f"{path}: several triggers take it, choose one by its prefix: {prefixes}"]
    return []


def _matching(path: Path, uploads: Sequence[S3Upload]) -> list[S3Upload]:
    return [upload for upload in uploads if path.name.endswith(upload.suffixes)]
