"""A compute environment's hosts, and which of them an attempt goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from scheduler.capacity.instances import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scheduler.spec import Need

_Room = tuple[int, int, int]
Task = tuple[str, int]
"""What occupies a host: a job's id and the number of its child (or node)."""


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """A compute environment as the scheduler needs it.

    `sizes` is empty for Fargate, where each task gets a host that is exactly its own size, and for an
    unmanaged environment, whose hosts come by `add_host`.
    """

    id: str
    name: str
    max_milli_cpus: int
    sizes: tuple[Size, ...] = ()
    managed: bool = True
    spot: bool = False
    may_exceed: bool = True
    enabled: bool = True

    @property
    def is_fargate(self) -> bool:
        """Whether each task gets a host of exactly its own size."""
        return self.managed and not self.sizes

    @property
    def has_notices(self) -> bool:
        """Whether its instances are told before EC2 takes them back: spot instances, and no Fargate tasks."""
        return self.spot and not self.is_fargate


class Host:
    """One instance (or Fargate task) with the room that is left on it and the attempts that run there.

    ``leaves_at`` is when EC2 takes back a spot instance that has had its notice.
    """

    __slots__ = ("environment", "id", "leaves_at", "room", "since", "size", "tasks")

    def __init__(self, host_id: str, environment: Environment, size: Size, since: int) -> None:
        self.id = host_id
        self.environment = environment
        self.size = size
        self.since = since
        self.room: _Room = (size.milli_cpus, size.memory, size.gpus)
        self.tasks: set[Task] = set()
        self.leaves_at: int | None = None


class Environment:
    """The hosts of one compute environment.

    Hosts with the same room share a bucket, so that finding one looks at a few buckets and never at all
    hosts.
    """

    __slots__ = ("_buckets", "_count", "hosts", "idle", "out_of_capacity", "provisioned", "spec", "used")

    def __init__(self, spec: EnvironmentSpec) -> None:
        self.spec = spec
        self.hosts: dict[str, Host] = {}
        self.idle: dict[Host, None] = {}
        self.provisioned = 0
        self.used = 0
        # Whether EC2 has no instance to give at the moment.
        self.out_of_capacity = False
        self._buckets: dict[_Room, dict[Host, None]] = {}
        self._count = 0

    def place(self, need: Need, now: int) -> Host | None:
        """A host with room for `need`, which is taken at once; None when the environment is full."""
        if self.used + need.milli_cpus > self.spec.max_milli_cpus or not self.spec.enabled:
            return None
        host = self._with_room(need) or self._launch(need, now)
        if host is not None:
            self._take(host, need)
        return host

    def place_whole(self, need: Need, now: int) -> Host | None:
        """A host of its own for `need`, as each node of a multi-node parallel job has one."""
        if self.used + need.milli_cpus > self.spec.max_milli_cpus or not self.spec.enabled:
            return None
        host = next((each for each in self.idle if _fits(each.size, need)), None) or self._launch(need, now)
        if host is not None:
            self.idle.pop(host, None)
            self.used += need.milli_cpus
            self._leave(host)
            host.room = (0, 0, 0)
        return host

    def release_whole(self, host: Host, need: Need) -> None:
        """Give back a host that one node had for itself."""
        self.used -= need.milli_cpus
        if host.id in self.hosts:
            self._move(host, (host.size.milli_cpus, host.size.memory, host.size.gpus))
            self._now_idle(host)

    def could_ever_fit(self, need: Need) -> bool:
        """Whether `need` fits the largest instance type and `maxvCpus`, however long it waits."""
        if need.milli_cpus > self.spec.max_milli_cpus:
            return False
        if not self.spec.managed:
            return any(_fits(host.size, need) for host in self.hosts.values())
        return not self.spec.sizes or any(_fits(size, need) for size in self.spec.sizes)

    def could_ever_launch(self, need: Need) -> bool:
        """Whether an instance for `need` is within `maxvCpus`, or may exceed it."""
        limit = self.spec.max_milli_cpus
        if need.milli_cpus > limit:
            return False
        fitting = [size.milli_cpus for size in self.spec.sizes if _fits(size, need)]
        return not fitting or (self.spec.may_exceed and limit > 0) or min(fitting) <= limit

    def release(self, host: Host, need: Need) -> None:
        """Give back what an attempt took; a host that is gone takes nothing back."""
        self.used -= need.milli_cpus
        if host.id not in self.hosts:
            return
        cpus, memory, gpus = host.room
        self._move(host, (cpus + need.milli_cpus, memory + need.memory, gpus + need.gpus))
        if host.room[0] == host.size.milli_cpus and not host.tasks:
            self._now_idle(host)

    def add_host(self, host_id: str, size: Size, now: int) -> Host:
        """Let an instance join, as a user's own instance joins an unmanaged environment's cluster."""
        host = Host(host_id, self, size, now)
        self.hosts[host_id] = host
        self.provisioned += size.milli_cpus
        self._buckets.setdefault(host.room, {})[host] = None
        self.idle[host] = None
        return host

    def drop_host(self, host: Host) -> None:
        """Forget an instance that is gone."""
        if self.hosts.pop(host.id, None) is None:
            return
        self.provisioned -= host.size.milli_cpus
        self.idle.pop(host, None)
        self._leave(host)

    def _with_room(self, need: Need) -> Host | None:
        cpus, memory, gpus = need.milli_cpus, need.memory, need.gpus
        best = None
        for room in self._buckets:
            if room[0] >= cpus and room[1] >= memory and room[2] >= gpus and (best is None or room < best):
                best = room
        return None if best is None else next(iter(self._buckets[best]))

    def _launch(self, need: Need, now: int) -> Host | None:
        if not self.spec.managed or self.out_of_capacity:
            return None
        size = self._choose(need)
        if size is None:
            return None
        self._count += 1
        return self.add_host(f"i-{crc32(self.spec.id.encode()):08x}{self._count:09x}", size, now)

    def _choose(self, need: Need) -> Size | None:
        if not self.spec.sizes:
            return Size(need.milli_cpus, need.memory, need.gpus, "fargate")
        fitting = [size for size in self.spec.sizes if _fits(size, need)]
        if not fitting:
            return None
        smallest = fitting[0]
        for host in self._idle_until(self.spec.max_milli_cpus - smallest.milli_cpus):
            self.drop_host(host)
        left = self.spec.max_milli_cpus - self.provisioned
        # "AWS Batch never exceeds maxvCpus by more than a single instance":
        # https://docs.aws.amazon.com/batch/latest/userguide/allocation-strategies.html
        return smallest if smallest.milli_cpus <= left or (self.spec.may_exceed and left > 0) else None

    def _idle_until(self, target: int) -> Iterator[Host]:
        while self.idle and self.provisioned > target:
            yield next(iter(self.idle))

    def _take(self, host: Host, need: Need) -> None:
        self.used += need.milli_cpus
        self.idle.pop(host, None)
        cpus, memory, gpus = host.room
        self._move(host, (cpus - need.milli_cpus, memory - need.memory, gpus - need.gpus))

    def _move(self, host: Host, room: _Room) -> None:
        self._leave(host)
        host.room = room
        # A host without a free vCPU takes no task: keeping it out of the buckets keeps them few.
        if room[0] > 0:
            bucket = self._buckets.get(room)
            if bucket is None:
                self._buckets[room] = {host: None}
            else:
                bucket[host] = None

    def _leave(self, host: Host) -> None:
        bucket = self._buckets.get(host.room)
        if bucket is not None:
            bucket.pop(host, None)
            if not bucket:
                del self._buckets[host.room]

    def _now_idle(self, host: Host) -> None:
        if self.spec.is_fargate:
            self.drop_host(host)
        else:
            self.idle[host] = None


def _fits(size: Size, need: Need) -> bool:
    return size.milli_cpus >= need.milli_cpus and size.memory >= need.memory and size.gpus >= need.gpus
