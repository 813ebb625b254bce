"""`sluice doctor`: checks an account before the first run, and what is deployed when something does not
move.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from cli.cloud import cloud_of
from cli.commands.doctor import uploads
from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import is_problem, run_checks
from cli.commands.doctor.finding import Finding, Level
from cli.console import console_of, print_json, print_line, print_text, spinner
from cli.deploying.docker_program import DockerProgram
from cli.errors import FAILED
from cli.options import Commands, command
from cli.project import configuration
from sluice.visible import visible

_STYLES = {Level.OK: "green", Level.NOT_CHECKED: "dim", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_WIDTH = max(map(len, Level))


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    description = "Checks quotas, roles, machines, queues and alerts; each finding has its fix."
    parser = command(commands, "doctor", "check the account and what is deployed", description)
    parser.add_argument("--all", action="store_true", help="also what is well")
    parser.set_defaults(run=lambda given: doctor(given, cloud_of().client))
    uploads.add_to(parser)


def doctor(
    given: argparse.Namespace, client: Callable[[str], Any], docker: DockerProgram | None = None
) -> int:
    """Run all checks; return 0 when nothing is to be done, 1 for findings."""
    account = Account(client, configuration(), docker)
    with spinner("Checking …"):
        found = list(run_checks(account))
    if given.json:
        print_json(
            [
                {"check": name, "level": one.level, "text": one.text, "fix": one.fix or None}
                for name, one in found
            ]
        )
    else:
        _show(found, everything=given.all)
    return FAILED if any(is_problem(finding) for _, finding in found) else 0


def _show(found: Sequence[tuple[str, Finding]], *, everything: bool) -> None:
    console = console_of()
    for name, finding in found:
        if not everything and finding.level is Level.OK:
            continue
        head = visible(f"{finding.level:<{_WIDTH}}  {name}: {finding.text}")
        fix = visible(f"{'':<{_WIDTH}}  → {finding.fix}") if finding.fix else ""
        if console.is_terminal:
            console.print(head, style=_STYLES[finding.level], highlight=False, markup=False)
            if fix:
                console.print(fix, highlight=False, markup=False)
        else:
            print_text("\n".join(line for line in (head, fix) if line))
    print_line(_summary([finding.level for _, finding in found]))


def _summary(levels: Sequence[Level]) -> str:
    counts = {level: levels.count(level) for level in Level}
    return (
        f"{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings, {counts[Level.OK]} well,"
        f" {counts[Level.NOT_CHECKED]} not checked."
    )
