"""Properties of the scheduler that hold whatever happens, checked on random histories."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import sizes_of
from scheduler.effects import StartAttempt, StateChange, StopAttempt
from scheduler.jobs.job import Job
from scheduler.queues.fair_share import FairPolicy
from scheduler.queues.job_queue import QueueSpec
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.spec import Dependency, JobSpec, Need, Retry
from scheduler.states import FAILED, RUNNABLE, RUNNING, STARTING, SUCCEEDED

_NEEDS = (Need(1000, 512), Need(2000, 4096), Need(4000, 1024), Need(500, 8192))
_QUEUES = ("high", "low", "fair")

_submissions = st.fixed_dictionaries(
    {
        "queue": st.sampled_from(_QUEUES),
        "need": st.sampled_from(_NEEDS),
        "size": st.sampled_from((None, None, 2, 3, 5)),
        "parents": st.lists(st.integers(0, 30), max_size=3),
        "pairs": st.booleans(),
        "sequential": st.booleans(),
        "attempts": st.integers(1, 3),
        "timeout": st.sampled_from((None, 50)),
        "nodes": st.sampled_from((0, 0, 0, 2)),
        "license": st.sampled_from((0, 0, 1)),
    }
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), _submissions),
        st.tuples(st.just("end"), st.integers(0, 50), st.sampled_from((0, 0, 0, 1, 137))),
        st.tuples(st.just("lose"), st.integers(0, 50)),
        st.tuples(st.just("cancel"), st.integers(0, 50)),
        st.tuples(st.just("terminate"), st.integers(0, 50)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("toggle"), st.sampled_from(("spot", "demand"))),
    ),
    min_size=10,
    max_size=80,
)


class History:
    """Plays random steps against a scheduler and checks after each of them."""

    def __init__(self) -> None:
        self.scheduler = Scheduler(slots=12)
        self.now = 0
        self.running: dict[tuple[str, int, int], StartAttempt] = {}
        self.stopping: set[tuple[str, int, int]] = set()
        self.jobs: list[Job] = []
        self.final: dict[tuple[str, int], int] = {}
        self.without_capacity: set[str] = set()
        for name, spot in (("spot", True), ("demand", False)):
            spec = EnvironmentSpec(
                name, name, 8000, sizes_of(("m5.xlarge", "r5.xlarge")), spot=spot, may_exceed=False
            )
            self.scheduler.put_environment(spec, 0)
        both = ("spot", "demand")
        self.scheduler.put_queue(QueueSpec("high", 10, both), 0)
        self.scheduler.put_queue(QueueSpec("low", 1, both), 0)
        self.scheduler.put_queue(QueueSpec("fair", 1, both, FairPolicy(decay_seconds=1, reservation=10)), 0)
        self.scheduler.put_resource("license", 2, replenishable=True, now=0)

    def play(self, step: tuple[object, ...]) -> None:
        """Take one step and check what must hold."""
        getattr(self, str(step[0]))(*step[1:])
        self.settle()
        self.check()

    def submit(self, what: dict[str, Any]) -> None:
        """Submit a job that depends on earlier ones."""
        size = what["size"]
        nodes = int(str(what["nodes"]))
        size = None if nodes else size
        depends = []
        for number in dict.fromkeys(what["parents"]):
            if number < len(self.jobs):
                parent = self.jobs[number]
                paired = bool(what["pairs"]) and size is not None and parent.spec.size == size
                depends.append(Dependency(parent.id, paired))
        need = what["need"]
        assert isinstance(need, Need)
        spec = JobSpec(
            name="job",
            queue=str(what["queue"]),
            need=need,
            size=size,
            retry=Retry(int(str(what["attempts"]))),
            timeout_ms=what["timeout"],
            depends_on=tuple(depends),
            sequential=bool(what["sequential"]) and size is not None,
            nodes=(Need(1000, 512),) * nodes,
            resources=(("license", 1),) if what["license"] else (),
            share=f"s{len(self.jobs) % 3}",
            priority=len(self.jobs) % 2,
        )
        self.jobs.append(self.scheduler.submit(f"job-{len(self.jobs)}", spec, self.now))

    def end(self, number: int, code: int) -> None:
        """End a running attempt."""
        if self.running:
            key = sorted(self.running)[number % len(self.running)]
            self.report(key, Outcome(code))

    def lose(self, number: int) -> None:
        """Lose a host with all that runs on it."""
        hosts = [host for each in self.scheduler.environments.values() for host in each.hosts.values()]
        if hosts:
            self.scheduler.host_lost(hosts[number % len(hosts)], self.now)

    def cancel(self, number: int) -> None:
        """Cancel a job."""
        if self.jobs:
            self.scheduler.cancel(self.jobs[number % len(self.jobs)], None, "cancelled", self.now)

    def terminate(self, number: int) -> None:
        """Terminate a job."""
        if self.jobs:
            self.scheduler.terminate(self.jobs[number % len(self.jobs)], None, "terminated", self.now)

    def wait(self, time: int) -> None:
        """Let time pass."""
        self.now += time
        self.scheduler.tick(self.now)

    def toggle(self, name: str) -> None:
        """EC2 runs out of instances, or has them again."""
        self.without_capacity ^= {name}
        self.scheduler.set_capacity(name, name not in self.without_capacity, self.now)

    def report(self, key: tuple[str, int, int], outcome: Outcome) -> None:
        """Report an attempt's end."""
        start = self.running.pop(key)
        self.stopping.discard(key)
        self.scheduler.ended(start.job, start.child, start.attempt, outcome, self.now)

    def settle(self) -> None:
        """Do what the scheduler asks for, and check each start and each change."""
        while effects := self.scheduler.take_effects():
            for effect in effects:
                if isinstance(effect, StartAttempt):
                    self.check_start(effect)
                    self.running[effect.job.id, effect.child, effect.attempt] = effect
                    self.scheduler.started(effect.job, effect.child, effect.attempt, self.now)
                elif isinstance(effect, StopAttempt):
                    key = (effect.job.id, effect.child, effect.attempt)
                    if key in self.running:
                        self.stopping.add(key)
                elif isinstance(effect, StateChange):
                    self.check_change(effect)
            for key in sorted(self.stopping):
                self.report(key, Outcome(143))

    def check_start(self, start: StartAttempt) -> None:
        """Nothing starts before its dependencies have succeeded, or with more attempts than it may have."""
        job = start.job
        assert start.attempt <= job.spec.retry.attempts
        for dependency in job.spec.depends_on:
            parent = self.scheduler.jobs[dependency.job_id]
            reached = parent.states[start.child] if dependency.child_by_child else parent.status
            assert reached == SUCCEEDED
        if job.spec.sequential and start.child > 0:
            assert job.states[start.child - 1] == SUCCEEDED
        if job.is_multi_node:
            assert not start.host.environment.spec.spot

    def check_change(self, change: StateChange) -> None:
        """What has ended stays as it is."""
        if change.job.is_multi_node and change.child is not None:
            # A retry of a multi-node job starts nodes again that have ended.
            return
        key = (change.job.id, -1 if change.child is None else change.child)
        assert key not in self.final
        if change.status >= SUCCEEDED:
            self.final[key] = change.status

    def check(self) -> None:
        """Capacity, counts and priority, after every step."""
        for environment in self.scheduler.environments.values():
            assert 0 <= environment.used <= environment.spec.max_milli_cpus
            assert environment.provisioned == sum(host.size.milli_cpus for host in environment.hosts.values())
            assert environment.provisioned <= environment.spec.max_milli_cpus
            for host in environment.hosts.values():
                assert min(host.room) >= 0
        assert self.scheduler.consumables.by_name["license"].available >= 0
        self.check_counts()
        self.check_priority()

    def check_counts(self) -> None:
        """The counts of each job are those of its states, and what is in flight has a host."""
        for job in self.jobs:
            assert job.counts == [job.states.count(status) for status in range(7)]
            in_flight = job.counts[STARTING] + job.counts[RUNNING]
            # A main node that has exited keeps its state until the other nodes are gone.
            assert in_flight == len(job.hosts) + (job.is_multi_node and job.spec.main_node in job.node_ends)

    def check_priority(self) -> None:
        """No queue leaves its head waiting while there is room for it."""
        if len(self.running) >= 12:
            return
        for name in ("high", "low"):
            queue = self.scheduler.queues[name]
            head = queue.run_queue.front(1)
            if not head or head[0][0].is_multi_node:
                continue
            job = head[0][0]
            if not self.scheduler.consumables.have(job.spec.resources):
                continue
            for environment in queue.environments:
                host = environment.place(job.spec.need, self.now)
                assert host is None

    def finish(self) -> None:
        """Give everything back and let everything end: no job may be left behind."""
        for name in sorted(self.without_capacity):
            self.toggle(name)
        self.settle()
        for _ in range(2000):
            if not self.running:
                break
            self.report(min(self.running), Outcome(0))
            self.settle()
            self.check()
        for job in self.jobs:
            assert job.is_over, (job.id, job.counts)
            assert job.counts[SUCCEEDED] + job.counts[FAILED] == job.size
        assert all(environment.used == 0 for environment in self.scheduler.environments.values())
        assert self.scheduler.consumables.by_name["license"].available == 2
        assert not any(job.states.count(RUNNABLE) for job in self.jobs)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_steps)
def test_whatever_happens_the_rules_hold(steps: list[tuple[object, ...]]) -> None:
    """Dependencies, capacity, priority and attempts are respected, every job ends, nothing is lost with a
    host.
    """
    history = History()
    for step in steps:
        history.play(step)
    history.finish()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_steps)
def test_the_same_history_gives_the_same_result(steps: list[tuple[object, ...]]) -> None:
    """The scheduler is deterministic: the same commands give the same states."""
    results = []
    for _ in range(2):
        history = History()
        for step in steps:
            history.play(step)
        history.finish()
        results.append([(job.id, bytes(job.states), bytes(job.attempts)) for job in history.jobs])
    assert results[0] == results[1]
