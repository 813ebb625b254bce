"""Projects that differ by one feature each: what a user adds, changes or takes out between deploys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aws_cdk import App

import app as entry
from tests.stacks.projects import project
from tests.stacks.synthesis import context
from tests.stacks.templates import STACKS, Template

IMPORTS = """
from sluice.pipeline.definition import AfterRun, FileSet, Limit, MultiNode, NodeGroup, Schedule, Webhook
from sluice.pipeline.after import always, finished
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.secret_sources import Secret
from sluice.pipeline.permissions import read
"""
ONE = 'Job("work", run="work"{more})'
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CHANGED = ", changed"
"""What the name of a feature ends with of which something has been changed."""


@dataclass(frozen=True, slots=True)
class Feature:
    """What is deployed: the texts of the pipelines by their names, and settings."""

    pipelines: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)

    def project(self, root: Path) -> Path:
        """Make the project that has the feature in a new directory, and return it."""
        for folder in ("pipelines", "containers"):
            (root / folder).mkdir(parents=True)
        return project(root, self.pipelines)


def _text(triggers: str = "Manual()", steps: str | None = None, more: str = "", name: str = "one") -> str:
    steps = ONE.format(more="") if steps is None else steps
    return f'{IMPORTS}pipeline = Pipeline(name="{name}", triggers=[{triggers}], steps=[{steps}]{more})'


def _triggered(*triggers: str, **settings: str) -> Feature:
    return Feature({"one": _text(", ".join(triggers))}, settings)


def _step(more: str, **settings: str) -> Feature:
    return Feature({"one": _text(steps=ONE.format(more=f", {more}"))}, settings)


def _steps(*steps: str, more: str = "", **settings: str) -> Feature:
    return Feature({"one": _text(steps=", ".join(steps), more=more)}, settings)


def _pipeline(more: str) -> Feature:
    return Feature({"one": _text(more=f", {more}")})


def _set(**settings: str) -> Feature:
    return Feature({"one": _text()}, settings)


def _chain(*triggers: str) -> Feature:
    """Return a pipeline that follows two others."""
    first = {name: _text(_SET.format(rules="expect=2"), name=name) for name in ("one", "two")}
    return Feature(first | {"three": _text(", ".join(triggers), name="three")})


def _limit(most: int, more: str = "") -> Feature:
    limits = f', limits=[Limit("api", max_concurrency={most})]'
    return _steps(ONE.format(more=', uses={"api": 1}'), more=limits + more)


def _graph(steps: int) -> Feature:
    found = (f'Job("s{one}", image="busybox:1", command=["echo", "{one}"])' for one in range(steps))
    return _steps(*found)


def _command(word: str) -> Feature:
    command = 'image="busybox:1", command=["echo", "Ref::word"]'
    return _steps(f'Job("work", {command}, parameters={{"word": "{word}"}})')


def _nodes(count: int, image: str) -> Feature:
    step = f'MultiNode("train", nodes={count}, image="{image}", command=["true"])'
    return _steps(step, SLUICE_NAT="true", SLUICE_INSTANCE_TYPES="c7i.large")


def _node_groups() -> Feature:
    groups = (
        f'NodeGroup(nodes={count}, image="busybox:{count}", command=["true"], environment={{"A": "1"}})'
        for count in (1, 2)
    )
    step = f'MultiNode("train", groups=[{", ".join(groups)}], instance_type="c7i.large")'
    return _steps(step, SLUICE_NAT="true", SLUICE_INSTANCE_TYPES="c7i.large")


def _in_vpc(subnets: str, groups: str = "") -> Feature:
    wanted = {"SLUICE_SUBNET_IDS": subnets}
    wanted |= {"SLUICE_SECURITY_GROUP_IDS": groups, "SLUICE_PUBLIC_ADDRESSES": "true"} if groups else {}
    return _set(SLUICE_VPC_ID="vpc-0123456789abcdef0", **wanted)


def _provider(groups: str) -> Feature:
    return _set(
        SLUICE_CONSOLE="true",
        SLUICE_CONSOLE_ISSUER="https://login.example.com",
        SLUICE_CONSOLE_CLIENT_ID="sluice",
        SLUICE_CONSOLE_GROUPS=groups,
        SLUICE_CONSOLE_GROUPS_CLAIM="roles",
        SLUICE_CONSOLE_CLIENT_SECRET="arn:aws:secretsmanager:eu-central-1:111122223333:secret:console-AbCdEf",
    )


_FARGATE = "vcpus=0.25, memory=512, storage=30"
_GPU = "vcpus=4, memory=8192, gpus=1"
_FOREIGN = 'S3Upload(bucket="team-landing", account="{account}", prefix="one/", suffix=".csv")'
_OWN_BUCKET = 'S3Upload(bucket="{bucket}", prefix="one/")'
_REPORTS = "s3://reports/all/team-landing/daily/"
_SET = 'FileSet("one/{{date}}/{{part}}.csv", {rules})'
_EFS = 'mounts=[EfsMount(file_system="fs-0123456789abcdef0", path="{path}")]'

# Each feature as it is added, and with something of it changed.
PAIRS: dict[str, tuple[Feature, Feature]] = {
    "manual": (_triggered("Manual()"), _triggered('Manual(overrides=["memory", "queue"])')),
    "two pipelines": (
        Feature({"one": _text(), "two": _text(name="two")}),
        Feature({"one": _text(), "other": _text(name="other")}),
    ),
    "upload": (
        _triggered('S3Upload(prefix="one/")'),
        _triggered('S3Upload(prefix="one/", suffix=".csv")', 'S3Upload(prefix="more/")'),
    ),
    "grouping": (
        _triggered('S3Upload(prefix="one/", group_within="1m")'),
        _triggered('S3Upload(prefix="one/", group_of=100, group_after="10m", group_max_wait="2h")'),
    ),
    "file set": (
        _triggered(_SET.format(rules='expect=24, of="part"')),
        _triggered(
            _SET.format(rules='manifest="m.json", late="6h", then="run", later_files="rerun"'),
            'FileSet("more/{date}/{part}.csv", marker="_DONE")',
        ),
    ),
    "other bucket": (
        _triggered(_OWN_BUCKET.format(bucket="team-landing")),
        _triggered(_OWN_BUCKET.format(bucket="team-arrivals")),
    ),
    "bucket of another account": (
        _triggered(_FOREIGN.format(account="111122223333")),
        _triggered(
            _FOREIGN.format(account="444455556666").replace(")", f', region="eu-west-1", kms_key="{KEY}")')
        ),
    ),
    "schedule": (
        _triggered('Schedule("rate(1 hour)")'),
        _triggered('Schedule("rate(2 hours)", timezone="Europe/Berlin", input={"a": 1})'),
    ),
    "schedule that catches up": (
        _triggered('Schedule("cron(0 2 * * ? *)", start="2026-01-01", catch_up=True)'),
        _triggered('Schedule("cron(0 3 * * ? *)", start="2026-02-01", catch_up=True)'),
    ),
    "reconcile": (
        _triggered('S3Upload(prefix="one/", reconcile="7d")'),
        _triggered(
            'S3Upload(prefix="one/", suffix=".csv", reconcile="1d")',
            f'S3Upload(bucket="team-landing", prefix="b/", reconcile="on-request", inventory="{_REPORTS}")',
        ),
    ),
    "after run": (_chain('AfterRun("one")'), _chain('AfterRun("one", "two", by="date", when="all")')),
    "webhook": (
        _triggered("Webhook()"),
        _triggered('Webhook(signature="github")', SLUICE_WEBHOOK_CONCURRENCY="5"),
    ),
    "webhook with a schema and rotation": (
        _triggered('Webhook(schema={"type": "object"}, rotate_days=7)'),
        _triggered('Webhook(schema={"type": "array"}, rotate_days=9)'),
    ),
    "webhooks off": (
        _triggered("Webhook()", SLUICE_WEBHOOKS="false"),
        _triggered("Webhook()", "Manual()", SLUICE_WEBHOOKS="false"),
    ),
    "start job": (
        _pipeline('submit_from="start-job"'),
        _steps(ONE.format(more=", memory=4096"), more=', submit_from="start-job"'),
    ),
    "limit": (_limit(2), _limit(3)),
    "limit and start job": (_limit(2, ', submit_from="start-job"'), _limit(3, ', submit_from="start-job"')),
    "plan": (
        _steps('Plan("list", run="work")', 'Array("each", run="work", items_of="list")'),
        _steps(
            'Plan("list", run="work")',
            'Array("each", run="work", items_of="list", items_per_child=3, on_error="stop")',
        ),
    ),
    "arrays": (
        _steps('Array("each", run="work", size=4, sequential=True)'),
        _steps(
            'Array("each", run="work", size=4)',
            'Array("more", run="work", each="each")',
            'Job("last", run="work", after=[finished("each", at_most=3), always("more")])',
        ),
    ),
    **{
        compute: (
            _step(f'compute="{compute}", {size}'),
            _step(f'compute="{compute}", timeout=600, {size}', **{f"SLUICE_{name}": value}),
        )
        for compute, size, name, value in (
            ("spot", "", "MAX_VCPUS_SPOT", "8"),
            ("on_demand", "", "MAX_VCPUS_ON_DEMAND", "8"),
            ("fargate", _FARGATE, "MAX_VCPUS_FARGATE", "8"),
            ("fargate_spot", _FARGATE, "MAX_VCPUS_FARGATE", "8"),
            ("gpu", _GPU, "MAX_VCPUS_GPU", "8"),
            ("arm", "", "ARM_INSTANCE_TYPES", "c8g"),
            ("unmanaged", "", "ZONES", "3"),
        )
    },
    "fair share": (_step("priority=10"), _step('queue="bulk", priority=10')),
    "share": (_pipeline('share="teamA"'), _pipeline('share="teamB"')),
    "own machines": (_pipeline('machines="own"'), _pipeline('machines="own", disk=500')),
    "secrets": (
        _step('secrets={"A": "my-app/key"}'),
        _step(f'secrets={{"A": Secret(source="my-app/key", kms_key="{KEY}")}}'),
    ),
    "file system": (_step(_EFS.format(path="/mnt/a")), _step(_EFS.format(path="/mnt/b"))),
    "container": (
        _step('shared_memory=256, tmpfs={"/tmp": 64}, user="1000", read_only_root=True'),
        _step(
            'shared_memory=512, user="2000", ulimits={"nofile": 4096}, environment={"A": "1"}, parameters={}'
        ),
    ),
    "retries": (
        _step("retries=Resubmit(times=2, reclaimed=2)"),
        _step("retry=[EvaluateOnExit(action='EXIT', on_exit_code='3')], attempts=2"),
    ),
    "permissions": (
        _pipeline('permissions=[read("s3://team-reference/a/*")]'),
        _step('permissions=[read("s3://team-reference/b/*")]'),
    ),
    "results": (
        _pipeline('results="s3://team-results/one/"'),
        _pipeline('results="s3://other-results/one/", publishes="anywhere"'),
    ),
    "runs in order": (
        _pipeline("max_concurrent_runs=1"),
        _pipeline('max_concurrent_runs=2, per="pipeline", replace="newest"'),
    ),
    "command": (_command("a"), _command("b")),
    "tags of a pipeline": (_pipeline('tags={"team": "data"}'), _pipeline('tags={"team": "web"}')),
    "tickets and lateness": (_pipeline("ticket=True"), _pipeline('expected_within="2h", keep_failed=3')),
    "large graph": (_graph(60), _graph(110)),
    "NAT": (_set(SLUICE_NAT="true"), _set(SLUICE_NAT="true", SLUICE_ZONES="3")),
    "nodes": (_nodes(2, "busybox:1"), _node_groups()),
    "console": (
        _set(SLUICE_CONSOLE="true"),
        _set(SLUICE_CONSOLE="true", SLUICE_CONSOLE_MFA="true", SLUICE_CONSOLE_CONCURRENCY="9"),
    ),
    "console with a provider": (_provider("watch=analysts"), _provider("watch=all,operate=on-call")),
    "network that is there": (
        _in_vpc("subnet-0123456789abcdef0"),
        _in_vpc("subnet-0123456789abcdef1", "sg-0123456789abcdef0"),
    ),
    "boundary": (
        _set(SLUICE_PERMISSIONS_BOUNDARY="arn:aws:iam::111122223333:policy/boundary"),
        _set(SLUICE_PERMISSIONS_BOUNDARY="arn:aws:iam::111122223333:policy/other"),
    ),
    "role path": (_set(SLUICE_ROLE_PATH="/team/"), _set(SLUICE_ROLE_PATH="/other/")),
    "key": (_set(SLUICE_KMS_KEY=KEY), _set(SLUICE_KMS_KEY=KEY.replace("1234abcd", "5678abcd"))),
    "tags": (_set(SLUICE_TAGS="team=data"), _set(SLUICE_TAGS="team=web,cost-center=42")),
    "addresses": (
        _set(ALERT_EMAIL="a@example.com"),
        _set(ALERT_EMAIL="b@example.com", ALERT_PHONE="+4915112345678"),
    ),
    "machines": (
        _set(SLUICE_JOB_ARCHITECTURE="arm64", SLUICE_DISK_GIB="100"),
        _set(
            SLUICE_INSTANCE_TYPES="c7i,m7i.large",
            SLUICE_MAX_VCPUS_SPOT="8",
            SLUICE_GPU_INSTANCE_TYPES="g6",
            SLUICE_SCALE_DOWN_DELAY="30",
        ),
    ),
    "kept queues": (
        _set(SLUICE_KEEP_QUEUES="fargate-normal"),
        _set(SLUICE_KEEP_QUEUES="fargate-normal,bulk"),
    ),
    "retention": (
        _set(SLUICE_LOG_RETENTION_DAYS="7", SLUICE_WORK_RETENTION_DAYS="7"),
        _set(SLUICE_LOG_RETENTION_DAYS="365", SLUICE_WORK_RETENTION_DAYS="90"),
    ),
    "no dashboard": (
        _set(SLUICE_DASHBOARD="false"),
        _set(SLUICE_DASHBOARD="false", SLUICE_CONTAINER_INSIGHTS="true"),
    ),
}
FEATURES: dict[str, Feature] = {"no pipeline": Feature({})} | {
    name + ending: feature
    for name, pair in PAIRS.items()
    for ending, feature in zip(("", CHANGED), pair, strict=True)
}


def templates_of(root: Path, outdir: Path, feature: str) -> dict[str, Template]:
    """Return the templates of the project that has a feature."""
    wanted = FEATURES[feature]
    app = App(outdir=str(outdir), context=context())
    entry.compose(app, root=wanted.project(root), environment=wanted.settings)
    app.synth()
    return {name: Template.read(outdir / f"Sluice{name}.template.json") for name in STACKS}
