"""What a manifest costs: calls and memory to write it, reads and extra bytes for a child to find its slice.

``python -m benchmarks.manifest [items …]`` prints a row for each number of items, each written in a process
of its own.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from botocore.response import StreamingBody

from sluice import keys
from sluice.items.manifest import read_slice, slice_bounds, write_manifest
from sluice.run.submission import children_of

SIZES = (100, 10_000, 1_000_000, 10_000_000)
_KEY = keys.manifest("run", "split", "1")


class _Reading(io.BytesIO):
    """A stretch of a file that counts what is read of it."""

    def __init__(self, disk: Disk, path: Path, first: int, length: int) -> None:
        super().__init__()
        self._disk, self._file, self._left = disk, path.open("rb"), length
        self._file.seek(first)

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._file.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(data)
        self._disk.bytes_read += len(data)
        return data


class Disk:
    """S3's calls over a folder, so that what is measured is the manifest's memory and not the bucket's."""

    def __init__(self, folder: Path) -> None:
        """Keep objects in this folder."""
        self.folder, self.calls, self.bytes_read = folder, Counter[str](), 0

    def put_object(self, *, Key: str, Body: Any, **_: Any) -> dict[str, str]:  # noqa: N803 - botocore's names
        """Store an object."""
        self.calls["PutObject"] += 1
        self._path(Key).write_bytes(_as_botocore(Body))
        return {}

    def create_multipart_upload(self, *, Key: str, **_: Any) -> dict[str, str]:  # noqa: N803
        """Begin an object."""
        self.calls["CreateMultipartUpload"] += 1
        self._path(Key).write_bytes(b"")
        return {"UploadId": Key}

    def upload_part(self, *, Key: str, Body: Any, **_: Any) -> dict[str, str]:  # noqa: N803
        """Append a part."""
        self.calls["UploadPart"] += 1
        with self._path(Key).open("ab") as file:
            file.write(_as_botocore(Body))
        return {"ETag": ""}

    def complete_multipart_upload(self, **_: Any) -> dict[str, str]:
        """Finish an object."""
        self.calls["CompleteMultipartUpload"] += 1
        return {}

    def abort_multipart_upload(self, **_: Any) -> dict[str, str]:
        """Drop an object."""
        self.calls["AbortMultipartUpload"] += 1
        return {}

    def get_object(self, *, Key: str, Range: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Return a range of an object."""
        self.calls["GetObject"] += 1
        first, _dash, last = Range.removeprefix("bytes=").partition("-")
        length = (int(last) + 1 if last else self._path(Key).stat().st_size) - int(first)
        return {"Body": StreamingBody(_Reading(self, self._path(Key), int(first), length), length)}

    def _path(self, key: str) -> Path:
        return self.folder / key.replace("/", "_")


def _as_botocore(body: Any) -> memoryview:
    """Hold a body as botocore's client does, in a BytesIO: for a bytearray that is a copy, and counts."""
    return io.BytesIO(body).getbuffer()


def measure(items: int) -> dict[str, Any]:
    """Write a manifest of that many items and read the dearest of some slices; sizes in bytes, memory in
    MB.
    """
    with tempfile.TemporaryDirectory() as folder:
        disk, started = Disk(Path(folder)), time.perf_counter()
        write_manifest(
            disk,
            "work",
            _KEY,
            ({"start": number * 1048576, "stop": (number + 1) * 1048576} for number in range(items)),
        )
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        written = dict(disk.calls)
        children = children_of(items, 1)
        found = [_find(disk, items, children, child) for child in (0, children // 3, children - 1)]
    return {
        "items": items,
        "children": children,
        "calls to write": written,
        "peak memory, MB": peak,
        "seconds to write": round(seconds, 1),
        "reads of a child": max(reads for reads, _ in found),
        "extra bytes of a child": max(extra for _, extra in found),
    }


def _find(disk: Disk, items: int, children: int, child: int) -> tuple[int, int]:
    """Return the reads that a child makes and the bytes that it gets beyond its own items."""
    calls, before = disk.calls["GetObject"], disk.bytes_read
    start, stop = slice_bounds(items, children, child)
    own = sum(
        len(json.dumps(item, separators=(",", ":"))) + 1
        for item in read_slice(disk, "work", _KEY, start, stop)
    )
    return disk.calls["GetObject"] - calls, disk.bytes_read - before - own


def main(words: list[str]) -> None:
    """Print a row for each number of items."""
    if words[:1] == ["--one"]:
        print(json.dumps(measure(int(words[1]))))
        return
    for items in [int(word) for word in words] or SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.manifest", "--one", str(items)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
