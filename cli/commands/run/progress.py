"""Shows the progress of uploads: a bar for each file, on the standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from sluice.operate.start.uploads import Progress as BytesArrived


@contextmanager
def upload_bars() -> Iterator[Callable[[Path], BytesArrived]]:
    """Yield a function that makes the progress bar of a file."""
    if not sys.stderr.isatty():
        yield lambda path: lambda count: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def bar(path: Path) -> BytesArrived:
            task = progress.add_task(path.name, total=path.stat().st_size)
            return lambda count: progress.advance(task, count)

        yield bar
