"""A small plot as SVG, without any package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10, pi

Point = tuple[int, float, float]
"""Throws, the estimate after so many, and its standard error."""
_WIDTH, _HEIGHT, _MARGIN = 640, 360, 48
_MAX_POINTS = 400
_TOP, _BOTTOM = pi + 0.1, pi - 0.1


def plot(path: Sequence[Point]) -> str:
    """Return how an estimate comes near pi: a line in a band of two standard errors, over the throws on a
    logarithmic scale.
    """
    shown = list(_thinned(path))
    first, last = log10(shown[0][0]), log10(shown[-1][0])
    across = (_WIDTH - 2 * _MARGIN) / ((last - first) or 1)

    def place(throws: int, value: float) -> str:
        down = _MARGIN + (_TOP - min(max(value, _BOTTOM), _TOP)) * (_HEIGHT - 2 * _MARGIN) / (_TOP - _BOTTOM)
        return f"{_MARGIN + (log10(throws) - first) * across:.1f},{down:.1f}"

    line = " ".join(place(throws, value) for throws, value, _ in shown)
    upper = [place(throws, value + 2 * error) for throws, value, error in shown]
    lower = [place(throws, value - 2 * error) for throws, value, error in reversed(shown)]
    truth = f"{place(shown[0][0], pi)} {place(shown[-1][0], pi)}"
    _, value, error = path[-1]
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
                ' font-family="sans-serif" font-size="13">'
            ),
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            f'<polygon points="{" ".join(upper + lower)}" fill="#cfe2f3"/>',
            f'<polyline points="{truth}" fill="none" stroke="#999" stroke-dasharray="4"/>',
            f'<polyline points="{line}" fill="none" stroke="#1f5fa8"/>',
            f'<text x="{_MARGIN}" y="28">pi = {value:.5f} ± {error:.5f} after {path[-1][0]:,} throws</text>',
            f'<text x="{_MARGIN}" y="{_HEIGHT - 16}">{shown[0][0]:,} throws</text>',
            (
                f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 16}" text-anchor="end">{shown[-1][0]:,}'
                " throws</text>"
            ),
            "</svg>",
        ]
    )


def _thinned(path: Sequence[Point]) -> Iterator[Point]:
    """Yield at most 400 points, spread evenly over the logarithm of their place, the first and the last among
    them.
    """
    steps = min(len(path), _MAX_POINTS)
    places = {round(len(path) ** (step / max(steps - 1, 1))) - 1 for step in range(steps)}
    yield from (path[place] for place in sorted(places | {len(path) - 1}))
