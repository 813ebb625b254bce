"""How runs stand in the index ``listed``, by which they are found without a Scan. Pure.

An item is in the index when it has ``listed`` and ``listed_at``. A run's own item is listed by its pipeline
and state, and moves when its state does. Beside it, in the run's partition, stand rows that never change: one
by its name, one by the 20 characters at its id's end, one for each of what started it and for each label. So
whoever may write a run may write its rows, and they are written in the transaction that begins it.
See docs/decisions/0047-the-index-of-runs.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.ledger import records
from sluice.ledger.records import Item, expires_at, pk, values_of
from sluice.run.state import Run, RunState

LISTED_INDEX = "listed"
ROW = "LISTED#"
"""What the sort keys of a run's rows begin with."""
NAMES, DIGESTS = "names", "digests"
COMPLETE = values_of(pk="LISTED", sk="COMPLETE")
"""The key of the item that says that every run is in the index, old ones too."""
MAX_ROWS = 12
"""Rows of a new run: by its name, by its digest, and by at most ten words of what started it."""
_MAX_WORD_CHARACTERS = 256
_MAX_DEPTH = 3


def pipeline_of(run_id: str) -> str:
    """Return the name of a run's pipeline; the digest at the id's end has no hyphen."""
    return run_id.rpartition("-")[0]


def by_state(pipeline: str, state: RunState) -> str:
    """Return the index key of a pipeline's runs in a state."""
    return f"run#{pipeline}#{state}"


def by_word(word: str) -> str:
    """Return the index key of the runs that something of this name started; case does not count."""
    return f"input#{word.casefold()[:_MAX_WORD_CHARACTERS]}"


def by_label(label: str) -> str:
    """Return the index key of the runs with a label, such as ``team=data``."""
    return f"label#{label}"


def name_of(run_id: str) -> str:
    """Return a run's place among the names, where the runs of one pipeline stand together."""
    pipeline, _, digest = run_id.rpartition("-")
    return f"{pipeline}#{digest}"


def state_attributes(run_id: str, state: RunState) -> dict[str, str]:
    """Return what a run's item has in the index beside its time, which a change of state writes anew."""
    return {"listed": by_state(pipeline_of(run_id), state)}


def rows(run_id: str, trigger: Mapping[str, Any], created_at: str) -> list[Item]:
    """Return the rows of a run, at most MAX_ROWS."""
    places = {
        "name": (NAMES, name_of(run_id)),
        "digest": (DIGESTS, run_id.rpartition("-")[2]),
        **{_digest(word): (by_word(word), created_at) for word in _unique_words(trigger)},
    }
    return [_row(run_id, name, *place, created_at) for name, place in places.items()]


def label_row(run_id: str, label: str, now: str) -> Item:
    """Return the row of a run's label."""
    return _row(run_id, f"label#{label}", by_label(label), now, now)


def labels_key(run_id: str) -> Item:
    """Return the key of the item with all labels of a run."""
    return values_of(pk=pk(run_id), sk=records.LABELS)


def labels_in(item: Item) -> tuple[str, ...]:
    """Return the labels of the item with all labels of a run."""
    return tuple(sorted(item["labels"]["SS"]))


def run_item(run: Run) -> Item:
    """Return a new run's item, listed in its state."""
    return records.run_item(run) | listing_of(run.run_id, run.state, run.created_at)


def listing_of(run_id: str, state: RunState, created_at: str) -> Item:
    """Return the attributes by which a run's own item is listed."""
    return values_of(**state_attributes(run_id, state), listed_at=created_at)


def last_part(text: str) -> str:
    """Return the name of a file, without the folders before it."""
    return text.rstrip("/").rpartition("/")[2]


def words_of(trigger: Mapping[str, Any]) -> Iterator[str]:
    """Yield by what a run may be found: its file's name, a request's token, the values of a partition and of
    an input, of which an address counts by its last part.
    """
    named = (trigger.get(name) for name in ("key", "token", "id", "group", "time"))
    found = [one for one in named if isinstance(one, str)]
    for name in ("partition", "input"):
        found += _scalars(trigger.get(name))
    yield from (word for one in found if (word := last_part(one).strip()))


def _scalars(value: Any, depth: int = 0) -> list[str]:
    """Return the texts and numbers of a JSON value; an upload of a request stands in a list in the input."""
    if isinstance(value, str | int | float):
        return [str(value)]
    if depth == _MAX_DEPTH:
        return []
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for one in inner for text in _scalars(one, depth + 1)]


def _unique_words(trigger: Mapping[str, Any]) -> list[str]:
    words = {by_word(word): word for word in words_of(trigger)}
    return list(words.values())[: MAX_ROWS - 2]


def _row(run_id: str, name: str, listed: str, listed_at: str, written: str) -> Item:
    key = values_of(pk=pk(run_id), sk=ROW + name)
    return key | values_of(listed=listed, listed_at=listed_at, expires_at=expires_at(written))


def _digest(word: str) -> str:
    return hashlib.sha256(by_word(word).encode()).hexdigest()[:16]
