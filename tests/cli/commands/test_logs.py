"""`sluice logs`."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from cli.commands.logs import logs
from sluice import keys
from sluice.operate.errors import OperationError, RequestError
from sluice.operate.logs.generations import Generation
from sluice.operate.logs.job_log import READS_AFTER_END
from sluice.operate.logs.log_source import LogSource
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.decision import decide
from sluice.run.state import GenerationSpec, RunState, StepRecord, StepState
from sluice.run.submission import Submission
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step, word_count
from tests.sluice.operate.logs.log_streams import AT, GROUP, container, write

NOW = START.isoformat(timespec="milliseconds")


@pytest.fixture
def one(harness: CommandHarness) -> CommandHarness:
    """A run of one job, in flight, that has logged nothing yet."""
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    harness.begin(RUN_ID, NOW, pipeline(step("a"), step("b", after=("a",))))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.jobs.add("job-a", **container("a/1"))
    return harness


@pytest.fixture
def array(harness: CommandHarness) -> CommandHarness:
    """A run whose array has three children; the last two have failed."""
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    whole = word_count()
    harness.begin(RUN_ID, NOW, whole)
    claims = list(decide(pipeline(step("count")), {}).submissions)
    assert harness.ledger.claim(RUN_ID, [type(claims[0])(claims[0].step, 3)], NOW)
    harness.ledger.record_submitted(RUN_ID, {"count": "job-c"})
    harness.jobs.add("job-c", status="FAILED", arrayProperties={"size": 3})
    for index in range(3):
        status = "FAILED" if index else "SUCCEEDED"
        harness.jobs.add(
            f"job-c:{index}", status=status, arrayProperties={"index": index}, **container(f"c/{index}")
        )
        write(harness, f"c/{index}", f"child {index}")
    return harness


def test_lines_of_every_attempt(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Each attempt has a log of its own; they are printed in order."""
    one.jobs.add("job-a", **container("a/1", "a/2"))
    write(one, "a/2", "second")
    write(one, "a/1", "first", "žluť")
    assert logs(one.given("logs", RUN_ID, "a"), one.cloud) == 0
    assert capsys.readouterr().out.splitlines() == ["first", "žluť", "second"]


def test_json_lines(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints an object a line, with attempt and time."""
    write(one, "a/1", "first")
    assert logs(one.given("logs", RUN_ID, "a", "0", "--json"), one.cloud) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["attempt"], line["message"], datetime.fromisoformat(line["at"]).timestamp() * 1000) == (
        1,
        "first",
        AT,
    )


def test_more_lines_than_a_page(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A log is read to its end: CloudWatch returns at most 10,000 lines at a time."""
    lines = [str(number) for number in range(10_050)]
    for start in range(0, len(lines), 5_000):
        write(one, "a/1", *lines[start : start + 5_000], second=start // 1_000)
    logs(one.given("logs", RUN_ID, "a"), one.cloud)
    assert capsys.readouterr().out.splitlines() == lines


def test_nothing_logged_is_said(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that has not logged yet is no failure."""
    assert logs(one.given("logs", RUN_ID, "a"), one.cloud) == 0
    assert "has logged nothing; its state is RUNNING" in capsys.readouterr().err


def test_follow_prints_each_line_once(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """`--follow` stays until the job has ended, and for the lines that come a little later."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            write(one, "a/1", "early", second=1)
        if len(pauses) == 2:
            one.jobs.jobs["job-a"]["status"] = "SUCCEEDED"
        if len(pauses) == 3:
            write(one, "a/1", "late", second=2)

    assert logs(one.given("logs", RUN_ID, "a", "--follow"), one.cloud, sleep=sleep) == 0
    assert capsys.readouterr().out.splitlines() == ["early", "late"]
    assert len(pauses) == 2 + READS_AFTER_END


def test_follow_waits_for_the_job(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A step that is not submitted yet is waited for."""

    def sleep(_: float) -> None:
        if "job-b" not in one.jobs.jobs:
            write(one, "b/1", "hello")
            one.jobs.add("job-b", status="SUCCEEDED", **container("b/1"))
            one.ledger.record_submitted(RUN_ID, {"b": "job-b"})

    assert logs(one.given("logs", RUN_ID, "b", "--follow"), one.cloud, sleep=sleep) == 0
    assert capsys.readouterr().out == "hello\n"


def test_a_child_by_its_number(array: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """INDEX names a child of an array."""
    assert logs(array.given("logs", RUN_ID, "count", "1"), array.cloud) == 0
    assert capsys.readouterr().out == "child 1\n"


def test_an_array_needs_a_number(array: CommandHarness) -> None:
    """Without INDEX an array's log is wrong usage, and the children that failed are named."""
    with pytest.raises(RequestError, match=r"0 to 2, after its name, found none. Failed: 1, 2."):
        logs(array.given("logs", RUN_ID, "count"), array.cloud)


def test_children_of_an_array_that_waits(array: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A child that AWS Batch has not made yet is waited for as long as its array has not ended."""
    child = array.jobs.jobs.pop("job-c:0")
    array.jobs.jobs["job-c"]["status"] = "PENDING"
    array.jobs.jobs["job-c"] |= container("c/2")  # no child's log is taken from the array

    def sleep(_: float) -> None:
        array.jobs.jobs["job-c:0"] = child

    assert logs(array.given("logs", RUN_ID, "count", "0", "--follow"), array.cloud, sleep=sleep) == 0
    assert capsys.readouterr().out == "child 0\n"


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["count", "3"], "one of its 3 children, 0 to 2, found 3"),
        (["nope"], r"\(split, count, rank, merge, cleanup\), found 'nope'"),
    ],
)
def test_what_is_not_there(array: CommandHarness, words: list[str], refusal: str) -> None:
    """A child or a step that there is not is refused with those that there are."""
    with pytest.raises(OperationError, match=refusal):
        logs(array.given("logs", RUN_ID, *words), array.cloud)


def test_a_step_without_a_job(one: CommandHarness) -> None:
    """A step that waits, is empty or could not be submitted has no log, and the refusal says which it is."""
    with pytest.raises(OperationError, match=r"found none: it is CLAIMED\."):
        logs(one.given("logs", RUN_ID, "b"), one.cloud)
    one.ledger.record_end(RUN_ID, "b", StepState.FAILED, reason="SubmitJob was refused")
    with pytest.raises(OperationError, match="it is FAILED, because SubmitJob was refused"):
        logs(one.given("logs", RUN_ID, "b", "--follow"), one.cloud)


def test_follow_gives_up_with_the_run(array: CommandHarness) -> None:
    """A step that will never be submitted, because its run has ended, is not waited for."""
    array.end(RUN_ID, RunState.CANCELLED)
    with pytest.raises(OperationError, match=r"it is WAITING\. The run is CANCELLED\."):
        logs(array.given("logs", RUN_ID, "merge", "--follow"), array.cloud)


@pytest.fixture
def nodes(harness: CommandHarness) -> CommandHarness:
    """A run whose multi-node job has ended; as a whole it has no container."""
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    ring = CompiledStep("ring", Kind.MULTI_NODE, "d", "steady", groups=(1, 2))
    harness.begin(RUN_ID, NOW, pipeline(ring))
    harness.ledger.record_submitted(RUN_ID, {"ring": "job-r"})
    harness.jobs.add("job-r", status="SUCCEEDED", nodeProperties={"numNodes": 3})
    for index in range(3):
        harness.jobs.add(
            f"job-r#{index}", status="SUCCEEDED", nodeDetails={"nodeIndex": index}, **container(f"r/{index}")
        )
        write(harness, f"r/{index}", f"node {index}")
    return harness


@pytest.mark.parametrize(("words", "says"), [((), "node 0"), (("0",), "node 0"), (("2",), "node 2")])
def test_a_nodes_log(
    nodes: CommandHarness, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the main node, unless another is asked for."""
    assert logs(nodes.given("logs", RUN_ID, "ring", *words), nodes.cloud) == 0
    assert capsys.readouterr().out.splitlines() == [says]


def test_a_node_that_is_none_is_refused(nodes: CommandHarness) -> None:
    """With the numbers that there are."""
    with pytest.raises(OperationError, match=r"expected the number of one of its 3 nodes, 0 to 2, found 3\."):
        logs(nodes.given("logs", RUN_ID, "ring", "3"), nodes.cloud)


def test_a_node_that_has_not_started_has_the_jobs_state(
    nodes: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS Batch knows no nodes of a job that waits."""
    for index in range(3):
        del nodes.jobs.jobs[f"job-r#{index}"]
    nodes.jobs.jobs["job-r"]["status"] = "RUNNABLE"
    assert logs(nodes.given("logs", RUN_ID, "ring", "1"), nodes.cloud) == 0
    assert "The job job-r#1 has logged nothing; its state is RUNNABLE" in capsys.readouterr().err


@pytest.fixture
def rerun(array: CommandHarness) -> CommandHarness:
    """The array of which children 1 and 2 ran again as one array, and then child 2 alone; each generation has
    logged who it is.
    """
    queue = array.cloud.deployment.queues["normal"]
    array.jobs.jobs["job-c"] |= {"jobName": f"{RUN_ID}_count_0", "jobQueue": queue}
    variables = {"environment": [{"name": "SLUICE_CHILDREN", "value": "1-2"}]}
    array.jobs.add(
        "job-d",
        jobName=f"{RUN_ID}_count_1",
        jobQueue=queue,
        status="FAILED",
        arrayProperties={"size": 2},
        container=variables,
    )
    for index in range(2):
        status = "FAILED" if index else "SUCCEEDED"
        array.jobs.add(
            f"job-d:{index}", status=status, arrayProperties={"index": index}, **container(f"d/{index}")
        )
        write(array, f"d/{index}", f"child {index + 1} again")
    array.jobs.add("job-e", jobName=f"{RUN_ID}_count_2", jobQueue=queue, status="FAILED", **container("e"))
    write(array, "e", "child 2 once more")
    run = array.ledger.load(RUN_ID)
    assert run is not None
    count = run.pipeline.step("count")
    jobs = ("job-c", "job-d", "job-e")
    for generation, terms in (
        (1, GenerationSpec(children="1-2", tries=1)),
        (2, GenerationSpec(children="2", tries=2)),
    ):
        previous, job = jobs[generation - 1], jobs[generation]
        array.ledger.record_end(
            RUN_ID,
            "count",
            StepState.FAILED,
            generation=generation - 1,
            job_id=previous,
            reason="a child failed",
        )
        assert array.ledger.claim(RUN_ID, [Submission(count, 3, generation=generation, spec=terms)], NOW)
        array.ledger.record_submitted(RUN_ID, {"count": job}, {"count": generation})
    return array


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["0"], "child 0"),
        (["1"], "child 1 again"),
        (["2"], "child 2 once more"),
        (["2", "--generation", "2"], "child 2 once more"),
        (["2", "--generation", "1"], "child 2 again"),
        (["1", "--generation", "1"], "child 1 again"),
        (["2", "--generation", "0"], "child 2"),
    ],
)
def test_a_child_of_any_generation(
    rerun: CommandHarness, words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log is that of the last generation that worked on the child, or of the one that is asked for;
    numbers are those of the step.
    """
    assert logs(rerun.given("logs", RUN_ID, "count", *words), rerun.cloud) == 0
    assert capsys.readouterr().out == f"{line}\n"


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["0", "--generation", "1"], "a child that generation 1 worked on, 1-2, found 0"),
        (["0", "--generation", "3"], "one of its generations, 0 to 2, found 3"),
        (["3"], "one of its 3 children, 0 to 2, found 3"),
        ([], "found none. Failed: 2."),
        (["--generation", "1"], "found none. Failed: 2."),
        (["--generation", "0"], "found none. Failed: 1, 2."),
    ],
)
def test_a_child_that_a_generation_does_not_have(
    rerun: CommandHarness, words: list[str], refusal: str
) -> None:
    """The refusal says which it has."""
    with pytest.raises(OperationError, match=refusal):
        logs(rerun.given("logs", RUN_ID, "count", *words), rerun.cloud)


def test_a_generation_that_batch_has_forgotten(rerun: CommandHarness) -> None:
    """The error is not that there never was one; of one whose children were too many for its environment, it
    has the command that reads them.
    """
    rerun.jobs.jobs["job-d"]["container"] = {}
    with pytest.raises(OperationError, match="generation 1 worked on 2 of 3 children"):
        logs(rerun.given("logs", RUN_ID, "count", "1"), rerun.cloud)
    del rerun.jobs.jobs["job-c"], rerun.jobs.jobs["job-d"]
    with pytest.raises(OperationError, match=f"the job {RUN_ID}_count_1, found none: AWS Batch forgets"):
        logs(rerun.given("logs", RUN_ID, "count", "1"), rerun.cloud)


def test_without_a_step_it_is_what_failed_first(
    array: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it says that there are others."""
    array.ledger.record_end(RUN_ID, "count", StepState.FAILED, job_id="job-c", reason="2 of 3")
    array.end(RUN_ID, RunState.FAILED, "count")
    assert logs(array.given("logs", RUN_ID), array.cloud) == 0
    printed = capsys.readouterr()
    assert printed.out == "child 1\n"
    assert "This is child 1 of count, the first of 2 that failed: --failed shows them." in printed.err


def test_children_that_succeeded_with_failed_items_are_shown(
    array: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where some are tolerated, and too many failed: no job of the array failed, its children's words say
    which had any.
    """
    array.clients["s3"].create_bucket(Bucket="work")
    for child in range(3):
        array.jobs.jobs[f"job-c:{child}"]["status"] = "SUCCEEDED"
        failed = 4 if child == 2 else 0
        key = f"{keys.words_prefix(RUN_ID, 'count', 0)}{child}-6-{failed}-1-0.json"
        array.clients["s3"].put_object(Bucket="work", Key=key)
    array.ledger.record_end(RUN_ID, "count", StepState.FAILED, job_id="job-c", reason="4 of 30 items failed")
    array.end(RUN_ID, RunState.FAILED, "count")
    assert logs(array.given("logs", RUN_ID), array.cloud) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err.strip()) == ("child 2\n", "sluice: This is child 2 of count.")


def test_a_job_without_a_log_says_why_it_failed(
    one: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image that could not be pulled leaves no line."""
    one.jobs.jobs["job-a"]["status"] = "FAILED"
    one.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason="no image\x1b")
    assert logs(one.given("logs", RUN_ID, "a"), one.cloud) == 0
    assert "logged nothing; its state is FAILED. Why: no image\\x1b." in capsys.readouterr().err


def test_without_a_step_and_a_failure_names_are_asked_for(one: CommandHarness) -> None:
    """There is nothing that failed."""
    with pytest.raises(RequestError, match=r"no job of .* has failed\. Name one of a, b"):
        logs(one.given("logs", RUN_ID), one.cloud)


def test_all_failed_children_are_labelled(array: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line with its child."""
    assert logs(array.given("logs", RUN_ID, "count", "--failed"), array.cloud) == 0
    assert capsys.readouterr().out.splitlines() == ["[1] child 1", "[2] child 2"]


def test_a_part_of_a_log_says_that_it_is_one(one: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The last lines, and those with a text."""
    write(one, "a/1", "one", "Two", "three two", "four")
    logs(one.given("logs", RUN_ID, "a", "--tail", "2"), one.cloud)
    tail = capsys.readouterr()
    logs(one.given("logs", RUN_ID, "a", "--search", "two"), one.cloud)
    found = capsys.readouterr()
    assert (tail.out, found.out) == ("three two\nfour\n", "Two\nthree two\n")
    assert "These are 2 of 4 lines." in tail.err
    assert "These are 2 of 4 lines." in found.err


def test_more_failed_children_than_are_named_are_counted(array: CommandHarness) -> None:
    """18 are not taken for 10."""
    for index in range(3, 20):
        array.jobs.add(f"job-c:{index}", status="FAILED", arrayProperties={"index": index})
    generation = Generation(0, "job-c", tuple(range(20)))
    source = LogSource(
        ledger=array.ledger, batch=array.jobs, queues=array.deployment.queues.values(), run_id=RUN_ID
    )
    record = StepRecord(name="count", state=StepState.SUBMITTED, job_id="job-c", children=20)
    with pytest.raises(RequestError, match=r"Failed: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 9 more\."):
        source._child_id(record, generation, None)
