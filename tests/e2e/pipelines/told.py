"""Commands that get what started the run, behind a start job that Batch tries again, and one that fails
with something to leave.
"""

from sluice import Array, Job, Manual, Pipeline

pipeline = Pipeline(
    name="told",
    triggers=[Manual()],
    submit_from="start-job",
    steps=[
        Job("say", image="busybox", command=["echo", "told", "{input}"]),
        Array(
            "each",
            image="busybox",
            command=["sh", "-c", 'echo "$AWS_BATCH_JOB_ARRAY_INDEX $0"', "{input}"],
            size=2,
            after=["say"],
        ),
    ],
)
