"""Shows the progress of uploads: a bar for each file, on the standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cli.console import VisibleConsole
from sluice.operate.start.uploads import Progress as BytesArrived
from sluice.visible import visible


@contextmanager
def upload_bars() -> Iterator[Callable[[Path], BytesArrived]]:
    """Yield a function that makes the progress bar of a file."""
    if not sys.stderr.isatty():
        yield lambda path: lambda count: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=VisibleConsole(stderr=True)) as progress:

        def bar(path: Path) -> BytesArrived:
            task = progress.add_task(visible(path.name), total=path.stat().st_size)
            return lambda count: progress.advance(task, count)

        yield bar
