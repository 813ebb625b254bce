"""A whole pipeline in this process: what becomes of it, of its steps and of each item."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from pipelines import hello_fan, monte_carlo, ring, six_jobs, small_files, word_count
from sluice import Array, Job, Manual, MultiNode, Pipeline, Plan, Resubmit, Webhook, always
from sluice.errors import MalformedMessageError, PipelineError
from sluice.steps import Item, Node, Out, Results, ScheduledTime, Trigger
from sluice.testing import Command, HarnessError, run
from tests.sluice.testing.pipelines import FUNCTIONS, chain, double, numbers, run_chain, squared


def fails_at(*bad: int) -> Any:
    """Return a function of an array that fails for some items."""

    def function(item: Item, out: Out) -> int:
        if item["n"] in bad:
            raise ValueError(f"no {item['n']}")
        return double(item, out)

    return function


def test_a_run_answers_with_results_files_items_and_logs() -> None:
    """All that a test asks for."""
    ran = run_chain(3)
    assert ran.succeeded, ran
    assert ran.files["total.txt"] == b"20"
    assert ran.files["total.txt"].content_type == "text/plain; charset=utf-8"
    assert ran.steps["double"].results == {0: 0, 1: 2, 2: 4}
    assert ran.steps["square"].results == {0: 0, 1: 4, 2: 16}
    item = ran.steps["double"].items[2]
    assert (item.value, item.state, item.attempts, item.child) == ({"n": 2}, "SUCCEEDED", 1, 2)
    assert item.log == "doubling 2\n"
    assert "double of chain-" in ran.steps["double"].log
    assert "doubling 1" in ran.log


def test_a_run_takes_much_less_than_a_second_and_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it goes anywhere."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    run_chain(1)  # What Python imports once is no run's.
    monkeypatch.setattr(socket, "socket", refuse)
    began = time.process_time()  # Others may be at work on this machine.
    assert run(word_count.pipeline, files={"a.txt": b"one two two"}).succeeded
    assert run_chain(20).succeeded
    assert time.process_time() - began < 0.8


@pytest.mark.parametrize("items_per_child", [1, 2, 100])
def test_children_have_slices(items_per_child: int) -> None:
    """Whatever their number, every item is worked on once."""
    ran = run_chain(7, chain(items_per_child=items_per_child))
    assert ran.files["total.txt"].text() == "364"
    assert ran.steps["double"].children == -(-7 // items_per_child)
    assert {item.attempts for item in ran.steps["square"].items} == {1}


def test_no_items_are_an_empty_step() -> None:
    """What follows runs."""
    ran = run_chain(0)
    assert ran.steps["double"].state == "EMPTY"
    assert ran.files["total.txt"] == b"0"


def test_a_failing_item_fails_the_run_with_its_reason() -> None:
    """Item, file and traceback are at hand, and what depends on it does not run."""
    ran = run_chain(3, replaced={"double": fails_at(1)})
    assert (ran.state, ran.failed_step, ran.files) == ("FAILED", "double", {})
    failed = ran.steps["double"].items[1]
    assert (failed.state, failed.error) == ("FAILED", "ValueError: no 1")
    assert 'raise ValueError(f"no' in failed.log
    assert [item.state for item in ran.steps["square"].items] == ["SUCCEEDED", "NOT_RUN", "SUCCEEDED"]
    assert (ran.steps["total"].state, "no 1" in str(ran.reason)) == ("FAILED", True)
    assert "item 1" in repr(ran)


def test_a_retry_works_only_on_what_failed() -> None:
    """As ``sluice retry`` does, with functions that are mended."""
    ran = run_chain(3, replaced={"double": fails_at(1)})
    again = ran.retry(functions=FUNCTIONS)
    assert again.succeeded, again
    assert again.files["total.txt"] == b"20"
    assert [item.attempts for item in again.steps["double"].items] == [1, 2, 1]
    with pytest.raises(HarnessError, match="Expected a run in which something failed"):
        again.retry()


def test_failures_that_are_tolerated_are_missing_items() -> None:
    """``finished(at_least=…)`` decides, as in a deployed run."""

    def sum_of_the_rest(results: Results, out: Out) -> None:
        out.write("missing.txt", repr(results.missing("square")))

    replaced = {"squared": fails_at(2), "total": sum_of_the_rest}
    ran = run_chain(4, chain(at_least=0.7), replaced=replaced)
    assert (ran.state, ran.files["missing.txt"]) == ("SUCCEEDED", b"[2]")
    assert run_chain(4, chain(at_least=0.8), replaced=replaced).state == "FAILED"


def test_failures_that_were_tolerated_can_be_repeated() -> None:
    """A retry of a run that succeeded works on just these; then on what is downstream of them, with the
    results of all.
    """
    ran = run_chain(4, chain(at_least=0.7), replaced={"squared": fails_at_square(2)})
    assert (ran.state, ran.files["total.txt"]) == ("SUCCEEDED", b"40")
    assert len(ran.files["failed.jsonl"].splitlines()) == 1
    again = ran.retry(functions=FUNCTIONS)
    assert (again.state, again.files["total.txt"]) == ("SUCCEEDED", b"56")
    assert again.files["failed.jsonl"] == b""
    assert [item.attempts for item in again.steps["square"].items] == [1, 1, 2, 1]
    with pytest.raises(HarnessError, match="Expected a run in which something failed"):
        again.retry()


def test_what_ran_behind_any_end_is_done_anew_behind_the_repetition() -> None:
    """What it published then said what was missing."""

    def tell(results: Results, out: Out) -> None:
        out.write("told.txt", repr(results.missing("square")))

    graph = chain()
    graph = replace(graph, steps=[*graph.steps, Job("tell", run="tell", after=[always("square")])])
    ran = run_chain(3, graph, replaced={"double": fails_at(1), "tell": tell})
    assert (ran.state, ran.files["told.txt"]) == ("FAILED", b"[1]")
    again = ran.retry(functions={**FUNCTIONS, "tell": tell})
    assert (again.state, again.files["told.txt"]) == ("SUCCEEDED", b"[]")


def fails_at_square(number: int) -> Any:
    """Return a function of the array behind another that fails for one item."""

    def function(item: Item, out: Out) -> int:
        if item["n"] == number:
            raise ValueError(f"no {number}")
        return squared(item, out)

    return function


def test_resubmissions_happen() -> None:
    """``Resubmit`` gives what failed another generation."""
    calls: list[int] = []

    def at_the_second_time(item: Item, out: Out) -> int:
        calls.append(item["n"])
        if item["n"] == 1 and calls.count(1) < 2:
            raise ValueError("not yet")
        return double(item, out)

    ran = run_chain(3, chain(retries=Resubmit(times=1)), replaced={"double": at_the_second_time})
    assert ran.succeeded, ran
    assert (sorted(calls), ran.steps["double"].generation) == ([0, 1, 1, 2], 1)


def test_sequential_children_stop_at_the_first_failure() -> None:
    """Child i + 1 waits for child i."""
    array = Array("double", run="double", items_of="numbers", sequential=True)
    pipeline = Pipeline(name="row", triggers=[Manual()], steps=[Plan("numbers", run="numbers"), array])
    ran = run_chain(4, pipeline, replaced={"double": fails_at(1)})
    states = [item.state for item in ran.steps["double"].items]
    assert states == ["SUCCEEDED", "FAILED", "NOT_RUN", "NOT_RUN"]


def test_commands_have_stand_ins() -> None:
    """They are given what AWS Batch would give the command."""
    seen: list[Command] = []
    stands = dict.fromkeys(["first", "many", "last"], seen.append)
    assert run(hello_fan.pipeline, commands=stands).succeeded
    many = [one for one in seen if one.step == "many"]
    assert [one.child for one in many] == list(range(10))
    assert many[3].environment["AWS_BATCH_JOB_ARRAY_INDEX"] == "3"
    assert seen[0].words == ("echo", "hello world")
    ran = run(hello_fan.pipeline, commands={**stands, "many": lambda command: int(command.child == 7)})
    assert (ran.failed_step, ran.steps["last"].state) == ("many", "FAILED")


def test_a_command_without_a_stand_in_is_an_error() -> None:
    """No image is started."""
    with pytest.raises(HarnessError, match=r"the commands of a, b, c, d, e, f, found none"):
        run(six_jobs.pipeline)


def test_variables_and_secrets_are_those_of_the_step() -> None:
    """And go with it."""

    def read(results: Results, out: Out) -> None:
        names = ("LEVEL", "API_KEY", "AWS_BATCH_JOB_ID")
        out.write("env.txt", " ".join(os.environ[name] for name in names))

    step = Job("read", run="read", environment={"LEVEL": "7"}, secrets={"API_KEY": "vendor"})
    pipeline = Pipeline(name="secretive", triggers=[Manual()], steps=[step])
    ran = run(pipeline, functions={"read": read}, secrets={"API_KEY": "s3cret"})
    assert ran.files["env.txt"].text().split()[:2] == ["7", "s3cret"]
    assert "API_KEY" not in os.environ
    with pytest.raises(HarnessError, match="the values of the secrets API_KEY"):
        run(pipeline, functions={"read": read})


def test_nodes_run_side_by_side() -> None:
    """Each in a thread, at an address of its own; what the main node returns is the result."""
    met: list[str] = []

    def train(node: Node, out: Out) -> dict[str, Any]:
        met.append(node.address)
        while node.is_main and len(met) < node.count:
            time.sleep(0.001)
        return {"count": node.count, "main": node.main_address}

    def publish(results: Results, out: Out) -> None:
        out.write("result.json", str(dict(results("train"))))

    pipeline = Pipeline(
        name="nodes",
        triggers=[Manual()],
        steps=[MultiNode("train", run="train", nodes=3), Job("publish", run="publish", after=["train"])],
    )
    ran = run(pipeline, functions={"train": train, "publish": publish})
    assert ran.succeeded, ran
    assert ran.files["result.json"] == b"{0: {'count': 3, 'main': '127.0.0.1'}}"
    assert sorted(met) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_a_pipeline_that_no_deploy_takes_is_refused() -> None:
    """With every mistake."""
    with pytest.raises(PipelineError, match="after"):
        run_chain(1, Pipeline(name="x", triggers=[Manual()], steps=[Job("a", run="total", after=["b"])]))


def test_functions_are_looked_for_where_images_have_them() -> None:
    """In ``containers/<pipeline>/steps.py``."""
    pipeline = Pipeline(name="not-there", triggers=[Manual()], steps=[Job("a", run="a")])
    with pytest.raises(HarnessError, match=r"in containers/not_there/steps\.py of the project, found no"):
        run(pipeline)


def test_shipped_pipelines_run() -> None:
    """A group of files, a schedule, an array of 10,000 items, real nodes."""
    files = {f"{number}.txt": "one two two" for number in range(30)}
    assert run(small_files.pipeline, files=files).steps["count"].children == 2
    ran = run(monte_carlo.pipeline, input={"throws": 1}, trigger=None)
    assert len(ran.steps["throw"].items) == 10_000
    assert ran.succeeded, ran


def test_each_trigger_is_what_it_is_deployed() -> None:
    """A schedule gives its own input, a webhook the body."""

    def tell(results: Results, out: Out) -> None:
        out.write("trigger.txt", f"{results.trigger.kind} {results.trigger.input}")

    def of(*triggers: Any) -> Pipeline:
        return Pipeline(name="told", triggers=list(triggers), steps=[Job("tell", run="tell")])

    def told(pipeline: Pipeline, **more: Any) -> str:
        return run(pipeline, functions={"tell": tell}, **more).files["trigger.txt"].text()

    assert told(of(Webhook()), input={"a": 1}) == "webhook {'a': 1}"
    assert told(of(Manual()), input=[5]) == "manual [5]"
    time_of = ScheduledTime(time="2030-01-01T00:00:00Z", expression="rate(1 day)", input=8)
    with pytest.raises(HarnessError, match="Expected a Schedule trigger of told for a ScheduledTime"):
        told(of(Manual()), trigger=time_of)
    with pytest.raises(MalformedMessageError, match="of at most 131072 bytes"):
        told(of(Manual()), input="x" * 200_000)


def test_overrides_are_those_of_a_request() -> None:
    """They are checked as the trigger Lambda checks them."""
    variables: list[str] = []

    def tell(results: Results, out: Out) -> None:
        variables.append(os.environ["LEVEL"])

    step = Job("tell", run="tell", environment={"LEVEL": "1"})
    pipeline = Pipeline(name="asked", triggers=[Manual(overrides=["environment"])], steps=[step])
    run(pipeline, functions={"tell": tell}, overrides={"tell": {"environment": {"LEVEL": "9"}}})
    assert variables == ["9"]
    with pytest.raises(MalformedMessageError, match="expected some of environment, found 'memory'"):
        run(pipeline, functions={"tell": tell}, overrides={"tell": {"memory": 4096}})


def test_always_runs_after_a_failure() -> None:
    """And the run fails all the same."""

    def work(results: Results, out: Out) -> None:
        raise ValueError("bad")

    def tidy(results: Results, out: Out) -> None:
        out.write("tidied", b"")

    steps = [Job("work", run="work"), Job("tidy", run="tidy", after=[always("work")])]
    ran = run(
        Pipeline(name="tidy", triggers=[Manual()], steps=list(steps)),
        functions={"work": work, "tidy": tidy},
    )
    assert (ran.state, list(ran.files)) == ("FAILED", ["tidied"])


def test_a_pipeline_with_many_parents_has_gates() -> None:
    """A gate makes many parents one, here as there."""
    many = [Job(f"part-{number}", run="part") for number in range(45)]
    last = Job("last", run="part", after=[one.name for one in many])
    done: list[int] = []
    ran = run(
        Pipeline(name="wide", triggers=[Manual()], submit_from="start-job", steps=[*many, last]),
        functions={"part": lambda results, out: done.append(1)},
    )
    assert (ran.succeeded, len(done)) == (True, 46), ran


def test_each_job_is_a_process_of_its_own_as_far_as_caches_go() -> None:
    """What one job keeps another does not meet."""
    read: list[int] = []

    @cache
    def table() -> int:
        read.append(1)
        return 5

    def cached(item: Item, out: Out) -> int:
        return table()

    functions: dict[str, Any] = {**FUNCTIONS, "double": cached, "table": table}
    run(chain(items_per_child=2), input={"count": 4}, functions=functions)
    assert len(read) == 2


def test_a_function_that_exits_has_failed() -> None:
    """Exit code 0 proves nothing."""

    def leaves(item: Item, out: Out) -> None:
        raise SystemExit(0)

    ran = run_chain(2, replaced={"double": leaves})
    assert (
        ran.steps["double"].items[0].error
        == "SystemExit: the code called exit(0); a step that is done returns"
    )


def test_an_item_that_a_plan_must_not_find_is_refused() -> None:
    """By the real manifest."""

    def finds(trigger: Trigger) -> Iterator[Any]:
        yield from numbers(trigger)
        yield {"n": "x" * 9_000}

    ran = run_chain(2, replaced={"numbers": finds})
    assert "ItemError: Item 2: expected at most 8192 bytes of JSON" in str(ran.reason)


def test_the_ring_of_the_course_needs_sockets_and_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function itself opens is its own."""
    from containers.ring import rendezvous, steps

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    monkeypatch.setattr(rendezvous, "PORT", port)
    monkeypatch.setattr(steps, "PORT", port)
    ran = run(ring.pipeline, input={"numbers": [1, 2, 3, 4]})
    assert ran.files["sum.json"].json()["sum"] == 10


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({1: "a", "1": "b"}, "the keys 1 and '1', which are the same text"),
        ("half \ud800", "half of a surrogate pair"),
        ({"n": [{1, 2}]}, r"in the result's \['n'\]\[0\] set"),
    ],
    ids=["keys", "surrogate", "set"],
)
def test_what_cannot_be_returned_is_refused_with_its_item(bad: Any, message: str) -> None:
    """The results of the others of its child are kept."""

    def returns(item: Item, out: Out) -> Any:
        return bad if item["n"] == 2 else double(item, out)

    ran = run_chain(4, chain(items_per_child=4), replaced={"double": returns})
    assert [one.number for one in ran.steps["double"].failed] == [2]
    assert re.search(message, str(ran.steps["double"].failed[0].error))
    assert ran.steps["double"].results == {0: 0, 1: 2} | {
        number: value for number, value in ran.steps["double"].results.items() if number > 2
    }
    again = ran.retry(functions=FUNCTIONS)
    assert (again.succeeded, again.files["total.txt"]) == (True, b"56")
    assert [one.attempts for one in again.steps["double"].items][:3] == [1, 1, 2]
