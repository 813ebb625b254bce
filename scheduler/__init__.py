"""AWS Batch's rules as a pure core over a clock, and a simulator that runs it on a virtual one.

| part | what it holds |
| --- | --- |
| `spec`, `states`, `reasons`, `retry`, `effects` | the values that go in and come out |
| `capacity/` | compute environments with their hosts, instance sizes, consumable resources |
| `jobs/` | jobs with their states, and the graph of their dependencies |
| `queues/` | the order in which jobs start, and why the head of a queue waits |
| `dispatch/` | from RUNNABLE to the end of an attempt: placement, attempts, multi-node jobs, timeouts |
| `scheduler` | the commands: all parts, wired |
| `simulation/` | the virtual clock: what a fleet would do, and what it would cost |

It imports nothing of this project and nothing of others. All times are milliseconds.
"""

from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import Size, sizes_of
from scheduler.queues.fair_share import FairPolicy
from scheduler.queues.job_queue import QueueSpec
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.simulation.conditions import Conditions, Report
from scheduler.simulation.durations import Duration, exponential, fixed, lognormal
from scheduler.simulation.simulation import Simulation
from scheduler.spec import Dependency, JobSpec, Need, Retry, Rule

__all__ = [
    "Conditions",
    "Dependency",
    "Duration",
    "EnvironmentSpec",
    "FairPolicy",
    "JobSpec",
    "Need",
    "Outcome",
    "QueueSpec",
    "Report",
    "Retry",
    "Rule",
    "Scheduler",
    "Simulation",
    "Size",
    "exponential",
    "fixed",
    "lognormal",
    "sizes_of",
]
