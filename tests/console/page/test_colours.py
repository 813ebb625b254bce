"""States are told apart by those who see few colours: by a shape each, and on the heat map, which has no
shapes, by colours that stay apart however one sees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import pytest

from console.routes.files import PAGE

SOURCES = PAGE.parent / "src"
CELLS = ("ok", "bad", "run", "queue", "none")
"""What becomes of a child: succeeded, failed, running, in the queue, never ran."""
# Full dichromacy on linear RGB, by Machado, Oliveira and Fernandes 2009: https://doi.org/10.1109/TVCG.2009.113
SIGHTS = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
LEAST = 15.0
"""CIE76; 2.3 is just noticeable, side by side."""


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme by their names."""
    light, dark = (SOURCES / "style" / "colours.css").read_text().split(':root[data-theme="dark"]')
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if theme == "light" else dark))


def seen(colour: str, sight: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return the CIE L*a*b* of a colour as somebody sees it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in sight
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (one ** (1 / 3) if one > 0.008856 else 7.787 * one + 16 / 116 for one in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: str, other: str, sight: Sequence[Sequence[float]]) -> float:
    """Return how far two colours are from each other for somebody."""
    pairs = zip(seen(one, sight), seen(other, sight), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_the_cells_of_a_heat_map_differ_however_one_sees(theme: str, sight: str) -> None:
    """Each from each; all colours of a theme are there."""
    found = colours(theme)
    near = {
        (one, other): round(apart(found[one], found[other], SIGHTS[sight]), 1)
        for one, other in combinations(CELLS, 2)
    }
    assert {pair: how for pair, how in near.items() if how < LEAST} == {}


def test_each_state_has_a_shape_of_its_own() -> None:
    """Whatever its colour."""
    text = (SOURCES / "palette.ts").read_text()
    shapes = re.findall(r'^  (\w+): "(M[^"]+)",$', text, re.MULTILINE)
    assert (
        len({shape for _, shape in shapes})
        == len(shapes)
        == len(set(re.findall(r'\| "(\w+)"|= "(\w+)"', text.split(";")[0])))
    )
