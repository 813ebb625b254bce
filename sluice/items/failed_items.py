"""Items that failed: one JSON line each, in parts that a child writes during its work.

``{"i": number, "item": value, "error": class, "message": text, "child": number, "attempt": number}``, with
``"memory": true`` for one that was killed for want of memory, and ``"upstream": step`` for one that has no
successor, because it failed there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluice import keys

_VALUE_CHARACTERS = 200
_FILE = ("bucket", "key")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """One item that failed, and why; ``value`` is the item itself, as JSON text."""

    number: int
    value: str
    error: str
    message: str
    child: int
    attempt: int
    memory: bool = False
    upstream: str | None = None

    @property
    def item(self) -> dict[str, Any]:
        """Return the item itself."""
        found: dict[str, Any] = json.loads(self.value)
        return found

    @property
    def where(self) -> str:
        """Return which item it is: its number, its file or its value (cut), the child and the attempt."""
        return where(self.number, self.value, self.child, self.attempt)

    @property
    def reason(self) -> str:
        """Return why it failed, and which item it is."""
        return f"{self.error}: {self.message} ({self.where})"

    def to_line_of(self, step: str, run_id: str) -> str:
        """Return the line of a file with the failed items of several steps of a run."""
        return self._line({"run": run_id, "step": step})

    def to_line(self) -> str:
        """Return the line that ``from_line`` reads."""
        return self._line({})

    def _line(self, first: dict[str, Any]) -> str:
        more: dict[str, Any] = {"memory": True} if self.memory else {}
        more |= {"upstream": self.upstream} if self.upstream else {}
        document = {
            **first,
            "i": self.number,
            "item": self.item,
            "error": self.error,
            "message": self.message,
            "child": self.child,
            "attempt": self.attempt,
            **more,
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"

    @classmethod
    def from_line(cls, line: str | bytes) -> FailedItem:
        """Read a line; raises ValueError, KeyError or TypeError for what is none."""
        document = json.loads(line)
        return cls(
            number=int(document["i"]),
            value=json.dumps(document["item"], ensure_ascii=False),
            error=str(document["error"]),
            message=str(document["message"]),
            child=int(document["child"]),
            attempt=int(document["attempt"]),
            memory=bool(document.get("memory")),
            upstream=document.get("upstream"),
        )


def where(number: int, value: str, child: int, attempt: int) -> str:
    """Return which item it is, for people: ``item 5, inbox/a.txt, child 1, attempt 1``."""
    return f"item {number}, {shown(value)}, child {child}, attempt {attempt}"


def shown(value: str) -> str:
    """Return an item for people: the key of its file, or its JSON; cut where it is long."""
    text = _file(value) or value
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"


def _file(value: str) -> str | None:
    try:
        item = json.loads(value)
    except ValueError:
        return None
    is_file = isinstance(item, dict) and all(isinstance(item.get(name), str) for name in _FILE)
    return str(item["key"]) if is_file else None


def current_parts(found: Iterable[str], settled: Mapping[int, tuple[int, int]]) -> list[str]:
    """Return, of the parts of all attempts, those that hold, in order of their children.

    ``settled`` has for each child with a word its generation, and how many items it says failed: then those
    of its last attempt hold, and none where no item failed. Without a word those of the last attempt hold.
    """
    last: dict[int, tuple[int, int]] = {}
    parts: dict[tuple[int, int, int], list[str]] = {}
    for key in found:
        child, generation, attempt = keys.attempt_of_failed_items(key)
        if child in settled and (settled[child][0] != generation or not settled[child][1]):
            continue
        parts.setdefault((child, generation, attempt), []).append(key)
        last[child] = max(last.get(child, (-1, -1)), (generation, attempt))
    return [key for child in sorted(last) for key in sorted(parts[(child, *last[child])])]


def each_once(bodies: Iterable[bytes]) -> Iterator[FailedItem]:
    """Yield the items of these parts, each once: a part whose answer was lost may stand there twice."""
    seen: set[int] = set()
    for body in bodies:
        for line in body.splitlines():
            item = FailedItem.from_line(line)
            if item.number not in seen:
                seen.add(item.number)
                yield item
