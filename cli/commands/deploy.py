"""`sluice deploy`: the project into the AWS account of the caller's credentials."""

from __future__ import annotations

from cli.deploy import main
from cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    description = (
        "Deploys the project to the AWS account of your credentials, with the settings of sluice.toml."
    )
    parser = commands.add_parser("deploy", help="deploy the project to AWS", description=description)
    parser.set_defaults(run=lambda _: main())
