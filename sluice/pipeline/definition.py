"""The classes of a pipeline file: a pipeline, its triggers and its steps.

They hold values only; ``sluice.pipeline.validation`` checks a whole pipeline and reports every mistake at
once.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from sluice import limits
from sluice.compute import ComputeName, OverrideName, QueueName
from sluice.pipeline.after import After
from sluice.pipeline.after import Always as Always
from sluice.pipeline.after import Finished as Finished
from sluice.pipeline.after import Resubmit as Resubmit
from sluice.pipeline.after import always as always
from sluice.pipeline.after import finished as finished
from sluice.pipeline.after_run import AfterRun as AfterRun
from sluice.pipeline.mounts import Mount, Path
from sluice.pipeline.permissions import Permission
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.secret_sources import Secret

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
# A function of the pipeline's own image, or a dotted module path and a function.
RUN_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(:[A-Za-z_][A-Za-z0-9_]*)?$"
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html (image), and the @ of a
# digest
IMAGE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:/@#-]*$"
# What S3 may have in a key, but for * and \, to which EventBridge's wildcards give a meaning, and control
# characters, which a rule's description may not have. IAM's $ and ? are escaped (upload_patterns).
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
# https://github.com/aws/event-ruler/blob/main/src/main/software/amazon/event/ruler/input/WildcardParser.java
KEY_PART_PATTERN = r"^[^*\\\p{Cc}]*$"
MAX_SUFFIXES = 16
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_PATTERN = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"
# Policies take the ARN of a key and not its alias:
# https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html
KMS_KEY_PATTERN = r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"
# A folder of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
INVENTORY_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*\\\p{Cc}]+/$"
# A name or number, and a group: https://docs.docker.com/engine/containers/run/#user
USER_PATTERN = r"^[a-z0-9_][a-z0-9_-]{0,31}(:[a-z0-9_][a-z0-9_-]{0,31})?$"
# The placeholder of a command for the input of its run.
INPUT = "{input}"

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=40)]
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Ulimit.html
UlimitName = Literal[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
]
Ulimit = Annotated[int, Field(ge=-1, le=2_147_483_647)]
# Tags that are no identifiers: a reported field does not contain them.
_Names = Annotated[list[str], Field(min_length=1, max_length=limits.MAX_DEPENDENCIES), Tag("a list of names")]
Followed = Annotated[
    Annotated[str, Tag("a name")] | _Names,
    Discriminator(lambda value: "a list of names" if isinstance(value, list) else "a name"),
]
_Suffix = Annotated[str, Field(pattern=KEY_PART_PATTERN, max_length=128)]
_Ending = Annotated[str, Field(pattern=KEY_PART_PATTERN, min_length=1, max_length=128)]
_Endings = Annotated[list[_Ending], Field(min_length=1, max_length=MAX_SUFFIXES), Tag("a list of suffixes")]
Suffixes = Annotated[
    Annotated[_Suffix, Tag("a suffix")] | _Endings,
    Discriminator(lambda value: "a list of suffixes" if isinstance(value, list) else "a suffix"),
]
# A family and a size: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html
INSTANCE_TYPE_PATTERN = r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"


@dataclass(frozen=True, kw_only=True)
class S3Upload:
    """Starts a run for each new object, or new version of an object, under a prefix of the inbox bucket or of
    another one; or one for a burst of them.
    """

    prefix: Annotated[str, Field(pattern=KEY_PART_PATTERN, min_length=1, max_length=512)]
    suffix: Suffixes = ""
    """What the keys end with, or a list of endings. Upper and lower case count, as in S3: ``[".csv",
    ".CSV"]`` takes both.
    """
    group_within: str | None = None
    """How long files are gathered into one run, from the first of them: ``45s`` or ``5m``, at most ``15m``.
    Default with group_of=: 60s.
    """
    group_of: Annotated[int, Field(ge=1, le=limits.MAX_ARRAY_SIZE)] | None = None
    """How many files are gathered into one run at most. Default with group_within=: 10,000, the maximum of
    children of an array.
    """

    group_after: str | None = None
    """Closes a group when no file came for so long, in place of group_within=: ``10m``, at most ``15m``."""
    group_max_wait: str | None = None
    """How long a group with group_after= stays open at most, from its first file, such as ``2h``; 24 hours at
    most. Default: 1h.
    """
    bucket: Annotated[str, Field(pattern=BUCKET_PATTERN)] | None = None
    """A bucket that exists, in place of the inbox; `sluice connect` has its events sent. See
    docs/buckets.md.
    """
    account: Annotated[str, Field(pattern=ACCOUNT_PATTERN)] | None = None
    """The account of ``bucket``, where it is another one."""
    region: Annotated[str, Field(pattern=REGION_PATTERN)] | None = None
    """The Region of ``bucket``, where it is another one."""
    kms_key: Annotated[str, Field(pattern=KMS_KEY_PATTERN)] | None = None
    """The ARN of the customer managed key that encrypts ``bucket``; the jobs may decrypt with it."""
    reconcile: str | None = None
    """How often a job lists the objects and starts what no event has brought: ``7d``, from ``1h`` to
    ``180d``. With ``on-request`` that job has no schedule: only `sluice backfill --in-job` begins it.
    """
    inventory: Annotated[str, Field(pattern=INVENTORY_PATTERN, max_length=1024)] | None = None
    """The folder of the S3 Inventory reports of the bucket, which the job of a backfill may read:
    ``s3://team-reports/all/team-landing/daily/``. A reconcile on its schedule reads the newest one that was
    begun within its interval. Needs ``reconcile=``.
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Return what the keys end with, in alphabetical order: one of these."""
        return (self.suffix,) if isinstance(self.suffix, str) else tuple(sorted(set(self.suffix)))

    @property
    def patterns(self) -> tuple[str, ...]:
        """Return the keys that it takes, such as ``sales/*.csv``, for each suffix."""
        return tuple(f"{self.prefix}*{suffix}" for suffix in self.suffixes)

    @property
    def gathers(self) -> bool:
        """Return whether several files become one run."""
        return any(one is not None for one in (self.group_within, self.group_of, self.group_after))


@dataclass(frozen=True)
class FileSet:
    """Starts a run when a set of files is whole: ``FileSet("sales/{date}/{hour:02}.csv", expect=24)``. See
    docs/sets.md.
    """

    pattern: Annotated[str, Field(min_length=1, max_length=512)]
    """The keys of its files, with placeholders; those that are not counted are the key of a set."""
    expect: int | list[str] | None = field(default=None, kw_only=True)
    """How many files make a set whole, or which: the values of the placeholder ``of``."""
    of: str | None = field(default=None, kw_only=True)
    """The placeholder that ``expect`` is about; without it the last one."""
    marker: Annotated[str, Field(min_length=1, max_length=512)] | None = field(default=None, kw_only=True)
    """A file whose upload says that the set is whole, such as ``_SUCCESS``: in the folder of the pattern, or
    a pattern of its own. Its placeholders are the key of a set.
    """
    manifest: Annotated[str, Field(min_length=1, max_length=512)] | None = field(default=None, kw_only=True)
    """A marker that lists the files, as JSON, with their sizes and MD5 sums where they are known."""
    late: str | None = field(default=None, kw_only=True)
    """How long a set may be open from its first file, such as ``6h``."""
    then: Literal["run", "alert"] = field(default="alert", kw_only=True)
    """What becomes of a late set: an alert, or its run with what there is; ``trigger.missing`` names the
    rest.
    """
    later_files: Literal["rerun", "alert", "ignore"] = field(default="alert", kw_only=True)
    """What becomes of files and new versions that come when the set's run has begun: another run of the whole
    set, an alert, or nothing.
    """


@dataclass(frozen=True, kw_only=True)
class Manual:
    """Starts a run for each request: an event of source ``sluice`` on the default bus. IAM decides who may
    send one.
    """

    overrides: list[OverrideName] = field(default_factory=list)
    """The fields of steps that a request may override for its run: docs/machines.md."""


@dataclass(frozen=True)
class Schedule:
    """Starts a run at set times: ``cron(0 2 ? * SUN *)``, ``rate(6 hours)`` or, once,
    ``at(2030-01-31T09:00:00)``.

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    expression: Annotated[str, Field(max_length=256)]
    timezone: str = field(default="UTC", kw_only=True)
    """The time zone of cron and at, such as Europe/Berlin, summer time included."""
    input: JsonValue = field(default=None, kw_only=True)
    """The input of the run, any JSON value."""
    catch_up: bool = field(default=False, kw_only=True)
    """Whether each time that was missed gets its run later; for cron. See docs/schedules.md."""
    start: Annotated[str, Field(max_length=19)] | None = field(default=None, kw_only=True)
    """From when on, with catch_up: a day or a time of the time zone, ``2026-01-01`` or
    ``2026-01-01T09:00:00``. Without, the first deploy.
    """


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Starts a run for each signed HTTPS request to the pipeline's own address. See docs/webhooks.md."""

    signature: Literal["standard", "github", "stripe"] = "standard"
    """How requests are signed: as in Standard Webhooks, by GitHub, or by Stripe."""
    schema: dict[str, Any] | None = None
    """The JSON schema (draft 7) that the body must fit."""
    rotate_days: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How often Secrets Manager makes a new secret; the previous one stays valid. None: only manually."""


Trigger = S3Upload | FileSet | Manual | Schedule | Webhook | AfterRun


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that a job needs, and how it runs. The base of every step."""

    run: Annotated[str, Field(pattern=RUN_PATTERN)] | None = None
    """A function: its name in ``containers/<pipeline>/steps.py``."""
    command: Annotated[list[str], Field(min_length=1)] | None = None
    """A command instead of a function; needs ``image``. Its exit code decides whether it succeeded; other
    steps get no results of it.

    The word ``{input}`` is replaced by the address of the upload, or by the input as JSON.
    """
    image: Annotated[str, Field(pattern=IMAGE_PATTERN, max_length=255)] | None = None
    """An image of a registry; without it the pipeline's own image in ``containers/<pipeline>/``."""
    vcpus: Annotated[float, Field(ge=0.25, le=192, allow_inf_nan=False)] = 1
    """Whole numbers on EC2; Fargate has 0.25 and 0.5 too."""
    memory: Annotated[int, Field(ge=limits.MIN_MEMORY_MIB, le=3_145_728)] = 2048
    """MiB; a job that uses more is killed."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables of its process."""
    parameters: dict[str, str] = field(default_factory=dict)
    """The parameters of ``command``, where each is a word ``Ref::name``, with their defaults."""
    secrets: dict[str, str | Secret] = field(default_factory=dict)
    """Variables with values of Secrets Manager (a name or an ARN) or of Parameter Store (``ssm:/a/name`` or
    an ARN).
    """
    compute: ComputeName | None = None
    """The machines that it runs on: ``spot`` (the default) falls back to on-demand ones, ``fargate_spot`` to
    ``fargate``.
    """
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """Whole GPUs; needs ``compute="gpu"``, or ``"unmanaged"``."""
    storage: Annotated[int, Field(ge=21, le=200)] | None = None
    """GiB of disk of a Fargate task; without it 20."""
    mounts: list[Mount] = field(default_factory=list)
    """Folders besides those of the image: of the machine (``HostMount``) or of Amazon EFS (``EfsMount``)."""
    shared_memory: Annotated[int, Field(ge=1, le=3_145_728)] | None = None
    """MiB of ``/dev/shm``; without it 64, which is little for PyTorch's loaders and for browsers."""
    tmpfs: dict[Path, Annotated[int, Field(ge=1, le=3_145_728)]] = field(default_factory=dict)
    """Folders in memory, with their MiB, such as ``{"/tmp": 512}``; they count as the job's memory."""
    user: Annotated[str, Field(pattern=USER_PATTERN)] | None = None
    """The user of its process, ``1000`` or ``1000:1000``; without it that of the image."""
    read_only_root: bool = False
    """Whether its process may not write into the image's own folders; most programs need a ``tmpfs``."""
    ulimits: dict[UlimitName, Ulimit | tuple[Ulimit, Ulimit]] = field(default_factory=dict)
    """Limits of the container's processes: one number, or a soft and a hard one. -1 is no limit."""
    queue: QueueName = "normal"
    """The order of jobs when machines are scarce: ``urgent``, ``normal``, then ``bulk``; ``steady`` never
    runs on spot machines.
    """
    priority: Annotated[int, Field(ge=0, le=9999)] | None = None
    """A higher one goes first, among the jobs with a priority of the same queue and machines."""
    attempts: Annotated[int, Field(ge=1, le=limits.MAX_ATTEMPTS)] = 5
    """How often Batch starts a job whose host was lost or whose image could not be pulled; a program that
    fails is not repeated.
    """
    retry: list[EvaluateOnExit] = field(default_factory=list)
    """The step's own rules for another attempt; Batch evaluates them before Sluice's."""
    timeout: Annotated[int, Field(ge=limits.MIN_TIMEOUT_SECONDS, le=limits.MAX_TIMEOUT_SECONDS)] = 3600
    """Seconds, for each attempt of each job or child."""
    after: list[After] = field(default_factory=list)
    """Names of steps that must have succeeded before this one starts.

    ``finished("score", at_least=0.99)`` or ``at_most=5`` tolerates some failed items, ``always("score")`` any
    end, also that it never will run, once nothing before it still runs. A command with such a parent has the
    variable ``SLUICE_MISSING``: ``{"score": "3,17-19"}``, ``"*"`` for all, null for too many to list.
    """
    retries: Resubmit | None = None
    """Whether children that failed after all attempts are submitted again automatically, with the steps
    downstream of them.
    """
    permissions: list[Permission] = field(default_factory=list)
    """What its jobs may use beside their own run, besides the pipeline's permissions: ``read("s3://team/a/*")``,
    ``Allow("athena:StartQueryExecution", "arn:…")``. A step with its own has a role of its own.
    """
    uses: dict[str, Annotated[int, Field(ge=1)]] = field(default_factory=dict)
    """How much of each of the pipeline's limits a job, or each child, uses while it runs."""


@dataclass(frozen=True)
class Plan(Machine):
    """Finds the items: its function receives the trigger and yields JSON objects of at most 8 KiB each.

    Without a function it has no job, and each file that started the run is an item.
    """

    name: Name

    @property
    def of_uploads(self) -> bool:
        """Return whether its items are the files that started the run."""
        return self.run is None and self.command is None


@dataclass(frozen=True)
class Array(Machine):
    """Many children: one for each slice of a plan's items (``items_of``) or of a fixed number of items
    (``size``).

    Or child i after child i of another array, or of several arrays with the same children (``each``).
    """

    name: Name
    items_of: str | None = field(default=None, kw_only=True)
    each: Followed | None = field(default=None, kw_only=True)
    """The name of the array that it follows child by child (N_TO_N), or a list of names."""
    size: Annotated[int, Field(ge=1, le=10_000_000)] | None = field(default=None, kw_only=True)
    """The number of items without a plan: item i is ``{"index": i}``. One item is a plain job."""
    sequential: bool = field(default=False, kw_only=True)
    """Whether the children run one after the other, in the order of their index (SEQUENTIAL)."""
    items_per_child: Annotated[int, Field(ge=1)] = field(default=1, kw_only=True)
    """Items of a child; more where the items are too many for 10,000 children."""
    on_error: Literal["continue", "stop"] = field(default="continue", kw_only=True)
    """What a child does behind an item that failed: work on the others, or end."""

    @property
    def follows(self) -> tuple[str, ...]:
        """Return the names of the arrays that it follows child by child; validation reports all else."""
        given = self.each if isinstance(self.each, list) else [self.each]
        return tuple(dict.fromkeys(name for name in given if isinstance(name, str)))


@dataclass(frozen=True)
class Job(Machine):
    """One job; after an array it is the fan-in and reads the results of every child."""

    name: Name


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """Nodes of a MultiNode that run the same program, each on a machine of its own."""

    nodes: Annotated[int, Field(ge=1, le=limits.MAX_NODES)]
    run: Annotated[str, Field(pattern=RUN_PATTERN)] | None = None
    """A function: its name in ``containers/<pipeline>/steps.py``."""
    command: Annotated[list[str], Field(min_length=1)] | None = None
    """A command instead of a function; needs ``image``."""
    image: Annotated[str, Field(pattern=IMAGE_PATTERN, max_length=255)] | None = None
    """An image of a registry; without it the pipeline's own image."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables besides those of the step."""


@dataclass(frozen=True)
class MultiNode(Machine):
    """Nodes that run at the same time and communicate; when the main node, node 0, ends, the job ends.

    Either all ``nodes`` run the same program, or each of the ``groups`` has its own; the main node is in the
    first group. vCPUs and memory are those of each node, and the time-out is that of the job. Needs
    SLUICE_NAT=true. Source: https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
    """

    name: Name
    nodes: Annotated[int, Field(ge=1, le=limits.MAX_NODES)] | None = field(default=None, kw_only=True)
    groups: Annotated[list[NodeGroup], Field(max_length=limits.MAX_NODE_GROUPS)] = field(
        default_factory=list, kw_only=True
    )
    instance_type: Annotated[str, Field(pattern=INSTANCE_TYPE_PATTERN)] | None = field(
        default=None, kw_only=True
    )
    """The type of all its machines, such as c7i.8xlarge; without it AWS Batch chooses one."""
    queue: QueueName = field(default="steady", kw_only=True)
    """Only the queue whose machines AWS never takes back: AWS Batch has no MultiNode on spot."""


Step = Plan | Array | Job | MultiNode


_NOT_GIVEN: Any = None


@dataclass(frozen=True)
class Limit:
    """How many jobs may use a scarce resource at the same time, such as the connections of a slow third
    party; steps say with ``uses`` how much of it they need.

    Pipelines that list the same limit share it. Source:
    https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling.html
    """

    name: Name
    max_concurrency: Annotated[int, Field(ge=1, le=1_000_000)] = field(default=_NOT_GIVEN, kw_only=True)
    at_once: int | None = field(default=None, kw_only=True, repr=False, compare=False)
    """Deprecated: the former name of ``max_concurrency``."""

    def __post_init__(self) -> None:
        """Take ``at_once`` as ``max_concurrency``, and warn; validation reports both together."""
        if self.max_concurrency is not _NOT_GIVEN:
            return
        if self.at_once is None:
            raise TypeError(f"Limit({self.name!r}) needs max_concurrency=.")
        warnings.warn(
            "Limit(at_once=...) is deprecated: use max_concurrency=.", DeprecationWarning, stacklevel=3
        )
        object.__setattr__(self, "max_concurrency", self.at_once)
        object.__setattr__(self, "at_once", None)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Triggers and a graph of steps: one file of ``pipelines/``, bound to the module's name ``pipeline``."""

    name: Name
    triggers: list[Trigger]
    steps: list[Step]
    limits: list[Limit] = field(default_factory=list)
    """The limits that its steps may use."""
    keep_failed: Annotated[int, Field(ge=1, le=365)] = 7
    """Days until the transient objects of a failed run are removed; `sluice retry` needs them."""
    only_with: Literal["nat"] | None = None
    """A setting without which a deploy leaves the pipeline out, and is not refused."""
    expected_within: str | None = None
    """How long a run may take, such as ``2h`` or ``1d12h``: one alert is sent for a run that takes longer.
    The run goes on.
    """
    ticket: bool = False
    """Whether a run that fails or is late opens an OpsItem of AWS Systems Manager, once."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=limits.MAX_CONCURRENT_RUNS)] | None = None
    """How many of its runs may run at the same time; the others wait in the order of their arrival. See
    docs/order.md.
    """
    per: Literal["pipeline", "partition", "object"] = "pipeline"
    """What ``max_concurrent_runs`` counts: the runs of the whole pipeline, of each ``partition`` key of its
    triggers, or of each S3 ``object``, whose versions then run in the order of their uploads.
    """
    replace: Literal["newest"] | None = None
    """With ``newest``, a run that waits is replaced by a newer one of the same pipeline, partition or
    object.
    """
    submit_from: Literal["lambda", "start-job"] = "lambda"
    """What submits the first steps of a run: the trigger Lambda, or a small job, which has the time for
    thousands of steps.
    """
    tags: dict[str, str] = field(default_factory=dict)
    """Tags of all that belongs to it, its jobs and their tasks included, such as ``{"team": "data"}``: for
    the bill, and for policies that ask for ``aws:ResourceTag``. See docs/access.md.
    """
    publishes: Literal["runs", "anywhere"] = "runs"
    """Where its jobs may write in the results bucket: in the folders of its ``runs``, as ``out`` does, or
    ``anywhere`` below the pipeline's name, such as a folder ``latest/`` that you write with a client of S3.
    """
    results: str | None = None
    """Where its runs publish, instead of the results bucket: ``s3://team-results/flights/``, with a folder
    for each run, or with ``{date}/`` and the like one for each partition key. See docs/results.md.
    """
    shared: list[str] | None = None
    """The folders of ``containers/`` that its image has beside its own, for code that pipelines share.
    Without, ``shared`` where that is one; ``[]`` for none.
    """
    permissions: list[Permission] = field(default_factory=list)
    """What the jobs of all its steps may use beside their own run: ``read("s3://team-reference/rates/*")``."""
    machines: Literal["shared", "own"] = "shared"
    """Whether jobs of other pipelines may be on the same machines at the same time: ``own`` gives the
    pipeline queues and environments of its own. Fargate has a machine for each job anyway.
    """
    disk: Annotated[int, Field(ge=30, le=16_384)] | None = None
    """GiB of disk that each of its own machines has, with ``machines="own"``; without, those of
    SLUICE_DISK_GIB.
    """
    share: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=255)] | None = None
    """The share of the machines that its jobs compete for with other shares, such as its team's or its own
    name: whoever used less of late goes first. Without, jobs with a priority have one share for all.
    """
