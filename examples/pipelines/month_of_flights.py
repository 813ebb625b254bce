"""How late the flights of a month were, day by day: a file a day, and one run when the month is whole."""

from sluice import Array, FileSet, Job, Pipeline, Plan

pipeline = Pipeline(
    name="month-of-flights",
    triggers=[
        FileSet(
            "flights-by-day/{period}/{day:02}.csv",
            marker="_SUCCESS",
            late="6h",
            then="alert",
            later_files="rerun",
        )
    ],
    max_concurrent_runs=1,
    per="partition",
    replace="newest",
    steps=[
        Plan("days"),  # no function: the files are the items
        Array("delays", run="delays", items_of="days", items_per_child=8, memory=512),
        Job("month", run="month", after=["delays"], memory=512),
    ],
)
