"""What is wrong with files, found before they are uploaded."""

from __future__ import annotations

from pathlib import Path

from sluice.operate.start.local_files import missing_file, repeated_names


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    """A folder is another mistake than a wrong name."""
    (tmp_path / "a.txt").touch()
    assert missing_file(tmp_path / "a.txt") == []
    assert missing_file(tmp_path) == [f"{tmp_path}: a folder"]
    assert missing_file(tmp_path / "none") == [f"{tmp_path / 'none'}: no such file"]


def test_a_name_that_several_files_have() -> None:
    """Names count, folders do not."""
    found = repeated_names([Path("a/x"), Path("b/x"), Path("a/y")])
    assert found == ["x: given 2 times, and one name is one object"]
