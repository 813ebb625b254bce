"""A run of 10,000 items with 37 bad ones among 100 children: they are named, and 37 are retried."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sluice import Array, Job, Manual, Pipeline, Plan, finished
from sluice.operate.start.given_items import for_plans, read_items
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.steps import Item, Out, Results, Trigger
from sluice.testing import RunOutcome, run

ITEMS, BAD = 10_000, tuple(range(11, 10_000, 271))
assert len(BAD) == 37


def scoring(**tolerance: Any) -> Pipeline:
    """Return a pipeline of 100 children with 100 items each."""
    after = finished("score", **tolerance) if tolerance else "score"
    return Pipeline(
        name="scoring",
        triggers=[Manual()],
        steps=[
            Plan("find", run="find"),
            Array("score", run="score", items_of="find", items_per_child=100),
            Job("total", run="total", after=[after]),
        ],
    )


def functions(bad: tuple[int, ...], worked: list[int]) -> dict[str, Callable[..., Any]]:
    """Return the functions of a version that fails for some items; ``worked`` gets what it works on."""

    def find(trigger: Trigger) -> Iterator[dict[str, int]]:
        yield from ({"n": n} for n in range(ITEMS))

    def score(item: Item, out: Out) -> int:
        worked.append(item["n"])
        if item["n"] in bad:
            raise ValueError(f"no {item['n']}")
        return int(item["n"])

    def total(results: Results, out: Out) -> None:
        out.write("total.json", json.dumps(sum(n for _, n in results("score"))))
        out.write("bad.json", json.dumps([number for number, _, _ in results.failed("score")]))

    return {"find": find, "score": score, "total": total}


def failed_file(outcome: RunOutcome) -> list[dict[str, Any]]:
    """Return the lines of the published failed items."""
    return [json.loads(line) for line in outcome.files["failed.jsonl"].text().splitlines()]


def test_a_run_that_tolerates_one_percent_succeeds_and_names_the_37(tmp_path: Path) -> None:
    """Its file of failed items begins a run of just these."""
    outcome = run(scoring(at_least=0.99), functions=functions(BAD, []))
    assert outcome.succeeded, outcome
    assert outcome.steps["score"].children == 100
    assert outcome.files["bad.json"].json() == list(BAD)
    lines = failed_file(outcome)
    assert [line["item"]["n"] for line in lines] == list(BAD)
    assert {line["run"] for line in lines} == {outcome.run_id}
    assert outcome.files["total.json"].json() == sum(range(ITEMS)) - sum(BAD)
    path = tmp_path / "failed.jsonl"
    path.write_bytes(outcome.files["failed.jsonl"])
    compiled = compile_pipeline(scoring(), JobDefinitions(steps={}, cleanup="", gate=""))
    given = for_plans(compiled, read_items(path))
    assert given.of_plans == {"find": tuple({"n": n} for n in BAD)}


def test_a_retry_after_a_mend_works_on_37_items_and_no_more() -> None:
    """In the same run; the result is whole."""
    first: list[int] = []
    outcome = run(scoring(), functions=functions(BAD, first))
    assert not outcome.succeeded
    assert len(first) == ITEMS
    again: list[int] = []
    mended = outcome.resume(functions=functions((), again))
    assert mended.succeeded, mended
    assert sorted(again) == list(BAD)
    assert mended.files["total.json"].json() == sum(range(ITEMS))


def test_a_retry_works_on_the_same_37_items_in_what_follows_and_no_more() -> None:
    """An array that follows had succeeded without them, which is tolerated, in a run that failed."""
    pipeline = Pipeline(
        name="ranking",
        triggers=[Manual()],
        steps=[
            Plan("find", run="find"),
            Array("score", run="score", items_of="find", items_per_child=100),
            Array("rank", run="rank", each="score"),
            Job("total", run="total", after=[finished("rank", at_least=0.5), finished("score", at_most=0)]),
        ],
    )
    ranked: list[int] = []

    def rank(item: Item, out: Out) -> int:
        ranked.append(item["n"])
        return -int(item.previous)

    def functions_of(bad: tuple[int, ...], worked: list[int]) -> dict[str, Callable[..., Any]]:
        def total(results: Results, out: Out) -> None:
            out.write("total.json", json.dumps(sum(n for _, n in results("rank"))))

        return {**functions(bad, worked), "rank": rank, "total": total}

    outcome = run(pipeline, functions=functions_of(BAD, []))
    assert (outcome.succeeded, len(ranked)) == (False, ITEMS - len(BAD)), outcome
    ranked.clear()
    again: list[int] = []
    mended = outcome.resume(functions=functions_of((), again))
    assert mended.succeeded, mended
    assert sorted(again) == sorted(ranked) == list(BAD)
    assert mended.files["total.json"].json() == -sum(range(ITEMS))
