"""Shapes that no shipped pipeline has: a job behind more than twenty others, a diamond of arrays; begun by an
upload or by a request.
"""

from sluice import INPUT, Array, Job, Manual, Pipeline, S3Upload

SIDES = 21
PLACE = ["sh", "-c", 'echo "$0 $AWS_BATCH_JOB_ARRAY_INDEX"']

pipeline = Pipeline(
    name="shapes",
    triggers=[S3Upload(prefix="shapes/"), Manual()],
    steps=[
        *(
            Job(f"side-{number}", image="busybox", command=["echo", f"side {number}"])
            for number in range(SIDES)
        ),
        Job(
            "joined",
            image="busybox",
            command=["echo", "joined", INPUT],
            after=[f"side-{number}" for number in range(SIDES)],
        ),
        Array("top", image="busybox", command=[*PLACE, "top"], size=3),
        Array("left", image="busybox", command=[*PLACE, "left"], each="top"),
        Array("right", image="busybox", command=[*PLACE, "right"], each="top"),
        Array("bottom", image="busybox", command=[*PLACE, "bottom"], each=["left", "right"]),
    ],
)
