"""Says of a deploy which buckets its pipelines name that are not as they must be: runs may begin at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import CHECKS, is_problem, run_checks
from cli.commands.doctor.finding import Finding, is_refused
from cli.console import print_note
from cli.project import configuration
from sluice.visible import visible

_OF_BUCKETS = {name: CHECKS[name] for name in ("results", "buckets")}


def note_buckets(client: Callable[[str], Any]) -> None:
    """Print what `sluice doctor` finds of the buckets of ``results=`` and of triggers; ``client`` returns
    botocore's client of a service.

    Nothing fails with it: a bucket may be made after the deploy, and who deploys may not be permitted to look
    at it.
    """
    for name, finding in run_checks(Account(client, configuration()), _OF_BUCKETS):
        if is_problem(finding):
            note_finding(name, finding)


def note_finding(name: str, finding: Finding) -> None:
    """Print what a check found, and what mends it; of a check that was refused, that alone."""
    fix = "" if is_refused(finding) else f"\n  → {visible(finding.fix)}"
    print_note(f"{finding.level}: {name}: {visible(finding.text)}{fix}")
