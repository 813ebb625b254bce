"""Six jobs in a graph: what may run side by side does, and nothing runs before what it waits for."""

from sluice import Job, Manual, Pipeline

BUSYBOX = "public.ecr.aws/docker/library/busybox:1.37"

pipeline = Pipeline(
    name="six-jobs",
    triggers=[Manual()],
    steps=[
        Job("a", image=BUSYBOX, command=["echo", "A"], memory=64),
        Job("b", image=BUSYBOX, command=["echo", "B"], memory=64, after=["a"]),
        Job("c", image=BUSYBOX, command=["echo", "C"], memory=64, after=["a"]),
        Job("d", image=BUSYBOX, command=["echo", "D"], memory=64, after=["a", "b"]),
        Job("e", image=BUSYBOX, command=["echo", "E"], memory=64, after=["c"]),
        Job("f", image=BUSYBOX, command=["echo", "F"], memory=64, after=["d", "e"]),
    ],
)
