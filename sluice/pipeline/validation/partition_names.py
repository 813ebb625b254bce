"""Which names the partition keys of a pipeline's runs have, by its triggers.

``sluice.triggers.partition`` says what they are at run time.
"""

from __future__ import annotations

from sluice.pipeline.after_run import AfterRun
from sluice.pipeline.definition import FileSet, Manual, Pipeline, Schedule, Trigger, Webhook
from sluice.pipeline.file_sets import rules_of
from sluice.pipeline.validation.fields import listed
from sluice.triggers.file_patterns import PatternError
from sluice.triggers.partition import DATE, HOUR

ANY = "*"
"""Stands for whatever names an input has."""


def partition_names(pipeline: Pipeline) -> frozenset[str]:
    """Return the names that the partition key of every run has, whichever trigger starts it; ``ANY`` is among
    them where they depend on an input.
    """
    found = [names for names in map(names_of, listed(pipeline.triggers)) if ANY not in names]
    if not found:
        return frozenset([ANY])
    return frozenset.intersection(*found)


def names_of(trigger: Trigger) -> frozenset[str]:
    """Return the names of one trigger's keys."""
    if isinstance(trigger, Manual | Webhook):
        return frozenset([ANY])
    if isinstance(trigger, Schedule):
        given = trigger.input if isinstance(trigger.input, dict) else {}
        return frozenset([DATE, HOUR, *(str(name) for name in given)])
    if isinstance(trigger, AfterRun):
        return frozenset([ANY])
    return _names_of_set(trigger) if isinstance(trigger, FileSet) else frozenset()


def _names_of_set(found: FileSet) -> frozenset[str]:
    """Return the placeholders that are the key of a set; a pattern that is none is reported as such."""
    try:
        return frozenset(rules_of(found).key_names)
    except (PatternError, TypeError, AttributeError):
        return frozenset([ANY])
