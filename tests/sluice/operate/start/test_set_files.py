"""Which set a file of this machine belongs to, and under which key it is put."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.operate.errors import RequestError
from sluice.operate.start.set_files import check_fit, files_of_sets
from sluice.pipeline.definition import FileSet
from tests.sluice.operate.start.inbox import TEXTS, words

HOURS = FileSet("sales/{date}/{hour:02}.csv", expect=24)
MARKED = FileSet("exports/dt={date}/{part}.csv", marker="done/{date}.ok")


def written(folder: Path, *names: str) -> list[Path]:
    """Write files, and return their paths."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


@pytest.mark.parametrize(
    ("found", "name", "key"),
    [
        (HOURS, "data/sales/2026-11-28/05.csv", "sales/2026-11-28/05.csv"),
        (HOURS, "2026-11-28/05.csv", "sales/2026-11-28/05.csv"),
        (MARKED, "x/dt=2026-11-28/a.csv", "exports/dt=2026-11-28/a.csv"),
        (MARKED, "done/2026-11-28.ok", "done/2026-11-28.ok"),
        (MARKED, "2026-11-28.ok", "done/2026-11-28.ok"),
    ],
)
def test_the_key_is_the_end_of_the_path_that_fits(
    found: FileSet, name: str, key: str, tmp_path: Path
) -> None:
    """With the pattern's first folders in front, where the path has them not; markers too."""
    (file,), others = files_of_sets(words(found), written(tmp_path, name), None)
    assert (file.key, file.partition, others) == (key, {"date": "2026-11-28"}, [])


def test_a_prefix_says_where_the_files_belong(tmp_path: Path) -> None:
    """For those whose folders have other names."""
    paths = written(tmp_path, "05.csv", "06.csv")
    for prefix in ("sales/2026-11-28", "sales/2026-11-28/"):
        files, _ = files_of_sets(words(HOURS), paths, prefix)
        assert [file.key for file in files] == ["sales/2026-11-28/05.csv", "sales/2026-11-28/06.csv"]


def test_other_files_are_left_to_other_triggers(tmp_path: Path) -> None:
    """And all of them where there is no set."""
    paths = written(tmp_path, "2026-11-28/05.csv", "a.txt", "2026-02-30/05.csv")
    files, others = files_of_sets(words(HOURS, TEXTS), paths, None)
    assert ([file.path for file in files], others) == (paths[:1], paths[1:])
    assert files_of_sets(words(TEXTS), paths, None) == ([], paths)


def test_what_fits_no_set_is_refused_with_what_would(tmp_path: Path) -> None:
    """All patterns are named, that of the marker too."""
    with pytest.raises(RequestError, match=r"exports/dt=\{date\}/\{part\}.csv or done/\{date\}.ok.*--prefix"):
        check_fit(words(MARKED), written(tmp_path, "a.txt"))
    check_fit(words(MARKED), [])


def test_two_files_of_one_key_and_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    """Before anything is uploaded."""
    paths = [
        *written(tmp_path, "a/2026-11-28/05.csv", "b/2026-11-28/05.csv"),
        tmp_path / "2026-11-28" / "06.csv",
    ]
    with pytest.raises(
        RequestError, match=r"06.csv: no such file; sales/2026-11-28/05.csv: the key of 2 files"
    ):
        files_of_sets(words(HOURS), paths, None)
