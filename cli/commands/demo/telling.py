"""Headings, and a sentence before each part that says what happens and why."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cli.console import VisibleConsole

SENTENCES = {
    "Cloud": "A local AWS starts on this machine, and the real CDK deploys the examples to it: the same"
    " templates, Lambda functions and job code as in an account.",
    "Upload": "Three files land in the inbox bucket, one of them broken. Nothing else is done: each upload"
    " starts a run by itself.",
    "Runs": "A plan job cuts each file into items, an array has a child for each slice of them, and the last"
    " job merges what they found. The broken file has to fail.",
    "flight-delays": "What the run published, beside the same figures computed in one plain pass over the"
    " file, by code that shares nothing with the pipeline.",
    "word-count": "The same for the text: the most frequent words, and a check of all counts.",
    "The alert": "The broken file's run failed, so an e-mail and an SMS say why and what to do. An account"
    " would send them; here they are caught.",
    "What to try next": "",
}


class Recorder(VisibleConsole):
    """A console that records some parts of the demo for a picture, and shows all."""

    PARTS = ("Upload", "Runs")


def begin(console: Console, part: str) -> None:
    """Print the heading of a part, and what happens in it."""
    if isinstance(console, Recorder):
        console.record = part in Recorder.PARTS
    console.print()
    console.rule(Text(part, style="bold cyan"), align="left", style="cyan")
    if SENTENCES[part]:
        console.print(Text(SENTENCES[part], style="italic"))
        console.print()


def fold(console: Console, text: Text, indent: int = 0) -> None:
    """Print a text folded at words; elsewhere than on a terminal its lines stay whole."""
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)
