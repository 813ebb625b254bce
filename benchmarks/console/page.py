"""The console's page in headless Chromium, over made-up data: its size, a graph of 1,000 steps and a heat
map of 1,000,000 items, which change while they are moved and zoomed.
"""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import sync_playwright

from console.routes.files import PAGE
from tests.console.made_up.backend import MadeUp
from tests.console.page.chromium import Visitor, launched, served, visiting, why_not

_SECONDS = 3
_ROUNDS = 5
# Moves the drawing at each frame, in and out between all of it and single cells, and counts what was drawn.
_MOVED = """async seconds => {
    const canvas = document.querySelector('.surface canvas');
    const ways = {in: '+', out: '-', right: 'ArrowRight', down: 'ArrowDown'};
    const keys = 'in in in in right down in in in in out out out out out out out out'.split(' ');
    canvas.focus();
    const drawn = () => Number(canvas.dataset.frames ?? 0);
    const before = drawn();
    const began = performance.now();
    for (let frame = 0; performance.now() - began < seconds * 1000; frame += 1) {
        const key = ways[keys[frame % keys.length]];
        canvas.dispatchEvent(new KeyboardEvent('keydown', {key, cancelable: true}));
        await new Promise(requestAnimationFrame);
    }
    return (drawn() - before) / ((performance.now() - began) / 1000);
}"""


def compressed_bytes() -> int:
    """Return the size of the page's files as they are sent: packed where the build packs them."""
    files = [path for path in PAGE.rglob("*.*") if path.is_file() and path.suffix != ".gz"]
    packed = [path.with_name(f"{path.name}.gz") for path in files]
    return sum(
        (small if small.is_file() else path).stat().st_size for path, small in zip(files, packed, strict=True)
    )


def first_view(visitor: Visitor) -> float:
    """Return the seconds from the address to the first view with what it is about."""
    began = time.monotonic()
    visitor.page.goto(f"{visitor.own}/")
    visitor.page.get_by_text("could not convert string to float").first.wait_for()
    return time.monotonic() - began


def frames_a_second(visitor: Visitor) -> float:
    """Return how many frames of the drawing on the page were drawn in a second while it was moved."""
    return float(visitor.page.evaluate(_MOVED, _SECONDS))


def measure() -> dict[str, Any]:
    """Measure all of it; a machine without a browser says why not."""
    reason = why_not()
    if reason is not None:
        return {"not measured": reason}
    with sync_playwright() as playwright, launched(playwright) as context, served(MadeUp()) as access:
        visitor = visiting(context, access)
        views = sorted(first_view(visitor) for _ in range(_ROUNDS))
        visitor.go("/runs/huge-0")
        graph = frames_a_second(visitor)
        visitor.go("/runs/wide-0/steps/work")
        cells = frames_a_second(visitor)
        visitor.page.close()
    return {
        "page, KiB compressed": round(compressed_bytes() / 1024, 1),
        "first view of made-up data, seconds": round(views[len(views) // 2], 2),
        "graph of 1,000 steps, frames a second": round(graph),
        "heat map of 1,000,000 items, frames a second": round(cells),
    }


def table(found: dict[str, Any]) -> str:
    """Return what was measured as a table."""
    rows = [f"| {name} | {value} |" for name, value in found.items()]
    return "\n".join(["| what | measured |", "| --- | ---: |", *rows])


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
