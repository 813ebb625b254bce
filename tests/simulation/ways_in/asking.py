"""What people and clocks do that starts runs: uploads, files of sets, requests, scheduled times."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sluice.pipeline.definition import AfterRun, FileSet, Manual, S3Upload, Schedule, Trigger
from sluice.pipeline.trigger_names import schedule_name
from sluice.triggers.file_patterns import parse_pattern
from tests.simulation.chaos import HOUR
from tests.simulation.scripts import Script
from tests.simulation.ways_in.clocks import Clockwork
from tests.simulation.ways_in.drawn import SET, SETS
from tests.simulation.ways_in.rules import message_of, queue_of

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ASKED_WITHIN = 0.5 * HOUR
_MORE_OF_JOINED = 3
"""How often more runs are asked for that others join: of which some must have a key in common."""
_REPLACED_SHARE, _REPLACED_WITHIN = 0.3, 0.3
"""Of uploads that are gathered: how many have a newer version within these seconds."""
_LEFT_OUT_SHARE, _NEVER_SHARE, _OVERWRITTEN_SHARE = 0.4, 0.5, 0.4


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that must start a run of a pipeline, or become part of one: ``mark`` tells it apart.

    ``key`` is that of an upload.
    """

    pipeline: str
    mark: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Landed:
    """A version of a file of a set: the how-manieth of all uploads, and when it came, in seconds."""

    pipeline: str
    set: str
    part: str
    key: str
    version: str
    number: int
    at: float


class Asker:
    """Asks for runs of a simulation's pipelines. ``asks`` are what was asked for but for sets, whose files
    are ``landed``, and ``inputs`` those of requests, by their tokens, as texts.
    """

    def __init__(self, simulation: Simulation) -> None:
        """Have asked for nothing."""
        self._here = simulation
        self._draw = simulation.draw
        # A source of its own: what else is drawn stays what it is.
        self._replacing = random.Random(f"{simulation.seed} replaced")  # noqa: S311 - repeatable, not secret
        self._sequence = 0
        self.asks: list[Ask] = []
        self.landed: list[Landed] = []
        self.inputs: dict[str, Mapping[str, str]] = {}
        self.clockworks: dict[str, Clockwork] = {}

    def begin(self) -> None:
        """Ask for some runs within half an hour, and let schedules be deployed in that time."""
        here, draw = self._here, self._draw
        written = [here.scripts[name] for name in here.written]
        self._wind_up(written)
        asked = [one for one in written if self._is_asked_for(one)]
        for _ in range(draw.randint(2, 12) if asked else 0):
            here.clock.later(draw.uniform(0, ASKED_WITHIN), partial(self._ask, draw.choice(asked)))
        joined = {name for one in written for name in _joined_by(one.pipeline.triggers[0])}
        self._ask_for_more([one for one in asked if one.name in joined])

    def _wind_up(self, written: list[Script]) -> None:
        for script in written:
            (trigger,) = script.pipeline.triggers
            if isinstance(trigger, Schedule) and trigger.catch_up:
                begins = self._draw.uniform(0, ASKED_WITHIN)
                self.clockworks[script.name] = Clockwork(self._here, script, trigger, begins)

    def _is_asked_for(self, script: Script) -> bool:
        """Return whether runs of it are asked for: neither other runs nor the clock start it."""
        return not isinstance(script.pipeline.triggers[0], AfterRun) and script.name not in self.clockworks

    def _ask_for_more(self, joined: list[Script]) -> None:
        for script in joined * _MORE_OF_JOINED:
            self._here.clock.later(self._draw.uniform(0, ASKED_WITHIN), partial(self._ask, script))

    def _ask(self, script: Script) -> None:
        (trigger,) = script.pipeline.triggers
        if isinstance(trigger, S3Upload):
            first = f"{trigger.prefix}{self._draw.randrange(4)}.dat"
            self._upload(script, first)
            if trigger.gathers:
                self._replace_at_once(script, first)
                for _ in range(self._draw.randrange(5)):
                    key = f"{trigger.prefix}{self._draw.randrange(6)}.dat"
                    self._here.clock.later(self._draw.uniform(0, 20), partial(self._upload, script, key))
        elif isinstance(trigger, FileSet):
            self._files(script, trigger)
        elif isinstance(trigger, Manual):
            self._request(script)
        elif isinstance(trigger, Schedule):
            self._time(script, trigger)

    def _replace_at_once(self, script: Script, key: str) -> None:
        """Sometimes put a newer version while the event of the older one may still be under way."""
        if self._replacing.random() < _REPLACED_SHARE:
            later = self._replacing.uniform(0, _REPLACED_WITHIN)
            self._here.clock.later(later, partial(self._upload, script, key))

    def _request(self, script: Script) -> None:
        number = len(self.asks)
        token, key = f"token-{number}", self._draw.choice(SETS)
        self.asks.append(Ask(script.name, token))
        self.inputs[token] = {"number": str(number), SET: key}
        self._here.request(script.name, token, {"number": number, SET: key})

    def _time(self, script: Script, trigger: Schedule) -> None:
        made = self._here.deployment
        time = self._here.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.asks.append(Ask(script.name, time))
        message = message_of(made, script, schedule_name(trigger))
        detail = {"time": time, "expression": trigger.expression, "input": trigger.input}
        self._here.messages.send(queue_of(made, "trigger"), message.replace("<detail>", json.dumps(detail)))

    def _files(self, script: Script, trigger: FileSet) -> None:
        """Put the files of a set, for the first time or once more; of one with a limit of time sometimes one
        too late, or never.
        """
        draw, name = self._draw, self._draw.choice(SETS)
        parts = parts_of(trigger)
        left_out = draw.choice(parts) if trigger.late and draw.random() < _LEFT_OUT_SHARE else ""
        for part in parts:
            if part != left_out:
                self._land_later(script, trigger, name, part, HOUR / 4)
        if left_out and draw.random() >= _NEVER_SHARE:
            self._land_later(script, trigger, name, left_out, 2 * HOUR)
        if draw.random() < _OVERWRITTEN_SHARE:
            self._land_later(script, trigger, name, draw.choice(parts), 2 * HOUR)

    def _land_later(self, script: Script, trigger: FileSet, name: str, part: str, within: float) -> None:
        land = partial(self._land, script, trigger, name, part)
        self._here.clock.later(self._draw.uniform(0, within), land)

    def _land(self, script: Script, trigger: FileSet, name: str, part: str) -> None:
        key = parse_pattern(trigger.pattern).fill({SET: name, "part": part})
        at, version = self._here.clock.seconds, self._put(key, len(self.landed))
        self.landed.append(Landed(script.name, name, part, key, version, self._sequence, at))

    def _upload(self, script: Script, key: str) -> None:
        number = len(self.asks)
        self.asks.append(Ask(script.name, f"{key}@{self._put(key, number, script.name)}", key))

    def _put(self, key: str, number: int, pipeline: str = "") -> str:
        """Put a file into the inbox, as a person does, and return its version; EventBridge reports it, unless
        the event is lost.
        """
        here = self._here
        body = f"{key} {number}".encode()
        stored = here.buckets.put_object(Bucket=here.deployment.inbox, Key=key, Body=body)
        self._sequence += self._draw.randint(1, 99)
        uploaded = {
            "key": key,
            "size": len(body),
            "etag": stored["ETag"].strip('"'),
            "version-id": stored["VersionId"],
            "sequencer": f"{self._sequence:016X}",
        }
        if here.reconciler.loses(pipeline, f"{key}@{stored['VersionId']}"):
            return str(stored["VersionId"])
        detail = {"bucket": {"name": here.deployment.inbox}, "object": uploaded}
        here.messages.put_event({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
        return str(stored["VersionId"])


def _joined_by(trigger: Trigger) -> Sequence[str]:
    return trigger.pipelines if isinstance(trigger, AfterRun) and trigger.joins else ()


def parts_of(trigger: FileSet) -> list[str]:
    """Return the parts that each set of a pipeline has."""
    if isinstance(trigger.expect, int):
        return [str(number) for number in range(trigger.expect)]
    return [str(part) for part in trigger.expect or ()]
