"""A terminal of a given size, by an emulator: what stands on its screen, not what was written to it."""

from __future__ import annotations

import pyte
from rich.console import ConsoleDimensions

from cli.console import VisibleConsole


class Terminal:
    """A screen with what has scrolled off its top; ``console`` writes to it."""

    def __init__(self, width: int, height: int) -> None:
        """Begin with an empty screen."""
        self._screen = pyte.HistoryScreen(width, height, history=10_000, ratio=1)
        self._stream = pyte.Stream(self._screen)
        self.console = VisibleConsole(
            file=self,  # type: ignore[arg-type]  # Rich calls these two methods of a file only.
            force_terminal=True,
            width=width,
            height=height,
            color_system="standard",
            legacy_windows=False,
        )

    def write(self, text: str) -> int:
        """Write to the terminal, whose line discipline turns line ends into carriage returns as well."""
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def isatty(self) -> bool:
        """Return that this is a terminal."""
        return True

    def resize(self, width: int, height: int) -> None:
        """Change the size, as a person does with a window."""
        self._screen.resize(height, width)
        self.console.size = ConsoleDimensions(width, height)

    @property
    def screen(self) -> list[str]:
        """The lines on the screen, without those below the last one that has text."""
        lines = [line.rstrip() for line in self._screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def scrolled_off(self) -> list[str]:
        """The lines that have left the screen at its top."""
        return [
            "".join(line[column].data for column in range(self._screen.columns)).rstrip()
            for line in self._screen.history.top
        ]

    def colour_of(self, text: str) -> str:
        """Return the colour of the first character of a text that stands on the screen."""
        for number, line in enumerate(self._screen.display):
            if text in line:
                return str(self._screen.buffer[number][line.index(text)].fg)
        raise AssertionError(f"{text!r} is not on the screen")
