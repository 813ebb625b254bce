"""A project whose steps use all that a step may have."""

from __future__ import annotations

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"


SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:theirs-AbCdEf"


EVERYTHING = f"""
pipeline = Pipeline(name="everything", triggers=[Manual(overrides=["memory", "queue"])], steps=[
    Job("usual", run="work", ulimits={{"nofile": 4096, "core": (0, -1)}},
        mounts=[HostMount(source="/scratch", path="/mnt/scratch")],
        retry=[EvaluateOnExit(action="RETRY", on_exit_code="3"),
               EvaluateOnExit(action="EXIT", on_reason="OutOfMemory*")]),
    Job("on-demand", run="work", compute="on_demand", queue="bulk", priority=10),
    Job("steady", run="work", queue="steady"),
    Job("moves", run="work", retries=Resubmit(times=1, reclaimed=2)),
    Job("task", run="work", compute="fargate", vcpus=0.25, memory=512, storage=50,
        mounts=[EfsMount(file_system="fs-0123456789abcdef0", access_point="fsap-0123456789abcdef0",
                         path="/mnt/shared", read_only=True)]),
    Job("spot-task", image="111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/tool@sha256:{"0" * 64}",
        command=["tool", "Ref::size"],
        parameters={{"size": "small"}}, compute="fargate_spot", priority=0),
    Job("gpu", run="work", compute="gpu", gpus=1, vcpus=4, memory=8192),
    Job("arm", run="work", compute="arm"),
    Job("own", run="work", compute="unmanaged",
        mounts=[EfsMount(file_system="fs-0123456789abcdef0", path="/mnt/data", root="/data")]),
    Job("secret", run="work", secrets={{"NAME": "my-app/key", "FIELD": "my-app/login:password",
        "THEIRS": "{SECRET}:user::",
        "PARAMETER": "ssm:/my-app/key", "OURS": Secret(source="ours", kms_key="{KEY}")}}),
])
"""
