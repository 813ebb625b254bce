"""A child's machine is taken away again and again, until it moves to machines that are not."""

from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Resubmit

pipeline = Pipeline(
    name="wandering",
    triggers=[Manual()],
    steps=[
        Array(
            "wander",
            run="tests.matrix.steps:loses_its_machine",
            size=3,
            retries=Resubmit(times=1, reclaimed=2),
        ),
        Job("sum", run="tests.matrix.steps:sums", after=["wander"]),
    ],
)
