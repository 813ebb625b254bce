"""A set of files in a test: whole, late or marked."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, FileSet, Job, Pipeline, Plan
from sluice.testing import HarnessError, run


def size(item: Any, out: Any) -> int:
    """Return the size of a file."""
    return int(item.upload.size)


def day(results: Any, out: Any) -> None:
    """Publish what is known of the set."""
    trigger = results.trigger
    sizes = sum(size for _, size in results("size"))
    text = f"{trigger.kind} {trigger.key['date']} {trigger.count} {list(trigger.missing)} {sizes}"
    out.write("day.txt", text)


def of(trigger: FileSet) -> Pipeline:
    """Return a pipeline that a set starts."""
    return Pipeline(
        name="sets",
        triggers=[trigger],
        max_concurrent_runs=1,
        per="partition",
        steps=[
            Plan("files"),
            Array("size", run="size", items_of="files"),
            Job("day", run="day", after=["size"]),
        ],
    )


HOURS = FileSet("h/{date}/{hour:02}.txt", expect=["00", "01", "02"])
STEPS = {"size": size, "day": day}


@pytest.mark.parametrize(("hours", "missing"), [(3, []), (2, ["02"])])
def test_files_are_a_set_with_what_it_lacks(hours: int, missing: list[str]) -> None:
    """As the group Lambda hands it over."""
    files = {f"h/2026-11-28/{hour:02}.txt": b"xyz" for hour in range(hours)}
    ran = run(of(HOURS), files=files, functions=STEPS)
    assert ran.succeeded, ran
    assert ran.files["day.txt"].text() == f"s3-set 2026-11-28 {hours} {missing} {3 * hours}"


def test_a_marker_is_no_file_of_its_set() -> None:
    """It only says that the set is whole."""
    marked = FileSet("h/{date}/{name}.txt", marker="_SUCCESS")
    files = {"h/2026-11-28/a.txt": b"x", "h/2026-11-28/_SUCCESS": b""}
    ran = run(of(marked), files=files, functions=STEPS)
    assert ran.files["day.txt"].text() == "s3-set 2026-11-28 1 [] 1"
    with pytest.raises(HarnessError, match="found the marker alone"):
        run(of(marked), files={"h/2026-11-28/_SUCCESS": b""}, functions=STEPS)


def test_files_of_two_sets_are_two_runs() -> None:
    """Each is run by itself; other files are none of a set."""
    two = {"h/2026-11-28/00.txt": b"", "h/2026-11-29/00.txt": b""}
    with pytest.raises(HarnessError, match="Expected the files of one set"):
        run(of(HOURS), files=two, functions=STEPS)
    with pytest.raises(HarnessError, match=r"h/\{date\}/\{hour:02\}.txt"):
        run(of(HOURS), files={"h/2026-02-30/00.txt": b""}, functions=STEPS)
