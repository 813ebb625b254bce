"""Compute environments alone: which host an attempt goes to."""

from __future__ import annotations

from scheduler.capacity.hosts import Environment, EnvironmentSpec
from scheduler.capacity.instances import sizes_of
from scheduler.spec import Need

ONE = Need(1000, 1024)


def ec2(max_cpus: int = 8) -> Environment:
    """An environment of m5.xlarge instances, with four vCPUs each."""
    return Environment(EnvironmentSpec("e", "e", max_cpus * 1000, sizes_of(("m5.xlarge",)), may_exceed=False))


def test_a_host_is_filled_before_another_is_launched() -> None:
    """Four tasks of one vCPU share an instance of four; the fifth gets the second one."""
    environment = ec2()
    hosts = [environment.place(ONE, 0) for _ in range(5)]
    assert len({host.id for host in hosts if host}) == 2
    assert hosts[0] is hosts[3]


def test_there_is_no_room_beyond_the_maximum() -> None:
    """`maxvCpus` bounds what is in use."""
    environment = ec2(max_cpus=4)
    assert all(environment.place(ONE, 0) for _ in range(4))
    assert environment.place(ONE, 0) is None


def test_no_host_is_launched_out_of_capacity() -> None:
    """While EC2 has no instances, only the room of those that run is given."""
    environment = ec2()
    environment.place(ONE, 0)
    environment.out_of_capacity = True
    assert all(environment.place(ONE, 0) for _ in range(3))
    assert environment.place(ONE, 0) is None


def test_a_fargate_task_leaves_no_host() -> None:
    """On Fargate each task has a host of its own size, which is gone with it."""
    environment = Environment(EnvironmentSpec("f", "f", 4000))
    host = environment.place(ONE, 0)
    assert host is not None
    assert host.size.milli_cpus == 1000
    environment.release(host, ONE)
    assert environment.hosts == {}
