"""What to try after the demo: with the cloud still running, or how to keep it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from cli.commands.demo.telling import begin
from local.paths import DEFAULT_PORT, LocalCloudPaths

Step = tuple[str, str]
_KEEP = (
    ("See it again, and keep the cloud:", "make demo KEEP=true"),
    ("Write a pipeline of your own:", ".venv/bin/sluice init ../team"),
    ("Put this project into your AWS account:", "make deploy ALERT_EMAIL=you@example.com"),
)


def show(console: Console, place: LocalCloudPaths, *, keeps: bool) -> None:
    """Print the commands."""
    begin(console, "What to try next")
    for what, command in with_cloud(place) if keeps else _KEEP:
        console.print(Text(what))
        console.print(Text(f"  {command}", style="bold green"), soft_wrap=True)


def with_cloud(place: LocalCloudPaths) -> tuple[Step, ...]:
    """Return what there is to do with a cloud that runs."""
    option = "" if place.port == DEFAULT_PORT else f" --port {place.port}"
    return (
        ("The cloud still runs. Let your shell use it:", f'eval "$(.venv/bin/sluice local env{option})"'),
        ("The three runs:", ".venv/bin/sluice runs"),
        ("The one that failed, and what its job wrote:", ".venv/bin/sluice logs latest"),
        (
            "A run of your own text:",
            ".venv/bin/sluice --project examples run word-count requirements.txt",
        ),
        ("End the cloud, with all its data:", f".venv/bin/sluice local down{option}"),
    )
