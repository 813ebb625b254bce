"""Jobs that really run: as processes of this machine, over the wall clock."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.batch.api.errors import BatchApiError
from local.batch.engine import Engine
from local.batch.ports import Image, ImageNotFoundError
from local.batch.runtime.containers import METADATA
from tests.local.batch.conftest import ONE_CPU, QUICK, Desk, HandExecutor, wait_for


def output(desk: Desk, stream: str) -> list[str]:
    """What a job wrote."""
    return [text for _, where, text in desk.lines if where == stream]


def test_a_job_writes_into_its_log_stream(live: Desk) -> None:
    """Lines of both outputs end up in /aws/batch/job under `<definition>/default/<task id>`, the last one
    unended.
    """
    live.define("talk", ["sh", "-c", "echo one; echo two >&2; printf three"])
    job = live.until(live.submit(definition="talk"), "SUCCEEDED")
    stream = job["container"]["logStreamName"]
    assert stream.startswith("talk/default/")
    assert job["container"]["taskArn"].endswith(stream.rpartition("/")[2])
    assert output(live, stream) == ["one", "two", "three"]
    assert live.lines[0][0] == "/aws/batch/job"


def test_output_arrives_while_the_job_runs(live: Desk) -> None:
    """A line is in the log before its job ends."""
    live.define("slow", ["sh", "-c", "echo begun; sleep 60"])
    job = live.submit(definition="slow")
    wait_for(lambda: any(text == "begun" for _, _, text in live.lines))
    wait_for(
        lambda: live.job(job)["status"] == "RUNNING"
    )  # a line may come before the word that the process has begun


def test_the_log_configuration_names_group_and_prefix(live: Desk) -> None:
    """awslogs-group and awslogs-stream-prefix are respected."""
    options = {"awslogs-group": "/my/group", "awslogs-stream-prefix": "mine"}
    live.define(
        "talk", ["echo", "x"], container={"logConfiguration": {"logDriver": "awslogs", "options": options}}
    )
    job = live.until(live.submit(definition="talk"), "SUCCEEDED")
    assert job["container"]["logStreamName"].startswith("mine/default/")
    assert live.lines[0][0] == "/my/group"


def test_the_environment_of_a_job(live: Desk) -> None:
    """Batch's own variables, the definition's, the submission's over it, and nothing of this process's
    secrets.
    """
    script = "import os,json; print(json.dumps(dict(os.environ)))"
    os.environ["SLUICE_TEST_SECRET"] = "x"
    try:
        live.define(
            "env",
            ["python", "-c", script],
            container={"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
        )
        overrides = {"environment": [{"name": "B", "value": "2"}]}
        parent = live.submit(definition="env", arrayProperties={"size": 2}, containerOverrides=overrides)
        live.until(parent, "SUCCEEDED")
    finally:
        del os.environ["SLUICE_TEST_SECRET"]
    stream = live.job(f"{parent}:1")["container"]["logStreamName"]
    found = json.loads(output(live, stream)[0])
    expected = {
        "A": "1",
        "B": "2",
        "AWS_BATCH_JOB_ID": f"{parent}:1",
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "AWS_BATCH_JOB_ARRAY_INDEX": "1",
        "AWS_BATCH_JOB_ARRAY_SIZE": "2",
        "AWS_BATCH_JQ_NAME": "q",
        "AWS_BATCH_CE_NAME": "ce",
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "SLUICE_TEST_SECRET" not in found


def test_parameters_fill_the_command(live: Desk) -> None:
    """`Ref::name` takes the submission's parameter, or the definition's."""
    live.define(
        "say", ["echo", "Ref::first", "Ref::second", "Ref::third"], parameters={"first": "a", "second": "b"}
    )
    job = live.until(live.submit(definition="say", parameters={"second": "c"}), "SUCCEEDED")
    assert output(live, job["container"]["logStreamName"]) == ["a c Ref::third"]


def test_the_command_is_overridden(live: Desk) -> None:
    """A submission's command replaces the definition's."""
    job = live.until(live.submit(containerOverrides={"command": ["sh", "-c", "exit 7"]}), "FAILED")
    assert job["container"]["exitCode"] == 7
    assert job["statusReason"] == "Essential container in task exited"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [7]


def test_attempts_are_numbered(live: Desk) -> None:
    """A retried job sees its attempt's number, and each attempt has a log stream of its own."""
    live.define("third", ["sh", "-c", 'echo $AWS_BATCH_JOB_ATTEMPT; test "$AWS_BATCH_JOB_ATTEMPT" = 3'])
    job = live.until(live.submit(definition="third", retryStrategy={"attempts": 5}), "SUCCEEDED")
    streams = [attempt["container"]["logStreamName"] for attempt in job["attempts"]]
    assert [output(live, stream) for stream in streams] == [["1"], ["2"], ["3"]]


def test_a_timeout_kills_all_that_the_job_started(live: Desk, tmp_path: Path) -> None:
    """A timed-out job ends with AWS's reason, is not retried, and its descendants are gone too."""
    pid_file = tmp_path / "pid"
    live.define("hang", ["sh", "-c", f"sleep 600 & echo $! > {pid_file}; wait"])
    request: dict[str, Any] = {"timeout": {"attemptDurationSeconds": 1}, "retryStrategy": {"attempts": 3}}
    job = live.until(live.submit(definition="hang", **request), "FAILED")
    assert (job["statusReason"], len(job["attempts"])) == ("Job attempt duration exceeded timeout", 1)
    descendant = int(pid_file.read_text())
    wait_for(lambda: not alive(descendant))


def test_terminate_ends_the_process(live: Desk) -> None:
    """A terminated job's process gets SIGTERM, and the job fails with the caller's reason."""
    live.define(
        "hang", ["sh", "-c", "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done"]
    )
    job = live.submit(definition="hang")
    wait_for(lambda: any(text == "ready" for _, _, text in live.lines))
    live.batch.terminate_job(jobId=job, reason="enough")
    ended = live.until(job, "FAILED")
    assert (ended["statusReason"], ended["container"]["exitCode"]) == ("enough", 9)
    assert "bye" in output(live, ended["container"]["logStreamName"])


def test_a_command_that_does_not_exist_fails_the_start(live: Desk) -> None:
    """The task fails to start, with the reason of the container's runtime."""
    live.define("typo", ["no-such-program"])
    job = live.until(live.submit(definition="typo"), "FAILED")
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError: ")
    assert "startedAt" not in job


def test_too_much_memory_kills_a_job(live: Desk) -> None:
    """A job beyond its memory ends with exit code 137 and the reason OutOfMemoryError."""
    script = "import time; x = bytearray(200 << 20); x[::4096] = b'x' * len(x[::4096]); time.sleep(60)"
    live.define("fat", ["python", "-c", script], container={"resourceRequirements": [ONE_CPU[0], _mib(100)]})
    job = live.until(live.submit(definition="fat"), "FAILED")
    assert job["container"]["exitCode"] == 137
    assert job["container"]["reason"].startswith("OutOfMemoryError: ")


def test_of_several_processes_the_largest_is_killed(live: Desk) -> None:
    """As by the kernel: the job's first process lives on, and ends as it likes."""
    fat = "x = bytearray(200 << 20); x[::4096] = b'x' * len(x[::4096]); time.sleep(60)"
    script = f"import os, sys, time\nif pid := os.fork(): sys.exit(os.wait()[1])\n{fat}"
    live.define("pair", ["python", "-c", script], container={"resourceRequirements": [ONE_CPU[0], _mib(100)]})
    job = live.until(live.submit(definition="pair"), "FAILED")
    assert job["container"]["exitCode"] == 9
    assert job["container"]["reason"].startswith("OutOfMemoryError: ")


def test_what_copies_of_a_process_share_counts_once(live: Desk) -> None:
    """A process of 70 MiB and its two copies are not 210 MiB."""
    fill = "x = bytearray(60 << 20); x[::4096] = b'x' * len(x[::4096])"
    script = f"import os, time; {fill}; os.fork(); os.fork(); time.sleep(1)"
    live.define("many", ["python", "-c", script], container={"resourceRequirements": [ONE_CPU[0], _mib(100)]})
    live.until(live.submit(definition="many"), "SUCCEEDED")


def _mib(memory: int) -> dict[str, str]:
    return {"type": "MEMORY", "value": str(memory)}


def test_an_image_brings_entrypoint_workdir_and_environment(tmp_path: Path) -> None:
    """ENTRYPOINT and command run in the image's folder with its variables; `python` is this interpreter."""
    (tmp_path / "program.py").write_text(
        "import os, sys; print(sys.executable, sys.argv[1:], os.environ['FROM'])"
    )

    def images(name: str) -> Image | None:
        if name != "some/image":
            raise ImageNotFoundError(f"manifest for {name} not found")
        return Image(tmp_path, ("python", "program.py"), ("default",), {"FROM": "image"})

    lines: list[str] = []
    with Engine(
        limits=QUICK, images=images, logs=lambda _g, _s, new: lines.extend(line.text for line in new)
    ) as engine:
        desk = Desk(engine, [], [])
        desk.until(desk.submit(containerOverrides={"command": ["given"]}), "SUCCEEDED")
        assert lines == [f"{sys.executable} ['given'] image"]
        desk.define("other", ["x"], container={"image": "other/image"})
        job = desk.until(desk.submit(definition="other"), "FAILED")
        reason = "CannotPullContainerError: manifest for other/image not found"
        assert (job["statusReason"], job["container"]["reason"]) == ("Task failed to start", reason)


def test_a_job_has_its_role_and_its_secrets() -> None:
    """The role's variables and the secrets' values are in the environment; a secret that is missing fails the
    start.
    """
    asked: list[tuple[str, str]] = []

    def credentials(role: str, session: str) -> Mapping[str, str]:
        asked.append((role, session))
        return {"AWS_ACCESS_KEY_ID": "key-of-role"}

    def secrets(value_from: str, execution_role: str) -> str:
        return {("arn:secret", "starter"): "hush"}[value_from, execution_role]

    lines: list[str] = []
    with Engine(
        limits=QUICK,
        credentials=credentials,
        secrets=secrets,
        logs=lambda _g, _s, new: lines.extend(line.text for line in new),
    ) as engine:
        desk = Desk(engine, [], [])
        role = {"jobRoleArn": "arn:aws:iam::000000000000:role/job", "executionRoleArn": "starter"}
        secret = {"secrets": [{"name": "TOKEN", "valueFrom": "arn:secret"}]}
        desk.define("safe", ["sh", "-c", "echo $AWS_ACCESS_KEY_ID $TOKEN"], container={**role, **secret})
        job = desk.until(desk.submit(definition="safe"), "SUCCEEDED")
        assert lines == ["key-of-role hush"]
        assert asked == [(role["jobRoleArn"], job["container"]["taskArn"].rpartition("/")[2])]
        desk.define("lost", ["true"], container={"secrets": [{"name": "X", "valueFrom": "arn:none"}]})
        failed = desk.until(desk.submit(definition="lost"), "FAILED")
        assert failed["container"]["reason"].startswith("ResourceInitializationError: unable to pull secrets")


def test_nodes_really_connect(live: Desk) -> None:
    """A child node connects to the main node at the address that it is given."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    main = (
        "import os, socket; assert 'AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS' not in os.environ;"
        f"s = socket.create_server(('', {port})); c, _ = s.accept(); print('got', c.recv(9).decode())"
    )
    child = (
        "import os, socket, time\n"
        f"at = os.environ['AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS'], {port}\n"
        "while True:\n"
        "    try: s = socket.create_connection(at); break\n"
        "    except OSError: time.sleep(0.01)\n"
        "s.send(os.environ['AWS_BATCH_JOB_NODE_INDEX'].encode()); time.sleep(60)\n"
    )
    groups = [
        {"targetNodes": "0", "container": {"image": "i", "command": ["python", "-c", main], **_SMALL}},
        {"targetNodes": "1:", "container": {"image": "i", "command": ["python", "-c", child], **_SMALL}},
    ]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": groups}
    live.batch.register_job_definition(jobDefinitionName="mnp", type="multinode", nodeProperties=nodes)
    job = live.submit(definition="mnp")
    ended = live.until(job, "SUCCEEDED", "FAILED")
    assert ended["status"] == "SUCCEEDED"
    assert ended["nodeProperties"]["numNodes"] == 2
    assert output(live, live.job(f"{job}#0")["container"]["logStreamName"]) == ["got 1"]
    assert live.batch.list_jobs(multiNodeJobId=job)["jobSummaryList"] == []
    (listed,) = live.batch.list_jobs(multiNodeJobId=job, jobStatus="SUCCEEDED")["jobSummaryList"]
    assert listed["jobId"] == f"{job}#0"
    assert listed["nodeProperties"] == {"nodeIndex": 0, "isMainNode": True, "numNodes": 2}


_SMALL = {"resourceRequirements": ONE_CPU}


def test_an_unmanaged_environment_runs_jobs_on_registered_instances(live: Desk) -> None:
    """Jobs wait RUNNABLE until an instance of the user's own is there."""
    role = "arn:aws:iam::000000000000:role/batch"
    live.batch.create_compute_environment(
        computeEnvironmentName="own", type="UNMANAGED", unmanagedvCpus=4, serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": "own"}]
    live.batch.create_job_queue(jobQueueName="mine", priority=1, computeEnvironmentOrder=order)
    job = live.submit(jobQueue="mine")
    assert live.job(job)["status"] == "RUNNABLE"
    live.engine.register_instance("own", "m5.large")
    live.until(job, "SUCCEEDED")


def test_a_managed_environment_takes_no_instances(live: Desk) -> None:
    """Its instances are Batch's own."""
    with pytest.raises(BatchApiError, match="is MANAGED"):
        live.engine.register_instance("ce", "m5.large")


def test_a_process_has_the_limits_of_its_container() -> None:
    """Soft and hard limits are those of the definition; one that this machine does not allow is brought
    down.
    """
    lines: list[str] = []
    with Engine(limits=QUICK, logs=lambda _g, _s, new: lines.extend(line.text for line in new)) as engine:
        desk = Desk(engine, [], [])
        limits = [
            {"name": "nofile", "softLimit": 123, "hardLimit": 456},
            {"name": "core", "softLimit": 0, "hardLimit": 0},
        ]
        desk.define(
            "limited", ["sh", "-c", "ulimit -Sn; ulimit -Hn; ulimit -c"], container={"ulimits": limits}
        )
        desk.until(desk.submit(definition="limited"), "SUCCEEDED")
    assert lines == ["123", "456", "0"]


def test_closing_ends_every_process(tmp_path: Path) -> None:
    """No process outlives the engine that started it."""
    pid_file = tmp_path / "pid"
    with Engine(limits=QUICK) as engine:
        desk = Desk(engine, [], [])
        desk.define("hang", ["sh", "-c", f"echo $$ > {pid_file}; sleep 600"])
        desk.submit(definition="hang")
        wait_for(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    assert not alive(int(pid_file.read_text()))


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_signal_is_an_exit_code(live: Desk, number: int) -> None:
    """A process that dies of a signal has the exit code 128 + signal, as in a container."""
    live.define("die", ["sh", "-c", f"kill -{int(number)} $$"])
    job = live.until(live.submit(definition="die"), "FAILED")
    assert job["container"]["exitCode"] == 128 + number


def test_a_role_that_cannot_be_had_fails_the_start() -> None:
    """When a role's credentials cannot be had, the attempt fails with the reason, and the next job runs."""

    def credentials(role: str, _session: str) -> Mapping[str, str]:
        raise PermissionError(f"{role} cannot be assumed")

    with Engine(limits=QUICK, credentials=credentials) as engine:
        desk = Desk(engine, [], [])
        desk.define("safe", ["true"], container={"jobRoleArn": "arn:role"})
        failed = desk.until(desk.submit(definition="safe"), "FAILED")
        assert failed["container"]["reason"] == "ResourceInitializationError: arn:role cannot be assumed"
        desk.until(desk.submit(), "SUCCEEDED")


def test_sinks_that_fail_stop_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A log sink and an event sink that fail are reported, and jobs go on."""

    def fail(*_: object) -> None:
        raise RuntimeError("the sink is full")

    with Engine(limits=QUICK, logs=fail, events=fail) as engine:
        desk = Desk(engine, [], [])
        desk.define("talk", ["echo", "x"])
        desk.until(desk.submit(definition="talk"), "SUCCEEDED")
    logged = {record.message.split(" of ")[0] for record in caplog.records}
    assert "The log sink refused 1 lines" in logged
    assert "The event" in logged


def test_many_callers_at_once(live: Desk) -> None:
    """The API may be called from many threads; every job that was taken ends."""
    ids: list[str] = []

    def submit() -> None:
        for _ in range(10):
            answer = live.engine.api.call(
                "SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "work"}
            )
            ids.append(str(answer["jobId"]))

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 80
    wait_for(lambda: all(live.engine.scheduler.jobs[job].is_over for job in ids))
    assert {live.job(job)["status"] for job in ids} == {"SUCCEEDED"}


def test_an_idle_engine_starts_a_job_at_once(live: Desk) -> None:
    """From SubmitJob to RUNNING it takes milliseconds, and a dependent starts as soon as its parent has
    ended.
    """
    first = live.submit()
    second = live.submit(dependsOn=[{"jobId": first}])
    live.until(second, "SUCCEEDED")
    parent, child = live.job(first), live.job(second)
    assert parent["startedAt"] - parent["createdAt"] < 1000
    assert child["startedAt"] - parent["stoppedAt"] < 1000


def test_a_node_learns_where_to_ask_for_its_address(tmp_path: Path) -> None:
    """As the ECS agent answers, at an address for each container."""
    with Engine(limits=QUICK, environment={METADATA: "http://agent/ecs"}) as engine:
        desk = Desk(engine, [], [])
        said = tmp_path / "said"
        wait = f"while test $(wc -l < {said}) -lt 3; do sleep 0.05; done"
        command = ["sh", "-c", f"echo $AWS_BATCH_JOB_NODE_INDEX ${METADATA} >> {said}; {wait}"]
        container = {"image": "i", "command": command, **_SMALL}
        nodes = {
            "numNodes": 3,
            "mainNode": 0,
            "nodeRangeProperties": [{"targetNodes": "0:2", "container": container}],
        }
        desk.batch.register_job_definition(jobDefinitionName="mnp", type="multinode", nodeProperties=nodes)
        job = desk.submit(definition="mnp")
        desk.until(job, "SUCCEEDED")
        written = dict(line.split() for line in said.read_text().splitlines())
        addresses = [
            desk.job(f"{job}#{index}")["container"]["networkInterfaces"][0]["privateIpv4Address"]
            for index in range(3)
        ]
        assert len(set(addresses)) == 3
        assert [written[str(index)].rpartition("/")[2] for index in range(3)] == addresses


def test_a_task_on_fargate_knows_where_it_is(desk: Desk, hand: HandExecutor) -> None:
    """AWS_EXECUTION_ENV says whether a container runs on Fargate or on an instance."""
    fargate = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    desk.batch.create_compute_environment(
        computeEnvironmentName="tasks", type="MANAGED", computeResources=fargate
    )
    order = [{"order": 1, "computeEnvironment": "tasks"}]
    desk.batch.create_job_queue(jobQueueName="tq", priority=1, computeEnvironmentOrder=order)
    size = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]
    container = {"executionRoleArn": "role", "resourceRequirements": size}
    desk.define("task", ["true"], container=container, platformCapabilities=["FARGATE"])
    desk.until(desk.submit(definition="task", jobQueue="tq"), "RUNNING")
    assert hand.tasks[0].environment["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE"


def test_every_container_has_a_metadata_address_of_its_own(hand: HandExecutor) -> None:
    """Jobs and children are notified where to ask, each at an address of its own."""
    with Engine(executor=hand, limits=QUICK, environment={METADATA: "http://agent/ecs"}) as engine:
        desk = Desk(engine, [], [])
        desk.submit(arrayProperties={"size": 2})
        wait_for(lambda: len(hand.tasks) == 2)
    addresses = {task.environment[METADATA] for task in hand.tasks}
    assert addresses == {f"http://agent/ecs/{task.id}/127.0.0.1" for task in hand.tasks}
    assert len(addresses) == 2


def test_a_silent_job_has_a_log_stream() -> None:
    """The log driver makes the stream as the container starts, whatever the job says."""
    streams: list[str] = []
    with Engine(limits=QUICK, logs=lambda _group, stream, _lines: streams.append(stream)) as engine:
        desk = Desk(engine, [], [])
        job = desk.until(desk.submit(), "SUCCEEDED")
    assert streams == [job["container"]["logStreamName"]]


def test_a_log_stream_is_named_when_it_exists(desk: Desk) -> None:
    """What has not come to run has no stream, and no name of one."""
    job = desk.until(desk.submit(), "RUNNING")
    assert "logStreamName" in job["container"]
    wait_for(lambda: any(each["detail"]["status"] == "RUNNING" for each in desk.events))
    starting = next(each for each in desk.events if each["detail"]["status"] == "STARTING")
    running = next(each for each in desk.events if each["detail"]["status"] == "RUNNING")
    assert "logStreamName" not in starting["detail"]["container"]
    assert running["detail"]["container"]["logStreamName"] == job["container"]["logStreamName"]
