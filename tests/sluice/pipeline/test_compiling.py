"""A validated pipeline becomes what travels with a run."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from sluice.compute import Compute, ComputeName, QueueName
from sluice.errors import MalformedMessageError
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline, queues_of
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, Resubmit, S3Upload, Schedule, Step
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.step_functions import StepSource
from sluice.pipeline.trigger_names import schedule_name
from sluice.pipeline.validation import validate
from sluice.run.compiled import CompiledMachine, CompiledPipeline, Kind
from sluice.run.graph import before
from sluice.run.overrides import overridden


def compiled(*steps: Step, submit_from: Literal["lambda", "start-job"] = "lambda") -> CompiledPipeline:
    """Return these steps, validated and compiled."""
    pipeline = Pipeline(
        name="words", triggers=[S3Upload(prefix="words/")], steps=list(steps), submit_from=submit_from
    )
    validate(pipeline, "pipelines/words.py", {"f": StepSource("steps.py:1")})
    names = {step.name: f"words-{step.name}" for step in steps}
    return compile_pipeline(
        pipeline, JobDefinitions(steps=names, cleanup="words-cleanup", gate="gate", start="words-start")
    )


def test_what_the_rules_of_a_step_do_not_name_is_compiled_with_it() -> None:
    """As often as it has attempts; an array of commands once, and a step with one attempt never."""
    rules = [EvaluateOnExit(action="RETRY", on_exit_code=code) for code in ("3", "4", "5")]
    exit_only = [EvaluateOnExit(action="EXIT", on_exit_code=code) for code in ("3", "4")]
    steps = compiled(
        Job("plain", run="f"),
        Job("ruled", run="f", retry=rules[:2]),
        Array("commands", image="busybox", command=["true"], size=3, retry=rules),
        Job("command", image="busybox", command=["true"], retry=rules, attempts=2),
        Job("once", run="f", retry=exit_only, attempts=1),
    )
    found = {one.name: (one.unhandled_faults, one.fault_times) for one in steps.steps}
    docker = ("DockerTimeoutError",)
    assert found == {
        "plain": ((), 0),
        "ruled": (docker, 4),
        "commands": (docker, 1),
        "command": (docker, 1),
        "once": ((), 0),
        "cleanup": ((), 0),
    }
    assert CompiledPipeline.from_json(steps.to_json()) == steps


def test_cleanup_is_downstream_of_all_sinks() -> None:
    """Nothing of a run is removed while something still works."""
    steps = compiled(Job("a", run="f"), Job("b", run="f", after=["a"]), Job("c", run="f", after=["a"]))
    assert steps.steps[-1].kind is Kind.CLEANUP
    assert steps.step("cleanup").after == ("b", "c")


def test_steps_are_in_topological_order_whatever_their_order_in_the_file() -> None:
    """A submission finds its parents' jobs submitted."""
    steps = compiled(Job("c", run="f", after=["b"]), Job("b", run="f", after=["a"]), Job("a", run="f"))
    assert [step.name for step in steps.steps] == ["a", "b", "c", "cleanup"]


def test_a_chain_of_each_has_the_items_and_the_slices_of_its_head() -> None:
    """Child i of the last array works on the items of child i of the first."""
    steps = compiled(
        Plan("p", run="f"),
        Array("a", run="f", items_of="p", items_per_child=7),
        Array("b", run="f", each="a"),
        Array("c", run="f", each="b"),
    )
    assert [(steps.step(name).items_of, steps.step(name).items_per_child) for name in "abc"] == [("p", 7)] * 3
    assert [steps.step(name).parents for name in "abc"] == [("p",), ("a",), ("b",)]


def test_a_fixed_size_goes_down_a_chain_of_each() -> None:
    """The arrays that follow have the children of the first, and wait for nothing but it."""
    steps = compiled(Array("a", run="f", size=10_000, items_per_child=5), Array("b", run="f", each="a"))
    assert [(steps.step(name).size, steps.step(name).items_per_child) for name in "ab"] == [(10_000, 5)] * 2
    assert [steps.step(name).parents for name in "ab"] == [(), ("a",)]


def test_an_array_may_follow_several() -> None:
    """All of them have the same children, so it has those of any; each takes a place among the twenty
    parents.
    """
    jobs = [Job(f"j{number}", run="f") for number in range(20)]
    steps = compiled(
        *jobs,
        Array("a", run="f", size=9, items_per_child=2),
        Array("b", run="f", each="a"),
        Array("c", run="f", each=["a"]),
        Array("d", run="f", each=["b", "c"], after=[job.name for job in jobs]),
    )
    found = steps.step("d")
    assert (found.each, found.size, found.items_per_child) == (("b", "c"), 9, 2)
    assert found.parents[:2] == ("b", "c")
    assert len(found.parents) <= 20
    assert CompiledPipeline.from_json(steps.to_json()) == steps


@pytest.mark.parametrize(("written", "read"), [("a", ("a",)), (None, ())])
def test_an_array_compiled_when_it_could_follow_only_one_is_read(
    written: str | None, read: tuple[str, ...]
) -> None:
    """A run continues after a deploy."""
    document = json.loads(compiled(Array("a", run="f", size=2), Array("b", run="f", each="a")).to_json())
    document["steps"][1]["each"] = written
    assert CompiledPipeline.from_json(json.dumps(document)).step("b").each == read


def test_a_command_leaves_no_results() -> None:
    """Nothing of Sluice is in its image, so nothing is recorded there."""
    steps = compiled(Job("a", image="busybox", command=["true"]), Job("b", run="f"))
    assert [steps.step(name).returns for name in "ab"] == [False, True]


@pytest.mark.parametrize(("count", "gates"), [(20, 0), (21, 2), (400, 20), (401, 21 + 2)])
def test_more_than_twenty_parents_are_folded_into_gates(count: int, gates: int) -> None:
    """Batch lets a job wait for twenty others:
    https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
    """
    jobs = [Job(f"j{number}", run="f") for number in range(count)]
    steps = compiled(*jobs, Job("merge", run="f", after=[job.name for job in jobs]))
    found = [step for step in steps.steps if step.kind is Kind.GATE]
    assert len(found) == gates
    assert all(len(step.parents) <= 20 for step in steps.steps)
    assert before(steps.parents(), "merge") >= {job.name for job in jobs}
    position = {step.name: number for number, step in enumerate(steps.steps)}
    assert all(position[parent] < position[step.name] for step in steps.steps for parent in step.parents)


def test_many_sinks_put_gates_before_cleanup() -> None:
    """Cleanup is bound by the same limit as everything else."""
    steps = compiled(*(Job(f"j{number}", run="f") for number in range(30)))
    assert [len(step.after) for step in steps.steps if step.kind is Kind.GATE] == [20, 10]
    assert steps.step("cleanup").after == ("gate-0-0-cleanup", "gate-0-1-cleanup")


def test_all_steps_are_downstream_of_a_start_job() -> None:
    """Steps without parents wait for it; the others wait for their parents still."""
    steps = compiled(
        Job("a", run="f"), Plan("p", run="f"), Array("b", run="f", items_of="p"), submit_from="start-job"
    )
    assert [step.name for step in steps.steps] == ["start", "a", "p", "b", "cleanup"]
    assert (steps.step("start").kind, steps.step("start").job_definition) == (Kind.START, "words-start")
    assert [steps.step(name).parents for name in ("start", "a", "p", "b")] == [
        (),
        ("start",),
        ("start",),
        ("p",),
    ]


@pytest.mark.parametrize(("queue", "found"), [("bulk", "normal"), ("steady", "normal"), ("urgent", "urgent")])
def test_a_start_job_is_as_urgent_as_what_it_submits(queue: QueueName, found: str) -> None:
    """An urgent step does not wait for a start job that waits behind other jobs."""
    assert (
        compiled(Job("a", run="f"), Job("b", run="f", queue=queue), submit_from="start-job")
        .step("start")
        .queue
        == found
    )


def test_an_n_to_n_array_keeps_a_place_for_the_array_that_it_follows() -> None:
    """Twenty parents in after= and the followed array make twenty-one."""
    jobs = [Job(f"j{number}", run="f") for number in range(20)]
    arrays: list[Step] = [
        Plan("p", run="f"),
        Array("a", run="f", items_of="p"),
        Array("b", run="f", each="a", after=[job.name for job in jobs]),
    ]
    step = compiled(*jobs, *arrays).step("b")
    assert len(step.parents) <= 20
    assert step.parents[0] == "a"


def test_sequential_children_take_the_place_of_a_parent() -> None:
    """Batch counts SEQUENTIAL among the twenty dependencies."""
    jobs = [Job(f"j{number}", run="f") for number in range(20)]
    found = compiled(
        *jobs, Array("a", run="f", size=3, sequential=True, after=[job.name for job in jobs])
    ).step("a")
    assert found.sequential
    assert len(found.parents) <= 19


def test_a_parent_that_is_named_twice_counts_once() -> None:
    """after=["a", "a"] is one dependency."""
    assert compiled(Job("a", run="f"), Job("b", run="f", after=["a", "a"])).step("b").after == ("a",)


def test_a_compiled_pipeline_survives_json() -> None:
    """What a run keeps is what was compiled, and the same pipeline is the same text."""
    steps = compiled(Plan("p", run="f"), Array("a", run="f", items_of="p"), Array("b", run="f", each="a"))
    assert CompiledPipeline.from_json(steps.to_json()) == steps
    assert CompiledPipeline.from_json(steps.to_json()).to_json() == steps.to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": "1"}',
        '{"version": 1, "name": "a", "steps": [{}]}',
        "null",
    ],
)
def test_what_is_no_compiled_pipeline_is_refused(text: str) -> None:
    """A newer version, or anything else, is a malformed message."""
    with pytest.raises(MalformedMessageError):
        CompiledPipeline.from_json(text)


def test_a_step_goes_to_the_queue_of_its_machines_and_priorities() -> None:
    """The key names what it asked for; a priority brings the share that all priorities are compared in."""
    steps = compiled(
        Job("a", run="f"),
        Job("b", run="f", compute="spot", queue="bulk"),
        Job("c", run="f", compute="fargate_spot", priority=0),
        Job("d", run="f", queue="steady"),
    )
    found = {name: (steps.step(name).queue, steps.step(name).submit) for name in "abcd"}
    share = {"shareIdentifier": "sluice"}
    assert found == {
        "a": ("normal", {}),
        "b": ("bulk", {}),
        "c": ("fargate-spot-normal-fair", share),
        "d": ("steady", {}),
    }


@pytest.mark.parametrize(
    ("compute", "own"), [("fargate", "fargate-"), ("arm", ""), ("unmanaged", ""), (None, "")]
)
def test_gates_and_cleanup_run_on_usual_machines_or_on_fargate(compute: ComputeName | None, own: str) -> None:
    """Their image is of one architecture; on Fargate where all else is, so that nothing boots for them."""
    jobs = [Job(f"j{number}", run="f", compute=compute) for number in range(21)]
    steps = compiled(
        *jobs,
        Job("merge", run="f", compute=compute, queue="urgent", priority=3, after=[job.name for job in jobs]),
    )
    assert {step.queue for step in steps.steps if step.kind is Kind.GATE} == {f"{own}urgent"}
    assert steps.step("cleanup").queue == f"{own}normal"


def test_the_queues_of_pipelines_are_those_of_all_their_steps() -> None:
    """What Sluice adds included."""
    pipelines = [
        Pipeline(
            name="a", triggers=[Manual()], steps=[Job("a", run="f", compute="gpu", gpus=1, queue="bulk")]
        ),
        Pipeline(name="b", triggers=[Manual()], steps=[Job("a", run="f", compute="fargate")]),
    ]
    assert queues_of(pipelines) == {"gpu-bulk", "normal", "fargate-normal"}
    assert queues_of([]) == set()


def test_what_a_run_may_override_travels_with_it() -> None:
    """Only where a Manual trigger allows some: a graph of a thousand steps need not carry it for nothing."""
    job = Job("a", run="f", compute="fargate", vcpus=0.5, memory=1024)
    names = JobDefinitions(steps={"a": "a"}, cleanup="", gate="")
    allowing = compile_pipeline(
        Pipeline(name="words", triggers=[Manual(overrides=["memory"])], steps=[job]), names
    )
    assert CompiledPipeline.from_json(allowing.to_json()) == allowing
    assert (allowing.overridable, allowing.step("a").machine) == (
        ("memory",),
        CompiledMachine(Compute.FARGATE, 0.5, 1024),
    )
    assert allowing.step("cleanup").machine is None
    silent = compile_pipeline(Pipeline(name="words", triggers=[Manual()], steps=[job]), names)
    assert (silent.overridable, silent.step("a").machine) == ((), None)


def test_a_pipeline_that_was_stored_before_is_still_read() -> None:
    """A run that began with an older deploy has steps without what was added since."""
    document = json.loads(compiled(Job("a", run="f")).to_json())
    del document["overridable"]
    for step in document["steps"]:
        del step["submit"], step["machine"]
    assert CompiledPipeline.from_json(json.dumps(document)) == compiled(Job("a", run="f"))


def test_what_is_expected_of_a_run_travels_with_it() -> None:
    """The time in seconds, and whether a ticket is wanted; a definition of an older version says neither."""
    late = Pipeline(
        name="w",
        triggers=[S3Upload(prefix="w/")],
        steps=[Job("a", run="f")],
        expected_within="1h30m",
        ticket=True,
    )
    one = compile_pipeline(late, JobDefinitions(steps={"a": "d"}, cleanup="c", gate="g"))
    assert (one.expected_within, one.ticket) == (5400, True)
    assert CompiledPipeline.from_json(one.to_json()) == one
    older = {
        name: value
        for name, value in json.loads(one.to_json()).items()
        if name not in ("expected_within", "ticket")
    }
    read = CompiledPipeline.from_json(json.dumps(older))
    assert (read.expected_within, read.ticket) == (None, False)


def test_a_plan_of_uploads_is_compiled_without_a_job() -> None:
    """And travels with the run."""
    files: list[Step] = [Plan("files"), Array("count", run="count", items_of="files")]
    compiled = compile_pipeline(
        Pipeline(name="w", triggers=[Manual()], steps=files),
        JobDefinitions(steps={"count": "c"}, cleanup="x", gate="g"),
    )
    assert [(one.name, one.of_uploads, one.job_definition) for one in compiled.steps] == [
        ("files", True, ""),
        ("count", False, "c"),
        ("cleanup", False, "x"),
    ]
    assert type(compiled).from_json(compiled.to_json()) == compiled


def test_a_pipeline_with_machines_of_its_own_has_queues_of_its_own() -> None:
    """What Sluice adds to it too; Fargate has a machine for each job anyway. A run may be asked for in
    another of its own queues.
    """
    steps: list[Step] = [
        Job("a", run="f", retries=Resubmit(times=1, reclaimed=1)),
        Job("b", run="f", compute="gpu", gpus=1, priority=1, after=["a"]),
        Job("task", run="f", compute="fargate", memory=2048),
        Job("join", run="f", after=["b", *(f"n{number}" for number in range(25))]),
        *(Job(f"n{number}", run="f") for number in range(25)),
    ]
    found = Pipeline(
        name="secret",
        triggers=[Manual(overrides=["queue"])],
        steps=steps,
        machines="own",
        submit_from="start-job",
    )
    names = {step.name: step.name for step in steps}
    compiled = compile_pipeline(found, JobDefinitions(steps=names, cleanup="", gate="", start=""))
    queues = {step.name: step.queue for step in compiled.steps}
    assert {queues[name] for name in ("start", "a", "join", "cleanup")} == {"secret_normal"}
    assert {queue for name, queue in queues.items() if name.startswith("gate-")} == {"secret_normal"}
    assert (queues["b"], queues["task"]) == ("secret_gpu-normal-fair", "fargate-normal")
    assert queues_of([found]) >= {
        "secret_normal",
        "secret_steady",
        "secret_gpu-normal-fair",
        "fargate-normal",
    }
    deployed = dict.fromkeys([*queues_of([found]), "secret_urgent", "secret_gpu-bulk-fair"], "arn")
    asked = {"a": {"queue": "urgent"}, "b": {"queue": "bulk"}}
    changed = overridden("secret-0", compiled, asked, deployed)
    assert [changed.step(name).queue for name in ("a", "b")] == ["secret_urgent", "secret_gpu-bulk-fair"]


def test_a_pipeline_with_a_share_competes_for_machines_as_one() -> None:
    """All its jobs go to queues with a fair-share policy, with a priority or without; a run may be asked for
    in another share, such as a user's, where the trigger says so.
    """
    steps: list[Step] = [Job("a", run="f"), Job("b", run="f", priority=5)]
    found = Pipeline(name="team", triggers=[Manual(overrides=["share"])], steps=steps, share="teamA")
    done = compile_pipeline(found, JobDefinitions(steps={"a": "a", "b": "b"}, cleanup="", gate=""))
    for name in ("a", "b"):
        assert (done.step(name).queue, done.step(name).submit) == (
            "normal-fair",
            {"shareIdentifier": "teamA"},
        )
    changed = overridden("team-0", done, {"a": {"share": "alice"}}, {"normal-fair": "arn"})
    assert changed.step("a").submit["shareIdentifier"] == "alice"
    assert changed.step("b").submit["shareIdentifier"] == "teamA"
    for wrong in ("team-a", "", "a" * 256, 5, "ä"):
        with pytest.raises(MalformedMessageError, match="1 to 255 letters and digits"):
            overridden("team-0", done, {"a": {"share": wrong}}, {"normal-fair": "arn"})
    plain = compile_pipeline(
        Pipeline(name="team", triggers=[Manual(overrides=["share"])], steps=[Job("a", run="f")]),
        JobDefinitions(steps={"a": "a"}, cleanup="", gate=""),
    )
    with pytest.raises(MalformedMessageError, match="none for a step without priority="):
        overridden("team-0", plain, {"a": {"share": "alice"}}, {"normal": "arn"})


def test_what_a_pipeline_is_tagged_with_travels_with_it() -> None:
    """The deploy's tags too, when there are some; what was compiled before has none."""
    found = Pipeline(name="team", triggers=[Manual()], steps=[Job("a", run="f")], tags={"team": "data"})
    names = JobDefinitions(steps={"a": "a"}, cleanup="", gate="")
    assert compile_pipeline(found, names).tags == {"team": "data"}
    done = compile_pipeline(found, names, tags={"team": "data", "cost-center": "42"})
    assert CompiledPipeline.from_json(done.to_json()).tags == {"team": "data", "cost-center": "42"}
    old = {name: value for name, value in json.loads(done.to_json()).items() if name != "tags"}
    assert CompiledPipeline.from_json(json.dumps(old)).tags == {}


def test_schedules_that_catch_up_travel_with_the_pipeline() -> None:
    """With their time zones; the others do not."""
    caught = Schedule(
        "cron(0 2 * * ? *)", timezone="Europe/Berlin", start="2026-01-01", catch_up=True, input=[1]
    )
    pipeline = Pipeline(name="words", triggers=[Schedule("rate(1 day)"), caught], steps=[Job("a", run="f")])
    found = compile_pipeline(pipeline, JobDefinitions(steps={"a": "d"}, cleanup="c", gate="g"))
    (schedule,) = CompiledPipeline.from_json(found.to_json()).catch_up
    assert (schedule.trigger, schedule.start, schedule.input) == (schedule_name(caught), "2026-01-01", [1])
    assert schedule.zone
