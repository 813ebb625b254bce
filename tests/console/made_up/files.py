"""What runs have published: a file of each kind."""

from __future__ import annotations

from collections.abc import Mapping

from tests.console.made_up.sizes import NASTY

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63e08a5b"
    "f11f00039602103a152eee0000000049454e44ae426082"
)
FILES: Mapping[str, tuple[str, bytes]] = {
    "counts.csv": ("table", b"word,count\n" + b"".join(b"word%d,%d\n" % (n, n) for n in range(1000))),
    "report.html": ("html", b"<h1>Report</h1><script>document.title='ran'</script>"),
    "chart.png": ("image", _PNG),
    "photo.png": ("image", _PNG),
    "notes.txt": ("text", "Some notes: äöü \u202e\n".encode() * 10),
    f"{NASTY}.bin": ("other", bytes(range(256))),
}
PART = 40
"""So small are the parts of a photo, so that it has several."""
