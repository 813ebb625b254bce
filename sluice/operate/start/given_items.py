"""Items that a person gives a run in place of those that its plans would find: of a file with JSON lines,
most often the ``failed.jsonl`` of an earlier run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.operate.errors import RequestError
from sluice.run.compiled import CompiledPipeline, Kind

_SHOWN = 100
Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenItem:
    """An item of a file: of an array's failed items it has the array, its number in it, and the run."""

    item: Item
    line: int
    step: str | None = None
    number: int | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class GivenItems:
    """The items for each plan, and the run that they come from, if they come from one."""

    of_plans: Mapping[str, tuple[Item, ...]]
    run: str | None = None


def read_items(path: Path) -> list[GivenItem]:
    """Return the items of a file; raises RequestError with the first line that is none."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"Expected a file with JSON lines in UTF-8, found {path}: {error}.") from error
    found = [_item(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise RequestError(f"Expected items in {path}, found none.")
    return found


def for_plans(pipeline: CompiledPipeline, given: Iterable[GivenItem]) -> GivenItems:
    """Return the items for the plans of a pipeline, each once; raises RequestError for items of a step that
    it does not have, of several runs, or without a step where there are several plans.
    """
    items: dict[str, dict[str, Item]] = {}
    runs: set[str] = set()
    for one in given:
        plan = _plan_of(pipeline, one)
        key = str(one.number) if one.number is not None else json.dumps(one.item, sort_keys=True)
        items.setdefault(plan, {})[key] = one.item
        runs |= {one.run} if one.run else set()
    if len(runs) > 1:
        raise RequestError(f"Expected items of one run, found some of {', '.join(sorted(runs))}.")
    of_plans = {plan: tuple(found.values()) for plan, found in items.items()}
    return GivenItems(of_plans, next(iter(runs), None))


def _item(line: str, number: int) -> GivenItem:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise RequestError(f"Line {number}: expected a JSON object, found {line[:_SHOWN]!r}.") from error
    if not isinstance(document, dict):
        raise RequestError(f"Line {number}: expected a JSON object, found {line[:_SHOWN]!r}.")
    if not (isinstance(document.get("item"), dict) and isinstance(document.get("step"), str)):
        return GivenItem(item=document, line=number)
    index, run = document.get("i"), document.get("run")
    return GivenItem(
        item=document["item"],
        line=number,
        step=document["step"],
        number=index if type(index) is int else None,
        run=run if isinstance(run, str) else None,
    )


def _plan_of(pipeline: CompiledPipeline, one: GivenItem) -> str:
    """Return the plan whose items an array shares."""
    arrays = {step.name: step.items_of for step in pipeline.steps if step.items_of}
    if one.step is not None:
        plan = arrays.get(one.step)
        if plan is None:
            raise RequestError(
                f"Line {one.line}: expected an array on the items of a plan of {pipeline.name}"
                f" ({', '.join(arrays) or 'there is none'}), found {one.step!r}."
            )
        return plan
    plans = list(_plans(pipeline))
    if len(plans) != 1:
        raise RequestError(
            f'Line {one.line}: expected {{"step": array, "item": object}}, because {pipeline.name} has'
            f" {len(plans)} plans, found an item without them."
        )
    return plans[0]


def _plans(pipeline: CompiledPipeline) -> Iterator[str]:
    return (step.name for step in pipeline.steps if step.kind is Kind.PLAN)
