"""Chains are checked at synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sluice import AfterRun, FileSet, Job, Manual, Pipeline, Plan, S3Upload, Schedule
from sluice.errors import PipelineError
from sluice.pipeline.validation import validate
from sluice.pipeline.validation.chains import check_chains, key_names

DAILY, HOURLY = Schedule("cron(0 2 * * ? *)"), Schedule("cron(0 * * * ? *)", input={"region": "eu"})


def pipeline(name: str, *triggers: Any) -> Pipeline:
    """Return a pipeline with these triggers."""
    return Pipeline(name=name, triggers=list(triggers), steps=[Job("a", image="busybox", command=["true"])])


def across(*pipelines: Pipeline) -> list[str]:
    """Return what is wrong with pipelines together."""
    return [str(one) for one in check_chains({f"{one.name}.py": one for one in pipelines})]


@pytest.mark.parametrize(
    ("trigger", "mistake"),
    [
        (AfterRun(), "the names of 1 to 20 pipelines"),
        (AfterRun("p"), "expected other pipelines, each once, found p"),
        (AfterRun("a", "a"), "other pipelines, each once, found a, a"),
        (AfterRun(7), "expected"),  # type: ignore[arg-type]
        (AfterRun("a", when="some"), r"\.when: expected"),  # type: ignore[arg-type]
        (AfterRun("a", by=7), r"\.by"),  # type: ignore[arg-type]
        (AfterRun(*(f"p{number}" for number in range(21))), "1 to 20"),
    ],
)
def test_a_trigger_by_itself(trigger: AfterRun, mistake: str) -> None:
    """Each with what was expected."""
    with pytest.raises(PipelineError, match=mistake):
        validate(pipeline("p", trigger), "p.py")


def test_a_plan_needs_a_function() -> None:
    """The results of other runs are no items by themselves."""
    found = Pipeline(name="p", triggers=[AfterRun("a")], steps=[Plan("files")])
    with pytest.raises(PipelineError, match="a function, which finds the results"):
        validate(found, "p.py")


def test_names_that_are_none_are_suggested() -> None:
    """The nearest one."""
    (found,) = across(pipeline("flights", Manual()), pipeline("p", AfterRun("flight")))
    assert "found 'flight'. Did you mean 'flights'?" in found


def test_a_circle_is_found_and_what_hangs_on_it() -> None:
    """A chain of any length that leads to itself."""
    circle = [pipeline(str(one), AfterRun(str((one + 1) % 3))) for one in range(3)]
    (found,) = across(pipeline("z", Manual()), *circle)
    assert "chains without a circle, found 0 and 1 and 2" in found
    assert (
        across(
            pipeline("a", Manual()), pipeline("b", AfterRun("a")), pipeline("c", AfterRun("a", "b", by=[]))
        )
        == []
    )


@pytest.mark.parametrize(
    ("triggers", "after", "names"),
    [
        ((DAILY, HOURLY), AfterRun("a", "b"), ("date", "hour")),
        ((DAILY, Manual()), AfterRun("a", "b"), ("date", "hour")),
        ((DAILY, S3Upload(prefix="x/")), AfterRun("a", "b", by=[]), ()),
        ((S3Upload(prefix="x/"), S3Upload(prefix="y/")), AfterRun("a", "b"), ()),
        ((DAILY, HOURLY), AfterRun("a", "b", by="date"), ("date",)),
        ((DAILY, FileSet("b/{date}/{n:02}.csv", expect=24)), AfterRun("a", "b"), ("date",)),
    ],
)
def test_runs_belong_together_by_the_names_in_common(
    triggers: Sequence[Any], after: AfterRun, names: tuple[str, ...]
) -> None:
    """Of what their triggers give; a request may bring any."""
    upstream = [pipeline(name, trigger) for name, trigger in zip("ab", triggers, strict=True)]
    assert across(*upstream, pipeline("c", after)) == []
    assert key_names(after, upstream) == names


def test_a_join_without_a_key_in_common_is_refused() -> None:
    """It would pair each day's results with whatever came last; by=[] says that this is meant."""
    (found,) = across(
        pipeline("a", DAILY), pipeline("b", S3Upload(prefix="x/")), pipeline("c", AfterRun("a", "b"))
    )
    assert "a name in common, or by=, found a: date, hour; b: none" in found


def test_a_name_that_a_key_does_not_have_is_refused() -> None:
    """By the pipeline that lacks it."""
    (found,) = across(pipeline("a", DAILY), pipeline("c", AfterRun("a", by="region")))
    assert "AfterRun.by: expected a name in the key of a, found 'region'" in found
