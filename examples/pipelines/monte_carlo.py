"""An estimate of pi with its error bar, from 10,000 seeds that are thrown side by side; every Sunday, and
when it is asked for.
"""

from sluice import Array, Job, Manual, Pipeline, Schedule

pipeline = Pipeline(
    name="monte-carlo",
    triggers=[Manual(), Schedule("cron(0 2 ? * SUN *)", input={"throws": 1_000})],
    steps=[
        Array(
            "throw", run="throw", size=10_000, items_per_child=1_000, memory=512
        ),  # ten children of 1,000 seeds
        Job("estimate", run="estimate", after=["throw"], memory=512),
    ],
)
