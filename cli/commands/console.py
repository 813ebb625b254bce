"""`sluice console`: serves the page in the browser on this machine, with the caller's own credentials."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
import webbrowser
from pathlib import Path

from cli.cloud import Cloud, cloud_of
from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import run_checks
from cli.commands.doctor.finding import Finding, Level
from cli.console import print_line, print_note
from cli.options import Commands, command
from cli.project import configuration, current_project
from console import contract
from console.catalog import catalog_of
from console.live.backend import LiveBackend
from console.live.cloud import Catalog
from console.serving import Served, on_loopback
from sluice.operate.errors import RequestError
from sluice.visible import visible
from stacks.project import ProjectError

_LEVELS = {Level.OK: "ok", Level.NOT_CHECKED: "note", Level.WARNING: "note", Level.ERROR: "problem"}
_MAX_PORT = 65_535


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Serves a page that shows runs and acts on them, on this machine alone. What its buttons may do is"
        " what your own credentials may."
    )
    parser = command(commands, "console", "show runs in the browser", text)
    parser.add_argument("--port", metavar="N", type=_port, default=0, help="default: any free one")
    parser.add_argument("--no-open", action="store_true", help="print the address, and open no browser")
    parser.set_defaults(run=lambda given: console(given, cloud_of()))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to {_MAX_PORT}, found {text!r}")
    return int(text)


def console(given: argparse.Namespace, cloud: Cloud) -> int:
    """Serve the page until Ctrl-C; raises NotDeployedError where there is no Sluice, RequestError for a port
    that is taken.
    """
    served = serve(given.port, cloud)
    address = served.access.address
    print_line(f'{{"address": "{address}"}}' if given.json else address)
    sys.stdout.flush()
    print_note("The address opens the console once, on this machine alone; Ctrl-C ends it.")
    if not given.no_open:
        webbrowser.open(address)
    served.run()
    return 0


def serve(port: int, cloud: Cloud) -> Served:
    """Return a console over a cloud; what people do is written to the standard error."""
    backend = LiveBackend(
        cloud=cloud,
        where=f"{cloud.deployment.prefix}, {cloud.deployment.where}",
        catalog=_catalog,
        find_problems=lambda: _doctor(cloud),
    )
    # Fails here, with what to do, where nothing is deployed.
    _ = cloud.deployment.table
    audit = logging.getLogger("sluice.console.audit")
    if not audit.handlers:
        audit.addHandler(logging.StreamHandler())
    audit.setLevel(logging.INFO)
    try:
        return on_loopback(backend, getpass.getuser(), port=port)
    except OSError as error:
        raise RequestError(f"Expected port {port} to be free, found: {error.strerror}.") from error


def _catalog() -> Catalog:
    """Return the pipelines of the project as its files are now."""
    try:
        return catalog_of(Path(current_project().root))
    except ProjectError as error:
        return Catalog(note=visible(str(error)))


def _doctor(cloud: Cloud) -> contract.Doctor:
    found = run_checks(Account(cloud.client, configuration(), None))
    return contract.Doctor(findings=tuple(_finding(name, one) for name, one in found))


def _finding(name: str, found: Finding) -> contract.Finding:
    text = visible(f"{found.text} → {found.fix}" if found.fix else found.text)
    return contract.Finding(level=_LEVELS[found.level], check=name, text=text)
