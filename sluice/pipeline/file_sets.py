"""The rules of a FileSet, as its messages carry them; validation reports what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.duration import seconds_of
from sluice.pipeline.definition import FileSet, Pipeline
from sluice.triggers.file_patterns import FilePattern, parse_pattern
from sluice.triggers.set_rules import SetRules


def rules_of(found: FileSet) -> SetRules:
    """Return the rules of a valid set; raises PatternError for a pattern that is none."""
    files = parse_pattern(found.pattern)
    marked = _marker_of(found, files)
    last = files.names[-1] if files.names else ""
    return SetRules(
        pattern=found.pattern,
        of="" if marked else found.of or last,
        expect=found.expect if isinstance(found.expect, int) else 0,
        expected=tuple(found.expect) if isinstance(found.expect, list | tuple) else (),
        marker=marked,
        lists=found.manifest is not None,
        late=seconds_of(found.late) if found.late is not None else None,
        then=found.then,
        after=found.later_files,
    )


def _marker_of(found: FileSet, files: FilePattern) -> str:
    """Return the pattern of the marker; without a folder of its own it lies beside the files."""
    marker = found.marker or found.manifest or ""
    return marker if "/" in marker or not marker else files.folder + marker


def sets_of(pipeline: Pipeline) -> Iterator[FileSet]:
    """Yield the sets of files that start a pipeline."""
    triggers = pipeline.triggers if isinstance(pipeline.triggers, list | tuple) else []
    yield from (one for one in triggers if isinstance(one, FileSet))


def patterns_of(found: FileSet) -> tuple[FilePattern, ...]:
    """Return the patterns of a set's files and of its marker."""
    rules = rules_of(found)
    return (rules.files,) if rules.markers is None else (rules.files, rules.markers)
