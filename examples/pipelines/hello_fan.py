"""One job, then many side by side, then one: a fan of a plain image, with no code of ours in it."""

from sluice import Array, Job, Manual, Pipeline

BUSYBOX = "public.ecr.aws/docker/library/busybox:1.37"

pipeline = Pipeline(
    name="hello-fan",
    triggers=[Manual()],
    submit_from="start-job",  # a small job submits the others, where a Lambda might not have the time
    steps=[
        Job("first", image=BUSYBOX, command=["echo", "hello world"], memory=64),
        Array(
            "many",
            image=BUSYBOX,
            command=["sh", "-c", "echo hello world from $AWS_BATCH_JOB_ARRAY_INDEX"],
            size=10,
            memory=64,
            after=["first"],
        ),
        Job("last", image=BUSYBOX, command=["echo", "hello world"], memory=64, after=["many"]),
    ],
)
