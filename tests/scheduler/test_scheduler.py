"""The rules of the scheduler, one by one."""

from __future__ import annotations

from scheduler.capacity.hosts import Host
from scheduler.capacity.instances import sizes_of
from scheduler.queues.fair_share import FairPolicy
from scheduler.reasons import DEPENDENCY_FAILED, EXITED, MAIN_NODE_ENDED, TIMED_OUT
from scheduler.spec import Need, Retry, Rule
from tests.scheduler.harness import ONE, World


def test_a_job_goes_through_its_states() -> None:
    """A job without dependencies goes RUNNABLE, STARTING, RUNNING, SUCCEEDED; SUBMITTED is not told."""
    world = World()
    world.submit("a")
    world.end("a")
    assert [status for _, _, status in world.changes] == ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_dependent_waits_and_then_starts() -> None:
    """A dependent is PENDING until every parent succeeded."""
    world = World()
    world.submit("a")
    world.submit("b")
    world.submit("c", after=("a", "b"))
    assert world.state("c") == "PENDING"
    world.end("a")
    assert world.state("c") == "PENDING"
    world.end("b")
    assert world.state("c") == "RUNNING"


def test_a_dependent_of_a_failed_job_fails() -> None:
    """A failed parent fails its dependents, and theirs, with AWS's reason."""
    world = World()
    world.submit("a")
    job = world.submit("b", after=("a",))
    last = world.submit("c", size=3, after=("b",))
    world.end("a", code=1)
    assert (world.state("b"), job.reason_of(0)) == ("FAILED", DEPENDENCY_FAILED)
    assert (world.state("c"), last.status_reason) == ("FAILED", DEPENDENCY_FAILED)
    assert world.started == [("a", 0)]


def test_a_dependent_of_an_ended_job_is_settled_at_once() -> None:
    """Depending on a job that has ended already neither waits nor hangs."""
    world = World()
    world.submit("good")
    world.submit("bad")
    world.end("good")
    world.end("bad", code=1)
    world.submit("a", after=("good",))
    world.submit("b", after=("bad",))
    assert (world.state("a"), world.state("b")) == ("RUNNING", "FAILED")


def test_an_array_parent_is_pending_and_then_ends() -> None:
    """An array parent is PENDING while children run, and FAILED once all are done and one failed."""
    world = World()
    job = world.submit("a", size=3)
    assert world.state("a") == "PENDING"
    world.end("a", 1, code=1)
    world.end("a", 0)
    assert world.state("a") == "PENDING"
    world.end("a", 2)
    assert world.state("a") == "FAILED"
    assert job.counts[5:] == [2, 1]


def test_n_to_n_children_follow_their_own_parent() -> None:
    """Child i starts after child i of the other array, not after all of it."""
    world = World(cpus=8, types=("m5.2xlarge",))
    world.submit("a", size=3)
    world.submit("b", size=3, pairs=("a",))
    world.end("a", 1)
    assert [world.state("b", index) for index in range(3)] == ["PENDING", "RUNNING", "PENDING"]
    world.end("a", 0, code=1)
    assert world.state("b", 0) == "FAILED"
    world.end("a", 2)
    world.end("b", 1)
    world.end("b", 2)
    assert world.state("b") == "FAILED"


def test_n_to_n_on_an_array_that_ended_runs_at_once() -> None:
    """N_TO_N on an ended array takes each child's end into account."""
    world = World()
    world.submit("a", size=2)
    world.end("a", 0)
    world.end("a", 1, code=1)
    world.submit("b", size=2, pairs=("a",))
    assert (world.state("b", 0), world.state("b", 1)) == ("RUNNING", "FAILED")


def test_sequential_children_run_one_after_another() -> None:
    """SEQUENTIAL children run in the order of their numbers, one at a time; after a failure none runs."""
    world = World()
    world.submit("a", size=4, sequential=True)
    assert world.started == [("a", 0)]
    world.end("a", 0)
    assert world.started == [("a", 0), ("a", 1)]
    world.end("a", 1, code=1)
    assert [world.state("a", index) for index in range(4)] == ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]
    assert world.state("a") == "FAILED"


def test_queues_with_a_higher_priority_go_first() -> None:
    """With one vCPU left, the job of the queue with the higher priority starts, whenever it was submitted."""
    world = World(cpus=1, types=("m5.large",))
    world.environment("ce", cpus=1, exceed=True)
    world.queue("urgent", ("ce",), priority=10)
    world.submit("first")
    world.submit("slow")
    world.submit("fast", queue="urgent")
    world.end("first")
    assert world.started == [("first", 0), ("fast", 0)]


def test_a_queue_starts_jobs_in_the_order_of_submission() -> None:
    """A retried child goes before the jobs that were submitted later."""
    world = World(cpus=1, types=("m5.large",))
    world.environment("ce", cpus=1, exceed=True)
    world.submit("a", size=2, retry=Retry(2))
    world.submit("b")
    world.end("a", 0, code=1)
    world.end("a", 1)
    world.end("a", 0)
    assert world.started == [("a", 0), ("a", 1), ("a", 0), ("b", 0)]


def test_environments_are_tried_in_order() -> None:
    """Spot first; on-demand takes what spot has no room for, and spot is first again when it has room."""
    world = World()
    world.environment("spot", cpus=4, spot=True)
    world.environment("demand", cpus=4)
    world.queue("bulk", ("spot", "demand"))
    world.submit("a", queue="bulk", size=5)
    where = [world.running["a", index].host.environment.spec.name for index in range(5)]
    assert where == ["spot"] * 4 + ["demand"]
    world.end("a", 0)
    world.submit("b", queue="bulk")
    assert world.running["b", 0].host.environment.spec.name == "spot"


def test_max_vcpus_is_never_exceeded() -> None:
    """No more vCPUs are in use than maxvCpus; the rest waits RUNNABLE."""
    world = World(cpus=4)
    world.submit("a", size=10)
    assert len(world.running) == 4
    assert world.state("a", 4) == "RUNNABLE"


def test_jobs_are_placed_by_memory_and_gpu() -> None:
    """A host takes what fits its vCPUs, memory and GPUs, not more."""
    world = World(cpus=16, types=("m5.xlarge", "p3.2xlarge"))
    world.submit("fat", need=Need(1000, 12 * 1024))
    world.submit("also", need=Need(1000, 12 * 1024))
    hosts = {world.running[name, 0].host.id for name in ("fat", "also")}
    assert len(hosts) == 2
    world.submit("gpu", need=Need(1000, 1024, 1))
    assert world.running["gpu", 0].host.size.name == "p3.2xlarge"


def test_slots_bound_what_runs_at_once() -> None:
    """The machine's limit holds beside the environments', and the rest waits RUNNABLE."""
    world = World(cpus=64, types=("m5.16xlarge",), slots=2)
    world.submit("a", size=5)
    assert len(world.running) == 2
    world.end("a", 0)
    assert world.started == [("a", 0), ("a", 1), ("a", 2)]


def test_a_failed_attempt_is_retried() -> None:
    """Each attempt is recorded; the last one decides."""
    world = World()
    job = world.submit("a", retry=Retry(3))
    world.end("a", code=1)
    world.end("a", code=2)
    world.end("a", code=0)
    assert world.state("a") == "SUCCEEDED"
    assert [attempt.exit_code for attempt in job.attempts_of(0)] == [1, 2, 0]


def test_evaluate_on_exit_decides() -> None:
    """A reclaimed host is worth another attempt where the rules say so; an error of the program is not."""
    rules = (Rule("RETRY", on_status_reason="Host EC2*"), Rule("EXIT", on_reason="*"))
    world = World()
    job = world.submit("a", retry=Retry(3, rules))
    world.scheduler.host_lost(world.running["a", 0].host, 5)
    world.settle()
    assert world.state("a") == "RUNNING"
    assert str(job.attempts_of(0)[0].status_reason).startswith("Host EC2 (instance i-")
    world.end("a", code=1)
    assert world.state("a") == "FAILED"


def test_a_timed_out_attempt_is_stopped_and_not_retried() -> None:
    """An attempt that runs for longer than its timeout is stopped, and the job fails with attempts left."""
    world = World()
    job = world.submit("a", timeout_ms=1000, retry=Retry(3))
    world.at(999)
    assert world.stops == []
    world.at(1000)
    assert world.stops == [("a", 0)]
    world.end("a", code=137)
    assert (world.state("a"), job.reason_of(0)) == ("FAILED", TIMED_OUT)


def test_the_timeout_counts_for_each_attempt() -> None:
    """A second attempt has the whole time again."""
    world = World()
    world.submit("a", timeout_ms=1000, retry=Retry(2))
    world.at(900)
    world.end("a", code=1)
    world.at(1800)
    assert world.stops == []
    assert world.scheduler.next_tick() == 1900


def test_cancel_fails_what_is_runnable_and_leaves_what_runs() -> None:
    """CancelJob changes a RUNNABLE child to FAILED at once and does not touch a running one."""
    world = World(cpus=1)
    world.environment("ce", cpus=1, exceed=True)
    job = world.submit("a", size=2)
    world.scheduler.cancel(job, None, "no longer wanted", 5)
    world.settle()
    assert (world.state("a", 0), world.state("a", 1)) == ("RUNNING", "FAILED")
    assert job.reason_of(1) == "no longer wanted"
    world.end("a", 0)
    assert (world.state("a"), job.status_reason) == ("FAILED", "no longer wanted")


def test_cancel_of_a_pending_job_waits_for_its_dependencies() -> None:
    """A PENDING job is cancelled after its dependencies are completed, as AWS documents."""
    world = World()
    world.submit("a")
    job = world.submit("b", after=("a",))
    world.scheduler.cancel(job, None, "stop", 5)
    world.settle()
    assert world.state("b") == "PENDING"
    world.end("a")
    assert (world.state("b"), job.reason_of(0)) == ("FAILED", "stop")


def test_terminate_stops_what_runs_and_is_not_retried() -> None:
    """TerminateJob stops running children, cancels the others, and nothing is tried again."""
    world = World(cpus=1)
    world.environment("ce", cpus=1, exceed=True)
    job = world.submit("a", size=2, retry=Retry(5))
    world.scheduler.terminate(job, None, "enough", 5)
    world.settle()
    assert world.stops == [("a", 0)]
    world.end("a", 0, code=143)
    assert (world.state("a"), job.status_reason, job.reason_of(0)) == ("FAILED", "enough", "enough")


def test_a_late_end_of_a_lost_attempt_is_ignored() -> None:
    """After a host is lost, the report of the old attempt's end does not end the new one."""
    world = World()
    job = world.submit("a", retry=Retry(2))
    old = world.running["a", 0]
    world.scheduler.host_lost(old.host, 5)
    world.settle()
    assert world.running["a", 0].attempt == 2
    world.running["a", 0] = old
    world.end("a", code=137)
    assert world.state("a") == "RUNNING"
    assert len(job.attempts_of(0)) == 1


def test_a_job_that_fits_nowhere_blocks_its_queue_with_a_reason() -> None:
    """The head of a queue that needs more than any environment has is told of once, in AWS's words."""
    world = World(cpus=4)
    job = world.submit("a", need=Need(8000, 1024))
    world.submit("b", need=Need(1000, 1024))
    assert world.state("b") == "RUNNABLE"
    assert [event.reason.partition(" - ")[0] for event in world.blocked] == [
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    ]
    assert job.reason_of(0) == world.blocked[0].reason


def test_a_memory_requirement_that_no_instance_has_is_named() -> None:
    """Memory beyond the largest instance type is MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT."""
    world = World(cpus=4)
    world.submit("a", need=Need(1000, 1024 * 1024))
    assert world.blocked[0].reason.startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - ")


def test_missing_capacity_blocks_and_a_time_limit_cancels() -> None:
    """When EC2 has no instance, the head is blocked; jobStateTimeLimitActions cancels it, and the next one is
    head.
    """
    world = World()
    world.scheduler.set_capacity("ce", available=False, now=0)
    world.queue("q", ("ce",), limits=(("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 600_000),))
    first = world.submit("a")
    world.submit("b")
    world.at(599_999)
    assert world.state("a") == "RUNNABLE"
    world.at(600_000)
    assert world.state("a") == "FAILED"
    reason = "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    assert first.reason_of(0) == reason
    assert [event.job.id for event in world.blocked] == ["a", "b"]
    world.scheduler.set_capacity("ce", available=True, now=600_001)
    world.settle()
    assert world.state("b") == "RUNNING"


def test_consumable_resources_bound_what_runs() -> None:
    """Jobs wait RUNNABLE until the resource is available, and give it back at their end."""
    world = World()
    world.scheduler.put_resource("license", 2, replenishable=True, now=0)
    world.submit("a", size=3, resources=(("license", 1),))
    assert len(world.running) == 2
    world.end("a", 0)
    assert len(world.running) == 2
    assert world.scheduler.stocks.by_name["license"].available == 0


def test_what_cannot_be_replenished_is_used_up() -> None:
    """A NON_REPLENISHABLE resource is gone after its use; more of it lets the next job run."""
    world = World()
    world.scheduler.put_resource("token", 1, replenishable=False, now=0)
    world.submit("a", size=2, resources=(("token", 1),))
    world.end("a", 0)
    assert world.state("a", 1) == "RUNNABLE"
    world.scheduler.put_resource("token", 1, replenishable=False, now=1)
    world.settle()
    assert world.state("a", 1) == "RUNNING"


def test_fair_share_alternates_between_shares() -> None:
    """Two shares of the same weight get the same number of vCPUs, whoever came first."""
    world = World(cpus=4)
    world.queue("fair", ("ce",), fair=FairPolicy())
    world.submit("blocker", size=4)
    world.submit("one", queue="fair", size=10, share="one")
    world.submit("two", queue="fair", size=10, share="two")
    for index in range(4):
        world.end("blocker", index)
    names = [name for name, _ in world.started[4:]]
    assert sorted(names) == ["one", "one", "two", "two"]


def test_a_lower_weight_factor_gets_more() -> None:
    """A weight factor of 0.5 gets twice as many vCPUs as 1."""
    world = World(cpus=12, types=("m5.xlarge",))
    world.queue("fair", ("ce",), fair=FairPolicy((("heavy*", 0.5),)))
    world.submit("blocker", size=12)
    world.submit("light", queue="fair", size=20, share="light")
    world.submit("heavy", queue="fair", size=20, share="heavy-1")
    for index in range(12):
        world.end("blocker", index)
    names = [name for name, _ in world.started[12:]]
    assert (names.count("heavy"), names.count("light")) == (8, 4)


def test_past_use_counts_while_it_decays() -> None:
    """A share that has just used much waits for one that has not, with shareDecaySeconds."""
    world = World(cpus=1, types=("m5.large",))
    world.environment("ce", cpus=1, exceed=True)
    world.queue("fair", ("ce",), fair=FairPolicy(decay_seconds=3600))
    world.submit("a", queue="fair", size=3, share="a")
    world.submit("b", queue="fair", size=3, share="b")
    for moment in range(1, 5):
        world.at(moment * 600_000)
        name, index = next(iter(world.running))
        world.end(name, index)
    assert [name for name, _ in world.started] == ["a", "b", "a", "b", "a"]


def test_compute_reservation_keeps_room_for_others() -> None:
    """With computeReservation 50 a single active share gets half of the capacity."""
    world = World(cpus=8, types=("m5.2xlarge",))
    world.queue("fair", ("ce",), fair=FairPolicy(reservation=50))
    world.submit("a", queue="fair", size=8, share="a")
    assert len(world.running) == 4
    world.submit("b", queue="fair", size=8, share="b")
    assert len(world.running) == 6


def test_scheduling_priority_counts_within_a_share() -> None:
    """In a fair-share queue a job with a higher scheduling priority goes first within its share."""
    world = World(cpus=1, types=("m5.large",))
    world.environment("ce", cpus=1, exceed=True)
    world.queue("fair", ("ce",), fair=FairPolicy())
    for name, priority in (("first", 1), ("low", 1), ("high", 9)):
        world.submit(name, queue="fair", share="s", priority=priority)
    world.end("first")
    assert world.started == [("first", 0), ("high", 0)]


def test_nodes_start_after_the_main_node_and_end_with_it() -> None:
    """The main node starts first, the others when it runs; when it ends they are stopped and the job is
    over.
    """
    world = World(cpus=12)
    job = world.submit("mnp", nodes=(ONE, ONE, ONE))
    assert world.started == [("mnp", 0), ("mnp", 1), ("mnp", 2)]
    assert len({world.running["mnp", node].host.id for node in range(3)}) == 3
    assert world.state("mnp") == "RUNNING"
    world.end("mnp", 1)
    world.end("mnp", 0)
    assert world.stops == [("mnp", 2)]
    world.end("mnp", 2, code=143)
    assert world.state("mnp") == "SUCCEEDED"
    assert [world.state("mnp", node) for node in range(3)] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert job.reason_of(2) == MAIN_NODE_ENDED


def test_a_failed_main_node_is_retried_with_all_nodes() -> None:
    """A retry of a multi-node job starts all its nodes again."""
    world = World(cpus=8)
    job = world.submit("mnp", nodes=(ONE, ONE), retry=Retry(2))
    world.end("mnp", 0, code=1)
    world.end("mnp", 1, code=143)
    assert world.started == [("mnp", 0), ("mnp", 1), ("mnp", 0), ("mnp", 1)]
    world.end("mnp", 0, code=0)
    world.end("mnp", 1, code=143)
    assert (world.state("mnp"), len(job.attempts_of(0))) == ("SUCCEEDED", 2)


def test_multi_node_jobs_keep_away_from_spot() -> None:
    """Nodes are placed on-demand even where spot stands first in the queue."""
    world = World()
    world.environment("spot", cpus=8, spot=True)
    world.environment("demand", cpus=8)
    world.queue("mixed", ("spot", "demand"))
    world.submit("mnp", queue="mixed", nodes=(ONE, ONE))
    assert world.running["mnp", 1].host.environment.spec.name == "demand"


def test_terminating_a_multi_node_job_stops_all_nodes() -> None:
    """Terminate stops the main node, and with its end the others."""
    world = World(cpus=8)
    job = world.submit("mnp", nodes=(ONE, ONE), retry=Retry(3))
    world.scheduler.terminate(job, None, "enough", 1)
    world.settle()
    world.end("mnp", 0, code=143)
    world.end("mnp", 1, code=143)
    assert (world.state("mnp"), job.status_reason) == ("FAILED", "enough")
    assert world.scheduler.environments["ce"].used == 0


def test_an_unmanaged_environment_waits_for_instances() -> None:
    """Jobs of an unmanaged environment stay RUNNABLE until an instance is registered, then run on it."""
    world = World()
    world.environment("own", cpus=100, managed=False)
    world.queue("mine", ("own",))
    world.submit("a", queue="mine", size=3)
    assert world.running == {}
    size = sizes_of(("m5.large",))[0]
    host = Host("i-mine", world.scheduler.environments["own"], size, 0)
    world.scheduler.add_host("own", host, 1)
    world.settle()
    assert [world.running["a", index].host.id for index in (0, 1)] == ["i-mine", "i-mine"]
    assert world.state("a", 2) == "RUNNABLE"


def test_a_disabled_environment_starts_nothing_new() -> None:
    """What runs in a disabled environment goes on; nothing new starts there."""
    world = World()
    world.submit("a")
    world.environment("ce", enabled=False)
    world.submit("b")
    assert (world.state("a"), world.state("b")) == ("RUNNING", "RUNNABLE")
    world.environment("ce", enabled=True)
    assert world.state("b") == "RUNNING"


def test_ended_jobs_are_kept_for_a_while() -> None:
    """A job that ended is known for `kept_ms` and then forgotten."""
    world = World()
    world.scheduler._kept_ms = 1000
    world.submit("a")
    world.end("a")
    world.at(999)
    assert "a" in world.scheduler.jobs
    world.at(1000)
    assert "a" not in world.scheduler.jobs
    assert world.scheduler.listing.jobs("q", 5) == {}


def test_a_success_says_why() -> None:
    """The reason of an ordinary end is AWS's."""
    world = World()
    job = world.submit("a")
    world.end("a")
    assert [attempt.status_reason for attempt in job.attempts_of(0)] == [EXITED]


def test_a_long_chain_of_dependents_fails_without_overflow() -> None:
    """Ten thousand jobs in a chain are failed by their first one."""
    world = World()
    world.submit("0")
    for number in range(1, 10_000):
        world.submit(str(number), after=(str(number - 1),))
    world.end("0", code=1)
    assert world.state("9999") == "FAILED"


def test_fargate_spot_says_so() -> None:
    """A lost task of FARGATE_SPOT has Fargate's own words."""
    world = World()
    world.environment("fargate", types=(), spot=True)
    world.queue("fg", ("fargate",))
    job = world.submit("a", queue="fg", retry=Retry(2))
    world.scheduler.host_lost(world.running["a", 0].host, 1)
    world.settle()
    assert job.attempts_of(0)[0].status_reason == "Your Spot Task was interrupted."
    assert world.state("a") == "RUNNING"
