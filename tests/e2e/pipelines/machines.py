"""What a step may ask of its machine, in a pipeline: each step asks for something else, and says what it
got.
"""

from sluice import EvaluateOnExit, Job, Manual, Pipeline

SAY = 'echo "$KEY $FIELD $PARAMETER $PLACE $0 $(ulimit -Sn) $(ulimit -Hn)"'

pipeline = Pipeline(
    name="machines",
    triggers=[
        Manual(overrides=["command", "environment", "memory", "parameters", "queue", "timeout", "vcpus"])
    ],
    steps=[
        Job(
            "told",
            image="busybox",
            command=["sh", "-c", SAY, "Ref::greeting"],
            parameters={"greeting": "hello"},
            environment={"PLACE": "here"},
            secrets={
                "KEY": "machines/key",
                "FIELD": "machines/login:password",
                "PARAMETER": "ssm:/machines/parameter",
            },
            ulimits={"nofile": (123, 456)},
        ),
        Job(
            "task",
            image="busybox",
            command=["echo", "a task"],
            compute="fargate_spot",
            vcpus=0.25,
            memory=512,
        ),
        Job(
            "own",
            image="busybox",
            command=["echo", "a machine of one's own"],
            compute="unmanaged",
            queue="bulk",
        ),
        Job(
            "drawn",
            image="busybox",
            command=["echo", "a graphics card"],
            compute="gpu",
            gpus=1,
            queue="urgent",
        ),
        Job("arm", image="busybox", command=["echo", "another architecture"], compute="arm"),
        Job(
            "again",
            image="busybox",
            command=["sh", "-c", "exit $((AWS_BATCH_JOB_ATTEMPT < 2 ? 3 : 0))"],
            retry=[EvaluateOnExit(action="RETRY", on_exit_code="3")],
        ),
        Job("ranked", image="busybox", command=["true"], priority=7),
    ],
)
