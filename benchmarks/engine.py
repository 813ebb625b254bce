"""What the AWS Batch engine costs: simulating a million children, running real ones, and answering while it
knows many.

python -m benchmarks.engine [--children 10000]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.batch.api.limits import Limits
from local.batch.engine import Engine
from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import sizes_of
from scheduler.queues.job_queue import QueueSpec
from scheduler.simulation.conditions import Conditions
from scheduler.simulation.durations import exponential
from scheduler.simulation.simulation import Simulation
from scheduler.spec import JobSpec, Need, Retry

SIZES = (10_000, 100_000, 1_000_000)
ARRAYS = 100
_UNLIMITED = Limits(submits_a_second=None)
_EC2 = {
    "type": "EC2",
    "maxvCpus": 10_000,
    "instanceTypes": ["m5.4xlarge"],
    "instanceRole": "role",
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
}
_ONE_CPU = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]


def simulate(children: int) -> str:
    """Simulate `children` children of 100 arrays, in this process; a line of figures."""
    made = Simulation(
        Conditions(
            seed=1, interruptions_per_hour=0.05, price={"spot": 0.012, "demand": 0.048}, boot_seconds=60
        )
    )
    sizes = sizes_of(("m5.4xlarge",))
    made.environment(EnvironmentSpec("spot", "spot", 800_000, sizes, spot=True))
    made.environment(EnvironmentSpec("demand", "demand", 200_000, sizes))
    made.queue(QueueSpec("bulk", 1, ("spot", "demand")))
    spec = JobSpec(
        "job", "bulk", Need(1000, 2048), children // ARRAYS, Retry(10), 86_400_000, info=exponential(60)
    )
    for number in range(ARRAYS):
        made.submit(f"job-{number}", spec)
    begun = time.process_time()
    report = made.run()
    seconds = time.process_time() - begun
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    assert report.succeeded == children
    return (
        f"{children:>9,} children: {seconds:6.2f} s, {seconds / children * 1e6:5.2f} µs each, {mib:4} MiB;"
        f" simulated {report.finished_seconds / 3600:6.2f} h, {report.interruptions:,} interruptions,"
        f" ${report.cost:,.2f}"
    )


def bench_simulation() -> None:
    """Each size in a process of its own, so that its memory is its own."""
    print("Simulation: children of 100 arrays on 800 spot and 200 on-demand vCPUs, one core (CPU time)")
    for children in SIZES:
        subprocess.run([sys.executable, "-m", "benchmarks.engine", "--simulate", str(children)], check=True)


def _prepare(engine: Engine, command: list[str]) -> None:
    call = engine.api.call
    call(
        "CreateComputeEnvironment",
        {"computeEnvironmentName": "ce", "type": "MANAGED", "computeResources": _EC2},
    )
    order = [{"order": 1, "computeEnvironment": "ce"}]
    call("CreateJobQueue", {"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": order})
    container = {"image": "i", "command": command, "resourceRequirements": _ONE_CPU}
    call(
        "RegisterJobDefinition",
        {"jobDefinitionName": "d", "type": "container", "containerProperties": container},
    )


def _submit(engine: Engine, **more: Any) -> str:
    answer = engine.api.call("SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "d", **more})
    return str(answer["jobId"])


def _wait(engine: Engine, job_id: str) -> None:
    while not engine.scheduler.jobs[job_id].is_over:
        time.sleep(0.001)


class _Idle:
    """An executor that starts nothing."""

    def start(self, _task: object, _ended: object) -> Callable[[], None]:
        """Take the task."""
        return lambda: None

    def close(self) -> None:
        """Nothing to end."""


def bench_overhead(jobs: int = 300) -> None:
    """A job one after another, beside bare starts of the same process, in turns."""
    bare, ours, program = [], [], shutil.which("true") or "true"
    with Engine(limits=_UNLIMITED, max_concurrency=1) as engine:
        _prepare(engine, ["true"])
        for _ in range(5):
            begun = time.perf_counter()
            for _ in range(jobs // 5):
                subprocess.run([program], check=True, stdout=subprocess.DEVNULL)
            bare.append((time.perf_counter() - begun) / (jobs // 5))
            begun = time.perf_counter()
            _wait(engine, _submit(engine, arrayProperties={"size": jobs // 5}))
            ours.append((time.perf_counter() - begun) / (jobs // 5))
    start, job = statistics.median(bare) * 1000, statistics.median(ours) * 1000
    print(f"Running: a bare process {start:.2f} ms, a job {job:.2f} ms: overhead {job - start:.2f} ms")


def bench_throughput(children: int) -> None:
    """An array of `true`, as many at once as the engine does by itself; events and logs are taken and
    dropped.
    """
    events = 0

    def count(_event: Mapping[str, Any]) -> None:
        nonlocal events
        events += 1

    with Engine(limits=_UNLIMITED, events=count) as engine:
        _prepare(engine, ["true"])
        cpu, idle, begun = _cpu_seconds(), _idle_seconds(), time.perf_counter()
        _wait(engine, _submit(engine, arrayProperties={"size": children}))
        seconds, used, unused = time.perf_counter() - begun, _cpu_seconds() - cpu, _idle_seconds() - idle
    cores = os.cpu_count() or 1
    busy, unused = used / seconds / cores, unused / seconds / cores
    rate = children / seconds
    print(
        f"Running: {children:,} children of `true` in {seconds:.1f} s, {rate:,.0f} a second; "
        f"{busy:.0%} of {cores} cores, {unused:.0%} idle, the rest is other programs'"
    )


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _idle_seconds() -> float:
    """What all processors have been idle; 0 where the system does not say."""
    stat = Path("/proc/stat")
    return int(stat.read_text().split()[4]) / os.sysconf("SC_CLK_TCK") if stat.exists() else 0.0


def bench_answers(jobs: int = 1_000_000) -> None:
    """DescribeJobs and ListJobs while a million jobs are known, most of them children of arrays."""
    with Engine(limits=_UNLIMITED, max_concurrency=1, executor=_Idle()) as engine:
        _prepare(engine, ["true"])
        engine.scheduler.watch(watching=False)
        ids = [_submit(engine, arrayProperties={"size": 10_000}) for _ in range(jobs // 10_000 - 1)]
        ids += [_submit(engine) for _ in range(10_000)]
        children = [f"{ids[50]}:{number * 100}" for number in range(100)]
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "DescribeJobs, 100 children": ("DescribeJobs", {"jobs": children}),
            "DescribeJobs, one parent": ("DescribeJobs", {"jobs": [ids[0]]}),
            "ListJobs, a queue's RUNNABLE": ("ListJobs", {"jobQueue": "q", "jobStatus": "RUNNABLE"}),
            "ListJobs, an array's RUNNABLE": ("ListJobs", {"arrayJobId": ids[50], "jobStatus": "RUNNABLE"}),
            "ListJobs, by JOB_NAME": (
                "ListJobs",
                {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["other*"]}]},
            ),
        }
        print(f"Answers with {jobs:,} jobs known:")
        for name, (operation, params) in calls.items():
            times = []
            for _ in range(20):
                begun = time.perf_counter()
                engine.api.call(operation, params)
                times.append(time.perf_counter() - begun)
            print(f"  {name:<30} {statistics.median(times) * 1000:6.2f} ms")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--children", type=int, default=10_000, help="children of the array that really runs")
    parser.add_argument("--simulate", type=int, help="simulate that many children, and nothing else")
    arguments = parser.parse_args()
    if arguments.simulate:
        print("  " + simulate(arguments.simulate))
        return
    bench_simulation()
    bench_overhead()
    bench_throughput(arguments.children)
    bench_answers()


if __name__ == "__main__":
    main()
