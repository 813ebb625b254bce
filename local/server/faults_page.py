"""Fault injection in a running cloud: GET and PUT of /_sluice/faults."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from local.batch.api.batch_api import OPERATIONS
from local.batch.engine import Engine
from local.batch.faults import Faults


class _Field(NamedTuple):
    expected: str
    holds: Callable[[Any], bool]


def _number(value: object, maximum: float = sys.float_info.max) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= maximum  # type: ignore[operator] # NaN is not


def _rate(value: object) -> bool:
    return _number(value, 1)


def _names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _rates_of_operations(value: object) -> bool:
    return isinstance(value, dict) and all(name in OPERATIONS and _rate(rate) for name, rate in value.items())


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_RATE = _Field("a number from 0 to 1", _rate)
_NUMBER = _Field("a number of 0 or more", _number)
_STATE = {
    "seed": _Field("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "interruptions_per_hour": _NUMBER,
    "interrupted_attempts": _RATE,
    "notice_seconds": _NUMBER,
    "docker_timeouts": _RATE,
    "failing_pulls": _Field("a list of image names", _names),
    "lost_answers": _Field("an object of Batch's operations and rates from 0 to 1", _rates_of_operations),
    "duplicated_events": _RATE,
    "delayed_events": _RATE,
    "reordered_events": _RATE,
    "delay_seconds": _NUMBER,
    "invalid": _Field("an object of compute environments and reasons", _texts),
    "submits_a_second": _Field(
        "a number of 1 or more, or null", lambda value: value is None or (_number(value) and value >= 1)
    ),
}
_TEXT = _Field("a text", lambda value: isinstance(value, str))
# What happens once, at the call, and is no state that GET could show.
_ONCE = {"interrupt": _TEXT, "lose_host": _TEXT}
_FIELDS = {**_STATE, **_ONCE}
_OF_ONCE = {*_ONCE, "notice_seconds"}
"""What alone in a PUT leaves the rest as it is."""
# What the page was sent before the fields had their names of today.
_FORMER_NAMES = {
    "reclaims_an_hour": "interruptions_per_hour",
    "reclaimed_attempts": "interrupted_attempts",
    "unpullable": "failing_pulls",
    "reclaim": "interrupt",
}


class FaultsPage:
    """What a PUT leaves out goes well from then on; `interrupt` and `lose_host` happen once.

    With `notice_seconds` beside it, `interrupt` has that notice.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, _body: bytes = b"") -> object:
        """Return the faults that are injected at this moment."""
        faults = asdict(self._engine.faults)
        mappings = {name: faults[name] or {} for name in ("lost_answers", "invalid")}
        return {**faults, "failing_pulls": sorted(faults["failing_pulls"]), **mappings}

    def put(self, body: bytes) -> object:
        """Inject the faults that the JSON object in `body` describes, and return them; ValueError where it
        describes none.
        """
        asked = _checked(body)
        try:
            self._inject(asked)
        except LookupError as error:
            raise ValueError(str(error)) from error
        return self.get()

    def _inject(self, asked: Mapping[str, Any]) -> None:
        if "interrupt" in asked:
            self._engine.interrupt(asked["interrupt"], asked.get("notice_seconds"))
        if "lose_host" in asked:
            self._engine.lose_host(asked["lose_host"])
        if set(asked) - _OF_ONCE or not set(asked) & set(_ONCE):
            self._engine.set_faults(_faults(asked))


def _checked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        message = f"Expected a JSON object with some of {', '.join(_FIELDS)}, found {body[:100]!r}."
        raise ValueError(message)
    asked = {_FORMER_NAMES.get(name, name): value for name, value in asked.items()}
    for name, value in asked.items():
        field = _FIELDS.get(name)
        if field is None:
            message = f"Expected some of {', '.join(_FIELDS)}, found {name!r}."
            raise ValueError(message)
        if not field.holds(value):
            message = f"Expected {name} to be {field.expected}, found {json.dumps(value)[:100]}."
            raise ValueError(message)
    return asked


def _faults(asked: Mapping[str, Any]) -> Faults:
    state = {name: value for name, value in asked.items() if name in _STATE}
    return Faults(**{**state, "failing_pulls": frozenset(state.get("failing_pulls", ()))})
