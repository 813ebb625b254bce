"""The rules of the scheduler, one by one."""

from __future__ import annotations

from scheduler.capacity.hosts import Host
from scheduler.capacity.instances import sizes_of
from scheduler.queues.fair_share import FairPolicy
from scheduler.reasons import DEPENDENCY_FAILED, EXITED, MAIN_NODE_ENDED, TIMED_OUT
from scheduler.spec import Need, Retry, Rule
from tests.scheduler.harness import ONE, Harness


def test_a_job_goes_through_its_states() -> None:
    """A job without dependencies goes RUNNABLE, STARTING, RUNNING, SUCCEEDED; SUBMITTED is not reported."""
    harness = Harness()
    harness.submit("a")
    harness.end("a")
    assert [status for _, _, status in harness.changes] == ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_dependent_waits_and_then_starts() -> None:
    """A dependent is PENDING until every parent succeeded."""
    harness = Harness()
    harness.submit("a")
    harness.submit("b")
    harness.submit("c", after=("a", "b"))
    assert harness.state("c") == "PENDING"
    harness.end("a")
    assert harness.state("c") == "PENDING"
    harness.end("b")
    assert harness.state("c") == "RUNNING"


def test_a_dependent_of_a_failed_job_fails() -> None:
    """A failed parent fails its dependents, and theirs, with AWS's reason."""
    harness = Harness()
    harness.submit("a")
    job = harness.submit("b", after=("a",))
    last = harness.submit("c", size=3, after=("b",))
    harness.end("a", code=1)
    assert (harness.state("b"), job.reason_of(0)) == ("FAILED", DEPENDENCY_FAILED)
    assert (harness.state("c"), last.status_reason) == ("FAILED", DEPENDENCY_FAILED)
    assert harness.started == [("a", 0)]


def test_a_dependent_of_an_ended_job_is_settled_at_once() -> None:
    """Depending on a job that has ended already neither waits nor hangs."""
    harness = Harness()
    harness.submit("good")
    harness.submit("bad")
    harness.end("good")
    harness.end("bad", code=1)
    harness.submit("a", after=("good",))
    harness.submit("b", after=("bad",))
    assert (harness.state("a"), harness.state("b")) == ("RUNNING", "FAILED")


def test_an_array_parent_is_pending_and_then_ends() -> None:
    """An array parent is PENDING while children run, and FAILED once all are done and one failed."""
    harness = Harness()
    job = harness.submit("a", size=3)
    assert harness.state("a") == "PENDING"
    harness.end("a", 1, code=1)
    harness.end("a", 0)
    assert harness.state("a") == "PENDING"
    harness.end("a", 2)
    assert harness.state("a") == "FAILED"
    assert job.counts[5:] == [2, 1]


def test_n_to_n_children_follow_their_own_parent() -> None:
    """Child i starts after child i of the other array, not after all of it."""
    harness = Harness(cpus=8, types=("m5.2xlarge",))
    harness.submit("a", size=3)
    harness.submit("b", size=3, pairs=("a",))
    harness.end("a", 1)
    assert [harness.state("b", index) for index in range(3)] == ["PENDING", "RUNNING", "PENDING"]
    harness.end("a", 0, code=1)
    assert harness.state("b", 0) == "FAILED"
    harness.end("a", 2)
    harness.end("b", 1)
    harness.end("b", 2)
    assert harness.state("b") == "FAILED"


def test_n_to_n_on_an_array_that_ended_runs_at_once() -> None:
    """N_TO_N on an ended array takes each child's end into account."""
    harness = Harness()
    harness.submit("a", size=2)
    harness.end("a", 0)
    harness.end("a", 1, code=1)
    harness.submit("b", size=2, pairs=("a",))
    assert (harness.state("b", 0), harness.state("b", 1)) == ("RUNNING", "FAILED")


def test_sequential_children_run_one_after_another() -> None:
    """SEQUENTIAL children run in the order of their numbers, one at a time; after a failure none runs."""
    harness = Harness()
    harness.submit("a", size=4, sequential=True)
    assert harness.started == [("a", 0)]
    harness.end("a", 0)
    assert harness.started == [("a", 0), ("a", 1)]
    harness.end("a", 1, code=1)
    assert [harness.state("a", index) for index in range(4)] == ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]
    assert harness.state("a") == "FAILED"


def test_queues_with_a_higher_priority_go_first() -> None:
    """With one vCPU left, the job of the queue with the higher priority starts, whenever it was submitted."""
    harness = Harness(cpus=1, types=("m5.large",))
    harness.environment("ce", cpus=1, exceed=True)
    harness.queue("urgent", ("ce",), priority=10)
    harness.submit("first")
    harness.submit("slow")
    harness.submit("fast", queue="urgent")
    harness.end("first")
    assert harness.started == [("first", 0), ("fast", 0)]


def test_a_queue_starts_jobs_in_the_order_of_submission() -> None:
    """A retried child goes before the jobs that were submitted later."""
    harness = Harness(cpus=1, types=("m5.large",))
    harness.environment("ce", cpus=1, exceed=True)
    harness.submit("a", size=2, retry=Retry(2))
    harness.submit("b")
    harness.end("a", 0, code=1)
    harness.end("a", 1)
    harness.end("a", 0)
    assert harness.started == [("a", 0), ("a", 1), ("a", 0), ("b", 0)]


def test_environments_are_tried_in_order() -> None:
    """Spot first; on-demand takes what spot has no room for, and spot is first again when it has room."""
    harness = Harness()
    harness.environment("spot", cpus=4, spot=True)
    harness.environment("demand", cpus=4)
    harness.queue("bulk", ("spot", "demand"))
    harness.submit("a", queue="bulk", size=5)
    where = [harness.running["a", index].host.environment.spec.name for index in range(5)]
    assert where == ["spot"] * 4 + ["demand"]
    harness.end("a", 0)
    harness.submit("b", queue="bulk")
    assert harness.running["b", 0].host.environment.spec.name == "spot"


def test_max_vcpus_is_never_exceeded() -> None:
    """No more vCPUs are in use than maxvCpus; the rest waits RUNNABLE."""
    harness = Harness(cpus=4)
    harness.submit("a", size=10)
    assert len(harness.running) == 4
    assert harness.state("a", 4) == "RUNNABLE"


def test_jobs_are_placed_by_memory_and_gpu() -> None:
    """A host takes what fits its vCPUs, memory and GPUs, not more."""
    harness = Harness(cpus=16, types=("m5.xlarge", "p3.2xlarge"))
    harness.submit("fat", need=Need(1000, 12 * 1024))
    harness.submit("also", need=Need(1000, 12 * 1024))
    hosts = {harness.running[name, 0].host.id for name in ("fat", "also")}
    assert len(hosts) == 2
    harness.submit("gpu", need=Need(1000, 1024, 1))
    assert harness.running["gpu", 0].host.size.name == "p3.2xlarge"


def test_slots_bound_what_runs_at_once() -> None:
    """The machine's limit holds beside the environments', and the rest waits RUNNABLE."""
    harness = Harness(cpus=64, types=("m5.16xlarge",), slots=2)
    harness.submit("a", size=5)
    assert len(harness.running) == 2
    harness.end("a", 0)
    assert harness.started == [("a", 0), ("a", 1), ("a", 2)]


def test_a_failed_attempt_is_retried() -> None:
    """Each attempt is recorded; the last one decides."""
    harness = Harness()
    job = harness.submit("a", retry=Retry(3))
    harness.end("a", code=1)
    harness.end("a", code=2)
    harness.end("a", code=0)
    assert harness.state("a") == "SUCCEEDED"
    assert [attempt.exit_code for attempt in job.attempts_of(0)] == [1, 2, 0]


def test_evaluate_on_exit_decides() -> None:
    """A reclaimed host is worth another attempt where the rules say so; an error of the program is not."""
    rules = (Rule("RETRY", on_status_reason="Host EC2*"), Rule("EXIT", on_reason="*"))
    harness = Harness()
    job = harness.submit("a", retry=Retry(3, rules))
    harness.scheduler.host_lost(harness.running["a", 0].host, 5)
    harness.settle()
    assert harness.state("a") == "RUNNING"
    assert str(job.attempts_of(0)[0].status_reason).startswith("Host EC2 (instance i-")
    harness.end("a", code=1)
    assert harness.state("a") == "FAILED"


def test_a_timed_out_attempt_is_stopped_and_not_retried() -> None:
    """An attempt that runs for longer than its timeout is stopped, and the job fails with attempts left."""
    harness = Harness()
    job = harness.submit("a", timeout_ms=1000, retry=Retry(3))
    harness.at(999)
    assert harness.stops == []
    harness.at(1000)
    assert harness.stops == [("a", 0)]
    harness.end("a", code=137)
    assert (harness.state("a"), job.reason_of(0)) == ("FAILED", TIMED_OUT)


def test_the_timeout_counts_for_each_attempt() -> None:
    """A second attempt has the whole time again."""
    harness = Harness()
    harness.submit("a", timeout_ms=1000, retry=Retry(2))
    harness.at(900)
    harness.end("a", code=1)
    harness.at(1800)
    assert harness.stops == []
    assert harness.scheduler.next_tick() == 1900


def test_cancel_fails_what_is_runnable_and_leaves_what_runs() -> None:
    """CancelJob changes a RUNNABLE child to FAILED at once and does not touch a running one."""
    harness = Harness(cpus=1)
    harness.environment("ce", cpus=1, exceed=True)
    job = harness.submit("a", size=2)
    harness.scheduler.cancel(job, None, "no longer wanted", 5)
    harness.settle()
    assert (harness.state("a", 0), harness.state("a", 1)) == ("RUNNING", "FAILED")
    assert job.reason_of(1) == "no longer wanted"
    harness.end("a", 0)
    assert (harness.state("a"), job.status_reason) == ("FAILED", "no longer wanted")


def test_cancel_of_a_pending_job_waits_for_its_dependencies() -> None:
    """A PENDING job is cancelled after its dependencies are completed, as AWS documents."""
    harness = Harness()
    harness.submit("a")
    job = harness.submit("b", after=("a",))
    harness.scheduler.cancel(job, None, "stop", 5)
    harness.settle()
    assert harness.state("b") == "PENDING"
    harness.end("a")
    assert (harness.state("b"), job.reason_of(0)) == ("FAILED", "stop")


def test_terminate_stops_what_runs_and_is_not_retried() -> None:
    """TerminateJob stops running children, cancels the others, and nothing is tried again."""
    harness = Harness(cpus=1)
    harness.environment("ce", cpus=1, exceed=True)
    job = harness.submit("a", size=2, retry=Retry(5))
    harness.scheduler.terminate(job, None, "enough", 5)
    harness.settle()
    assert harness.stops == [("a", 0)]
    harness.end("a", 0, code=143)
    assert (harness.state("a"), job.status_reason, job.reason_of(0)) == ("FAILED", "enough", "enough")


def test_a_late_end_of_a_lost_attempt_is_ignored() -> None:
    """After a host is lost, the report of the old attempt's end does not end the new one."""
    harness = Harness()
    job = harness.submit("a", retry=Retry(2))
    old = harness.running["a", 0]
    harness.scheduler.host_lost(old.host, 5)
    harness.settle()
    assert harness.running["a", 0].attempt == 2
    harness.running["a", 0] = old
    harness.end("a", code=137)
    assert harness.state("a") == "RUNNING"
    assert len(job.attempts_of(0)) == 1


def test_a_job_that_fits_nowhere_blocks_its_queue_with_a_reason() -> None:
    """The head of a queue that needs more than any environment has is reported once, in AWS's words."""
    harness = Harness(cpus=4)
    job = harness.submit("a", need=Need(8000, 1024))
    harness.submit("b", need=Need(1000, 1024))
    assert harness.state("b") == "RUNNABLE"
    assert [event.reason.partition(" - ")[0] for event in harness.blocked] == [
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    ]
    assert job.reason_of(0) == harness.blocked[0].reason


def test_a_memory_requirement_that_no_instance_has_is_named() -> None:
    """Memory beyond the largest instance type is MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT."""
    harness = Harness(cpus=4)
    harness.submit("a", need=Need(1000, 1024 * 1024))
    assert harness.blocked[0].reason.startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - ")


def test_missing_capacity_blocks_and_a_time_limit_cancels() -> None:
    """When EC2 has no instance, the head is blocked; jobStateTimeLimitActions cancels it, and the next one is
    head.
    """
    harness = Harness()
    harness.scheduler.set_capacity("ce", available=False, now=0)
    harness.queue("q", ("ce",), limits=(("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 600_000),))
    first = harness.submit("a")
    harness.submit("b")
    harness.at(599_999)
    assert harness.state("a") == "RUNNABLE"
    harness.at(600_000)
    assert harness.state("a") == "FAILED"
    reason = "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    assert first.reason_of(0) == reason
    assert [event.job.id for event in harness.blocked] == ["a", "b"]
    harness.scheduler.set_capacity("ce", available=True, now=600_001)
    harness.settle()
    assert harness.state("b") == "RUNNING"


def test_consumable_resources_bound_what_runs() -> None:
    """Jobs wait RUNNABLE until the resource is available, and give it back at their end."""
    harness = Harness()
    harness.scheduler.put_resource("license", 2, replenishable=True, now=0)
    harness.submit("a", size=3, resources=(("license", 1),))
    assert len(harness.running) == 2
    harness.end("a", 0)
    assert len(harness.running) == 2
    assert harness.scheduler.consumables.by_name["license"].available == 0


def test_what_cannot_be_replenished_is_used_up() -> None:
    """A NON_REPLENISHABLE resource is gone after its use; more of it lets the next job run."""
    harness = Harness()
    harness.scheduler.put_resource("token", 1, replenishable=False, now=0)
    harness.submit("a", size=2, resources=(("token", 1),))
    harness.end("a", 0)
    assert harness.state("a", 1) == "RUNNABLE"
    harness.scheduler.put_resource("token", 1, replenishable=False, now=1)
    harness.settle()
    assert harness.state("a", 1) == "RUNNING"


def test_fair_share_alternates_between_shares() -> None:
    """Two shares of the same weight get the same number of vCPUs, whichever came first."""
    harness = Harness(cpus=4)
    harness.queue("fair", ("ce",), fair=FairPolicy())
    harness.submit("blocker", size=4)
    harness.submit("one", queue="fair", size=10, share="one")
    harness.submit("two", queue="fair", size=10, share="two")
    for index in range(4):
        harness.end("blocker", index)
    names = [name for name, _ in harness.started[4:]]
    assert sorted(names) == ["one", "one", "two", "two"]


def test_a_lower_weight_factor_gets_more() -> None:
    """A weight factor of 0.5 gets twice as many vCPUs as 1."""
    harness = Harness(cpus=12, types=("m5.xlarge",))
    harness.queue("fair", ("ce",), fair=FairPolicy((("heavy*", 0.5),)))
    harness.submit("blocker", size=12)
    harness.submit("light", queue="fair", size=20, share="light")
    harness.submit("heavy", queue="fair", size=20, share="heavy-1")
    for index in range(12):
        harness.end("blocker", index)
    names = [name for name, _ in harness.started[12:]]
    assert (names.count("heavy"), names.count("light")) == (8, 4)


def test_past_use_counts_while_it_decays() -> None:
    """A share that has just used much waits for one that has not, with shareDecaySeconds."""
    harness = Harness(cpus=1, types=("m5.large",))
    harness.environment("ce", cpus=1, exceed=True)
    harness.queue("fair", ("ce",), fair=FairPolicy(decay_seconds=3600))
    harness.submit("a", queue="fair", size=3, share="a")
    harness.submit("b", queue="fair", size=3, share="b")
    for moment in range(1, 5):
        harness.at(moment * 600_000)
        name, index = next(iter(harness.running))
        harness.end(name, index)
    assert [name for name, _ in harness.started] == ["a", "b", "a", "b", "a"]


def test_compute_reservation_keeps_room_for_others() -> None:
    """With computeReservation 50 a single active share gets half of the capacity."""
    harness = Harness(cpus=8, types=("m5.2xlarge",))
    harness.queue("fair", ("ce",), fair=FairPolicy(reservation=50))
    harness.submit("a", queue="fair", size=8, share="a")
    assert len(harness.running) == 4
    harness.submit("b", queue="fair", size=8, share="b")
    assert len(harness.running) == 6


def test_scheduling_priority_counts_within_a_share() -> None:
    """In a fair-share queue a job with a higher scheduling priority goes first within its share."""
    harness = Harness(cpus=1, types=("m5.large",))
    harness.environment("ce", cpus=1, exceed=True)
    harness.queue("fair", ("ce",), fair=FairPolicy())
    for name, priority in (("first", 1), ("low", 1), ("high", 9)):
        harness.submit(name, queue="fair", share="s", priority=priority)
    harness.end("first")
    assert harness.started == [("first", 0), ("high", 0)]


def test_nodes_start_after_the_main_node_and_end_with_it() -> None:
    """The main node starts first, the others when it runs; when it ends they are stopped and the job is
    over.
    """
    harness = Harness(cpus=12)
    job = harness.submit("mnp", nodes=(ONE, ONE, ONE))
    assert harness.started == [("mnp", 0), ("mnp", 1), ("mnp", 2)]
    assert len({harness.running["mnp", node].host.id for node in range(3)}) == 3
    assert harness.state("mnp") == "RUNNING"
    harness.end("mnp", 1)
    harness.end("mnp", 0)
    assert harness.stops == [("mnp", 2)]
    harness.end("mnp", 2, code=143)
    assert harness.state("mnp") == "SUCCEEDED"
    assert [harness.state("mnp", node) for node in range(3)] == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert job.reason_of(2) == MAIN_NODE_ENDED


def test_a_failed_main_node_is_retried_with_all_nodes() -> None:
    """A retry of a multi-node job starts all its nodes again."""
    harness = Harness(cpus=8)
    job = harness.submit("mnp", nodes=(ONE, ONE), retry=Retry(2))
    harness.end("mnp", 0, code=1)
    harness.end("mnp", 1, code=143)
    assert harness.started == [("mnp", 0), ("mnp", 1), ("mnp", 0), ("mnp", 1)]
    harness.end("mnp", 0, code=0)
    harness.end("mnp", 1, code=143)
    assert (harness.state("mnp"), len(job.attempts_of(0))) == ("SUCCEEDED", 2)


def test_multi_node_jobs_keep_away_from_spot() -> None:
    """Nodes are placed on-demand even where spot stands first in the queue."""
    harness = Harness()
    harness.environment("spot", cpus=8, spot=True)
    harness.environment("demand", cpus=8)
    harness.queue("mixed", ("spot", "demand"))
    harness.submit("mnp", queue="mixed", nodes=(ONE, ONE))
    assert harness.running["mnp", 1].host.environment.spec.name == "demand"


def test_terminating_a_multi_node_job_stops_all_nodes() -> None:
    """Terminate stops the main node, and with its end the others."""
    harness = Harness(cpus=8)
    job = harness.submit("mnp", nodes=(ONE, ONE), retry=Retry(3))
    harness.scheduler.terminate(job, None, "enough", 1)
    harness.settle()
    harness.end("mnp", 0, code=143)
    harness.end("mnp", 1, code=143)
    assert (harness.state("mnp"), job.status_reason) == ("FAILED", "enough")
    assert harness.scheduler.environments["ce"].used == 0


def test_an_unmanaged_environment_waits_for_instances() -> None:
    """Jobs of an unmanaged environment stay RUNNABLE until an instance is registered, then run on it."""
    harness = Harness()
    harness.environment("own", cpus=100, managed=False)
    harness.queue("mine", ("own",))
    harness.submit("a", queue="mine", size=3)
    assert harness.running == {}
    size = sizes_of(("m5.large",))[0]
    host = Host("i-mine", harness.scheduler.environments["own"], size, 0)
    harness.scheduler.add_host("own", host, 1)
    harness.settle()
    assert [harness.running["a", index].host.id for index in (0, 1)] == ["i-mine", "i-mine"]
    assert harness.state("a", 2) == "RUNNABLE"


def test_a_disabled_environment_starts_nothing_new() -> None:
    """What runs in a disabled environment goes on; nothing new starts there."""
    harness = Harness()
    harness.submit("a")
    harness.environment("ce", enabled=False)
    harness.submit("b")
    assert (harness.state("a"), harness.state("b")) == ("RUNNING", "RUNNABLE")
    harness.environment("ce", enabled=True)
    assert harness.state("b") == "RUNNING"


def test_ended_jobs_are_kept_for_a_while() -> None:
    """A job that ended is known for `kept_ms` and then forgotten."""
    harness = Harness(kept_ms=1000)
    harness.submit("a")
    harness.end("a")
    harness.at(999)
    assert "a" in harness.scheduler.jobs
    harness.at(1000)
    assert "a" not in harness.scheduler.jobs
    assert harness.scheduler.listing.jobs("q", 5) == {}


def test_a_success_says_why() -> None:
    """The reason of an ordinary end is AWS's."""
    harness = Harness()
    job = harness.submit("a")
    harness.end("a")
    assert [attempt.status_reason for attempt in job.attempts_of(0)] == [EXITED]


def test_a_long_chain_of_dependents_fails_without_overflow() -> None:
    """Ten thousand jobs in a chain are failed by their first one."""
    harness = Harness()
    harness.submit("0")
    for number in range(1, 10_000):
        harness.submit(str(number), after=(str(number - 1),))
    harness.end("0", code=1)
    assert harness.state("9999") == "FAILED"


def test_fargate_spot_says_so() -> None:
    """A lost task of FARGATE_SPOT has Fargate's own words."""
    harness = Harness()
    harness.environment("fargate", types=(), spot=True)
    harness.queue("fg", ("fargate",))
    job = harness.submit("a", queue="fg", retry=Retry(2))
    harness.scheduler.host_lost(harness.running["a", 0].host, 1)
    harness.settle()
    assert job.attempts_of(0)[0].status_reason == "Your Spot Task was interrupted."
    assert harness.state("a") == "RUNNING"
