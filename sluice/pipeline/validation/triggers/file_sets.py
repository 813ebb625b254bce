"""Checks the sets of files that start a pipeline: their patterns, and that they can be whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from sluice.duration import seconds_of
from sluice.errors import Mistake
from sluice.pipeline.definition import FileSet, Pipeline, S3Upload
from sluice.pipeline.file_sets import patterns_of, rules_of
from sluice.pipeline.validation.fields import LEADS_UP_FIX, leads_up, listed
from sluice.triggers.file_patterns import FilePattern, PatternError, Placeholder, Unmatched, parse_pattern
from sluice.triggers.inbox import REQUESTS
from sluice.triggers.set_rules import SetRules

_MAX_FILES = 1_000_000
_Span = tuple[str, str]
"""What keys begin and end with."""


def check_file_sets(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's sets of files."""
    spans: list[tuple[int, str, _Span]] = []
    for number, trigger in enumerate(listed(pipeline.triggers)):
        if isinstance(trigger, FileSet):
            wrong = list(_set_mistakes(f"triggers[{number}]", trigger))
            yield from wrong
            if not wrong and _has_right_types(trigger):
                spans += [(number, one.text, (one.prefix, one.suffix)) for one in patterns_of(trigger)]
        elif isinstance(trigger, S3Upload) and isinstance(trigger.prefix, str):
            ends = _ends(trigger)
            spans += [(number, f"{trigger.prefix}*{end}", (trigger.prefix, end)) for end in ends]
    yield from _overlaps(pipeline, spans)


def _ends(upload: S3Upload) -> list[str]:
    """Return what the keys of an upload trigger end with; what is no text is reported with the field."""
    suffixes = upload.suffix if isinstance(upload.suffix, list) else [upload.suffix]
    return [suffix if isinstance(suffix, str) else "" for suffix in suffixes]


def _set_mistakes(where: str, found: FileSet) -> Iterator[Mistake]:
    if not _has_right_types(found):
        return  # reported with the types of the fields
    unread = list(_unread(where, found))
    yield from unread
    ways = [name for name in ("expect", "marker", "manifest") if getattr(found, name) is not None]
    if len(ways) != 1:
        yield Mistake(
            where,
            "one of expect=, marker= and manifest=",
            " and ".join(ways) or "none of them",
            "Say how it is known that all files of the set have come.",
        )
    yield from _late_mistakes(where, found)
    if len(ways) == 1 and not unread:
        yield from _pattern_mistakes(where, found, rules_of(found))


def _unread(where: str, found: FileSet) -> Iterator[Mistake]:
    """Yield the patterns that are none, and those that lead to the folder above."""
    for field in ("pattern", "marker", "manifest"):
        text = getattr(found, field)
        try:
            parse_pattern(text if text is not None else found.pattern)
        except PatternError as error:
            if text is not None:
                yield Mistake(f"{where}.{field}", error.expected, error.found, error.fix)
        if text is not None and leads_up(text):
            yield Mistake(
                f"{where}.{field}", "a pattern without .. between slashes", repr(text), LEADS_UP_FIX
            )


def _late_mistakes(where: str, found: FileSet) -> Iterator[Mistake]:
    if found.late is not None and not seconds_of(found.late):
        fix = "Write minutes, hours or days, such as 30m, 6h or 1d12h."
        yield Mistake(f"{where}.late", "a time such as 6h", repr(found.late), fix)
    if found.late is None and found.then != "alert":
        fix = "Write late='6h' beside it: nothing else makes a set late."
        yield Mistake(f"{where}.then", "late= beside it", f"then={found.then!r} alone", fix)


def _has_right_types(found: FileSet) -> bool:
    texts = (found.pattern, found.marker, found.manifest, found.of, found.late)
    is_expected = found.expect is None or isinstance(found.expect, int | list | tuple)
    return isinstance(found.pattern, str) and all(isinstance(t, str | None) for t in texts) and is_expected


def _pattern_mistakes(where: str, found: FileSet, rules: SetRules) -> Iterator[Mistake]:
    files = rules.files
    if not files.prefix or files.prefix.startswith("/"):
        fix = "Begin it with a folder, such as sales/{date}/…: S3 keys do not begin with a slash."
        yield Mistake(f"{where}.pattern", "a pattern that begins with a folder", repr(files.text), fix)
    if files.prefix and (files.prefix.startswith(REQUESTS) or REQUESTS.startswith(files.prefix)):
        fix = "Choose another prefix: Sluice keeps the files that come with requests there."
        yield Mistake(f"{where}.pattern", f"a pattern of nothing below {REQUESTS}", repr(files.text), fix)
    if not files.names:
        fix = "Write a placeholder for what differs between the files, such as {hour:02}."
        yield Mistake(f"{where}.pattern", "a pattern with a placeholder", repr(files.text), fix)
    elif rules.markers is not None:
        yield from _marker_mistakes(where, found, rules, rules.markers)
    else:
        yield from _expect_mistakes(where, found, rules)


def _marker_mistakes(where: str, found: FileSet, rules: SetRules, marker: FilePattern) -> Iterator[Mistake]:
    unknown = [name for name in marker.names if name not in rules.files.names]
    field = "marker" if found.marker is not None else "manifest"
    if unknown:
        fix = "The placeholders of the marker are the key of a set; the pattern must have them too."
        text = f"{', '.join(unknown)} in {marker.text!r}"
        yield Mistake(f"{where}.{field}", f"placeholders of {rules.pattern!r}", text, fix)
    if found.of is not None:
        fix = "Drop it: all placeholders that the marker has are the key."
        yield Mistake(f"{where}.of", f"no of= beside {field}=", repr(found.of), fix)
    if not isinstance(rules.files.match(marker.fill(_samples(marker))), Unmatched):
        fix = "Let the pattern's ending differ: the marker would be taken for a file of the set."
        yield Mistake(f"{where}.{field}", "a name that the pattern does not match", repr(marker.text), fix)


def _samples(pattern: FilePattern) -> dict[str, str]:
    samples = {"date": "2026-01-01", "year": "2026", "month": "01"}
    return {one.name: (one.values or (samples.get(one.name, "x"),))[0] for one in pattern.placeholders}


def _expect_mistakes(where: str, found: FileSet, rules: SetRules) -> Iterator[Mistake]:
    counted = next((one for one in rules.files.placeholders if one.name == rules.of), None)
    if counted is None:
        fix = f"Name one of {', '.join(rules.files.names)}: the placeholder whose values are expected."
        yield Mistake(f"{where}.of", f"a placeholder of {rules.pattern!r}", repr(found.of), fix)
        return
    if rules.expected or found.expect in ([], ()):
        yield from _listed_mistakes(where, found, rules, counted)
    elif isinstance(found.expect, bool) or not 1 <= rules.expect <= _MAX_FILES:
        fix = "Write how many files make the set whole."
        yield Mistake(f"{where}.expect", f"1 to {_MAX_FILES:,} files", repr(found.expect), fix)
    elif counted.max_values is not None and rules.expect > counted.max_values:
        yield Mistake(
            f"{where}.expect",
            f"at most the {counted.max_values} values that {{{counted.name}}} can have",
            str(rules.expect),
            "Such a set is never whole: lower it, or name another placeholder with of=.",
        )


def _listed_mistakes(where: str, found: FileSet, rules: SetRules, counted: Placeholder) -> Iterator[Mistake]:
    values = [value for value in listed(found.expect) if isinstance(value, str)]
    if len(set(values)) != len(listed(found.expect)) or not values:
        fix = "Write each value once, as a text, such as expect=['eu', 'us']."
        yield Mistake(f"{where}.expect", "different texts", repr(found.expect), fix)
        return
    only = FilePattern("", (counted,))
    wrong = [value for value in values if isinstance(only.match(value), Unmatched)]
    if wrong:
        yield Mistake(
            f"{where}.expect",
            f"values that {{{counted.name}}} can have in {rules.pattern!r}",
            ", ".join(map(repr, wrong[:5])),
            "Such a set is never whole: correct them, or the pattern.",
        )


def _overlaps(pipeline: Pipeline, spans: list[tuple[int, str, _Span]]) -> Iterator[Mistake]:
    """Yield the patterns of a pipeline's triggers that can match the same key, if one is a set's."""
    triggers = listed(pipeline.triggers)
    for (first, one, span), (second, other, wider) in combinations(spans, 2):
        is_set = isinstance(triggers[first], FileSet) or isinstance(triggers[second], FileSet)
        if first != second and is_set and _nested(span, wider):
            yield Mistake(
                "triggers",
                "each uploaded file to match one trigger",
                f"{one!r} and {other!r}, which can match the same file",
                "Make what they begin or end with differ.",
            )


def _nested(first: _Span, second: _Span) -> bool:
    begin = first[0].startswith(second[0]) or second[0].startswith(first[0])
    return begin and (first[1].endswith(second[1]) or second[1].endswith(first[1]))
