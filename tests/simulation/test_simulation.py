"""A little of `make simulate`: some seeds, the same seed twice, and some planted defects."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from sluice.pipeline.definition import Trigger
from tests.simulation.chaos import Level
from tests.simulation.defects import DEFECTS, planted
from tests.simulation.playing import Total, play
from tests.simulation.simulation import Simulation
from tests.simulation.teeth import NEEDED, SECONDS, bitten, seeds
from tests.simulation.verdict.findings import findings
from tests.simulation.ways_in.reports import FOLDER

pytestmark = pytest.mark.xdist_group("matrix")


@pytest.mark.parametrize("level", Level)
def test_nothing_is_found_in_some_seeds(level: Level) -> None:
    """Whatever goes wrong, in calm, mild and wild simulations."""
    total = Total()
    for seed in range(4):
        played, printed = play(seed, level)
        assert played.findings == (), printed[-2000:]
        total.add(played)
    assert (total.seeds, total.levels) == (4, {level: 4})
    assert total.runs > 20
    assert total.run_seconds > 600
    assert "4 simulations (" in str(total)


def test_reconciles_read_reports_and_list_where_one_is_not_to_be_used() -> None:
    """In a seed that is played: some find by a report what no event has brought."""
    here = Simulation(9)
    here.play()
    assert findings(here) == []
    results = here.buckets.objects[here.deployment.environment("SLUICE_RESULTS_BUCKET")]
    done = [json.loads(body) for key, body in results.items() if key.endswith("/backfill.json")]
    by_report = [one["new"] for one in done if one["about"].startswith(f"reconcile of {FOLDER}")]
    listed = [one for one in done if "and not by a report: Expected" in one["about"]]
    assert (sum(by_report) > 0, len(listed) > 0) == (True, True), done


def test_a_seed_happens_the_same_way_again() -> None:
    """Call by call, so that what is found can be looked into; metrics carry the true time."""
    first, second = (
        [
            line
            for line in play(5, Level.WILD, is_verbose=True)[1].splitlines()
            if "CloudWatchMetrics" not in line
        ]
        for _ in range(2)
    )
    assert first == second
    assert any("dynamodb.transact_write_items" in line for line in first)


@pytest.mark.parametrize(
    "defect", ["no sweep", "dependencies dropped", "files in two groups", "lost uploads not looked for"]
)
def test_a_planted_defect_is_found(defect: str) -> None:
    """All of them are in `make simulate ARGS=--teeth`, where a minute of CPU must do: here a slow machine
    may take more.
    """
    found = bitten(defect, seconds=5 * SECONDS)
    assert found.seed is not None, str(found)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_leaves_nothing_behind(defect: str) -> None:
    """What it changes is there, and is again what it was."""
    changes = DEFECTS[defect]()

    def now() -> list[object]:
        return [(owner if isinstance(owner, dict) else vars(owner))[name] for owner, name, _ in changes]

    before = now()
    with planted(defect):
        assert now() != before
    assert now() == before


def test_what_a_defect_needs_is_of_a_defect() -> None:
    """A name that is none would have all seeds played, and nobody would notice."""
    assert set(NEEDED) <= set(DEFECTS)


def seeds_below(limit: int, is_needed: Callable[[Trigger], bool]) -> int:
    """Return how many of the seeds below a limit draw what is needed."""
    return sum(1 for _ in itertools.takewhile(lambda seed: seed < limit, seeds(is_needed)))


@pytest.mark.parametrize("defect", NEEDED)
def test_what_a_defect_needs_is_drawn(defect: str) -> None:
    """By some of the first seeds, and not by all of them."""
    assert seeds_below(30, NEEDED[defect]) in range(1, 30)


def test_there_are_enough_defects() -> None:
    """Of kinds that differ."""
    assert len(DEFECTS) >= 20
