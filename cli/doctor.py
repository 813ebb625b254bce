"""`sluice doctor`: looks at an account before the first run, and at what is deployed when something is
stuck.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cli.checks.examination import examine, sick
from cli.checks.finding import Finding, Level, Patient
from cli.cloud import cloud_of
from cli.console import busy, console_of, say, say_json
from cli.failures import FAILED
from cli.options import command
from stacks.configuration import Configuration

if TYPE_CHECKING:
    from cli.options import Commands

_STYLES = {Level.OK: "green", Level.NOT_CHECKED: "dim", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_WIDTH = max(map(len, Level))


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    description = "Looks at quotas, roles, machines, queues and alerts; each finding has its fix."
    parser = command(commands, "doctor", "check the account and what is deployed", description)
    parser.add_argument("--all", action="store_true", help="also what is well")
    parser.set_defaults(run=lambda given: doctor(given, cloud_of().client))


def doctor(given: argparse.Namespace, client: Callable[[str], Any]) -> int:
    """Look at everything; return 0 when nothing is to be done, 1 for findings."""
    patient = Patient(client, Configuration.read(lambda _: None, os.environ))
    with busy("Looking …"):
        found = list(examine(patient))
    if given.json:
        say_json(
            [
                {"check": name, "level": one.level, "text": one.text, "fix": one.fix or None}
                for name, one in found
            ]
        )
    else:
        _show(found, everything=given.all)
    return FAILED if any(sick(finding) for _, finding in found) else 0


def _show(found: Sequence[tuple[str, Finding]], *, everything: bool) -> None:
    console = console_of()
    for name, finding in found:
        if not everything and finding.level is Level.OK:
            continue
        head = f"{finding.level:<{_WIDTH}}  {name}: {finding.text}"
        fix = f"{'':<{_WIDTH}}  → {finding.fix}" if finding.fix else ""
        if console.is_terminal:
            console.print(head, style=_STYLES[finding.level], highlight=False, markup=False)
            if fix:
                console.print(fix, highlight=False, markup=False)
        else:
            say("\n".join(line for line in (head, fix) if line))
    say(_summary([finding.level for _, finding in found]))


def _summary(levels: Sequence[Level]) -> str:
    counts = {level: levels.count(level) for level in Level}
    return (
        f"{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings, {counts[Level.OK]} well,"
        f" {counts[Level.NOT_CHECKED]} not checked."
    )
