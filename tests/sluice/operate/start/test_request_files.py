"""Files that come with a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluice.operate.errors import RequestError
from sluice.operate.start.request_files import belong_to_request, check_size, request_keys, with_uploads
from sluice.pipeline.definition import Manual
from sluice.triggers.trigger_event import S3Object
from tests.sluice.operate.start.inbox import TEXTS, words

FILE = S3Object(bucket="inbox", key="requests/words/t/a.pdf", version_id="v", etag="e", size=1)


def test_files_that_no_upload_trigger_takes_belong_to_a_request() -> None:
    """Unless a trigger is chosen by its prefix, or the pipeline takes no requests."""
    pdf, text = [Path("a.pdf")], [Path("a.txt")]
    assert belong_to_request(words(TEXTS, Manual()), pdf, None)
    assert not belong_to_request(words(TEXTS, Manual()), text, None)
    assert not belong_to_request(words(TEXTS, Manual()), pdf, "texts/")
    assert not belong_to_request(words(TEXTS), pdf, None)


def test_the_input_gets_the_files() -> None:
    """As its uploads, beside what else it has."""
    assert with_uploads({"n": 1}, [FILE])["n"] == 1
    assert with_uploads(None, [FILE])["uploads"][0]["key"] == FILE.key
    wrongs: tuple[Any, ...] = ([1], {"uploads": []})
    for wrong in wrongs:
        with pytest.raises(RequestError, match="JSON object without 'uploads'"):
            with_uploads(wrong, [FILE])


def test_too_many_files_are_refused_before_they_are_uploaded() -> None:
    """The size is that of the request with all its files."""
    check_size(None, "inbox", [FILE.key] * 100)
    with pytest.raises(RequestError, match="with 1,000 files"):
        check_size(None, "inbox", [FILE.key] * 1000)


def test_the_keys_of_files(tmp_path: Path) -> None:
    """Each is below its request; paths that are no files are named."""
    path = tmp_path / "a.pdf"
    path.touch()
    assert request_keys("words", "t", [path]) == [FILE.key]
    with pytest.raises(RequestError, match="none: no such file"):
        request_keys("words", "t", [tmp_path / "none"])
