"""Limits of a pipeline, and what its steps use of them."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, Limit, Manual, Pipeline
from sluice.pipeline.validation.uses import check_shared_limits
from tests.sluice.pipeline.validation.pipelines import mistakes_of

VENDOR = Limit("vendor", max_concurrency=5)


def pipeline(*steps: Any, **more: Any) -> Pipeline:
    """Return a pipeline of these steps."""
    return Pipeline(name="words", triggers=[Manual()], steps=list(steps), **more)


USES: dict[str, tuple[Any, Any, str]] = {
    "an undeclared limit": (
        {"vendors": 1},
        [VENDOR],
        "steps['a'].uses: expected a limit of the pipeline (vendor), found 'vendors'",
    ),
    "no limit at all": ({"vendor": 1}, [], "(it has none), found 'vendor'"),
    "more than there are": ({"vendor": 6}, [VENDOR], "at most 5, the max_concurrency of vendor, found 6"),
    "nothing of it": ({"vendor": 0}, [VENDOR], "steps['a'].uses.vendor: expected greater than or equal to 1"),
    "a word": ({"vendor": "1"}, [VENDOR], "steps['a'].uses.vendor: expected a valid integer"),
    "six limits": (
        {f"l{n}": 1 for n in range(6)},
        [Limit(f"l{n}", max_concurrency=1) for n in range(6)],
        "at most 5 limits, found 6",
    ),
    "a limit of nothing": (
        {},
        [Limit("vendor", max_concurrency=0)],
        "limits['vendor'].max_concurrency: expected greater than or equal to 1",
    ),
    "a limit's name": (
        {},
        [Limit("Vendor API", max_concurrency=1)],
        "limits['Vendor API'].name: expected match pattern",
    ),
    "a limit twice": ({}, [VENDOR, VENDOR], "limits: expected each limit once, found 'vendor' 2 times"),
    "a limit that is none": ({}, ["vendor"], "limits[0]: expected Limit, found 'vendor'"),
    "no list": ({}, VENDOR, "limits: expected a list"),
    "no uses": ("vendor", [VENDOR], "steps['a'].uses: expected a valid dictionary"),
}


@pytest.mark.parametrize("case", USES)
def test_uses_that_cannot_be_are_refused(case: str) -> None:
    """Before a job would wait for ever."""
    uses, limits, says = USES[case]
    said = mistakes_of(pipeline(Job("a", run="merge", uses=uses), limits=limits))
    assert says in said, said


def test_a_job_may_hold_all_there_is() -> None:
    """Then it runs alone; an unused limit is no mistake."""
    assert (
        mistakes_of(
            pipeline(
                Array("a", run="merge", size=3, uses={"vendor": 5}),
                limits=[VENDOR, Limit("idle", max_concurrency=1)],
            )
        )
        == ""
    )


def test_pipelines_that_share_a_limit_must_agree_on_it() -> None:
    """Equal declarations are one limit; unequal ones are a mistake that names both files."""
    declared = {
        f"pipelines/{name}.py": pipeline(limits=[Limit("vendor", max_concurrency=maximum)])
        for name, maximum in {"a": 5, "b": 5}.items()
    }
    assert list(check_shared_limits(declared)) == []
    (mistake,) = check_shared_limits(
        declared | {"pipelines/c.py": pipeline(limits=[Limit("vendor", max_concurrency=6)])}
    )
    assert mistake.where == "pipelines/a.py and pipelines/b.py and pipelines/c.py"
    assert mistake.found == "5 in pipelines/a.py and 5 in pipelines/b.py and 6 in pipelines/c.py"


def test_the_former_name_of_max_concurrency_works_and_warns() -> None:
    """Pipelines that were written before need no change."""
    with pytest.warns(DeprecationWarning, match="use max_concurrency=") as warned:
        limit = Limit("vendor", at_once=5)
    assert warned[0].filename == __file__
    assert limit == VENDOR
    assert limit.max_concurrency == 5
    assert mistakes_of(pipeline(Job("a", run="merge", uses={"vendor": 5}), limits=[limit])) == ""


def test_the_value_of_the_former_name_is_checked_as_well() -> None:
    """Under the name of today."""
    with pytest.warns(DeprecationWarning, match="at_once"):
        limit = Limit("vendor", at_once=0)
    report = mistakes_of(pipeline(Job("a", run="merge"), limits=[limit]))
    assert "limits['vendor'].max_concurrency: expected greater than or equal to 1, found 0" in report


def test_both_names_of_max_concurrency_together_are_a_mistake() -> None:
    """One of the two would be ignored."""
    limit = Limit("vendor", max_concurrency=5, at_once=5)
    report = mistakes_of(pipeline(Job("a", run="merge"), limits=[limit]))
    assert (
        "limits['vendor']: expected max_concurrency= alone, found at_once= beside it. Drop at_once=" in report
    )


def test_a_limit_needs_its_maximum() -> None:
    """As any argument that has no default."""
    with pytest.raises(TypeError, match=r"Limit\('vendor'\) needs max_concurrency="):
        Limit("vendor")
