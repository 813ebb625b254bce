"""Which files of the inbox started nothing, and which trigger nearly took them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.operate.start.taken_keys import taken_keys
from sluice.operate.start.unmatched import unmatched_uploads, why_not
from sluice.pipeline.definition import FileSet, Manual, S3Upload
from sluice.triggers.upload_patterns import TakenKeys
from tests.sluice.pipeline.validation.pipelines import valid

DAY = datetime(2026, 11, 28, tzinfo=UTC)
SALES = TakenKeys(pipeline="sales", prefix="sales/daily/", suffixes=(".csv", ".tsv"))
TEXTS = TakenKeys(pipeline="words", prefix="texts/", suffixes=(".txt",))


class Inbox:
    """An inbox of these keys, the first one the oldest; two a page."""

    def __init__(self, *keys: str, size: int = 1) -> None:
        """Store them."""
        self.keys, self.size, self.pages = keys, size, 0

    def _time(self, key: str) -> datetime:
        return DAY + timedelta(hours=self.keys.index(key))

    def get_paginator(self, operation_name: str) -> Inbox:
        """Return what lists it."""
        assert operation_name == "list_objects_v2"
        return self

    def paginate(self, **request: str) -> Any:
        """Yield the pages of the keys in order."""
        found = sorted(key for key in self.keys if key.startswith(request["Prefix"]))
        for start in range(0, len(found), 2):
            self.pages += 1
            yield {
                "Contents": [
                    {
                        "Key": key,
                        "Size": self.size,
                        "LastModified": DAY + timedelta(hours=self.keys.index(key)),
                    }
                    for key in found[start : start + 2]
                ]
            }


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (
            "texts/a.TXT",
            "texts/*.txt (words). Upper and lower case count.",
        ),
        ("texts/a.pdf", "The trigger below texts/ takes texts/*.txt (words)."),
        (
            "sale/daily/a.csv",
            "sales/daily/*.csv and sales/daily/*.tsv (sales); this key does not begin with sales/daily/.",
        ),
        (
            "Texts/a.txt",
            "texts/*.txt (words); this key does not begin with texts/. Upper and lower case count.",
        ),
        ("x/y.csv", "No trigger has a prefix of this key; there are sales/daily/, texts/."),
    ],
)
def test_the_nearest_trigger_is_named(key: str, why: str) -> None:
    """A suffix in capitals, another suffix, a prefix with a missing letter, in capitals, and none at all."""
    assert why_not(key, [SALES, TEXTS]).removeprefix("The nearest trigger takes ") == why


def test_without_any_trigger() -> None:
    """There are none to name; of many some are."""
    assert why_not("a", []).endswith("there are none.")
    many = [TakenKeys(pipeline="p", prefix=f"{number}{number}{number}/") for number in range(7)]
    assert why_not("zzzz", many).endswith("444/ and 2 more.")


def test_the_newest_come_first() -> None:
    """As many as are asked for; those that a trigger takes and files of requests are none of them."""
    inbox = Inbox("z", "texts/a.txt", "requests/words/t/a.bin", "b", "a", "sales/daily/a.tsv")
    found = unmatched_uploads(inbox, "inbox", [SALES, TEXTS], limit=2, max_keys=100)
    assert [(one.key, one.at) for one in found.uploads] == [
        ("a", DAY + timedelta(hours=4)),
        ("b", DAY + timedelta(hours=3)),
    ]
    assert (found.more, found.unread) == (True, False)


def test_no_more_keys_are_read_than_asked_for() -> None:
    """It says that there are others; below a prefix there may be none."""
    inbox = Inbox(*"abcdefgh")
    found = unmatched_uploads(inbox, "inbox", [], limit=10, max_keys=3)
    assert [one.key for one in found.uploads] == ["c", "b", "a"]
    assert (found.more, found.unread, inbox.pages) == (False, True, 2)
    assert unmatched_uploads(inbox, "inbox", [], limit=10, max_keys=3, prefix="x").uploads == ()


def test_the_object_of_a_folder_is_no_file() -> None:
    """The console of S3 makes it; it starts nothing, and should not."""
    assert unmatched_uploads(Inbox("new/", size=0), "inbox", [], limit=1, max_keys=9).uploads == ()
    assert unmatched_uploads(Inbox("new/"), "inbox", [], limit=1, max_keys=9).uploads


def test_what_triggers_take() -> None:
    """Uploads of the inbox and sets of files with their markers; nothing of other buckets."""
    one = valid(
        triggers=[
            S3Upload(prefix="a/", suffix=[".tsv", ".csv"]),
            S3Upload(prefix="b/", bucket="team-landing"),
            FileSet("sales/dt={date}/{hour:02}.csv", marker="_SUCCESS"),
            Manual(),
        ]
    )
    assert [(one.prefix, one.suffixes) for one in taken_keys([one])] == [
        ("a/", (".csv", ".tsv")),
        ("sales/dt=", (".csv",)),
        ("sales/dt=", ("/_SUCCESS",)),
    ]
