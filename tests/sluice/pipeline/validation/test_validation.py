"""Every mistake of a pipeline file is reported, together and by name."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.definition import (
    Array,
    Job,
    Manual,
    Pipeline,
    Plan,
    Resubmit,
    S3Upload,
    Schedule,
    always,
    finished,
)
from sluice.pipeline.validation import validate

FUNCTIONS = frozenset({"split", "count", "merge"})


def valid(**changes: Any) -> Pipeline:
    """Return a valid pipeline with some of its fields changed."""
    fields: dict[str, Any] = {
        "name": "words",
        "triggers": [S3Upload(prefix="words/")],
        "steps": [
            Plan("split", run="split"),
            Array("count", run="count", items_of="split"),
            Job("merge", run="merge", after=["count"]),
        ],
    }
    return Pipeline(**{**fields, **changes})


def mistakes_of(pipeline: Pipeline, functions: frozenset[str] | None = FUNCTIONS) -> str:
    """Return the text of the mistakes, or nothing."""
    try:
        validate(pipeline, "pipelines/words.py", functions)
    except PipelineError as error:
        return str(error)
    return ""


def test_a_valid_pipeline_has_no_mistakes() -> None:
    """A pipeline as the documentation shows it passes."""
    assert mistakes_of(valid()) == ""


CASES: dict[str, tuple[list[Any], str, str]] = {
    "cycle": (
        [Job("a", run="merge", after=["b"]), Job("b", run="merge", after=["a"])],
        "steps",
        "without a cycle",
    ),
    "step after itself": ([Job("a", run="merge", after=["a"])], "steps", "a → a"),
    "unknown step": ([Job("a", run="merge", after=["nobody"])], "steps['a'].after", "'nobody'"),
    "duplicate name": ([Job("a", run="merge"), Job("a", run="merge")], "steps", "'a' 2 times"),
    "no items in a child": (
        [Plan("p", run="split"), Array("a", run="count", items_of="p", items_per_child=0)],
        "steps['a'].items_per_child",
        "greater than or equal to 1",
    ),
    "items_per_child beside each": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", each="a", items_per_child=2),
        ],
        "steps['b'].items_per_child",
        "none beside each=",
    ),
    "memory of 3 MiB": ([Job("a", run="merge", memory=3)], "steps['a'].memory", "greater than or equal to 4"),
    "timeout of 59 s": (
        [Job("a", run="merge", timeout=59)],
        "steps['a'].timeout",
        "greater than or equal to 60",
    ),
    "11 attempts": ([Job("a", run="merge", attempts=11)], "steps['a'].attempts", "less than or equal to 10"),
    "no attempt": ([Job("a", run="merge", attempts=0)], "steps['a'].attempts", "greater than or equal to 1"),
    "a name with an underscore": ([Job("a_b", run="merge")], "steps['a_b'].name", "match pattern"),
    "a name of 41 characters": ([Job("a" * 41, run="merge")], f"steps['{'a' * 41}'].name", "at most 40"),
    "a reserved name": ([Job("cleanup", run="merge")], "steps['cleanup'].name", "another name"),
    "the name of the start job": ([Job("start", run="merge")], "steps['start'].name", "another name"),
    "a gate's name": ([Job("gate-0-0-a", run="merge")], "steps['gate-0-0-a'].name", "another name"),
    "a missing function": ([Job("a", run="nothing")], "steps['a'].run", "'nothing'"),
    "run and command": ([Job("a", run="merge", command=["wc"], image="busybox")], "steps['a']", "found both"),
    "neither run nor command": ([Job("a")], "steps['a']", "found neither"),
    "a command without an image": (
        [Job("a", command=["wc"])],
        "steps['a'].image",
        "the image that has the command",
    ),
    "an image beside run": (
        [Job("a", run="merge", image="busybox")],
        "steps['a'].image",
        "no image beside run=",
    ),
    "a plan with a command": (
        [Plan("a", command=["wc"], image="busybox")],
        "steps['a'].command",
        "a function for Plan",
    ),
    "a command without a word": (
        [Job("a", command=[], image="busybox")],
        "steps['a'].command",
        "at least 1 item",
    ),
    "an image with a space": (
        [Job("a", command=["wc"], image="busy box")],
        "steps['a'].image",
        "match pattern",
    ),
    "an image of 256 characters": (
        [Job("a", command=["wc"], image="a" * 256)],
        "steps['a'].image",
        "at most 255",
    ),
    "an array of nothing": ([Array("a", run="count")], "steps['a']", "found none"),
    "a size of 0": ([Array("a", run="count", size=0)], "steps['a'].size", "greater than or equal to 1"),
    "a size of 10,000,001": (
        [Array("a", run="count", size=10_000_001)],
        "steps['a'].size",
        "less than or equal to 10000000",
    ),
    "a size of 2.5": ([Array("a", run="count", size=2.5)], "steps['a'].size", "a valid integer"),  # type: ignore[arg-type]
    "a word for sequential": (
        [Array("a", run="count", size=3, sequential="yes")],  # type: ignore[arg-type]
        "steps['a'].sequential",
        "a valid boolean",
    ),
    "a size beside items_of": (
        [Plan("p", run="split"), Array("a", run="count", items_of="p", size=3)],
        "steps['a']",
        "found items_of= and size=",
    ),
    "one child of a command": (
        [Array("a", command=["wc"], image="busybox", size=1)],
        "steps['a'].size",
        "2 to 10000 children",
    ),
    "10,001 children of a command": (
        [Array("a", command=["wc"], image="busybox", size=10_001)],
        "steps['a'].size",
        "2 to 10000 children",
    ),
    "slices of a command": (
        [Array("a", command=["wc"], image="busybox", size=10, items_per_child=2)],
        "steps['a'].items_per_child",
        "1 for a command",
    ),
    "a command for the items of a plan": (
        [Plan("p", run="split"), Array("a", command=["wc"], image="busybox", items_of="p")],
        "steps['a'].command",
        "a function for the items of a Plan",
    ),
    "an array of two things": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", items_of="p", each="a"),
        ],
        "steps['b']",
        "found items_of= and each=",
    ),
    "items of a job": (
        [Job("p", run="split"), Array("a", run="count", items_of="p")],
        "steps['a'].items_of",
        "the name of a Plan",
    ),
    "each of a plan": (
        [Plan("p", run="split"), Array("a", run="count", each="p")],
        "steps['a'].each",
        "the name of an Array",
    ),
    "each of nobody": (
        [Array("a", run="count", size=2), Array("b", run="count", each=["a", "x"])],
        "steps['b'].each",
        "found 'x'",
    ),
    "each of nothing": ([Array("b", run="count", each=[])], "steps['b'].each", "at least 1 item"),
    "each of a number": ([Array("b", run="count", each=3)], "steps['b'].each", "a valid string"),  # type: ignore[arg-type]
    "each of numbers": ([Array("b", run="count", each=[3])], "steps['b'].each.0", "a valid string"),  # type: ignore[list-item]
    "each of arrays of different sizes": (
        [
            Array("a", run="count", size=2),
            Array("b", run="count", size=3),
            Array("c", run="count", each=["a", "b"]),
        ],
        "steps['c'].each",
        "arrays of the very same children, found 'a' (2 items, 1 a child), 'b' (3 items, 1 a child)",
    ),
    "each of arrays with different slices": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", items_of="p", items_per_child=2),
            Array("c", run="count", each="b"),
            Array("d", run="count", each=["a", "c"]),
        ],
        "steps['d'].each",
        "'a' (the items of p, 1 a child), 'c' (the items of p, 2 a child)",
    ),
    "more arrays to follow than places": (
        [
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)], sequential=True),
        ],
        "steps['b'].each",
        "at most 19 arrays, found 20",
    ),
    "no place for a gate beside the arrays to follow": (
        [
            Job("j", run="merge"),
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)], after=["j"]),
        ],
        "steps['b'].each",
        "at most 19 arrays, found 20",
    ),
    "an unknown queue": (
        [Job("a", run="merge", queue="fast")],  # type: ignore[arg-type]
        "steps['a'].queue",
        "'urgent', 'normal', 'bulk' or 'steady'",
    ),
    "text for a number": ([Job("a", run="merge", memory="2048")], "steps['a'].memory", "a valid integer"),  # type: ignore[arg-type]
    "a truth for a number": (
        [Job("a", run="merge", attempts=True)],
        "steps['a'].attempts",
        "a valid integer",
    ),
    "a number for a function": ([Job("a", run=5)], "steps['a'].run", "a valid string"),  # type: ignore[arg-type]
    "a text for after": (
        [Job("a", run="merge"), Job("b", run="merge", after="a")],  # type: ignore[arg-type]
        "steps['b'].after",
        "a valid list",
    ),
    "nothing for after": ([Job("a", run="merge", after=None)], "steps['a'].after", "a valid list"),  # type: ignore[arg-type]
    "a list for a name": ([Job(["a"], run="merge")], "steps[0].name", "a valid string"),  # type: ignore[arg-type]
    "at least nothing": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a", at_least=0)])],
        "steps['b'].after",
        "at_least above 0 and at most 1",
    ),
    "at least more than all": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a", at_least=99)])],
        "steps['b'].after",
        "found 99",
    ),
    "finished of a job": (
        [Job("a", run="merge"), Job("b", run="merge", after=[finished("a", at_least=0.5)])],
        "steps['b'].after",
        "no share of children",
    ),
    "always of nobody": ([Job("a", run="merge", after=[always("nobody")])], "steps['a'].after", "'nobody'"),
    "always and needed": (
        [Job("a", run="merge"), Job("b", run="merge", after=["a", always("a")])],
        "steps['b'].after",
        "each step once",
    ),
    "finished of the array that it follows": (
        [
            Array("a", run="count", size=2),
            Array("b", run="count", each="a", after=[finished("a", at_least=0.5)]),
        ],
        "steps['b'].after",
        "each step once",
    ),
    "a circle of always": (
        [Job("a", run="merge", after=[always("b")]), Job("b", run="merge", after=["a"])],
        "steps",
        "without a cycle",
    ),
    "no time again": (
        [Job("a", run="merge", retries=Resubmit(times=0))],
        "steps['a'].retries.times",
        "1 to 10",
    ),
    "too many times again": (
        [Job("a", run="merge", retries=Resubmit(times=11))],
        "steps['a'].retries.times",
        "found 11",
    ),
    "a number for retries": ([Job("a", run="merge", retries=2)], "steps['a'].retries", "Resubmit"),  # type: ignore[arg-type]
    "a command's children again": (
        [Array("a", command=["true"], image="busybox", size=3, retries=Resubmit(times=1))],
        "steps['a'].retries",
        "AWS_BATCH_JOB_ARRAY_INDEX",
    ),
    "a command that follows what runs again": (
        [
            Array("a", run="count", size=3, retries=Resubmit(times=1)),
            Array("b", command=["true"], image="busybox", each="a"),
        ],
        "steps['a'].retries",
        "the command of 'b'",
    ),
    "reclaimed more often than it starts": (
        [Job("a", run="merge", retries=Resubmit(times=1, reclaimed=6))],
        "steps['a'].retries.reclaimed",
        "1 to the 5 attempts",
    ),
    "a list in after": ([Job("a", run="merge", after=[["b"]])], "steps['a'].after.0", "a valid string"),  # type: ignore[list-item]
    "a variable of AWS Batch": (
        [Job("a", run="merge", environment={"AWS_BATCH_X": "1"})],
        "steps['a'].environment",
        "AWS_BATCH_X",
    ),
    "a variable of Sluice": (
        [Job("a", run="merge", environment={"SLUICE_RUN": "1"})],
        "steps['a'].environment",
        "SLUICE_RUN",
    ),
    "something else than a step": (["merge"], "steps[0]", "Plan or Array or Job"),
    "no step": ([], "steps", "at least one step"),
}


@pytest.mark.parametrize(("steps", "where", "says"), CASES.values(), ids=CASES.keys())
def test_a_mistake_in_a_step_is_reported_at_its_field(steps: list[Any], where: str, says: str) -> None:
    """The report names the field and says what was expected or found."""
    lines = [
        line for line in mistakes_of(valid(steps=steps)).splitlines() if line.startswith(f"  - {where}: ")
    ]
    assert any(says in line for line in lines), mistakes_of(valid(steps=steps))


@pytest.mark.parametrize(
    ("triggers", "where", "says"),
    [
        ([S3Upload(prefix=5)], "triggers[0].prefix", "a valid string"),  # type: ignore[arg-type]
        ([S3Upload(prefix="")], "triggers[0].prefix", "at least 1 character"),
        ([S3Upload(prefix="a*b/")], "triggers[0].prefix", "match pattern"),
        ([S3Upload(prefix="/a/")], "triggers", "without a leading /"),
        ([S3Upload(prefix="requests/words/")], "triggers", "matches nothing below requests/"),
        ([S3Upload(prefix="req")], "triggers", "matches nothing below requests/"),
        ([S3Upload(prefix="a/"), S3Upload(prefix="a/b/")], "triggers", "which can match the same file"),
        (["a/"], "triggers[0]", "S3Upload"),
        ([Manual(), Manual()], "triggers", "at most one Manual"),
        ([Schedule(5)], "triggers[0].expression", "a valid string"),  # type: ignore[arg-type]
        ([Schedule("rate(1 day)"), Schedule("rate(1 day)")], "triggers", "each schedule once"),
        ([Schedule("rate(1 day)", timezone="Mars/Base")], "triggers[0].timezone", "'Mars/Base'"),
        ([Schedule("rate(1 day)", timezone="../UTC")], "triggers[0].timezone", "'../UTC'"),
        ([Schedule("rate(1 day)", input={1, 2})], "triggers[0].input", "JSON"),  # type: ignore[arg-type]
        ([Schedule("rate(1 day)", input=[float("nan")])], "triggers[0].input", "a JSON value"),
        ([Schedule("rate(1 day)", input="x" * (128 * 1024))], "triggers[0].input", "at most 131072 bytes"),
        ([Schedule("0 2 * * *")], "triggers[0].expression", "rate(value unit)"),
        ([], "triggers", "at least one trigger"),
        (None, "triggers", "a list"),
        (S3Upload(prefix="a/"), "triggers", "a list"),
    ],
)
def test_a_mistake_in_a_trigger_is_reported_at_its_field(triggers: Any, where: str, says: str) -> None:
    """The report names the trigger and says what was expected or found."""
    lines = [
        line
        for line in mistakes_of(valid(triggers=triggers)).splitlines()
        if line.startswith(f"  - {where}: ")
    ]
    assert any(says in line for line in lines), mistakes_of(valid(triggers=triggers))


def test_prefixes_that_nest_are_apart_when_their_suffixes_differ() -> None:
    """No key ends in both .txt and .csv, so the same prefix can have both."""
    triggers = [S3Upload(prefix="a/", suffix=".txt"), S3Upload(prefix="a/b/", suffix=".csv")]
    assert mistakes_of(valid(triggers=triggers)) == ""


@pytest.mark.parametrize("name", ["Words", "words_", "1words", "words-", "wörter", "", "a" * 41, 7, None])
def test_a_bad_name_of_a_pipeline_is_reported(name: Any) -> None:
    """Names become parts of job names and of S3 keys."""
    assert "  - name: expected" in mistakes_of(valid(name=name))


def test_a_function_needs_a_steps_file() -> None:
    """Without containers/<pipeline>/steps.py no function can be found."""
    assert mistakes_of(valid(), functions=None).count("no steps.py") == 3


def test_a_function_of_another_module_needs_no_steps_file() -> None:
    """``module:function`` names what the image has."""
    assert mistakes_of(valid(steps=[Job("a", run="shared.steps:merge")]), functions=None) == ""


@pytest.mark.parametrize(
    "steps",
    [
        [Job("hello", image="busybox", command=["echo", "hello world"])],
        [Job("hello", image="public.ecr.aws/docker/library/busybox:1.37@sha256:0a", command=["echo"])],
        [
            Array("throw", run="count", size=10_000),
            Array("next", run="count", each="throw"),
            Job("m", run="merge", after=["next"]),
        ],
        [Array("throw", run="count", size=1, items_per_child=5)],
        [
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)]),
        ],
        [
            Array("echo", image="busybox", command=["echo"], size=2),
            Array("more", image="busybox", command=["echo"], each="echo"),
        ],
    ],
)
def test_plain_images_and_fixed_sizes_are_valid(steps: list[Any]) -> None:
    """Any image, and arrays without a plan."""
    assert mistakes_of(valid(steps=steps)) == ""


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    """One synthesis shows all there is to correct, each with what to do."""
    steps = [
        Job("a", run="merge", memory=3, timeout=5, after=["b"]),
        Job("b", run="nothing", after=["a", "nobody"]),
        Job("b", run=5, after=["a"]),  # type: ignore[arg-type]
        Array("c", run="count"),
    ]
    triggers = [S3Upload(prefix=5)]  # type: ignore[arg-type]
    pipeline = Pipeline(name="Bad_Name", triggers=triggers, steps=steps)  # type: ignore[arg-type]
    with pytest.raises(PipelineError) as raised:
        validate(pipeline, "pipelines/bad.py", FUNCTIONS)
    text = str(raised.value)
    for part in (
        "name:",
        "prefix",
        "memory",
        "timeout",
        "'nobody'",
        "'nothing'",
        "steps['b'].run",
        "2 times",
        "cycle",
        "found none",
    ):
        assert part in text, part
    assert text.startswith(f"pipelines/bad.py has {len(raised.value.mistakes)} mistakes:")
    assert all(mistake.fix for mistake in raised.value.mistakes)


def test_a_run_is_begun_by_a_lambda_or_a_start_job() -> None:
    """Anything else is a mistake that names what there is."""
    assert mistakes_of(valid(submit_from="start-job")) == ""
    said = mistakes_of(valid(submit_from="laptop"))
    assert "submit_from: expected 'lambda' or 'start-job', found 'laptop'" in said


@pytest.mark.parametrize(
    ("steps", "submit_from", "refused"),
    [(1_000, "lambda", False), (1_001, "lambda", True), (1_001, "start-job", False)],
)
def test_a_graph_too_large_for_a_lambda_asks_for_a_start_job(
    steps: int, submit_from: str, refused: bool
) -> None:
    """It could not be submitted in the time that a Lambda has."""
    jobs = [Job(f"s{number}", run="merge") for number in range(steps)]
    said = mistakes_of(valid(steps=jobs, submit_from=submit_from))
    assert ("expected at most 1000 steps that a Lambda submits, found 1001" in said) is refused
    assert ('submit_from="start-job"' in said) is refused


@pytest.mark.parametrize("given", ["5m", "2h", "1d12h", "30d", None])
def test_an_expected_time_is_days_hours_and_minutes(given: str | None) -> None:
    """From five minutes to thirty days."""
    assert mistakes_of(valid(expected_within=given)) == ""


@pytest.mark.parametrize(
    "given",
    ["", "4m", "31d", "2 h", "2h ", "1.5h", "-2h", "2H", "two hours", "30m1h", "9999999d", 7200, ["2h"]],
)
def test_an_expected_time_that_is_none_is_a_mistake(given: Any) -> None:
    """It says what to write."""
    text = mistakes_of(valid(expected_within=given))
    assert "expected_within: expected a duration from 5m to 30d" in text
    assert '"2h"' in text


@pytest.mark.parametrize("given", ["yes", 1, None])
def test_a_ticket_is_wanted_or_not(given: Any) -> None:
    """Nothing between."""
    assert "ticket: expected True or False" in mistakes_of(valid(ticket=given))
