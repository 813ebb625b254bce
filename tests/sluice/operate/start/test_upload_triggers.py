"""Which file starts which trigger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluice.operate.errors import RequestError
from sluice.operate.start.upload_triggers import match_triggers
from sluice.pipeline.definition import Manual
from tests.sluice.operate.start.inbox import OLD, TABLES, TEXTS, words


def test_a_file_goes_to_the_trigger_that_takes_it(tmp_path: Path) -> None:
    """A file's name is appended to the prefix of the one trigger whose suffix it has."""
    text, table = tmp_path / "a.txt", tmp_path / "b.csv"
    text.touch()
    table.touch()
    found = match_triggers(words(TEXTS, TABLES), [text, table], None)
    assert [(one.upload, one.key) for one in found] == [(TEXTS, "texts/a.txt"), (TABLES, "tables/b.csv")]
    (chosen,) = match_triggers(words(TEXTS, OLD), [text], "old/")
    assert chosen.upload == OLD


def test_every_wrong_file_is_named(tmp_path: Path) -> None:
    """A file that is not there, a folder, a file that no trigger takes and a name that is given twice are
    named together.
    """
    other, twin = tmp_path / "a.pdf", tmp_path / "sub" / "a.pdf"
    twin.parent.mkdir()
    other.touch()
    twin.touch()
    with pytest.raises(RequestError) as error:
        match_triggers(words(TEXTS), [tmp_path / "none.txt", tmp_path, other, twin], None)
    for sentence in (
        "none.txt: no such file",
        ": a folder",
        "a.pdf: no trigger takes it, they take *.txt",
        "a.pdf: given 2 times",
    ):
        assert sentence in str(error.value)


def test_a_file_that_two_triggers_take_needs_a_prefix(tmp_path: Path) -> None:
    """Which of two triggers is meant cannot be known."""
    text = tmp_path / "a.txt"
    text.touch()
    with pytest.raises(RequestError, match="choose one by its prefix: texts/, old/"):
        match_triggers(words(TEXTS, OLD), [text], None)


@pytest.mark.parametrize(("triggers", "prefix"), [((Manual(),), None), ((TEXTS,), "other/")])
def test_files_need_an_upload_trigger(triggers: tuple[Any, ...], prefix: str | None, tmp_path: Path) -> None:
    """Without an upload trigger, or without one of that prefix, nothing is uploaded."""
    with pytest.raises(RequestError, match="Expected an S3Upload trigger of words"):
        match_triggers(words(*triggers), [tmp_path], prefix)
